"""Each rung is the real network that the integers of that step stand for."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from neurodeploy.data.samples import Samples, predictions, right
from neurodeploy.graph.interpret import interpret
from neurodeploy.graph.lowering import canonical
from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection, Readout
from neurodeploy.targets.loihi.decode import float_rungs
from neurodeploy.targets.loihi.simulate.fast import simulate
from neurodeploy.targets.registry import load_target
from neurodeploy.verify.ladder import ladder, same

DT_S = 0.001


def network(*, v_threshold: float, model: NeuronModel = NeuronModel.LIF, bias: float = 0.2) -> Graph:
    """Two populations with parameters off their defaults, so that no factor of 1 hides a mistake."""
    rng = np.random.default_rng(3)
    n = 6

    def pop(name: str, model: NeuronModel) -> Population:
        return Population(
            name=name,
            model=model,
            tau_s=np.linspace(0.0103, 0.0307, n),
            v_threshold=np.full(n, v_threshold),
            v_leak=np.full(n, -0.3),
            v_reset=np.full(n, -0.4),
            r=np.full(n, 1.7),
            tau_syn_s=np.full(n, 0.0053),
            w_in=np.full(n, 2.3),
            bias=np.full(n, bias if not model.filtered else 0.0),
        )

    def projection(source: str, target: str, n_pre: int) -> Projection:
        return Projection(
            source=source,
            target=target,
            weight=rng.normal(0.2, 0.5, (1, n, n_pre)),
            delay_s=rng.integers(0, 7, (1, n, n_pre)) * DT_S,
        )

    end = NeuronModel.CUBA_LI if model.filtered else NeuronModel.LI
    graph = Graph(
        name="ladder",
        dt_s=DT_S,
        input_size=5,
        populations=(pop("hidden", model), pop("out", end)),
        projections=(
            projection(INPUT, "hidden", 5),
            projection("hidden", "out", n),
            projection(INPUT, "out", 5),
        ),
        readout=Readout(population="out"),
    )
    return canonical(graph)


@pytest.fixture(scope="module")
def spikes() -> np.ndarray:
    return (np.random.default_rng(4).random((4, 60, 5)) < 0.3).astype(np.uint8)


@pytest.mark.parametrize("model", [NeuronModel.LIF, NeuronModel.CUBA_LIF])
def test_the_last_float_rung_is_what_the_integers_stand_for(model, spikes):
    graph = network(v_threshold=50.0, model=model)  # silent, so that v is a linear function of the input
    program = load_target("loihi2").lower(graph, calibration=spikes).program
    rung = float_rungs(graph, program)[-1]
    key, last = rung.key, rung.graph
    assert key == "thresholds"
    for name in ("hidden", "out"):
        fixed = program.population(name)
        real = interpret(last, spikes).populations[name].v
        held = fixed.v_float(simulate(program, spikes).populations[name].v)
        # Truncation toward zero loses under one unit a step of u and v, which decay: some tens in all.
        units = np.abs(real - held) * fixed.scale
        assert units.max() < 100
        assert np.abs(real - fixed.origin).max() * fixed.scale.max() > 10_000, "the test would see nothing"


@pytest.mark.parametrize("model", [NeuronModel.LIF, NeuronModel.CUBA_LIF])
def test_the_roundings_before_the_last_rung_are_seen_in_it(model, spikes):
    graph = network(v_threshold=50.0, model=model)
    program = load_target("loihi2").lower(graph, calibration=spikes).program
    rungs = float_rungs(graph, program)
    held = program.population("hidden").v_float(simulate(program, spikes).populations["hidden"].v)
    first, last = (
        np.abs(interpret(rungs[k].graph, spikes).populations["hidden"].v - held).max() for k in (0, -1)
    )
    assert last < first


def test_thresholds_and_weights_move_by_less_than_their_grid(spikes):
    graph = network(v_threshold=0.5)
    program = load_target("loihi2").lower(graph, calibration=spikes).program
    rungs = {rung.key: rung.graph for rung in float_rungs(graph, program)}
    hidden, fixed = rungs["thresholds"].population("hidden"), program.population("hidden")
    moved = np.abs(hidden.v_threshold - 0.5)
    assert moved.any() and (moved <= 32.001 / fixed.scale).all()
    for before, after in zip(graph.projections, rungs["weights"].projections, strict=True):
        largest = np.abs(before.weight).max()
        error = np.abs(after.weight - before.weight)
        assert error.any() and np.median(error) < 0.02 * largest


def test_a_weight_exponent_multiplies_the_weights(spikes):
    graph = network(v_threshold=0.5)
    program = load_target("loihi2").lower(graph, calibration=spikes).program
    shifted = replace(
        program, projections=tuple(replace(p, exponent=p.exponent + 3) for p in program.projections)
    )
    for one, eight in zip(
        float_rungs(graph, program)[3].graph.projections,
        float_rungs(graph, shifted)[3].graph.projections,
        strict=True,
    ):
        assert np.allclose(eight.weight, 8 * one.weight, rtol=1e-12, atol=0)


def test_each_rung_changes_only_what_it_names(spikes):
    graph = network(v_threshold=0.5)
    program = load_target("loihi2").lower(graph, calibration=spikes).program
    rungs = [rung.graph for rung in float_rungs(graph, program)]
    for before, after, changed in zip(
        rungs, rungs[1:], ["", "tau_s", "weight", "v_threshold bias"], strict=False
    ):
        for p, q in zip(before.populations, after.populations, strict=True):
            for name in ("tau_s", "tau_syn_s", "v_threshold", "v_leak", "v_reset", "r", "w_in", "bias"):
                assert name in changed or np.array_equal(getattr(p, name), getattr(q, name)), (p.name, name)
        for p, q in zip(before.projections, after.projections, strict=True):
            assert "weight" in changed or np.array_equal(p.weight, q.weight)


def test_delays_of_a_trained_network_are_deployed_as_they_were_trained(spikes):
    graph = network(v_threshold=0.5)
    rungs = float_rungs(graph, load_target("loihi2").lower(graph).program)
    assert same(rungs[0].graph, rungs[1].graph)


def test_delays_between_steps_are_rounded_on_the_delay_rung():
    graph = network(v_threshold=0.5)
    off = tuple(replace(p, delay_s=p.delay_s + 0.3 * DT_S) for p in graph.projections)
    moved = replace(graph, projections=off)
    rungs = float_rungs(moved, load_target("loihi2").lower(moved).program)
    used = graph.projections[0].weight != 0
    given = rungs[1].graph.projections[0].delay_s[used] / DT_S
    assert np.allclose(given, np.round(given + 1e-9)) or np.allclose(given, off[0].delay_s[used] / DT_S)


def test_the_ladder_counts_what_each_rung_does(spikes):
    graph = network(v_threshold=0.5)
    program = load_target("loihi2").lower(graph, calibration=spikes).program
    hidden, out = program.populations
    # Half of the thresholds too low and half too high, so that spikes are lost and won.
    vth = (hidden.vth * np.array([0.8, 1.25, 0.8, 1.25, 0.8, 1.25])).astype(np.int32)
    program = replace(program, populations=(replace(hidden, vth=vth), out))
    samples = Samples(spikes, predictions(interpret(graph, spikes)))
    rungs = ladder(graph, load_target("loihi2"), program, samples)
    assert [rung.key for rung in rungs] == [
        "float", "delays", "decays", "weights", "thresholds", "integers",
    ]  # fmt: skip
    assert rungs[0].accuracy == 100.0 and rungs[0].agreement == 100.0
    assert rungs[0].mismatch == {"hidden": 0.0}, "a readout has no spikes to compare"
    expected = interpret(graph, spikes).populations["hidden"].spikes
    got = simulate(program, spikes).populations["hidden"].spikes
    assert (expected > got).any() and (expected < got).any(), "the test would not see one of the two kinds"
    assert rungs[-1].mismatch["hidden"] == pytest.approx(100 * (expected != got).mean())


def test_the_ladder_does_not_depend_on_how_samples_are_cut(spikes, monkeypatch):
    graph = network(v_threshold=0.5)
    program = load_target("loihi2").lower(graph, calibration=spikes).program
    whole = [rung.to_dict() for rung in ladder(graph, load_target("loihi2"), program, Samples(spikes))]
    monkeypatch.setattr(import_module("neurodeploy.verify.ladder"), "CHUNK", 3)
    assert [
        rung.to_dict() for rung in ladder(graph, load_target("loihi2"), program, Samples(spikes))
    ] == whole


def test_without_labels_there_is_no_accuracy_but_agreement(spikes):
    graph = network(v_threshold=0.5)
    program = load_target("loihi2").lower(graph).program
    rung = ladder(graph, load_target("loihi2"), program, Samples(spikes))[-1]
    assert rung.accuracy is None and rung.agreement is not None


def test_a_decision_a_sample_may_meet_a_label_a_step():
    is_right, counted = right(np.array([1, 0]), np.array([[1, 1], [1, 0]]), np.ones((2, 2), bool))
    assert is_right.tolist() == [[True, True], [False, True]] and counted is not None


def test_every_rung_is_held_against_the_trained_network(tiny_graph):
    """Spikes and decisions of each rung, computed here one by one: never a rung against itself."""
    chip = load_target("loihi2")
    given = (np.random.default_rng(3).random((96, 40, 12)) < 0.3).astype(np.uint8)
    program = chip.lower(tiny_graph, calibration=given[:8]).program
    first, second, out = program.populations
    moved = (second.vth * np.where(np.arange(second.size) % 2, 0.6, 1.6)).astype(np.int32)
    program = replace(program, populations=(first, replace(second, vth=moved), out))
    networks = [rung.graph for rung in chip.rungs(tiny_graph, program)]
    traces = [*(interpret(network, given) for network in networks), simulate(program, given)]
    found = ladder(tiny_graph, chip, program, Samples(given))
    trained = traces[0]
    for rung, actual in zip(found, traces, strict=True):
        for name in ("hidden1", "hidden2"):
            share = (actual.populations[name].spikes != trained.populations[name].spikes).mean()
            assert rung.mismatch[name] == pytest.approx(100 * share)
        agreement = (predictions(actual) == predictions(trained)).mean()
        assert rung.agreement == pytest.approx(100 * agreement)
    assert 0 < found[-2].mismatch["hidden2"] != found[-1].mismatch["hidden2"] > 0
    assert found[-1].agreement < 100.0 == found[0].agreement
