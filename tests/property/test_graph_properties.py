"""Random graphs of every model, with delays, taps, loops and graded input: what must hold for all of them."""

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.interpret import interpret, interpret_reference
from neurodeploy.graph.lowering import canonical, canonical_projection, lower, raise_branches
from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection, Readout
from neurodeploy.graph.neurons import rest
from neurodeploy.nir.read import from_nir, read_nir
from neurodeploy.nir.write import to_nir, write_nir
from neurodeploy.units import steps_to_delay

DT_S = 0.01


def random_population(rng, name, model, size):
    def around(low, high):
        return rng.uniform(low, high, size)

    return Population(
        name=name,
        model=model,
        tau_s=around(DT_S, 10 * DT_S),
        v_threshold=around(0.3, 1.0),
        v_leak=around(-0.2, 0.2),
        v_reset=around(-0.3, 0.1),
        r=around(0.5, 2.0),
        tau_syn_s=around(DT_S, 5 * DT_S),
        w_in=around(0.5, 2.0),
        bias=around(-0.2, 0.4) * (rng.random(size) < 0.7),
    )


def random_projection(rng, source, target, pre, post, first_step):
    taps = int(rng.integers(1, 4))
    weight = rng.normal(0.3, 1.0, (taps, post, pre)) * (rng.random((taps, post, pre)) < 0.7)
    steps = rng.integers(first_step, first_step + 5, weight.shape)
    return Projection(source=source, target=target, weight=weight, delay_s=steps_to_delay(steps, DT_S))


@st.composite
def graphs(draw, loops=True):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 3))
    spiking = [draw(st.sampled_from([m for m in NeuronModel if m.spiking])) for _ in range(n - 1)]
    models = [*spiking, draw(st.sampled_from(list(NeuronModel)))]
    # names out of alphabetical order: HDF5 lists nodes by name
    names = ["z", "output", "b"][:n]
    named = zip(names, models, strict=True)
    populations = [random_population(rng, name, model, int(rng.integers(1, 5))) for name, model in named]
    input_size = int(rng.integers(1, 4))
    sizes = {INPUT: input_size} | {p.name: p.size for p in populations}
    order = [INPUT, *names]
    projections = []
    for target in names:
        for source in order:
            forward = order.index(source) < order.index(target)
            if source != INPUT and not models[names.index(source)].spiking:
                continue
            if rng.random() < (0.8 if forward else 0.4 if loops else 0.0):
                projections.append(
                    random_projection(rng, source, target, sizes[source], sizes[target], 0 if forward else 1)
                )
    kinds = ["spike_count"] if models[-1].spiking else ["softmax_sum", "last", "max", "per_step"]
    score = draw(st.sampled_from(kinds))
    graph = Graph(
        name="random",
        dt_s=DT_S,
        input_size=input_size,
        input_max=3,
        populations=tuple(populations),
        projections=tuple(projections),
        readout=Readout(population=names[-1], score=score) if rng.random() < 0.8 else None,
    )
    assert not list(check_graph(graph, on_grid=True))
    return graph


def random_spikes(graph, seed=0, samples=3, steps=12):
    rng = np.random.default_rng(seed)
    return rng.integers(0, graph.input_max + 1, (samples, steps, graph.input_size)).astype(np.uint8)


def assert_equal_node(a, b):
    for field in fields(a):
        x, y = getattr(a, field.name), getattr(b, field.name)
        assert np.array_equal(x, y) if isinstance(x, np.ndarray) else x == y, (a.name, field.name)


def assert_equal(a, b):
    assert len(a.populations) == len(b.populations)
    assert len(a.projections) == len(b.projections)
    for x, y in zip((*a.populations, *a.projections), (*b.populations, *b.projections), strict=True):
        assert_equal_node(x, y)
    for key in ("name", "dt_s", "input_size", "input_max", "readout"):
        assert getattr(a, key) == getattr(b, key)


def assert_same_traces(a, b, atol=1e-9):
    assert list(a.populations) == list(b.populations)
    for name in a.populations:
        assert np.array_equal(a.populations[name].spikes, b.populations[name].spikes), name
        np.testing.assert_allclose(a.populations[name].v, b.populations[name].v, rtol=0, atol=atol)
    assert (a.score is None) == (b.score is None)
    if a.score is not None:
        np.testing.assert_allclose(a.score, b.score, rtol=0, atol=1e-8)


@settings(max_examples=40, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 999), threads=st.integers(1, 2))
def test_the_fast_twin_computes_what_the_reference_computes(graph, seed, threads):
    spikes = random_spikes(graph, seed)
    reference, fast = interpret_reference(graph, spikes), interpret(graph, spikes, threads=threads)
    assert_same_traces(reference, fast)
    assert reference.facts == fast.facts


@settings(max_examples=40, deadline=None)
@given(graph=graphs())
def test_raising_what_was_lowered_gives_the_canonical_projection(graph):
    for projection in graph.projections:
        shape = projection.weight.shape[1:]
        branches = lower(projection, DT_S)
        raised = raise_branches(projection.source, projection.target, branches[::-1], shape)
        assert_equal_node(raised, canonical_projection(projection, DT_S))
        assert_equal_node(raised, canonical_projection(raised, DT_S))
        assert len({branch.delay_s for branch in branches}) == len(branches)
        # nothing is lost: each delay's weights, added over the taps, are those of its branch
        for branch in branches:
            here = np.where(projection.delay_s == branch.delay_s, projection.weight, 0).sum(axis=0)
            assert np.array_equal(here, branch.weight)
        assert np.allclose(sum(b.weight for b in branches), projection.weight.sum(axis=0)) or not branches


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(graph=graphs())
def test_reading_what_was_written_gives_the_canonical_graph(graph, tmp_path_factory):
    path = tmp_path_factory.mktemp("nir") / "graph.nir"
    write_nir(graph, path)
    assert_equal(read_nir(path), canonical(graph))
    assert_equal(from_nir(to_nir(graph)), canonical(graph))


@settings(max_examples=25, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 999))
def test_the_canonical_graph_computes_what_the_graph_computes(graph, seed):
    spikes = random_spikes(graph, seed)
    assert_same_traces(interpret_reference(graph, spikes), interpret_reference(canonical(graph), spikes))


@settings(max_examples=25, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 999))
def test_permuting_neurons_permutes_the_trace(graph, seed):
    rng = np.random.default_rng(seed)
    orders = {p.name: rng.permutation(p.size) for p in graph.populations}
    orders[INPUT] = np.arange(graph.input_size)

    def permuted(node, order):
        arrays = {f.name: getattr(node, f.name) for f in fields(node)}
        return replace(node, **{k: order(v) for k, v in arrays.items() if isinstance(v, np.ndarray)})

    other = replace(
        graph,
        populations=tuple(permuted(p, lambda a, p=p: a[orders[p.name]]) for p in graph.populations),
        projections=tuple(
            permuted(p, lambda a, p=p: a[:, orders[p.target]][:, :, orders[p.source]])
            for p in graph.projections
        ),
    )
    spikes = random_spikes(graph, seed)
    before, after = interpret(graph, spikes), interpret(other, spikes)
    for name, trace in before.populations.items():
        assert np.array_equal(trace.spikes[:, :, orders[name]], after.populations[name].spikes)
        np.testing.assert_allclose(trace.v[:, :, orders[name]], after.populations[name].v, rtol=0, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(graph=graphs())
def test_silence_in_is_silence_out(graph):
    quiet = replace(
        graph,
        populations=tuple(replace(p, bias=0 * p.bias) for p in graph.populations),
    )
    traces = interpret(quiet, np.zeros((1, 10, graph.input_size), dtype=np.uint8))
    for p in quiet.populations:
        trace = traces.populations[p.name]
        assert not trace.spikes.any()
        # v stays at its rest but for the last digit of an Euler step
        np.testing.assert_allclose(trace.v, np.broadcast_to(rest(p).v, trace.v.shape), rtol=0, atol=1e-15)


@settings(max_examples=25, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 999), shift=st.integers(1, 6))
def test_delaying_every_input_synapse_is_delaying_the_input(graph, seed, shift):
    # without bias and at rest nothing happens before the first spike
    still = (replace(p, bias=0 * p.bias, v_leak=0 * p.bias) for p in graph.populations)
    graph = replace(graph, populations=tuple(still))
    later = replace(
        graph,
        projections=tuple(
            replace(p, delay_s=p.delay_s + shift * DT_S) if p.source == INPUT else p
            for p in graph.projections
        ),
    )
    spikes = random_spikes(graph, seed)
    shifted = np.zeros_like(spikes)
    shifted[:, shift:] = spikes[:, :-shift]
    a, b = interpret(later, spikes), interpret(graph, shifted)
    assert_same_traces(a, b)


@settings(max_examples=30, deadline=None)
@given(d=st.integers(0, 40), e=st.integers(0, 40))
def test_a_delay_behind_a_delay_is_their_sum(d, e):
    import nir

    one = np.ones(1)
    nodes = {
        "input": nir.Input(np.array([1])),
        "d": nir.Delay(d * DT_S * one),
        "w": nir.Linear(np.array([[1.0]])),
        "e": nir.Delay(e * DT_S * one),
        "n": nir.LI(tau=0.1 * one, r=one, v_leak=0 * one),
        "output": nir.Output(np.array([1])),
    }
    names = list(nodes)
    graph = from_nir(nir.NIRGraph(nodes, list(pairwise(names))), DT_S)
    assert graph.projections[0].delay_s.item() == steps_to_delay(d + e, DT_S)  # to the last digit
