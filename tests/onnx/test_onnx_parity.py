"""The ONNX files compute the chip's integers: spikes, u and v at every step, in onnxruntime."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.model import INPUT, Readout
from neurodeploy.targets.onnx.in_onnxruntime import SEQUENCE, OnnxRuntime, open_session
from neurodeploy.targets.onnx.target import STEP, OnnxTarget, onnx
from neurodeploy.traces import Traces

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))
sys.path.insert(0, str(Path(__file__).parent))
from corners import corner_cases
from injected import BUGS
from programs import Case, make_population, make_program, make_projection, random_case

ALL = ("spikes", "u", "v")
DECAYS = {"float64": (64, 64), "int64": (32, 64), "int32": (32, 32)}
CORNERS = dict(corner_cases())
pytestmark = pytest.mark.usefixtures("packages")


def target_with(decay: str) -> OnnxTarget:
    target = onnx()
    bits = dict(zip(("float_bits", "integer_bits"), DECAYS[decay], strict=True))
    changed = {key: replace(target.limits[key], value=value) for key, value in bits.items()}
    return replace(target, limits={**target.limits, **changed})


def differences(expected: Traces, found: Traces) -> list[str]:
    """Name what differs, and how often."""
    assert expected.populations.keys() == found.populations.keys()
    told = []
    for name, one in expected.populations.items():
        for key in ALL:
            a, b = getattr(one, key), getattr(found.populations[name], key)
            assert a.shape == b.shape and a.dtype == b.dtype, (name, key)
            if (a != b).any():
                told.append(f"{name}/{key}: {int((a != b).sum())} of {a.size}")
    return told


def compare(case: Case, folder: Path, *, decay: str = "float64") -> list[str]:
    """Write a program and run it; nothing where the simulator refuses the input."""
    program, spikes = case
    target = target_with(decay)
    try:
        expected = target.simulate(program, spikes, record=ALL)
    except NeurodeployError:
        return []
    target.write(program, folder)
    found = OnnxRuntime().run(folder, spikes, record=ALL)
    tolerance = 1e-12 if decay == "float64" else 1e-4
    scores = np.allclose(found.score, expected.score, rtol=tolerance, atol=tolerance)
    return differences(expected, found) + ([] if scores else ["output/score"])


@pytest.mark.parametrize("seed", range(6))
def test_a_random_program_gives_the_same_bits(seed: int, tmp_path: Path):
    assert compare(random_case(seed, n_steps=20), tmp_path) == []


def soft_case(seed: int, **sizes: int) -> Case:
    """Give a random program whose populations have every kind of reset."""
    program, spikes = random_case(seed, **sizes)
    kinds = ("subtract", "subtract_late", "zero")
    mixed = [replace(p, reset=kinds[(seed + k) % 3]) for k, p in enumerate(program.populations)]
    return replace(program, populations=tuple(mixed)), spikes


@pytest.mark.parametrize("seed", [0, 3, 5])
def test_a_soft_reset_gives_the_same_bits(seed: int, tmp_path: Path):
    assert compare(soft_case(seed, n_steps=20), tmp_path) == []


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), n_populations=st.integers(1, 4), decay=st.sampled_from(list(DECAYS)))
def test_random_soft_resets_give_the_same_bits(seed: int, n_populations: int, decay: str, tmp_path: Path):
    assert compare(soft_case(seed, n_populations=n_populations), tmp_path, decay=decay) == []


@pytest.mark.parametrize("decay", ["int64", "int32"])
def test_decays_without_float64_give_the_same_bits(decay: str, tmp_path: Path):
    assert compare(random_case(7, n_steps=20), tmp_path, decay=decay) == []


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32 - 1),
    n_populations=st.integers(1, 4),
    size=st.integers(1, 6),
    n_steps=st.sampled_from([1, 7, 30, 70]),
    decay=st.sampled_from(list(DECAYS)),
)
def test_random_programs_give_the_same_bits(
    seed: int, n_populations: int, size: int, n_steps: int, decay: str, tmp_path: Path
):
    case = random_case(seed, n_populations=n_populations, size=size, n_steps=n_steps)
    assert compare(case, tmp_path, decay=decay) == []


@pytest.mark.slow
@pytest.mark.parametrize("decay", DECAYS)
def test_the_corners_of_every_rule_give_the_same_bits(decay: str, tmp_path: Path):
    for name, (program, spikes) in CORNERS.items():
        target = target_with(decay)
        expected = target.simulate(program, spikes, record=ALL)
        target.write(program, tmp_path)
        assert differences(expected, OnnxRuntime().run(tmp_path, spikes, record=ALL)) == [], name


def step_by_step(folder: Path, spikes: np.ndarray, run) -> dict[str, np.ndarray]:
    """Run ``step.onnx`` on one sample after the other, from what its metadata says of the start."""
    import onnx as package

    model = package.load(folder / STEP)
    initial = json.loads(next(p.value for p in model.metadata_props if p.key == "initial"))
    state = {}
    for entry in list(model.graph.input)[1:]:
        shape = [d.dim_value for d in entry.type.tensor_type.shape.dim]
        dtype = package.helper.tensor_dtype_to_np_dtype(entry.type.tensor_type.elem_type)
        state[entry.name] = np.zeros((len(spikes), *shape[1:]), dtype) + np.asarray(
            initial.get(entry.name, 0), dtype
        )
    told: dict[str, list[np.ndarray]] = {}
    names = [entry.name for entry in model.graph.output]
    for step in range(spikes.shape[1]):
        found = dict(zip(names, run(None, {"spikes": spikes[:, step], **state}), strict=True))
        state = {name: found[name.removeprefix("before/")] for name in state}
        for name, value in found.items():
            told.setdefault(name, []).append(value)
    return {name: np.stack(values, axis=1) for name, values in told.items()}


@pytest.mark.parametrize("seed", [1, 4])
def test_step_by_step_is_what_a_whole_sample_is_before_latencies_are_cut(seed: int, tmp_path: Path):
    program, spikes = random_case(seed, n_steps=15)
    onnx().write(program, tmp_path)
    found = step_by_step(tmp_path, spikes, open_session(tmp_path / STEP).run)
    expected = onnx().simulate(program, spikes, record=ALL)
    for p in program.populations:
        late, n_steps = p.latency_steps, spikes.shape[1] - p.latency_steps
        for key in ALL:
            raw, aligned = found[f"{p.name}/{key}"], getattr(expected.populations[p.name], key)
            assert np.array_equal(raw[:, late:], aligned[:, :n_steps]), (p.name, key)


def test_any_number_of_samples_and_steps_goes_through_one_file(tmp_path: Path):
    program, spikes = random_case(3, n_samples=5, n_steps=12)
    onnx().write(program, tmp_path)
    whole = OnnxRuntime().run(tmp_path, spikes)
    one = OnnxRuntime().run(tmp_path, spikes[2:3, :4])
    for name, trace in one.populations.items():
        assert np.array_equal(trace.spikes, whole.populations[name].spikes[2:3, :4])


@pytest.mark.parametrize("bug", BUGS)
def test_without_the_bug_nothing_differs(bug: str, tmp_path: Path):
    assert compare(telling_case(bug), tmp_path) == []


@pytest.mark.parametrize("bug", BUGS)
def test_an_injected_bug_is_seen(bug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    BUGS[bug](monkeypatch.setattr)
    assert compare(telling_case(bug), tmp_path), "every value was equal"


def telling_case(bug: str) -> Case:
    """Give a program in which a bug makes a difference."""

    def one(n_steps: int, weight: int, exponent: int = 0, **registers: object) -> Case:
        latency = registers.get("latency_steps", 0)
        reset = str(registers.pop("reset", "zero"))
        program = make_program(
            [replace(make_population("n", 1, **registers), reset=reset)],
            [make_projection(INPUT, "n", [[weight]], int(latency), exponent)],
            1,
            input_max=16,
            readout=Readout(population="n", score="spike_count"),
        )
        return program, np.full((1, n_steps, 1), 9 if exponent > 0 else 1, np.uint8)

    return {
        "decays are rounded down": one(6, -3, dv=1000, vth=131071),
        "a spike at the threshold": one(3, 10, dv=4095, vth=10),
        "no wrap": one(4, 128, 7, du=0, vth=131071),
        "no reset": one(4, 20, dv=100, vth=5),
        "delays are a step longer": one(6, 7),
        "no bias": one(4, 1, bias_mantissa=5),
        "sums are not rounded apart": one(4, 7, -1),
        "another start": one(4, 1, v_initial=50),
        "a soft reset takes nothing off": one(8, 20, dv=100, vth=50, reset="subtract_late"),
        "a soft reset is told as it goes on": one(8, 20, dv=100, vth=50, reset="subtract"),
        "latencies are not cut": one(6, 9, latency_steps=2, vth=1),
    }[bug]


@pytest.mark.slow
def test_the_reference_evaluator_of_onnx_gives_the_same_bits(tmp_path: Path):
    from onnx.reference import ReferenceEvaluator

    for seed in range(8):
        program, spikes = random_case(seed, n_steps=12)
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            expected = onnx().simulate(program, spikes, record=ALL)
        except NeurodeployError:
            continue
        onnx().write(program, folder)
        evaluator = ReferenceEvaluator(str(folder / SEQUENCE))
        names = [name for name in evaluator.output_names if not name.startswith("output/")]
        found = dict(zip(names, evaluator.run(names, {"spikes": spikes}), strict=True))
        for name, trace in expected.populations.items():
            for key in ALL:
                assert np.array_equal(found[f"{name}/{key}"], getattr(trace, key)), (seed, name, key)
