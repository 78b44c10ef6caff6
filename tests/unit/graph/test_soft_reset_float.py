"""Soft reset in floats: against Norse's own step, a loop as snnTorch has it, and one another."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from norse.torch.functional.lif_box import LIFBoxFeedForwardState, LIFBoxParameters, lif_box_feed_forward_step
from norse.torch.functional.reset import reset_subtract

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.interpret import interpret, interpret_reference
from neurodeploy.graph.interpret.fast import interpret_fast
from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Projection
from neurodeploy.graph.neurons import with_reset
from neurodeploy.graph.resets import subtract_at_once, subtract_one_step_late
from neurodeploy.nir.read import from_nir, read_nir
from neurodeploy.nir.write import to_nir, write_nir

DT_S = 0.01
SOFT = [model for model in NeuronModel if model.reset != "value"]
N_STEPS, N_INPUTS, SIZE = 300, 5, 6


@pytest.fixture
def driven(population):
    """Make one population with dense synapses, biases and a recurrent projection, and its input."""

    def make(model, *, loop=True, seed=3, **values):
        rng = np.random.default_rng(seed)
        tau = {"tau_s": DT_S / rng.uniform(0.05, 0.9, SIZE), "tau_syn_s": DT_S / rng.uniform(0.2, 0.9, SIZE)}
        if not model.filtered:
            tau["tau_syn_s"] = np.full(SIZE, DT_S)
        p = replace(
            population(model=model, size=SIZE),
            **tau,
            v_threshold=rng.uniform(0.3, 1.2, SIZE),
            bias=rng.normal(0, 0.3, SIZE),
            r=rng.uniform(0.5, 2, SIZE),
            **values,
        )
        sources = [(INPUT, N_INPUTS, 0), *([("a", SIZE, 1)] if loop else [])]
        projections = tuple(
            Projection(
                source=source,
                target="a",
                weight=rng.normal(0.5 if source == INPUT else -0.2, 1, (1, SIZE, n)),
                delay_s=rng.integers(least, 4, (1, SIZE, n)) * DT_S,
            )
            for source, n, least in sources
        )
        graph = Graph(
            name="g", dt_s=DT_S, input_size=N_INPUTS, populations=(p,), projections=projections, readout=None
        )
        return graph, (rng.random((2, N_STEPS, N_INPUTS)) < 0.4).astype(np.uint8)

    return make


def currents(graph, x):
    """Give the input of each step, without a loop: [sample, step, neuron]."""
    (projection,), total = graph.projections, np.zeros((*x.shape[:2], SIZE))
    total += graph.populations[0].bias
    steps = np.rint(projection.delay_s[0] / DT_S).astype(int)
    for d in np.unique(steps):
        total[:, d:] += x[:, : x.shape[1] - d] @ np.where(steps == d, projection.weight[0], 0).T
    return total


def test_at_once_is_norses_box_with_its_subtracting_reset(driven):
    graph, x = driven(NeuronModel.LIF_SUBTRACT, loop=False)
    p, i = graph.populations[0], torch.from_numpy(currents(*driven(NeuronModel.LIF_SUBTRACT, loop=False)))
    found = interpret_reference(graph, x).populations["a"]
    parameters = LIFBoxParameters(
        tau_mem_inv=torch.tensor(1 / p.tau_s),
        v_th=torch.tensor(p.v_threshold),
        reset_method=reset_subtract,
    )
    state = LIFBoxFeedForwardState(v=torch.zeros(2, SIZE, dtype=torch.float64))
    for t in range(N_STEPS):
        drive = torch.tensor(p.r) * i[:, t]
        z, state = lif_box_feed_forward_step(drive, state, parameters, dt=DT_S)
        assert np.array_equal(found.spikes[:, t], z.numpy())
        assert np.allclose(found.v[:, t], state.v.numpy(), rtol=0, atol=1e-12)
    assert 0.05 < found.spikes.mean() < 0.9


def test_one_step_late_is_the_loop_of_snntorch(driven):
    graph, x = driven(NeuronModel.LIF_SUBTRACT_LATE, loop=False)
    p, i = graph.populations[0], currents(graph, x)
    found = interpret_reference(graph, x).populations["a"]
    beta, mem = 1 - DT_S / p.tau_s, np.zeros((2, SIZE))
    for t in range(N_STEPS):
        reset = (mem - p.v_threshold > 0).astype(float)  # snnTorch's mem_reset(mem), of the step before
        mem = beta * mem + (1 - beta) * p.r * i[:, t] - reset * p.v_threshold
        assert np.array_equal(found.spikes[:, t], mem - p.v_threshold > 0)
        assert np.allclose(found.v[:, t], mem, rtol=0, atol=1e-12)
    assert 0.05 < found.spikes.mean() < 0.9


@pytest.mark.parametrize("model", SOFT)
def test_the_fast_twin_equals_the_definition(driven, model):
    graph, x = driven(model)
    for start in (0.0, 2.0):  # also from above the threshold
        graph = replace(
            graph, populations=(replace(graph.populations[0], v_leak=np.linspace(-start, start, SIZE)),)
        )
        slow = interpret_reference(graph, x).populations["a"]
        fast = interpret_fast(graph, x).populations["a"]
        assert slow.spikes.any()
        assert np.array_equal(slow.spikes, fast.spikes)
        assert np.allclose(slow.v, fast.v, rtol=0, atol=1e-9)


@pytest.mark.parametrize("model", [m for m in SOFT if m.reset == "subtract_late"])
def test_late_and_at_once_are_one_neuron_with_its_thresholds_moved(driven, model):
    graph, x = driven(model)
    late = graph.populations[0]
    once = subtract_at_once(late, DT_S)
    a = interpret(graph, x).populations["a"]
    b = interpret(replace(graph, populations=(once,)), x).populations["a"]
    assert a.spikes.any()
    assert np.array_equal(a.spikes, b.spikes)
    shift = once.v_threshold - late.v_threshold
    assert np.allclose(a.v + shift - a.spikes * once.v_threshold, b.v, rtol=0, atol=1e-9)
    back = subtract_one_step_late(once, DT_S)
    assert np.allclose(back.v_threshold, late.v_threshold)
    assert np.allclose(back.v_leak, late.v_leak, atol=1e-12)
    assert back.model is model


def test_the_two_resets_with_the_same_numbers_are_different_neurons(driven):
    graph, x = driven(NeuronModel.LIF_SUBTRACT)
    other = replace(graph, populations=(replace(graph.populations[0], model=NeuronModel.LIF_SUBTRACT_LATE),))
    assert (interpret(graph, x).populations["a"].spikes != interpret(other, x).populations["a"].spikes).any()


def test_a_neuron_that_forgets_all_or_starts_above_its_threshold_has_no_twin(population):
    late = NeuronModel.LIF_SUBTRACT_LATE
    assert subtract_at_once(population(model=late, tau_s=DT_S), DT_S) is None
    assert subtract_at_once(population(model=late, v_leak=2), DT_S) is None
    once = NeuronModel.LIF_SUBTRACT
    assert subtract_one_step_late(population(model=once, tau_s=DT_S), DT_S) is None
    with pytest.raises(ValueError, match="no such twin"):
        subtract_at_once(population(model=once), DT_S)


@pytest.mark.parametrize("model", SOFT)
def test_nir_keeps_the_reset_in_metadata_and_reads_it_back(driven, model, tmp_path):
    graph, x = driven(model)
    write_nir(graph, tmp_path / "model.nir")
    back = read_nir(tmp_path / "model.nir")
    assert back.populations[0].model is model
    assert np.array_equal(
        interpret(back, x).populations["a"].spikes, interpret(graph, x).populations["a"].spikes
    )
    written = to_nir(graph)
    key = "soft_reset" if model.reset == "subtract" else "soft_reset_late"
    assert written.metadata[key] == "a"
    del written.metadata[key]
    assert from_nir(written).populations[0].model is with_reset(model, "value")


def test_a_file_without_soft_resets_says_nothing_of_them(driven):
    assert not {"soft_reset", "soft_reset_late"} & set(to_nir(driven(NeuronModel.LIF)[0]).metadata)


@pytest.mark.parametrize("names", ["nobody", "input", "a\na"])
def test_metadata_that_name_no_spiking_population_are_refused(driven, names):
    written = to_nir(driven(NeuronModel.LIF_SUBTRACT)[0])
    written.metadata["soft_reset"] = names
    with pytest.raises(NeurodeployError) as error:
        from_nir(written)
    assert [finding.code for finding in error.value.findings] == ["ND124"]


def test_a_threshold_that_subtracts_nothing_is_refused(driven):
    graph, _ = driven(NeuronModel.LIF_SUBTRACT)
    low = replace(graph, populations=(replace(graph.populations[0], v_threshold=np.zeros(SIZE)),))
    assert [finding.code for finding in check_graph(low)] == ["ND109"]
