"""Every ``--json`` validates against the schema that it names, which the package ships."""

from __future__ import annotations

import json
import math
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import neurodeploy
from neurodeploy.cli import COMMANDS, program
from neurodeploy.commands.options import finite, in_percent

jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema: not installed")
FOLDER = Path(neurodeploy.__file__).parent / "schemas"


def schema(name: str) -> dict:
    content = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(content)
    return content


def told(*words: str | Path) -> dict:
    """Run a command with --json; check its output against the schema that it names, and its exit code."""
    result = CliRunner().invoke(program, [*map(str, words), "--json"])
    content = json.loads(result.stdout)
    family, name, version = content["schema"].split("/")
    assert (family, version) == ("neurodeploy", "1")
    jsonschema.Draft202012Validator(schema(name)).validate(content)
    assert content["exit_code"] == result.exit_code, result.stderr
    return content


def test_every_command_with_json_has_a_schema_and_the_other_way_round():
    context = click.Context(program)
    found = {"findings"}
    for name in COMMANDS:
        command = program.get_command(context, name)
        below = command.commands.values() if isinstance(command, click.Group) else [command]
        if any("--json" in parameter.opts for each in below for parameter in each.params):
            found.add(name)
    assert {path.stem for path in FOLDER.iterdir()} == found


@pytest.mark.parametrize(
    "words",
    [
        ("doctor",),
        ("explain",),
        ("explain", "ND201"),
        ("lava", "status"),
        ("targets",),
        ("targets", "loihi2"),
        ("models",),
        ("inspect", "mts-xor"),
    ],
    ids=" ".join,
)
def test_what_needs_no_file_validates(words):
    assert told(*words)["schema"] == f"neurodeploy/{words[0]}/1"


@pytest.mark.parametrize(
    "words",
    [("exprot",), ("explain", "ND999"), ("verify", "nowhere"), ("check", "nowhere.nir"), ("train", "mts-xr")],
    ids=" ".join,
)
def test_findings_validate(words):
    content = told(*words)
    assert content["schema"] == "neurodeploy/findings/1" and content["exit_code"] == 2


def test_an_export_a_check_a_run_and_a_verification_validate(tiny_nir, given, tmp_path):
    out = tmp_path / "bundle"
    made = told("export", tiny_nir, "-o", out, "--calibrate", given)
    assert made["rungs"] and made["exit_code"] == 0
    for source in (tiny_nir, out):
        assert told("check", source)["schema"] == "neurodeploy/check/1"
        assert told("inspect", source)["kind"] in ("NIR file", "bundle")
    arrays = told("run", out, "--backend", "fixed", "--input", given, "-o", tmp_path / "out.npz")["arrays"]
    assert arrays["hidden1/v"] == [24, 40, 16]
    written = told("nir", out, "-o", tmp_path / "out.nir")
    assert written["schema"] == "neurodeploy/nir/1" and written["for"] is None and written["dt"] == 0.01
    assert told("verify", out, "--samples", "4")["schema"] == "neurodeploy/verify/1"


def test_a_recipe_that_was_written_validates(tmp_path):
    assert told("init", "mts-xor", "-o", tmp_path / "my.toml")["recipe"] == str(tmp_path / "my.toml")
    shown = told("init", "mts-xor", "-o", "-")
    assert shown["recipe"] == "-" and 'kind = "mts-xor"' in shown["toml"]


@pytest.mark.usefixtures("without_lava")
def test_missing_lava_validates():
    content = told("lava", "status")
    assert content["exit_code"] == 4 and not content["ready"]


def test_a_schema_refuses_what_is_not_as_it_says():
    made = {"schema": "neurodeploy/check/1", "exit_code": 0, "source": "x", "target": "y", "findings": []}
    validator = jsonschema.Draft202012Validator(schema("check"))
    validator.validate(made)
    finding = {
        "code": "ND1",
        "message": "",
        "where": "",
        "found": "",
        "limit": "",
        "help": "",
        "severity": "error",
    }
    for wrong in (
        {"exit_code": 1},
        {"findings": [finding]},
        {"schema": "neurodeploy/check/2"},
        {"target": 3},
    ):
        assert list(validator.iter_errors(made | wrong))
    del made["exit_code"]
    assert list(validator.iter_errors(made))


def test_an_accuracy_has_one_name_and_no_number_is_infinite():
    facts = {"test": {"accuracy": 0.5, "loss": math.nan}, "train_accuracy": 0.25, "list": [math.inf, 1]}
    assert finite(in_percent(facts)) == {
        "test": {"accuracy_percent": 50.0, "loss": None},
        "train_accuracy_percent": 25.0,
        "list": [None, 1],
    }


@pytest.mark.slow
def test_trainings_and_sweeps_validate(tmp_path):
    keys = ("data.train_trials=64", "data.validation_trials=16", "data.test_trials=16", "train.batch_size=32")
    small = ("mts-xor", *(word for key in keys for word in ("--set", key)), "--epochs", "1")
    trained = told("train", *small, "-o", tmp_path / "run")
    assert 0 <= trained["test"]["accuracy_percent"] <= 100
    assert told("inspect", tmp_path / "run")["kind"] == "run"
    swept = told("sweep", *small, "--seeds", "0,1", "--jobs", "2", "-o", tmp_path / "sweep")
    assert swept["points"][0]["accuracy_percent"]["test"]["n"] == 2
