"""Numbers worked out by hand, for both twins."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.interpret import interpret, interpret_chunks, interpret_reference
from neurodeploy.graph.interpret.blocks import blocks
from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Projection, Readout

DT_S = 0.01

twins = pytest.mark.parametrize("run", [interpret_reference, interpret], ids=["reference", "fast"])


def one(population, weight=1.0, steps=0, loop=None, **fields):
    """One neuron with one input."""

    def synapse(source, weight, steps):
        delay_s = np.full((1, 1, 1), steps * DT_S)
        return Projection(source=source, target="n", weight=np.full((1, 1, 1), weight), delay_s=delay_s)

    projections = [synapse(INPUT, weight, steps), *([synapse("n", loop, 1)] if loop is not None else [])]
    return Graph(
        name="one", dt_s=DT_S, input_size=1, populations=(population("n", size=1, **fields),),
        projections=tuple(projections),
    )  # fmt: skip


def spikes(*values):
    return np.array(values, dtype=np.uint8).reshape(1, -1, 1)


def v_of(traces):
    return traces.populations["n"].v[0, :, 0].tolist()


def z_of(traces):
    return traces.populations["n"].spikes[0, :, 0].tolist()


@twins
def test_a_spike_raises_v_by_alpha_times_the_weight_and_leaks(run, population):
    # alpha = 0.01/0.04 = 1/4, exact in binary
    traces = run(one(population, weight=2.0, tau_s=0.04), spikes(1, 0, 0))
    assert v_of(traces) == [0.5, 0.375, 0.28125]
    assert z_of(traces) == [0, 0, 0]


@twins
def test_v_equal_to_the_threshold_does_not_spike_and_v_above_it_does(run, population):
    at = one(population, weight=4.0, tau_s=0.04, v_threshold=1.0)
    assert z_of(run(at, spikes(1, 0))) == [0, 0]
    assert v_of(run(at, spikes(1, 0))) == [1.0, 0.75]
    above = one(population, weight=4.0, tau_s=0.04, v_threshold=np.nextafter(1.0, 0))
    assert z_of(run(above, spikes(1, 0))) == [1, 0]
    assert v_of(run(above, spikes(1, 0))) == [0.0, 0.0]  # recorded after the reset


@twins
def test_v_starts_at_its_leak_and_resets_to_its_reset(run, population):
    graph = one(population, weight=8.0, tau_s=0.04, v_leak=0.5, v_reset=-1.0)
    traces = run(graph, spikes(0, 1, 0))
    assert v_of(traces) == [0.5, -1.0, -0.625]
    assert z_of(traces) == [0, 1, 0]


@twins
def test_a_delay_counts_from_the_step_of_the_spike(run, population):
    for steps in range(3):
        v = v_of(run(one(population, weight=2.0, steps=steps, tau_s=0.04), spikes(1, 0, 0, 0)))
        assert v.index(0.5) == steps


@twins
def test_a_graded_value_and_the_resistance_multiply(run, population):
    graph = one(population, weight=0.25, tau_s=0.04, r=2.0, v_threshold=9.0)
    assert v_of(run(graph, spikes(3)))[0] == 0.25 * 2.0 * 3 * 0.25


@twins
def test_a_bias_acts_at_every_step_from_the_first(run, population):
    assert v_of(run(one(population, bias=1.0, tau_s=0.04, v_threshold=9.0), spikes(0, 0))) == [0.25, 0.4375]


@twins
def test_a_current_is_updated_before_v(run, population):
    graph = one(population, model=NeuronModel.CUBA_LIF, tau_s=0.04, tau_syn_s=0.02, w_in=3.0, v_threshold=9.0)
    # c: 0 + 1/2*(3*1 - 0) = 1.5, then 0.75; v: 1.5/4 = 0.375, then 0.375 + (0.75 - 0.375)/4
    assert v_of(run(graph, spikes(1, 0))) == [0.375, 0.46875]


@twins
def test_a_recurrent_spike_comes_back_after_its_delay(run, population):
    graph = one(population, weight=8.0, loop=2.0, tau_s=0.04)
    traces = run(graph, spikes(1, 0, 0))
    assert z_of(traces) == [1, 0, 0]
    assert v_of(traces) == [0.0, 0.5, 0.375]


@twins
def test_a_filter_of_one_step_is_no_filter(run, population):
    plain = one(population, weight=3.0, tau_s=0.04)
    filtered = one(population, weight=3.0, tau_s=0.04, model=NeuronModel.CUBA_LIF, tau_syn_s=DT_S)
    pattern = spikes(1, 0, 1, 1, 0, 1)
    assert v_of(run(plain, pattern)) == v_of(run(filtered, pattern))


@twins
def test_samples_do_not_share_state(run, graph):
    rng = np.random.default_rng(3)
    x = (rng.random((5, 9, 3)) < 0.6).astype(np.uint8)
    together = run(graph, x)
    for k in range(5):
        alone = run(graph, x[k : k + 1])
        assert np.array_equal(together.populations["out"].v[k], alone.populations["out"].v[0])
        assert np.array_equal(together.score[k], alone.score[0])
    assert together.populations["a"].spikes.any()


@twins
def test_synaptic_events_are_synapses_behind_spikes(run, graph):
    x = np.zeros((1, 4, 3), dtype=np.uint8)
    x[0, 0, 1] = 1  # two synapses: weights 2 and -1; a[0] gets 2/5 and stays silent
    assert run(graph, x).facts["synaptic_events"] == 2
    x[0, 0, 2] = 1  # one more: weight 4 to a[1], which gets 4/5
    assert run(graph, x).facts["synaptic_events"] == 3
    x[0, 0, 0] = 1  # two more, weights 1 and 0.5: at step 0 a[1] has 4/5 and a[0] 1/5, a[0] gets 2 at step 1
    assert run(graph, x).facts["synaptic_events"] == 5


@twins
def test_wrong_input_is_a_finding(run, graph):
    for wrong in (np.zeros((1, 4, 2)), np.zeros((4, 3)), np.full((1, 4, 3), 0.5)):
        with pytest.raises(NeurodeployError) as error:
            run(graph, wrong)
        assert error.value.findings[0].code in ("ND010", "ND011")


@twins
def test_a_loop_without_delay_is_a_finding(run, population):
    graph = one(population, loop=1.0)
    loop = graph.projections[1]
    graph = Graph(
        name="loop", dt_s=DT_S, input_size=1, populations=graph.populations,
        projections=(Projection(source="n", target="n", weight=loop.weight, delay_s=0 * loop.delay_s),),
    )  # fmt: skip
    with pytest.raises(NeurodeployError, match="ND108"):
        run(graph, spikes(1))


@twins
@pytest.mark.parametrize("steps", [-1, np.nan])
def test_an_unusable_delay_of_the_input_is_a_finding(run, population, steps):
    with pytest.raises(NeurodeployError, match=r"ND10[13]"):
        run(one(population, steps=steps), spikes(1, 0))


@twins
def test_a_delay_beyond_the_last_step_does_nothing(run, population):
    for steps in (2, 3, 10**9):
        assert v_of(run(one(population, steps=steps), spikes(1, 1))) == [0.0, 0.0]


def test_without_v_the_score_is_the_same_and_no_v_is_kept(graph):
    rng = np.random.default_rng(0)
    x = (rng.random((3, 20, 3)) < 0.5).astype(np.uint8)
    kept, dropped = interpret(graph, x), interpret(graph, x, record=("spikes",))
    assert dropped.populations["a"].v is None
    assert dropped.populations["out"].v is None
    assert np.array_equal(kept.score, dropped.score)
    assert np.array_equal(kept.populations["a"].spikes, dropped.populations["a"].spikes)


def test_the_number_of_threads_changes_nothing(graph):
    x = (np.random.default_rng(1).random((40, 15, 3)) < 0.5).astype(np.uint8)
    a, b = interpret(graph, x, threads=1), interpret(graph, x, threads=3)
    assert np.array_equal(a.populations["out"].v, b.populations["out"].v)
    assert np.array_equal(interpret(graph, np.asfortranarray(x)).score, a.score)


def test_a_score_for_each_step_is_given_where_the_readout_decides_each_step(changed):
    graph = changed(readout=Readout(population="out", score="per_step"))
    x = np.ones((2, 7, 3), dtype=np.uint8)
    for run in (interpret, interpret_reference):
        traces = run(graph, x)
        assert traces.score_per_step.shape == (2, 7, 2)
        np.testing.assert_allclose(traces.score_per_step.sum(axis=-1), 1.0)


def test_chunks_are_the_samples_of_the_whole(changed):
    graph = changed(readout=Readout(population="out", score="per_step"))
    x = (np.random.default_rng(2).random((11, 15, 3)) < 0.5).astype(np.uint8)
    whole = interpret(graph, x)
    parts = list(interpret_chunks(graph, x, samples=4, threads=1))
    assert [len(part.score) for part in parts] == [4, 4, 3]
    for name, trace in whole.populations.items():
        for key in ("spikes", "v"):
            together = np.concatenate([getattr(part.populations[name], key) for part in parts])
            assert np.array_equal(together, getattr(trace, key))
    assert np.array_equal(np.concatenate([part.score_per_step for part in parts]), whole.score_per_step)
    assert sum(part.facts["synaptic_events"] for part in parts) == whole.facts["synaptic_events"]


def test_chunks_take_memory_for_a_chunk_alone(changed):
    n = 400
    graph = changed()
    x = np.zeros((n, 500, 3), dtype=np.uint8)
    list(interpret_chunks(graph, x[:4], samples=4, threads=1))
    tracemalloc.start()
    for part in interpret_chunks(graph, x, samples=4, threads=1):
        del part
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6  # the whole: 400 * 500 * 4 neurons * 9 bytes = 7.2 MB


def test_chunks_find_what_is_wrong_before_the_first_or_in_their_own(changed, graph):
    with pytest.raises(NeurodeployError, match="ND112"):
        next(interpret_chunks(changed(dt_s=0.0), np.zeros((1, 4, 3)), samples=1))
    bad = np.zeros((2, 4, 3))
    bad[1] = 0.5
    chunks = interpret_chunks(graph, bad, samples=1)
    next(chunks)
    with pytest.raises(NeurodeployError, match="ND011"):
        next(chunks)
    with pytest.raises(ValueError, match="0 samples"):
        interpret_chunks(graph, bad, samples=0)


def loops(population, edges, names="abcdef"):
    """A graph of single neurons with a delay of one step on every edge."""
    return Graph(
        name="loops", dt_s=DT_S, input_size=1, populations=tuple(population(name, size=1) for name in names),
        projections=tuple(
            Projection(
                source=source, target=target, weight=np.ones((1, 1, 1)), delay_s=np.full((1, 1, 1), DT_S)
            )
            for source, target in edges
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ([], ["a", "b", "c", "d", "e", "f"]),
        (["fe", "ed", "dc", "cb", "ba"], ["f", "e", "d", "c", "b", "a"]),
        (["ab", "ba", "cd", "dc", "cb"], ["cd", "ab", "e", "f"]),
        (["ac", "ce", "ea", "bb", "eb"], ["ace", "b", "d", "f"]),
        (["ab", "bc", "cd", "db", "de"], ["a", "bcd", "e", "f"]),
    ],
)
def test_blocks_are_loops_after_what_they_depend_on(population, edges, expected):
    found = ["".join(p.name for p in block) for block in blocks(loops(population, edges))]
    assert sorted(found) == sorted(expected)
    at = {name: k for k, block in enumerate(found) for name in block}
    assert all(at[source] <= at[target] for source, target in edges)


def test_a_long_row_of_populations_is_no_deep_recursion(population):
    names = [f"n{k}" for k in range(900)]
    row = list(pairwise(reversed(names)))
    assert [block[0].name for block in blocks(loops(population, row, names))] == names[::-1]
