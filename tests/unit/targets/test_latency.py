"""Trained delays and the steps that the chip's connections add."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.interpret import interpret_reference
from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection
from neurodeploy.targets.loihi.chip import STATE_LIMIT
from neurodeploy.targets.loihi.lower.delays import deployed_delays, solve_latencies
from neurodeploy.targets.loihi.lower.scale import rewound
from neurodeploy.targets.loihi.rules import graph_rules
from neurodeploy.targets.loihi.simulate.naive import simulate_reference
from neurodeploy.targets.registry import load_target

DT_S = 0.01


def population(name: str) -> Population:
    one = np.ones(1)
    return Population(
        name=name, model=NeuronModel.LIF, tau_s=one, v_threshold=one, v_leak=0 * one, v_reset=0 * one,
        r=one, tau_syn_s=one, w_in=one, bias=0 * one,
    )  # fmt: skip


def graph(*edges: tuple[str, str, int]) -> Graph:
    names = dict.fromkeys(name for source, target, _ in edges for name in (source, target) if name != INPUT)
    projections = tuple(
        Projection(source=s, target=t, weight=np.ones((1, 1, 1)), delay_s=np.full((1, 1, 1), d * DT_S))
        for s, t, d in edges
    )
    return Graph(
        name="edges", dt_s=DT_S, input_size=1, populations=tuple(population(n) for n in names),
        projections=projections,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("edges", "latency", "deployed"),
    [
        ([(INPUT, "a", 1), ("a", "b", 1)], {"a": 0, "b": 0}, [0, 0]),
        ([(INPUT, "a", 5), ("a", "b", 3)], {"a": 0, "b": 0}, [4, 2]),
        ([(INPUT, "a", 0), ("a", "b", 0)], {"a": 1, "b": 2}, [0, 0]),
        ([(INPUT, "a", 0), ("a", "b", 1)], {"a": 1, "b": 1}, [0, 0]),
        ([(INPUT, "a", 0), ("a", "b", 9)], {"a": 1, "b": 0}, [0, 7]),
        ([(INPUT, "a", 0), (INPUT, "b", 2), ("a", "b", 0)], {"a": 1, "b": 2}, [0, 3, 0]),
        ([(INPUT, "a", 1), ("a", "a", 1)], {"a": 0}, [0, 0]),
        ([(INPUT, "a", 0), ("a", "a", 4)], {"a": 1}, [0, 3]),
    ],
)
def test_an_arrival_on_the_chip_is_the_trained_one_plus_latency(
    edges: list[tuple[str, str, int]], latency: dict[str, int], deployed: list[int]
) -> None:
    g = graph(*edges)
    steps = {p.name: p.synapses(DT_S).delay_steps for p in g.projections}
    assert solve_latencies(g, steps) == latency
    assert [int(deployed_delays(p, steps[p.name], latency).item()) for p in g.projections] == deployed
    for p, d in zip(g.projections, deployed, strict=True):
        late = {INPUT: 0, **latency}
        # A spike that the float source emits at t leaves the chip's at t + late[source], arrives 1 + d later.
        assert late[p.source] + 1 + d == steps[p.name].item() + late[p.target]


def test_a_loop_without_delay_is_named_by_a_projection_of_its_own() -> None:
    g = graph(
        (INPUT, "a", 1),
        ("a", "b", 0),
        ("b", "a", 1),
        ("b", "c", 0),
        ("c", "d", 0),
        ("d", "e", 0),
        ("c", "e", 0),
    )
    with pytest.raises(NeurodeployError) as caught:
        solve_latencies(g, {p.name: p.synapses(DT_S).delay_steps for p in g.projections})
    assert caught.value.findings[0].where.rpartition(".")[2] in ("a->b", "b->a")


def test_a_loop_without_delay_is_refused() -> None:
    g = graph((INPUT, "a", 1), ("a", "b", 0), ("b", "a", 1))
    with pytest.raises(NeurodeployError, match="ND304"):
        solve_latencies(g, {p.name: p.synapses(DT_S).delay_steps for p in g.projections})


def test_only_synapses_have_delays_that_can_be_too_long() -> None:
    chain = [(f"p{i}", f"p{i + 1}", 0) for i in range(69)]
    g = graph((INPUT, "p0", 0), *chain, (INPUT, "p69", 5))  # 70 steps late: input->p69 holds 69 more
    *others, skip = g.projections
    for weights, delays, expected in (([0.0], [0], []), ([1, 0], [5, 0], ["worst of 1"])):
        shape = (1, 1, 1) if len(weights) == 1 else (2, 1, 1)
        weight, delay = np.reshape(weights, shape), np.reshape(delays, shape) * DT_S
        changed = replace(g, projections=(*others, replace(skip, weight=weight, delay_s=delay)))
        found = list(graph_rules(changed, load_target("loihi2").limits))
        assert [finding.code for finding in found] == ["ND201"] * len(expected)
        assert all(words in finding.where for words, finding in zip(expected, found, strict=True))


def test_a_start_that_leads_out_of_range_keeps_its_sign() -> None:
    start, none = np.array([1000.0, -1000.0]), np.zeros(2, dtype=np.int64)
    for steps in (5, 10, 200):
        back = rewound(start, bias=none, dv=np.full(2, 4095), latency_steps=steps)
        assert back.tolist() == [STATE_LIMIT, -STATE_LIMIT]


@pytest.mark.parametrize("late", [0, 1])
def test_a_leak_above_the_threshold_loses_no_spike(late: int) -> None:
    """v starts at v_leak, above the threshold: the first step spikes, and on the chip no step before it."""
    edges = [(INPUT, "a", 0), ("a", "b", 0)] if late else [(INPUT, "a", 1), ("a", "b", 1)]
    g = graph(*edges)
    pushed = tuple(replace(p, tau_s=np.full(1, 0.05), v_leak=np.full(1, 1.2)) for p in g.populations)
    g = replace(
        g, populations=pushed, projections=tuple(replace(p, weight=0.01 * p.weight) for p in g.projections)
    )
    x = np.zeros((1, 40, 1), dtype=np.uint8)
    program = load_target("loihi").lower(g, calibration=x).program
    assert [p.latency_steps for p in program.populations] == ([1, 2] if late else [0, 0])
    trained, whole = interpret_reference(g, x), simulate_reference(program, x)
    for name in ("a", "b"):
        assert trained.populations[name].spikes[0, 0, 0] == 1
        assert np.array_equal(whole.populations[name].spikes, trained.populations[name].spikes)
