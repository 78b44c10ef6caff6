"""Small networks that spike: populations with parameters by name, projections with drawn weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection, Readout

DEFAULTS = {
    "tau_s": 0.02,
    "v_threshold": 1.0,
    "v_leak": 0.0,
    "v_reset": 0.0,
    "r": 1.0,
    "tau_syn_s": 0.005,
    "w_in": 1.0,
    "bias": 0.0,
}


def population(name: str, size: int, model: NeuronModel = NeuronModel.LIF, **values: Any) -> Population:
    """Give a population; numbers stand for every neuron."""
    arrays = {key: np.broadcast_to(np.asarray(x, float), (size,)) for key, x in (DEFAULTS | values).items()}
    return Population(name=name, model=model, **arrays)


def row(*populations: Population, n_in: int = 8, dt_s: float = 1e-3, seed: int = 0) -> Graph:
    """Join populations in a row, each driven about as strongly as its parameters ask for."""
    rng = np.random.default_rng(seed)
    before, size, projections = INPUT, n_in, []
    for p in populations:
        # two spikes of neighbours reach from the leak to the threshold
        gain = (
            dt_s
            * p.r
            / (p.tau_s if p.model.leaky else 1.0)
            * (dt_s / p.tau_syn_s * p.w_in if p.model.filtered else 1.0)
        )
        reach = np.abs(p.v_threshold - p.v_leak) / gain
        weight = rng.normal(0.1, 0.4, (p.size, size)) * reach[:, None]
        projections.append(between(before, p.name, weight))
        before, size = p.name, p.size
    return Graph(
        name="row",
        dt_s=dt_s,
        input_size=n_in,
        populations=populations,
        projections=tuple(projections),
        readout=Readout(
            population=before, score="spike_count" if populations[-1].model.spiking else "softmax_sum"
        ),
    )


def between(source: str, target: str, weight: np.ndarray, delay_s: float = 0.0) -> Projection:
    """Give a projection of one tap and one delay."""
    return Projection(
        source=source, target=target, weight=weight[None], delay_s=np.full((1, *weight.shape), delay_s)
    )


def given(graph: Graph, *, n: int = 4, steps: int = 60, seed: int = 1) -> np.ndarray:
    """Draw input spikes."""
    rng = np.random.default_rng(seed)
    return (rng.random((n, steps, graph.input_size)) < 0.4).astype(np.uint8)


def silent(spikes: dict[str, np.ndarray], populations: Sequence[Population]) -> list[str]:
    """Name the spiking populations in which no neuron spikes."""
    return [p.name for p in populations if p.model.spiking and not spikes[p.name].any()]
