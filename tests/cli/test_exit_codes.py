"""What a user can do wrong gives a coded finding and its exit code, and leaves nothing half-written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner, Result

from neurodeploy.cli import COMMANDS, program
from neurodeploy.graph.model import Graph
from neurodeploy.nir.write import write_nir


def run(*words: str | Path) -> Result:
    """Run the program; an unexpected exception is a bug and is raised here."""
    result = CliRunner().invoke(program, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def refused(result: Result, code: str, exit_code: int) -> str:
    """Check that a command ended with a finding; give its text."""
    assert result.exit_code == exit_code, result.stderr
    assert f"error[{code}]" in result.stderr and "Traceback" not in result.output
    return result.stderr


def nir_of(graph: Graph, folder: Path) -> Path:
    write_nir(graph, folder / "net.nir")
    return folder / "net.nir"


def poke(path: Path, ending: str, value: float) -> None:
    """Overwrite the first number of every parameter of a NIR file whose name ends so."""
    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        chosen = [name for name in names if name.endswith(ending) and isinstance(file[name], h5py.Dataset)]
        assert chosen
        for name in chosen:
            file[name][(0,) * file[name].ndim] = value


# ---- wrong usage


def test_a_mistyped_command_names_the_nearest(golden):
    golden.check(refused(run("exprot", "x"), "ND081", 2))


def test_a_mistyped_option_is_a_finding(golden):
    golden.check(refused(run("verify", "x", "--lavva", "3"), "ND080", 2))


def test_a_missing_argument_is_a_finding():
    refused(run("verify"), "ND080", 2)


@pytest.mark.parametrize("samples", ["0", "-3", "some", "1.5"])
def test_a_senseless_number_of_samples_is_refused(samples, bundle):
    refused(run("verify", bundle, "--samples", samples), "ND080", 2)


def test_help_of_every_command_answers():
    for name in COMMANDS:
        result = run(name, "--help")
        assert result.exit_code == 0 and "Usage:" in result.stdout, name


def test_without_a_command_the_help_is_shown_and_it_is_not_a_success():
    result = run()
    assert result.exit_code == 2 and "Commands:" in result.output


def test_help_text(golden):
    golden.check(run("--help").stdout)


def test_findings_come_as_json_with_the_same_exit_code():
    for words in (("exprot",), ("verify", "nowhere"), ("explain", "ND999"), ("inspect", "mts-xr")):
        plain, as_json = run(*words), run(*words, "--json")
        assert plain.exit_code == as_json.exit_code == 2
        content = json.loads(as_json.stdout)
        assert content["findings"][0]["code"].startswith("ND") and as_json.stderr == ""


# ---- files


@pytest.mark.parametrize(
    "words",
    [
        ("export", "nowhere.nir"),
        ("verify", "nowhere"),
        ("run", "nowhere", "--backend", "fixed", "--input", "x.npz", "-o", "y.npz"),
        ("check", "nowhere.nir"),
        ("inspect", "nowhere.nir"),
    ],
    ids=lambda words: words[0],
)
def test_a_missing_file_is_a_finding(words):
    refused(run(*words), "ND001", 2)


def test_a_mistyped_path_names_the_one_beside_it(bundle):
    assert "did you mean 'bundle'?" in refused(run("verify", bundle.with_name("bundel")), "ND001", 2)


def test_a_truncated_nir_file_is_a_finding_and_nothing_is_written(tiny_nir, tmp_path):
    (tmp_path / "cut.nir").write_bytes(tiny_nir.read_bytes()[:3000])
    refused(run("export", tmp_path / "cut.nir", "-o", tmp_path / "out"), "ND002", 2)
    assert [path.name for path in tmp_path.iterdir()] == ["cut.nir"]


def test_a_truncated_program_is_caught_by_its_hash(bundle):
    content = (bundle / "program.h5").read_bytes()
    (bundle / "program.h5").write_bytes(content[: len(content) // 2])
    refused(run("verify", bundle), "ND008", 5)


def test_a_truncated_program_is_a_finding_even_with_a_fresh_hash(bundle, rehash):
    content = (bundle / "program.h5").read_bytes()
    (bundle / "program.h5").write_bytes(content[: len(content) // 2])
    rehash(bundle)
    refused(run("verify", bundle), "ND040", 2)


@pytest.mark.parametrize("command", [("verify",), ("check",), ("inspect",)], ids=lambda words: words[0])
def test_a_changed_bundle_is_exit_5_whoever_reads_it(command, bundle):
    (bundle / "model.nir").write_bytes((bundle / "model.nir").read_bytes() + b"x")
    refused(run(*command, bundle), "ND008", 5)
    assert run(*command, bundle, "--json").exit_code == 5


def test_a_file_that_is_no_part_of_a_bundle_is_a_note(bundle):
    (bundle / ".DS_Store").write_bytes(b"x")
    result = run("check", bundle)
    assert result.exit_code == 0 and "note[ND044]" in result.stderr and ".DS_Store" in result.stderr


def test_an_unlisted_file_that_the_target_would_read_is_exit_5(tiny_nir, tmp_path):
    run("export", tiny_nir, "-o", tmp_path / "out", "--no-verify")
    (tmp_path / "out" / "network.net").write_bytes(b"x")
    refused(run("verify", tmp_path / "out"), "ND008", 5)


def test_running_a_changed_bundle_is_exit_5_and_writes_nothing(bundle, given, tmp_path):
    (bundle / "model.nir").write_bytes(b"x")
    out = tmp_path / "out.npz"
    refused(run("run", bundle, "--backend", "fixed", "--input", given, "-o", out), "ND008", 5)
    assert not out.exists()


def test_an_output_that_is_not_a_bundle_is_not_overwritten(tiny_nir, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("x")
    refused(run("export", tiny_nir, "-o", tmp_path / "precious"), "ND005", 2)
    assert (tmp_path / "precious" / "thesis.txt").read_text() == "x"


def test_a_report_where_nothing_can_be_written_is_a_finding(bundle, tmp_path):
    (tmp_path / "file").write_text("")
    result = run("verify", bundle, "--samples", "2", "--report", tmp_path / "file" / "r.html")
    refused(result, "ND084", 2)


# ---- networks


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("weight", np.nan, "ND101"), ("tau", np.inf, "ND101"), ("tau", 0.0099, "ND102")],
)
def test_a_number_that_means_nothing_is_a_finding(name, value, code, tiny_graph, tmp_path):
    path = nir_of(tiny_graph, tmp_path)
    poke(path, name, value)
    refused(run("export", path, "-o", tmp_path / "out"), code, 2)
    refused(run("check", path), code, 2)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("steps", "exit_code"), [(63, 0), (64, 3)])
def test_a_delay_at_the_edge_of_the_target(steps, exit_code, tiny_graph, tmp_path):
    first = tiny_graph.projections[0]
    delay_s = first.delay_s.copy()
    # The layer is in time, so the connection's own step makes room for one more than the register holds.
    delay_s[0, 0, 0], delay_s[0, 1, 1] = steps * tiny_graph.dt_s, tiny_graph.dt_s
    graph = replace(tiny_graph, projections=(replace(first, delay_s=delay_s), *tiny_graph.projections[1:]))
    path = nir_of(graph, tmp_path)
    checked, exported = run("check", path), run("export", path, "-o", tmp_path / "out", "--no-verify")
    assert (checked.exit_code, exported.exit_code) == (exit_code, exit_code), checked.stderr + exported.stderr
    assert (tmp_path / "out").exists() == (exit_code == 0)
    if exit_code:
        assert "64 steps" in refused(checked, "ND201", 3)
        refused(exported, "ND201", 3)


def test_a_node_that_is_not_supported_is_named(tmp_path):
    import nir

    graph = nir.NIRGraph(
        {
            "input": nir.Input(np.array([4])),
            "step": nir.Threshold(np.ones(4)),
            "output": nir.Output(np.array([4])),
        },
        [("input", "step"), ("step", "output")],
        type_check=False,
    )
    nir.write(tmp_path / "step.nir", graph)
    result = run("check", tmp_path / "step.nir", "--dt", "0.01")
    assert "Threshold" in refused(result, "ND120", 2)


def test_a_file_without_dt_asks_for_it(tiny_graph, tmp_path):
    path = nir_of(tiny_graph, tmp_path)
    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        for name in [n for n in names if n.rpartition("/")[2].startswith(("dt", "neurodeploy"))]:
            if name in file:
                del file[name]
    assert "--dt" in refused(run("check", path), "ND121", 2)
    assert run("check", path, "--dt", "0.01").exit_code == 0


@pytest.mark.parametrize("dt", ["0", "-1", "nan", "inf"])
def test_a_step_that_cannot_be_is_refused(dt, tiny_nir):
    refused(run("check", tiny_nir, "--dt", dt), "ND080", 2)


# ---- recipes and targets


def test_a_misspelt_key_of_a_recipe_names_the_nearest(tmp_path):
    from neurodeploy.shipped import path_of

    text = path_of("models", "mts-xor").read_text().replace("epochs", "epohcs")
    (tmp_path / "my.toml").write_text(text)
    for command in ("train", "inspect"):
        assert "did you mean 'epochs'?" in refused(run(command, tmp_path / "my.toml"), "ND022", 2)
    assert [path.name for path in tmp_path.iterdir()] == ["my.toml"]


def test_a_mistyped_target_names_the_nearest(tiny_nir, tmp_path):
    result = run("export", tiny_nir, "--target", "loihl2", "-o", tmp_path / "out")
    assert "did you mean 'loihi2'?" in refused(result, "ND027", 2)


def test_loihi_is_the_default_chip_of_its_family(tiny_nir):
    for name in ("loihi", "loihi2"):
        assert "fits loihi2" in run("check", tiny_nir, "--target", name).stdout


def test_a_target_file_may_be_given(tiny_nir, tmp_path):
    from neurodeploy.shipped import path_of

    text = path_of("targets", "loihi2").read_text().replace("value = 62\n", "value = 5\n")
    (tmp_path / "short.toml").write_text(text)
    assert "5 steps (lava-dl" in refused(
        run("check", tiny_nir, "--target", tmp_path / "short.toml"), "ND201", 3
    )


def test_an_unknown_code_is_a_finding():
    refused(run("explain", "ND999"), "ND087", 2)


def test_a_folder_of_another_kind_is_a_finding(tmp_path):
    refused(run("inspect", tmp_path), "ND086", 2)
