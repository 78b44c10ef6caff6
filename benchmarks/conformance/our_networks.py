"""Our networks that others are to read: every kind of population, on input that makes each of them spike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection, Readout

DT_S, N_IN, N_HIDDEN, N_NEXT, N_OUT = 1e-3, 8, 14, 10, 3
N_SAMPLES, N_STEPS = 12, 80
LIF, LI, CUBA, CUBA_LI = NeuronModel.LIF, NeuronModel.LI, NeuronModel.CUBA_LIF, NeuronModel.CUBA_LI
PLAIN = {
    "tau_s": 0.02,
    "v_threshold": 1.0,
    "v_leak": 0.0,
    "v_reset": 0.0,
    "r": 1.0,
    "tau_syn_s": 0.005,
    "w_in": 1.0,
    "bias": 0.0,
}


def population(name: str, size: int, model: NeuronModel, **values: Any) -> Population:
    arrays = {key: np.broadcast_to(np.asarray(x, float), (size,)) for key, x in (PLAIN | values).items()}
    return Population(name=name, model=model, **arrays)


def between(source: str, target: str, weight: np.ndarray, delay_s: float = 0.0) -> Projection:
    return Projection(
        source=source, target=target, weight=weight[None], delay_s=np.full((1, *weight.shape), delay_s)
    )


def row(*populations: Population, seed: int = 0) -> Graph:
    """Join populations in a row; a few neighbours' spikes reach a neuron's threshold."""
    rng = np.random.default_rng(seed)
    before, size, projections = INPUT, N_IN, []
    for p in populations:
        gain = (
            DT_S
            * p.r
            / (p.tau_s if p.model.leaky else 1.0)
            * (DT_S / p.tau_syn_s * p.w_in if p.model.filtered else 1.0)
        )
        reach = np.abs(p.v_threshold - p.v_leak) / gain
        weight = rng.normal(0.1, 0.4, (p.size, size)) * reach[:, None]
        projections.append(between(before, p.name, weight))
        before, size = p.name, p.size
    score = "spike_count" if populations[-1].model.spiking else "softmax_sum"
    return Graph(
        name="row",
        dt_s=DT_S,
        input_size=N_IN,
        populations=populations,
        projections=tuple(projections),
        readout=Readout(population=before, score=score),
    )


def given(graph: Graph) -> np.ndarray:
    """Draw the input of a network."""
    rng = np.random.default_rng(1)
    return (rng.random((N_SAMPLES, N_STEPS, graph.input_size)) < 0.4).astype(np.uint8)


def networks() -> dict[str, Graph]:
    """Give every network by its name on the page."""
    rng = np.random.default_rng(5)
    each = {
        "tau_s": rng.uniform(0.01, 0.04, N_HIDDEN),
        "v_threshold": rng.uniform(0.5, 1.5, N_HIDDEN),
        "r": rng.uniform(0.5, 2, N_HIDDEN),
        "bias": rng.normal(0, 0.05, N_HIDDEN),
    }
    plain = row(
        population("hidden", N_HIDDEN, LIF, bias=0.2),
        population("next", N_NEXT, LIF),
        population("out", N_OUT, LI),
    )

    def also(*more: Projection) -> Graph:
        return replace(plain, projections=(*plain.projections, *more))

    last = between("next", "out", np.ones((N_OUT, N_NEXT)), 3 * DT_S)
    return {
        "LIF, bias, LI": plain,
        "LIF per neuron": row(
            population("hidden", N_HIDDEN, LIF, v_leak=0.3, v_reset=0.3, **each),
            population("out", N_NEXT, LIF),
        ),
        "CUBA, CUBA_LI": row(
            population("hidden", N_HIDDEN, CUBA, bias=0.1),
            population("next", N_NEXT, CUBA, w_in=5.0),
            population("out", N_OUT, CUBA_LI),
        ),
        "CUBA per neuron": row(
            population("hidden", N_HIDDEN, CUBA, tau_syn_s=rng.uniform(0.002, 0.01, N_HIDDEN), **each),
            population("out", N_NEXT, CUBA),
        ),
        "another reset": row(
            population("hidden", N_HIDDEN, LIF, v_reset=-0.5, v_leak=0.1),
            population("out", N_NEXT, LIF, v_reset=0.2),
        ),
        "IF, I": row(
            population("hidden", N_HIDDEN, NeuronModel.IF, r=1e3),
            population("next", N_NEXT, NeuronModel.IF, r=rng.uniform(500, 2000, N_NEXT)),
            population("out", N_OUT, NeuronModel.I, r=1e3),
        ),
        "feedback": also(between("hidden", "hidden", rng.normal(0, 6, (N_HIDDEN, N_HIDDEN)), DT_S)),
        "a skip": also(between(INPUT, "next", rng.normal(2, 3, (N_NEXT, N_IN)))),
        "delays": replace(plain, projections=(*plain.projections[:2], last)),
    }
