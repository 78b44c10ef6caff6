"""Commands print what the library found, in words and as JSON, with one exit code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from neurodeploy.cli import program
from neurodeploy.commands.export import drop_gate
from neurodeploy.files import load_npz, save_npz
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.interpret import interpret
from neurodeploy.nir.read import read_nir
from neurodeploy.targets.loihi.program_file import read_program
from neurodeploy.targets.loihi.simulate.naive import simulate_reference
from neurodeploy.verify.drop_limit import Thresholds


def run(*words: str | Path, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(program, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == exit_code, result.output
    return result


# ---- export


def test_export_writes_a_bundle_and_prints_the_ladder(tiny_nir, given, tmp_path):
    result = run("export", tiny_nir, "--target", "loihi", "-o", tmp_path / "out", "--calibrate", given)
    assert (tmp_path / "out" / "manifest.json").is_file()
    assert "integer arithmetic" in result.stdout and str(tmp_path / "out") in result.stdout


@pytest.mark.slow
def test_the_same_export_gives_the_same_bytes(tiny_nir, given, tmp_path):
    for name in ("a", "b"):
        run("export", tiny_nir, "-o", tmp_path / name, "--calibrate", given)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "b").iterdir())
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_export_as_json(tiny_nir, given, tmp_path):
    words = ("export", tiny_nir, "-o", tmp_path / "out", "--calibrate", given)
    content = json.loads(run(*words, "--json").stdout)
    assert content["exit_code"] == 0 and content["bundle"] == str(tmp_path / "out")
    assert [rung["rung"] for rung in content["rungs"]][0::5] == ["float", "integers"]


def test_export_without_measuring_says_so_in_the_manifest(tiny_nir, tmp_path):
    run("export", tiny_nir, "-o", tmp_path / "out", "--no-verify")
    assert "not measured" in json.loads((tmp_path / "out" / "manifest.json").read_text())["rungs"]


@pytest.mark.slow
def test_export_gates_the_drop_with_and_without_json(tiny_nir, given, tmp_path):
    arrays = dict(np.load(given))
    rungs = json.loads(run("export", tiny_nir, "-o", tmp_path / "a", "--calibrate", given, "--json").stdout)[
        "rungs"
    ]
    drop = rungs[0]["accuracy_percent"] - rungs[-1]["accuracy_percent"]
    words = ("export", tiny_nir, "-o", tmp_path / "b", "--calibrate", given, "--max-drop", max(drop, 0))
    run(*words)
    np.savez(tmp_path / "no-labels.npz", spikes=arrays["spikes"])
    words = ("export", tiny_nir, "-o", tmp_path / "c", "--calibrate", tmp_path / "no-labels.npz")
    assert "ND477" in run(*words, "--max-drop", "100", exit_code=1).stderr


def test_a_limit_and_no_measurement_contradict_each_other(tiny_nir, tmp_path):
    words = ("export", tiny_nir, "-o", tmp_path / "out", "--max-drop", "1", "--no-verify")
    assert "ND080" in run(*words, exit_code=2).stderr and not (tmp_path / "out").exists()


def test_the_gate_of_an_export_holds_every_set_and_leaves_none_out():
    rung = {"set": "test", "rung": "float", "accuracy_percent": 90.0}
    good = [rung, {**rung, "rung": "integers"}]
    bare = [{**entry, "set": "validation", "accuracy_percent": None} for entry in good]
    assert drop_gate(good, Thresholds(max_drop=0.0)) is None
    with pytest.raises(NeurodeployError, match=r"ND477.*\n.*validation"):
        drop_gate([*good, *bare], Thresholds(max_drop=0.0))


def test_the_gate_of_an_export_allows_what_that_of_a_verification_allows():
    rungs = [
        {"set": "test", "rung": name, "accuracy_percent": percent}
        for name, percent in (("float", 100 / 3), ("integers", 100 / 3 - 7))
    ]
    assert drop_gate(rungs, Thresholds(max_drop=7.0)) is None
    assert drop_gate(rungs, Thresholds(max_drop=6.99)) is not None


# ---- verify


def test_verify_writes_every_report(bundle, tmp_path):
    result = run(
        "verify", bundle, "--samples", "4", "--json-to", tmp_path / "v.json", "--junit", tmp_path / "v.xml",
        "--report", tmp_path / "v.html",
    )  # fmt: skip
    assert "P2" in result.stdout and "skipped" in result.stdout
    assert json.loads((tmp_path / "v.json").read_text())["exit_code"] == 0
    assert (tmp_path / "v.xml").read_text().startswith("<?xml")
    assert (tmp_path / "v.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.slow
@pytest.mark.usefixtures("without_lava")
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize(
    ("options", "exit_code"),
    [(("--lava", "2"), 4), (("--lava-if-present", "2"), 0)],
)
def test_missing_lava_has_one_exit_code_in_every_form(bundle, form, options, exit_code):
    result = run("verify", bundle, "--samples", "2", *options, *form, exit_code=exit_code)
    if form:
        (lava,) = (c for c in json.loads(result.stdout)["checks"] if c["name"] == "P3")
        assert lava["status"] == "skipped" and "Lava" in lava["reason"]
    else:
        assert "skipped" in result.stdout and "Lava" in result.stdout


@pytest.mark.parametrize("form", [(), ("--json",), ("--json-to", "FILE")], ids=["text", "json", "file"])
def test_a_failed_gate_has_one_exit_code_in_every_form(bundle, rehash, tmp_path, form):
    arrays = load_npz(bundle / "golden.npz")
    arrays["fixed/hidden1/spikes"] = arrays["fixed/hidden1/spikes"] ^ 1
    save_npz(bundle / "golden.npz", arrays)
    rehash(bundle)
    words = [tmp_path / "v.json" if word == "FILE" else word for word in form]
    run("verify", bundle, "--samples", "2", *words, exit_code=1)


def test_json_on_stdout_is_nothing_but_json(bundle):
    result = run("verify", bundle, "--samples", "2", "--json")
    assert json.loads(result.stdout)["exit_code"] == 0 and result.stderr == ""


# ---- run


@pytest.mark.parametrize("backend", ["float", "fixed"])
def test_run_writes_what_the_backend_computed(backend, bundle, given, tmp_path):
    run("run", bundle, "--backend", backend, "--input", given, "-o", tmp_path / "out.npz")
    spikes = np.load(given)["spikes"][:2]
    if backend == "float":
        expected = interpret(read_nir(bundle / "model.nir"), spikes)
    else:
        expected = simulate_reference(read_program(bundle / "program.h5"), spikes)
    out = load_npz(tmp_path / "out.npz")
    assert set(out) == {f"{p}/{q}" for p in ("hidden1", "hidden2", "out") for q in ("spikes", "v")} | {
        "output/score"
    }
    for name, trace in expected.populations.items():
        assert out[f"{name}/spikes"].dtype == np.uint8
        assert out[f"{name}/v"].dtype == (np.float64 if backend == "float" else np.int32)
        assert np.array_equal(out[f"{name}/spikes"][:2], trace.spikes)
        assert np.array_equal(out[f"{name}/v"][:2], trace.v)
    assert np.allclose(out["output/score"][:2], expected.score)


@pytest.mark.usefixtures("without_lava")
def test_run_never_replaces_a_missing_backend(bundle, given, tmp_path):
    words = ("run", bundle, "--backend", "lava", "--input", given, "-o", tmp_path / "out.npz")
    assert "ND420" in run(*words, exit_code=4).stderr
    assert not (tmp_path / "out.npz").exists()
    assert json.loads(run(*words, "--json", exit_code=4).stdout)["findings"][0]["code"] == "ND420"


@pytest.mark.parametrize(
    ("spikes", "code"),
    [
        (np.full((1, 5, 12), 2, np.uint8), "ND011"),
        (np.full((1, 5, 12), -1, np.int64), "ND011"),
        (np.full((1, 5, 12), 0.5), "ND011"),
        (np.full((1, 5, 12), np.nan), "ND011"),
        (np.zeros((1, 5, 13), np.uint8), "ND010"),
        (np.zeros((5, 12), np.uint8), "ND010"),
    ],
    ids=["graded", "negative", "fraction", "nan", "channels", "axes"],
)
@pytest.mark.parametrize("backend", ["float", "fixed"])
def test_input_that_the_bundle_does_not_take_is_refused(backend, spikes, code, bundle, tmp_path):
    np.savez(tmp_path / "in.npz", spikes=spikes)
    words = ("run", bundle, "--backend", backend, "--input", tmp_path / "in.npz", "-o", tmp_path / "o.npz")
    assert code in run(*words, exit_code=2).stderr
    assert not (tmp_path / "o.npz").exists()


def test_input_with_pickled_objects_is_refused(bundle, tmp_path):
    np.savez(tmp_path / "in.npz", spikes=np.array([{"x": 1}], dtype=object))
    words = ("run", bundle, "--backend", "fixed", "--input", tmp_path / "in.npz", "-o", tmp_path / "o.npz")
    assert "ND002" in run(*words, exit_code=2).stderr


def test_input_without_spikes_is_refused(bundle, tmp_path):
    np.savez(tmp_path / "in.npz", x=np.zeros(3))
    words = ("run", bundle, "--backend", "fixed", "--input", tmp_path / "in.npz", "-o", tmp_path / "o.npz")
    assert "ND003" in run(*words, exit_code=2).stderr


# ---- the others


def test_check_says_that_a_bundle_and_a_nir_file_fit(bundle, tiny_nir):
    for source in (bundle, tiny_nir):
        assert "fits loihi2" in run("check", source).stdout
        assert json.loads(run("check", source, "--json").stdout)["exit_code"] == 0


def test_inspect_knows_what_it_is_given(bundle, tiny_nir):
    kinds = {
        json.loads(run("inspect", path, "--json").stdout)["kind"] for path in (bundle, tiny_nir, "mts-xor")
    }
    assert kinds == {"bundle", "NIR file", "recipe"}
    text = run("inspect", bundle).stdout
    assert "hidden1->hidden2" in text and "delay_steps 1 to 9" in text and "256" in text
    assert "tau_s" in run("inspect", "mts-xor").stdout


@pytest.mark.parametrize("line", [b"\xff\xfe", b'{"epoch": 1', b"[" * 100_000])
def test_a_run_with_damaged_metrics_can_be_inspected(line, tmp_path):
    run("init", "mts-xor", "-o", tmp_path / "recipe.toml")
    (tmp_path / "metrics.jsonl").write_bytes(b'{"epoch": 0}\n' + line)
    assert json.loads(run("inspect", tmp_path, "--json").stdout)["last metrics"] == "unreadable"


def test_every_shipped_recipe_can_be_inspected():
    for name in json.loads(run("models", "--json").stdout)["models"]:
        assert f"recipe {name}" in run("inspect", name).stdout


def test_targets_tells_each_limit_with_its_source():
    assert "loihi2" in run("targets").stdout
    text = run("targets", "loihi").stdout
    assert "max_delay_steps = 62 steps" in text and "source: lava-dl" in text
    assert (
        json.loads(run("targets", "--json").stdout)["targets"]["loihi2"]["limits"]["vth_max"]["value"]
        == 131071
    )


@pytest.mark.usefixtures("without_lava")
def test_doctor_tells_of_missing_lava_without_failing():
    text = run("doctor").stdout
    assert "lava: not ready" in text and "python:" in text and "cores:" in text
    facts = json.loads(run("doctor", "--json").stdout)
    assert facts["lava"]["ready"] is False and facts["packages"]["numpy"] == np.__version__


def test_explain_prints_one_code_or_all():
    assert run("explain", "nd201").stdout.startswith("ND201: a delay is longer")
    assert len(run("explain").stdout.splitlines()) == len(
        json.loads(run("explain", "--json").stdout)["codes"]
    )


@pytest.mark.parametrize("name", ["golden.npz", "in.npz"])
def test_run_overwrites_neither_its_bundle_nor_its_input(name, bundle, given, tmp_path):
    source = tmp_path / "in.npz"
    source.write_bytes(given.read_bytes())
    out = bundle / name if name == "golden.npz" else source
    before = out.read_bytes()
    words = ("run", bundle, "--backend", "fixed", "--input", source, "-o", out)
    assert "ND080" in run(*words, exit_code=2).stderr
    assert out.read_bytes() == before


@pytest.mark.parametrize("name", ["model.nir", "golden.npz", "itself"])
def test_nir_overwrites_neither_its_bundle_nor_its_file(name, bundle, tmp_path):
    source, out = bundle, bundle / name
    if name == "itself":
        source = out = tmp_path / "net.nir"
        source.write_bytes((bundle / "model.nir").read_bytes())
    before = out.read_bytes()
    assert "ND080" in run("nir", source, "-o", out, exit_code=2).stderr
    assert out.read_bytes() == before


def test_a_bundle_is_not_checked_with_a_step_of_another_length(bundle):
    assert "ND096" in run("check", bundle, "--dt", "0.01", exit_code=2).stderr
