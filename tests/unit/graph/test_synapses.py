"""Synapses as lists: the same meaning as dense arrays, without their size."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.interpret import interpret
from neurodeploy.graph.lowering import canonical
from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Projection

DT_S = 0.01


def ends(**changes):
    return {
        "source": INPUT,
        "target": "a",
        "shape": (2, 3),
        "post": [1, 0, 1],
        "pre": [2, 0, 2],
        "weight": [5.0, 7.0, 3.0],
        "delay_s": [0.03, 0.0, 0.01],
    } | changes


def test_lists_are_the_dense_arrays_without_their_zeros():
    p = Projection.from_synapses(**ends())
    assert p.holds_lists
    assert p.shape == (2, 2, 3)
    # the shorter delay of the two synapses between the same neurons is in tap 0
    assert p.weight.tolist() == [[[7, 0, 0], [0, 0, 3]], [[0, 0, 0], [0, 0, 5]]]
    assert p.delay_s.tolist() == [[[0, 0, 0], [0, 0, 0.01]], [[0, 0, 0], [0, 0, 0.03]]]
    assert not p.holds_lists
    dense = Projection(source=INPUT, target="a", weight=p.weight, delay_s=p.delay_s)
    for name in ("tap", "post", "pre", "weight", "delay_s"):
        assert np.array_equal(getattr(dense.listed, name), getattr(p.listed, name)), name


def test_steps_are_rounded_once_and_kept():
    p = Projection.from_synapses(**ends())
    steps = p.synapses(DT_S)
    assert steps.delay_steps.tolist() == [0, 1, 3]
    assert p.synapses(DT_S) is steps
    assert p.synapses(2 * DT_S).delay_steps.tolist() == [0, 1, 2]  # half a step goes up
    start, order = steps.by_source()
    assert start.tolist() == [0, 1, 1, 3]
    assert steps.weight[order].tolist() == [7, 3, 5]


def test_taps_are_kept_where_they_are_given_and_weights_of_zero_are_no_synapses():
    p = Projection.from_synapses(**ends(tap=[0, 2, 1], weight=[5.0, 0.0, 3.0]))
    assert p.n_taps == 2
    assert p.listed.tap.tolist() == [0, 1]
    assert p.listed.weight.tolist() == [5, 3]


@pytest.mark.parametrize(
    "changes",
    [
        {"post": [1, 0]},
        {"post": [1, 0, 2]},
        {"pre": [2, -1, 2]},
        {"pre": [2, 0.5, 2]},
        {"weight": [[5.0, 7.0, 3.0]]},
        {"tap": [0, 0, 0]},
        {"tap": [0, 0, -1]},
    ],
)
def test_lists_that_contradict_themselves_are_a_finding(changes):
    with pytest.raises(NeurodeployError) as error:
        Projection.from_synapses(**ends(**changes))
    assert error.value.findings[0].code == "ND105"


def test_lists_are_frozen_copies():
    weight = np.array([5.0, 7.0, 3.0])
    p = Projection.from_synapses(**ends(weight=weight))
    weight[:] = 0
    assert p.listed.weight.any()
    for array in (p.listed.weight, p.synapses(DT_S).delay_steps, p.weight, p.delay_s):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_a_changed_projection_does_not_keep_the_lists_of_the_old_one():
    p = Projection.from_synapses(**ends())
    assert len(p.synapses(DT_S)) == 3
    changed = replace(p, weight=2 * p.weight, delay_s=p.delay_s + DT_S)
    assert changed.synapses(DT_S).weight.tolist() == [14, 6, 10]
    assert changed.synapses(DT_S).delay_steps.tolist() == [1, 2, 4]
    assert replace(p, target="b").name == "input->b"


@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [
        ({"weight": [np.nan, 7, 3]}, "ND101", "one: input->a.weight[1, 1, 2]"),
        ({"delay_s": [0.0, np.inf, 0.01]}, "ND101", "one: input->a.delay_s[0, 0, 0]"),
        ({"delay_s": [0.0, -0.01, 0.01]}, "ND103", "one: input->a.delay_s[0, 0, 0]"),
        ({"delay_s": [0.0, 1e30, 0.01]}, "ND114", "one: input->a.delay_s[0, 0, 0]"),
        ({"shape": (2, 4)}, "ND105", "one: input->a"),
    ],
)
def test_the_checks_name_the_synapse_of_a_list(population, changes, code, where):
    graph = Graph(
        name="one",
        dt_s=DT_S,
        input_size=3,
        populations=(population(),),
        projections=(Projection.from_synapses(**ends(**changes)),),
    )
    (finding,) = check_graph(graph)
    assert (finding.code, finding.where) == (code, where)


@pytest.mark.parametrize(("steps", "found"), [(2**30, []), (2**30 + 1, ["ND114"]), (1e18, ["ND114"])])
def test_a_delay_has_a_number_of_steps_that_can_be_counted(changed, graph, steps, found):
    delay_s = np.array(graph.projections[0].delay_s)
    delay_s[0, 1, 1] = steps * DT_S
    assert [f.code for f in check_graph(changed("input->a", delay_s=delay_s))] == found


@pytest.mark.parametrize(("dt_s", "found"), [(5e-324, True), (1e300, True), (np.nan, True), (1e-6, False)])
def test_a_step_has_a_length_that_can_be_computed_with(changed, dt_s, found):
    codes = [f.code for f in check_graph(changed(dt_s=dt_s))]
    assert ("ND112" in codes) == found


def test_a_neuron_whose_input_has_no_effect_is_found(changed):
    (finding,) = check_graph(changed("a", r=np.array([1.0, 0.0])))
    assert (finding.code, finding.where) == ("ND115", "chain: a.r[1]")
    none = np.zeros(2)
    assert [f.code for f in check_graph(changed("a", w_in=none, model=NeuronModel.CUBA_LIF))] == ["ND115"]
    assert [f.code for f in check_graph(changed("a", w_in=none))] == []  # LIF has no such gain


def test_wide_and_sparse_networks_never_become_dense(population):
    n = 50_000
    one = np.arange(n)
    wide = Projection.from_synapses(
        source=INPUT, target="a", shape=(n, n), post=one, pre=one, weight=np.full(n, 9.0), delay_s=0.01 * one
    )
    graph = Graph(
        name="wide", dt_s=DT_S, input_size=n, populations=(population(size=n),), projections=(wide,)
    )
    tracemalloc.start()
    graph = canonical(graph)
    assert list(check_graph(graph)) == []
    traces = interpret(graph, np.ones((1, 3, n), dtype=np.uint8), record=("spikes",))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert traces.populations["a"].spikes.sum() == 3 + 2 + 1
    assert peak < 200e6  # dense: 20 GB
    with pytest.raises(NeurodeployError, match="ND116"):
        _ = graph.projections[0].weight


@pytest.mark.parametrize(("value", "found"), [(1e30, []), (1.1e30, ["ND117"]), (-1e300, ["ND117"])])
def test_a_number_can_be_computed_with(changed, graph, value, found):
    weight = np.array(graph.projections[0].weight)
    weight[0, 1, 2] = value
    assert [f.code for f in check_graph(changed("input->a", weight=weight))] == found
    assert [f.code for f in check_graph(changed("a", bias=np.array([0.0, value])))] == found
