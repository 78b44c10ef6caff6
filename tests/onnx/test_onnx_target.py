"""ONNX as a target: exported, verified and run through the commands, with and without its packages."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import neurodeploy as nd
from neurodeploy.cli import program as commands
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.model import INPUT, NeuronModel
from neurodeploy.targets.integers import GivesIntegers
from neurodeploy.targets.loihi.program import FixedGraph, FixedPopulation, FixedProjection
from neurodeploy.targets.onnx.in_onnxruntime import SEQUENCE, OnnxRuntime
from neurodeploy.targets.onnx.target import STEP, onnx
from neurodeploy.targets.registry import load_target

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))
from programs import make_population, make_program, make_projection, random_case

pytestmark = pytest.mark.slow


def command(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(commands, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def made(packages, entry, tiny_nir: Path, given: Path, tmp_path: Path) -> Path:
    code, text = command("export", tiny_nir, "--target", "onnx", "--calibrate", given, "-o", tmp_path / "b")
    assert code == 0, text
    return tmp_path / "b"


def test_the_whole_row(made: Path, given: Path, bundle: Path, tmp_path: Path):
    assert {STEP, SEQUENCE, "program.h5"} <= {path.name for path in made.iterdir()}
    assert (made / "program.h5").read_bytes() == (bundle / "program.h5").read_bytes()
    code, text = command("verify", made, "--runtime", "onnx=24", "--json")
    checks = {check["name"]: check for check in json.loads(text)["checks"]}
    assert code == 0 and [checks[name]["status"] for name in ("P0", "P3", "files")] == ["passed"] * 3
    assert checks["P3"]["backend"] == "onnx"
    for backend in ("onnx", "fixed"):
        out = tmp_path / f"{backend}.npz"
        assert command("run", made, "--backend", backend, "--input", given, "-o", out)[0] == 0
    with np.load(tmp_path / "onnx.npz") as mine, np.load(tmp_path / "fixed.npz") as ours:
        assert mine.files == ours.files
        for name in mine.files:
            if name.startswith("output/"):
                np.testing.assert_allclose(mine[name], ours[name], rtol=1e-12)
            else:
                assert np.array_equal(mine[name], ours[name]), name
    fit = nd.open_bundle(made).manifest.backend["onnx"]
    assert fit["opset"] == 17 and fit["ir_version"] == 8
    assert fit["files"][STEP]["bytes"] == (made / STEP).stat().st_size
    totals = nd.open_bundle(made).manifest.quantisation["resources"]
    assert totals["onnx_operators"] == fit["files"][STEP]["operators"] > 0


@pytest.mark.parametrize(
    "model", [NeuronModel.LIF_SUBTRACT, NeuronModel.LIF_SUBTRACT_LATE, NeuronModel.IF_SUBTRACT]
)
def test_a_soft_reset_goes_the_whole_row(
    packages, entry, tiny_nir: Path, given: Path, tmp_path: Path, model: NeuronModel
):
    graph = nd.read_nir(tiny_nir)
    gain = 20.0 if model is NeuronModel.IF_SUBTRACT else 1.0  # without a leak r counts in 1/s
    soft = [
        replace(p, model=model, v_reset=0 * p.v_reset, r=gain * p.r) if p.model.spiking else p
        for p in graph.populations
    ]
    graph = replace(graph, populations=tuple(soft))
    bundle = nd.export(graph, tmp_path / "b", target="onnx", calibrate=given, with_float=True)
    checks = {check.name: check for check in nd.verify(bundle.path, runtimes={"onnx": 24}).checks}
    assert [checks[name].status.value for name in ("P0", "P3", "files")] == ["passed"] * 3
    spikes = nd.simulate(bundle, nd.load_samples(given)).populations
    assert all(spikes[p.name].spikes.any() for p in soft if p.model.spiking)


def test_a_changed_onnx_file_fails_verification(made: Path, rehash, tmp_path: Path):
    model = (made / SEQUENCE).read_bytes()
    at = model.index((-(2**23 - 1)).to_bytes(4, "little", signed=True))  # where v is clipped
    (made / SEQUENCE).write_bytes(model[:at] + b"\x02" + model[at + 1 :])
    assert command("verify", made)[0] == 5
    rehash(made)
    code, text = command("verify", made)
    assert code == 1 and "ND483" in text


@pytest.mark.slow
def test_without_its_packages_a_bundle_is_opened_simulated_and_verified(
    made: Path, given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if "onnx" in name else real(name, *more)
    )
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert command("verify", made)[0] == 0
    out = tmp_path / "out.npz"
    assert command("run", made, "--backend", "fixed", "--input", given, "-o", out)[0] == 0
    code, text = command("run", made, "--backend", "onnx", "--input", given, "-o", tmp_path / "no.npz")
    assert code == 4 and "ND430" in text and not (tmp_path / "no.npz").exists()
    assert command("verify", made, "--runtime", "onnx=2")[0] == 4
    code, text = command("export", made / "model.nir", "--target", "onnx", "-o", tmp_path / "again")
    assert code == 4 and "ND430" in text and not (tmp_path / "again").exists(), text


@pytest.mark.slow
def test_a_target_file_says_what_a_runtime_can(packages, entry, tiny_nir: Path, given: Path, tmp_path: Path):
    limit = (
        '\n[limits.{}]\nvalue = {}\nunit = "bits"\nsource = "a browser"\nverified_on = "2026-11-24, read"\n'
    )
    text = 'name = "small"\ntitle = "No 64 bits"\nbackend = "onnx"\n'
    (tmp_path / "small.toml").write_text(
        text + limit.format("float_bits", 32) + limit.format("integer_bits", 32)
    )
    made = tmp_path / "b"
    words = ("--target", tmp_path / "small.toml", "--calibrate", given, "-o", made)
    assert command("export", tiny_nir, *words)[0] == 0
    assert nd.open_bundle(made).manifest.backend["onnx"]["decay"] == "int32"
    assert command("verify", made, "--runtime", "onnx=4")[0] == 0
    import onnx as package

    kinds = {
        tensor.data_type
        for name in (STEP, SEQUENCE)
        for graph in graphs(package.load(made / name).graph)
        for tensor in graph.initializer
        if len(tensor.dims) == 0
    }
    assert package.TensorProto.DOUBLE not in kinds


def graphs(graph):
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.name == "body":
                yield from graphs(attribute.g)


def test_files_are_of_the_old_opset_checked_in_full_and_infer(made: Path):
    import onnx as package

    for name in (STEP, SEQUENCE):
        model = package.load(made / name)
        package.checker.check_model(model, full_check=True)
        package.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        assert [entry.version for entry in model.opset_import] == [17] and model.ir_version == 8
        assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"


def test_the_same_program_gives_the_same_bytes(packages, tmp_path: Path):
    program, _ = random_case(5)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        onnx().write(program, tmp_path / name)
    for name in (STEP, SEQUENCE):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_run_that_takes_too_long_is_ended(packages, tmp_path: Path):
    program, spikes = random_case(5, n_steps=2000, n_samples=64)
    onnx().write(program, tmp_path)
    with pytest.raises(NeurodeployError) as error:
        OnnxRuntime().run(tmp_path, spikes, timeout_s=0.001)
    assert error.value.findings[0].code == "ND426" and error.value.exit_code == 4


def test_a_file_that_is_no_onnx_file_is_a_finding(packages, tmp_path: Path):
    (tmp_path / SEQUENCE).write_bytes(b"no model")
    with pytest.raises(NeurodeployError) as error:
        OnnxRuntime().run(tmp_path, np.zeros((1, 3, 2), np.uint8))
    assert error.value.findings[0].code == "ND425" and error.value.exit_code == 4


def test_a_run_that_fails_names_the_file_that_was_run(packages, tmp_path: Path):
    program, spikes = random_case(5)
    onnx().write(program, tmp_path)
    with pytest.raises(NeurodeployError) as error:
        OnnxRuntime(STEP).run(tmp_path, spikes)  # takes one step, not samples
    assert (error.value.findings[0].code, error.value.findings[0].where) == ("ND425", STEP)


def test_sums_that_may_leave_32_bits_are_computed_in_64(packages, tmp_path: Path):
    from neurodeploy.targets.onnx.neuron_step import cells

    rng = np.random.default_rng(4)
    populations = [make_population("a", 3, du=50, vth=1000), make_population("b", 2, du=9, vth=70000)]
    projections = [
        make_projection(INPUT, "a", 2 * rng.integers(-128, 128, (3, 300)), rng.integers(0, 3, (3, 300)), 7),
        make_projection("a", "b", [[254, 2, -200], [2, 8, 254]], 1, 7),
    ]
    program = make_program(populations, projections, 300, input_max=255)
    spikes = (rng.random((3, 40, 300)) < 0.05).astype(np.uint8) * 3
    target = onnx()
    assert [c.whole for c in cells(target.chip.integers(program))] == [np.int64, np.int32]
    target.write(program, tmp_path)
    assert target.file_findings(program, tmp_path) == []
    everything = ("spikes", "v", "u")
    found = OnnxRuntime().run(tmp_path, spikes, record=everything)
    expected = target.simulate(program, spikes, record=everything)
    assert expected.populations["a"].spikes.any() and expected.populations["b"].spikes.any()
    for name, trace in expected.populations.items():
        for key in everything:
            mine = getattr(found.populations[name], key)
            assert mine.dtype == getattr(trace, key).dtype and np.array_equal(mine, getattr(trace, key))


def test_a_new_number_of_a_program_has_to_be_said_in_integers_too():
    known = {
        FixedPopulation: {"name", "spiking", "scale", "origin", "dv", "du", "vth", "bias_mantissa"}
        | {"bias_exponent", "v_initial", "group", "latency_steps", "reset"},
        FixedProjection: {"source", "target", "weight", "exponent", "delay_steps"},
        FixedGraph: {"name", "dt_s", "input_size", "input_max", "populations", "projections", "readout"},
    }
    for kind, names in known.items():
        assert {field.name for field in fields(kind)} == names, "targets/loihi/meaning.py does not say it"


def test_the_chip_gives_its_integers_and_the_target_is_found_by_name(entry):
    target = load_target("onnx")
    assert isinstance(target.chip, GivesIntegers)
    assert next(iter(target.runtimes)) == "onnx" and "runs in onnx" in repr(target)
