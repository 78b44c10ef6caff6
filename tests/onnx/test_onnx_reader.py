"""The second reader of ONNX files sees every number and operator that is not the program's."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.targets.onnx.read.wire import parse
from neurodeploy.targets.onnx.target import STEP, onnx

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))
sys.path.insert(0, str(Path(__file__).parent))
from injected import BUGS
from programs import make_population, make_program, make_projection, random_case
from test_onnx_parity import DECAYS, target_with

from neurodeploy.graph.model import INPUT, SCORES, Readout

pytestmark = pytest.mark.usefixtures("packages")


def everything():
    """A program in which each number matters: filters, biases, wraps, floors, latencies, two taps."""
    rng = np.random.default_rng(3)
    populations = [
        make_population("a", 4, du=[100, 200, 100, 200], group=[0, 1, 0, 1], bias_mantissa=[1, 2, 3, 4]),
        make_population("b", 3, vth=[5, 6, 7], group=[0, 1, 2], latency_steps=2, v_initial=9),
    ]
    projections = [
        make_projection(INPUT, "a", 2 * rng.integers(-60, 60, (2, 4, 5)), rng.integers(0, 4, (2, 4, 5)), 1),
        make_projection("a", "b", rng.integers(1, 200, (1, 3, 4)), [[[1, 9, 9, 1]] * 3], -3),
        make_projection("b", "b", 2 * rng.integers(-90, 90, (1, 3, 3)), 2, 0),
    ]
    readout = Readout(population="b", score="softmax_sum")
    return make_program(populations, projections, 5, input_max=255, readout=readout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    onnx().write(everything(), tmp_path)
    return tmp_path


def found(folder: Path, program=None) -> list[str]:
    findings = onnx().file_findings(everything() if program is None else program, folder)
    assert all(finding.code == "ND483" for finding in findings)
    return [f"{finding.where}: {finding.found}" for finding in findings]


def test_files_hold_what_was_written(folder: Path):
    assert found(folder) == []


@pytest.mark.parametrize("decay", DECAYS)
def test_each_way_to_decay_is_read(decay: str, tmp_path: Path):
    target_with(decay).write(everything(), tmp_path)
    assert found(tmp_path) == []


@pytest.mark.parametrize("score", SCORES)
def test_each_kind_of_score_is_read(score: str, tmp_path: Path):
    program = replace(everything(), readout=Readout(population="b", score=score))
    onnx().write(program, tmp_path)
    assert found(tmp_path, program) == []
    assert found(tmp_path)[0:1] != [] or score == "softmax_sum"


@pytest.mark.slow
def test_random_programs_are_read(tmp_path: Path):
    for seed in range(60):
        program, _ = random_case(seed)
        onnx().write(program, tmp_path)
        assert found(tmp_path, program) == [], seed


@pytest.mark.parametrize("written", ["zero", "subtract", "subtract_late"])
def test_each_reset_is_read_and_no_other(written: str, tmp_path: Path):
    def with_reset(kind: str):
        program = everything()
        return replace(program, populations=tuple(replace(p, reset=kind) for p in program.populations))

    onnx().write(with_reset(written), tmp_path)
    for kind in ("zero", "subtract", "subtract_late"):
        assert bool(found(tmp_path, with_reset(kind))) == (kind != written)


CHANGES = {
    "dv": ("a", "dv", 3),
    "du": ("a", "du", 3),
    "bias": ("a", "bias_mantissa", 1),
    "threshold": ("b", "vth", 1),
    "start": ("b", "v_initial", 1),
    "scale": ("b", "scale", 1),
    "origin": ("b", "origin", 0.5),
    "latency": ("b", "latency_steps", 1),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_program_with_another_number_is_not_what_the_files_hold(change: str, folder: Path):
    name, key, by = CHANGES[change]
    program = everything()
    populations = []
    for p in program.populations:
        value = getattr(p, key)
        changed = value + by if isinstance(value, int) else (value + np.asarray(by, value.dtype))
        populations.append(replace(p, **{key: changed}) if p.name == name else p)
    problems = found(folder, replace(program, populations=tuple(populations)))
    assert len({text.partition(":")[0] for text in problems}) == 2, problems  # both files


@pytest.mark.parametrize("what", ["weight", "delay", "exponent", "no synapses"])
def test_a_program_with_another_synapse_is_not_what_the_files_hold(what: str, folder: Path):
    program = everything()
    for index, one in enumerate(program.projections):
        weight, delay = one.weight.copy(), one.delay_steps.copy()
        at = tuple(np.argwhere(weight != 0)[-1])
        weight[at] += 2 * (what == "weight")
        delay[at] += what == "delay"
        changed = replace(
            one,
            weight=weight * (what != "no synapses"),
            delay_steps=delay,
            exponent=one.exponent + (what == "exponent"),
        )
        projections = list(program.projections)
        projections[index] = changed
        problems = found(folder, replace(program, projections=tuple(projections)))
        assert problems
        if what in ("weight", "delay"):
            assert len(problems) == 2 and f"neuron {at[1]}" in problems[0]


@pytest.mark.parametrize("bug", BUGS)
def test_an_injected_bug_is_read(bug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    BUGS[bug](monkeypatch.setattr)
    program = everything()
    if "soft" in bug:
        soft = tuple(replace(p, reset="subtract") for p in program.populations)
        program = replace(program, populations=soft)
    onnx().write(program, tmp_path)
    assert found(tmp_path, program)


def test_a_file_that_is_cut_off_or_missing_is_a_finding(folder: Path):
    whole = (folder / STEP).read_bytes()
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        (folder / STEP).write_bytes(whole[:length])
        assert found(folder), length
    (folder / STEP).unlink()
    assert "No such file" in found(folder)[0]


@pytest.mark.slow
def test_no_byte_of_noise_makes_the_reader_fall_over(folder: Path):
    whole = (folder / STEP).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(60):
        data = bytearray(whole)
        for at in rng.integers(0, len(data), 3):
            data[at] = rng.integers(256)
        (folder / STEP).write_bytes(bytes(data))
        found(folder)


def test_the_bytes_are_read_as_the_package_reads_them(folder: Path):
    import onnx as package
    from onnx import numpy_helper

    mine, theirs = parse((folder / STEP).read_bytes()), package.load(folder / STEP)
    assert [node.kind for node in mine.graph.nodes] == [node.op_type for node in theirs.graph.node]
    assert [node.inputs for node in mine.graph.nodes] == [tuple(node.input) for node in theirs.graph.node]
    for tensor in theirs.graph.initializer:
        value = numpy_helper.to_array(tensor)
        assert np.array_equal(mine.graph.constants[tensor.name], value)
        assert mine.graph.constants[tensor.name].dtype == value.dtype
    assert mine.metadata == {p.key: p.value for p in theirs.metadata_props}
    assert (mine.opset, mine.ir_version) == (17, 8)
