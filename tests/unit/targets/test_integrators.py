"""Integrate-and-fire neurons, convolutions and weighted outputs as integers of the chip."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import nir
import numpy as np
import pytest

from neurodeploy.graph.interpret import interpret
from neurodeploy.graph.model import Graph
from neurodeploy.nir.read import from_nir
from neurodeploy.targets.loihi.simulate.fast import simulate
from neurodeploy.targets.loihi.simulate.naive import simulate_reference
from neurodeploy.targets.registry import load_target

DT_S = 1e-3
LOIHI = load_target("loihi")


def network(rng: np.random.Generator, *, delayed: bool = False, recurrent: bool = False) -> Graph:
    """Image -> Conv2d -> IF (-> itself) -> SumPool2d -> Conv2d -> IF -> Linear -> Output."""
    first, second = np.ones((4, 6, 6)), np.ones((3, 2, 2))
    nodes: dict[str, nir.NIRNode] = {"in": nir.Input(np.array([2, 6, 6]))}
    if delayed:
        nodes["late"] = nir.Delay(rng.integers(0, 5, (2, 6, 6)) * DT_S)
    nodes |= {
        "c1": nir.Conv2d((6, 6), rng.normal(size=(4, 2, 3, 3)), 1, "same", 1, 1, rng.normal(0, 0.1, 4)),
        "a": nir.IF(r=rng.uniform(0.5, 2) / DT_S * first, v_threshold=first, v_reset=-0.2 * first),
        "p": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "c2": nir.Conv2d((3, 3), rng.normal(0, 0.3, (3, 4, 2, 2)), 1, 0, 1, 1, np.zeros(3)),
        "b": nir.IF(r=second / DT_S, v_threshold=2 * second, v_reset=0 * second),
        "w": nir.Linear(rng.normal(size=(5, 12))),
        "out": nir.Output(np.array([5])),
    }
    edges = list(pairwise(nodes))
    if recurrent:
        nodes["back"] = nir.Conv2d(
            (6, 6), rng.normal(0, 0.2, (4, 4, 3, 3)), 1, "same", 1, 4 // 4, np.zeros(4)
        )
        edges += [("a", "back"), ("back", "a")]
    return from_nir(nir.NIRGraph(nodes, edges, type_check=False), DT_S)


@pytest.mark.parametrize(
    ("delayed", "recurrent"),
    [
        pytest.param(False, False, marks=pytest.mark.slow),
        pytest.param(True, False, marks=pytest.mark.slow),
        (True, True),
    ],
)
def test_the_integers_compute_what_the_rounded_network_computes(delayed: bool, recurrent: bool) -> None:
    rng = np.random.default_rng(8)
    graph = network(rng, delayed=delayed, recurrent=recurrent)
    x = (rng.random((1, 20, 72)) < 0.2).astype(np.uint8)
    rounded: list[Graph] = []
    program = LOIHI.lower(
        graph, calibration=x, after_each=lambda _, draft: rounded.append(draft.graph)
    ).program
    assert not program.population("a").dv.any() and not program.population("b").dv.any()
    trained, whole = interpret(graph, x), simulate_reference(program, x)
    # half a unit of v above the threshold: integers on it do not spike, and floats must not by a last digit
    between = tuple(
        replace(p, v_threshold=p.v_threshold + 0.5 / program.population(p.name).scale)
        for p in rounded[-1].populations
    )
    on_grid = interpret(replace(rounded[-1], populations=between), x)
    for name in ("a", "b"):
        spikes = whole.populations[name].spikes
        assert 0.03 < spikes.mean() < 0.9
        # nothing decays, so nothing is truncated: only the readout's decay of 4095 of 4096 is left
        assert np.array_equal(spikes, on_grid.populations[name].spikes)
        # where a spike comes a step sooner or later, two differ
        assert (spikes != trained.populations[name].spikes).mean() < 0.5 * trained.populations[
            name
        ].spikes.mean()
    fast = simulate(program, x)
    for name, trace in whole.populations.items():
        assert np.array_equal(trace.spikes, fast.populations[name].spikes)
        assert np.array_equal(trace.v, fast.populations[name].v)
    assert LOIHI.certify(graph, program) == []
    scores = np.corrcoef(whole.score.reshape(-1), trained.score.reshape(-1))
    assert scores[0, 1] > 0.95


def test_equal_weights_of_a_convolution_stay_equal() -> None:
    rng = np.random.default_rng(9)
    graph = network(rng)
    x = (rng.random((3, 20, 72)) < 0.2).astype(np.uint8)
    for calibration in (None, x):
        program = LOIHI.lower(graph, calibration=calibration).program
        for projection, fixed in zip(graph.projections[:2], program.projections, strict=False):
            synapses = projection.listed
            whole = fixed.weight[synapses.tap, synapses.post, synapses.pre]
            for value in np.unique(synapses.weight):
                assert len(np.unique(whole[synapses.weight == value])) == 1


def test_a_bias_of_an_integrator_is_what_dt_makes_of_it() -> None:
    one = np.ones(2)
    nodes = {
        "in": nir.Input(np.array([2])),
        "w": nir.Affine(np.eye(2), np.array([0.05, -0.01])),
        "n": nir.IF(r=3 * one / DT_S, v_threshold=one, v_reset=0 * one),
        "out": nir.Output(np.array([2])),
    }
    graph = from_nir(nir.NIRGraph(nodes, list(pairwise(nodes))), DT_S)
    program = LOIHI.lower(graph).program
    x = np.zeros((1, 40, 2), dtype=np.uint8)
    trace = simulate_reference(program, x).populations["n"]
    # 0.15 a step: above 1 after 7 steps, again and again
    assert np.flatnonzero(trace.spikes[0, :, 0]).tolist() == [6, 13, 20, 27, 34]
    assert program.population("n").v_float(trace.v)[0, -1, 1] == pytest.approx(-0.03 * 40, rel=0.01)
