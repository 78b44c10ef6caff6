"""Soft reset in integers: the step by hand, its twins, the lowering, the files, and what is refused."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurodeploy.findings.finding import Exit, NeurodeployError
from neurodeploy.graph.interpret import interpret
from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection
from neurodeploy.graph.neurons import with_reset
from neurodeploy.graph.resets import subtract_at_once
from neurodeploy.targets.loihi.chip import MAX_FALL
from neurodeploy.targets.loihi.decode import float_rungs
from neurodeploy.targets.loihi.netx import netx_misfits
from neurodeploy.targets.loihi.program_file import misfits, read_program, write_program
from neurodeploy.targets.loihi.simulate.fast import Stream, simulate
from neurodeploy.targets.loihi.simulate.naive import simulate_reference
from neurodeploy.targets.loihi.soft_reset import self_inhibition
from neurodeploy.targets.registry import load_target

sys.path.insert(0, str(Path(__file__).parents[2] / "parity"))
packing = importlib.import_module("lava_packing")

RECORD = ("spikes", "v", "u")
DT_S = 0.01
LOIHI = load_target("loihi2")
SOFT = [model for model in NeuronModel if model.reset != "value" and not model.filtered]


def graph(model: NeuronModel, **changes: object) -> Graph:
    """Make a chain of ten inputs, twelve such neurons with several taus, and four more."""
    rng = np.random.default_rng(4)

    def neurons(name: str, size: int, **values: object) -> Population:
        full = {
            "tau_s": 0.08, "v_threshold": 1.0, "v_leak": 0.0, "v_reset": 0.0, "r": 1.0,
            "tau_syn_s": DT_S, "w_in": 1.0, "bias": 0.0,
        } | values | changes  # fmt: skip
        if not model.leaky:  # without a leak input counts as it is, not dt/tau of it
            full["r"] = 8.0
        arrays = {key: np.full(size, 1.0) * np.asarray(value) for key, value in full.items()}
        return Population(name=name, model=model, **arrays)

    def joined(source: str, target: str, post: int, pre: int, least: int) -> Projection:
        delay_s = rng.integers(least, 6, (1, post, pre)) * DT_S
        return Projection(
            source=source, target=target, weight=rng.normal(2, 3, (1, post, pre)), delay_s=delay_s
        )

    taus = {} if "tau_s" in changes else {"tau_s": rng.choice([0.03, 0.08, 0.3], 12)}
    return Graph(
        name="soft",
        dt_s=DT_S,
        input_size=10,
        populations=(neurons("a", 12, **({"bias": 0.1} | taus)), neurons("b", 4)),
        projections=(joined(INPUT, "a", 12, 10, 0), joined("a", "b", 4, 12, 1)),
    )


def inputs(n_samples: int = 20, n_steps: int = 120) -> np.ndarray:
    return (np.random.default_rng(8).random((n_samples, n_steps, 10)) < 0.15).astype(np.uint8)


def one(reset: str, **values: int) -> tuple[list[int], list[int]]:
    """Run one neuron whose input is 100 in every step but the first; give spikes and v."""
    own = packing.population("a", 1, reset=reset, **values)
    program = packing.network([own], [packing.projection(INPUT, "a", [[100]])])
    trace = simulate_reference(program, np.ones((1, 6, 1), dtype=np.uint8)).populations["a"]
    return trace.spikes[0, :, 0].tolist(), trace.v[0, :, 0].tolist()


def test_one_step_late_takes_the_threshold_off_the_next_steps_input() -> None:
    # no leak: v of steps 1.. is 100, 200 - 100 z(before), in units of 64; it spikes at the threshold
    spikes, v = one("subtract_late", vth=100)
    assert spikes == [0, 1, 1, 1, 1, 1]
    assert v == [0, *[100 << 6] * 5]
    # half of v is lost in a step: 100, 50 + 100 - 90, 30 + 100 - 0, 65 + 100 - 90, 37.5 + 100, ...
    spikes, v = one("subtract_late", vth=90, dv=2048)
    assert spikes == [0, 1, 0, 1, 0, 1]
    assert v == [0, 6400, 3840, 8320, 4800, 8800]


def test_at_once_leaves_what_exceeds_the_threshold() -> None:
    # half of v is lost in a step, so the threshold weighs 45 when it is taken off, and v is given without it
    spikes, v = one("subtract", vth=90, dv=2048)
    assert spikes == [0, 1, 1, 1, 1, 1]
    assert v == [0, 640, 640 // 2 + 640, 1120, 1200, 1240]


@pytest.mark.parametrize("dv", [0, 1, 1000, 4095])
def test_what_is_taken_off_at_once_is_what_the_leak_leaves_of_the_threshold(dv: int) -> None:
    own = packing.population("a", 1, reset="subtract", vth=12345, dv=dv)
    assert abs(own.fall[0] - 12345 * (4096 - dv) / 4096) <= 0.5
    assert replace(own, reset="subtract_late").fall[0] == 12345
    assert replace(own, reset="zero").fall[0] == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_fast_twin_and_the_stream_equal_the_definition(seed: int) -> None:
    whole = packing.random_pack(seed, families=2, members=2, n_steps=40, graded=seed == 2, soft=True)
    expected = simulate_reference(whole.program, whole.spikes)
    found = simulate(whole.program, whole.spikes, record=RECORD)
    assert packing.mismatches(whole, found, expected) == []
    assert found.facts == expected.facts
    stream = Stream(whole.program)
    fed = [stream.feed(part) for part in np.array_split(whole.spikes[0], 7)]
    for p in whole.program.populations:
        for key in RECORD:
            streamed = np.concatenate([getattr(part[p.name], key) for part in fed])[p.latency_steps :]
            aligned = getattr(expected.populations[p.name], key)[0, : len(streamed)]
            # a stream knows no alignment: a population runs on behind the last aligned step
            assert np.array_equal(streamed, aligned)


def test_every_corner_of_a_soft_reset_is_reached() -> None:
    traces = {}
    for corner in packing.soft_corners(80):
        traces |= simulate_reference(corner.program, corner.spikes).populations
    for reset in ("subtract", "subtract_late"):
        v = {name: trace.v[0, :, 0] for name, trace in traces.items() if name.endswith(f"_{reset}")}
        spikes = {name: trace.spikes[0, :, 0] for name, trace in traces.items() if name in v}
        at = 0 if reset == "subtract" else 30 << 6
        assert ((v[f"hits_exactly_{reset}"] == at) & (spikes[f"hits_exactly_{reset}"] == 1)).any()
        assert spikes[f"threshold_of_zero_{reset}"].any() and not spikes[f"threshold_of_zero_{reset}"].all()
        assert v[f"runs_away_{reset}"].max() > 10 * (100 << 6)
        # 2**23 - 1, less the threshold that a trace at once is without
        assert v[f"saturates_up_{reset}"].max() == 2**23 - 1 - (10 << 6) * (reset == "subtract")
        assert v[f"starts_above_{reset}"][0] > 2**22 and spikes[f"starts_above_{reset}"][0]
        assert spikes[f"takes_two_connections_{reset}"].any()
        assert v[f"saturates_down_{reset}"].min() == -(2**23) + 1
        assert spikes[f"mostly_bias_{reset}"].any()


@pytest.mark.parametrize("model", SOFT)
def test_lowered_it_spikes_as_the_float_network_does(model: NeuronModel) -> None:
    trained, x = graph(model), inputs()
    lowered = LOIHI.lower(trained, calibration=x)
    program = lowered.program
    assert [p.reset for p in program.populations] == [model.reset] * 2
    assert program.population("a").n_groups == (3 if model.leaky else 1)
    assert program.population("a").latency_steps == 1  # it has synapses without delay
    assert list(LOIHI.check(program)) == [] and list(misfits(program)) == []
    assert LOIHI.certify(trained, program) == []
    other = replace(program.population("a"), reset="zero")
    assert LOIHI.certify(trained, replace(program, populations=(other, program.population("b")))) != []
    floats, integers = interpret(trained, x), simulate(program, x)
    last = float_rungs(trained, program)[-1].graph
    assert [p.model for p in last.populations] == [model] * 2
    decoded = interpret(last, x)
    for p in program.populations:
        assert 0.03 < floats.populations[p.name].spikes.mean() < 0.95
        differ = integers.populations[p.name].spikes != decoded.populations[p.name].spikes
        assert differ.mean() < 0.03
    # where the input is the same and so are all spikes, v is: the threshold is 1, a register's step 0.005
    a, differ = program.population("a"), integers.populations["a"].spikes != decoded.populations["a"].spikes
    apart = np.abs(a.v_float(integers.populations["a"].v) - decoded.populations["a"].v).max(axis=1)
    assert apart[~differ.any(axis=1)].max() < 0.03


def test_both_variants_of_one_neuron_become_nearly_the_same_integers() -> None:
    late = graph(NeuronModel.LIF_SUBTRACT_LATE, tau_s=0.08)
    once = replace(late, populations=tuple(subtract_at_once(p, DT_S) for p in late.populations))
    a, b = (simulate(LOIHI.lower(g, calibration=inputs()).program, inputs()) for g in (late, once))
    assert (a.populations["a"].spikes != b.populations["a"].spikes).mean() < 0.02


@pytest.mark.parametrize("fall", [0, 1, 255, 256, 511, 12345, 32639, MAX_FALL])
def test_two_connections_at_most_subtract_any_threshold(fall: int) -> None:
    parts = self_inhibition(fall)
    assert sum(-weight << exponent for weight, exponent in parts) == fall
    assert len(parts) <= 2
    assert all(-255 <= weight < 0 and 0 <= exponent <= 7 for weight, exponent in parts)


def test_a_program_file_says_it_and_one_without_says_nothing(tmp_path: Path) -> None:
    program = LOIHI.lower(graph(NeuronModel.LIF_SUBTRACT), calibration=inputs()).program
    write_program(program, tmp_path / "soft.h5")
    assert [p.reset for p in read_program(tmp_path / "soft.h5").populations] == ["subtract"] * 2
    hard = LOIHI.lower(graph(NeuronModel.LIF), calibration=inputs()).program
    write_program(hard, tmp_path / "hard.h5")
    with h5py.File(tmp_path / "hard.h5") as file:
        assert "reset" not in file["populations/0000"].attrs
    assert [p.reset for p in read_program(tmp_path / "hard.h5").populations] == ["zero"] * 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"du": 100}, "behind a synaptic filter"),
        ({"vth": MAX_FALL + 1}, f"above {MAX_FALL}"),
        ({"reset": "halve"}, "unknown"),
        ({"spiking": False}, "does not spike"),
    ],
)
def test_a_program_that_no_connection_can_make_is_refused(changes: dict[str, object], reason: str) -> None:
    own = packing.population("a", 1, **({"reset": "subtract", "vth": 100} | changes))
    program = packing.network([own], [packing.projection(INPUT, "a", [[100]])])
    assert any(reason in found for found in misfits(program))


def test_netx_cannot_hold_it_and_says_so() -> None:
    program = LOIHI.lower(graph(NeuronModel.LIF_SUBTRACT, tau_s=0.08, bias=0.0)).program
    assert [m for m in netx_misfits(program) if "soft reset" in m] == [
        f"{name} has a soft reset: every neuron of NetX is a LIF, which resets to 0" for name in "ab"
    ]


@pytest.mark.parametrize(
    ("model", "changes", "code"),
    [
        (NeuronModel.CUBA_LIF_SUBTRACT, {"tau_syn_s": 0.03}, "ND220"),
        (NeuronModel.CUBA_LIF_SUBTRACT_LATE, {"tau_syn_s": 0.03}, "ND220"),
        (NeuronModel.LIF_SUBTRACT, {"v_leak": 1.0}, "ND229"),
        (NeuronModel.LIF_SUBTRACT_LATE, {"v_leak": 2.0}, "ND229"),
    ],
)
def test_what_the_chip_cannot_subtract_is_a_target_rule(
    model: NeuronModel, changes: dict[str, float], code: str
) -> None:
    refused = graph(model, **changes)
    assert {f.code for f in LOIHI.rules(refused)} == {code}
    with pytest.raises(NeurodeployError) as caught:
        LOIHI.lower(refused)
    assert {f.code for f in caught.value.findings} == {code}
    assert caught.value.exit_code == Exit.TARGET_RULE


@pytest.mark.parametrize("model", SOFT)
def test_a_late_population_never_spikes_before_its_time(model: NeuronModel) -> None:
    negative = graph(model, bias=-20.0, tau_s=0.08)
    b = negative.projections[1]
    late = replace(negative, projections=(negative.projections[0], replace(b, delay_s=b.delay_s * 0)))
    lowered = LOIHI.lower(late, calibration=inputs())
    assert [f.where for f in lowered.findings if f.code == "ND313"] == ["b[0], worst of 4"]
    program = lowered.program
    assert LOIHI.certify(late, program) == []
    assert program.population("b").latency_steps == 2
    stream = Stream(program)
    before = [stream.step(np.zeros(10, dtype=np.uint8))["b"].spikes.any() for _ in range(2)]
    assert before == [False, False]
    higher = replace(program.population("b"), v_initial=program.population("b").v_initial + 8)
    stream = Stream(replace(program, populations=(program.populations[0], higher)))
    assert stream.step(np.zeros(10, dtype=np.uint8))["b"].spikes.all()  # it is the largest start


def test_its_connections_count_as_synapses() -> None:
    hard, soft = (
        LOIHI.resources(LOIHI.lower(graph(m, tau_s=0.08)).program)
        for m in (NeuronModel.LIF, NeuronModel.LIF_SUBTRACT)
    )
    assert 16 <= soft.totals["synapses"] - hard.totals["synapses"] <= 32
    assert soft.totals["connections"] > hard.totals["connections"]


def test_every_model_that_spikes_has_both() -> None:
    for model in NeuronModel:
        for reset in ("subtract", "subtract_late"):
            found = with_reset(model, reset)
            assert (found is not None) == model.spiking
