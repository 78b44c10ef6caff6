"""Options of `verify`: each changes something or is refused, and every form says what the exit code says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from neurodeploy.cli import program


def run(*words: str | Path, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(program, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == exit_code, result.output
    return result


@pytest.mark.parametrize(
    "words",
    [
        ("--max-drop", "nan"),
        ("--max-drop", "inf"),
        ("--max-drop", "-inf"),
        ("--max-drop", "-1"),
        ("--max-drop", "1e309"),
        ("--max-drop", "some"),
        ("--confidence", "0.95"),
        ("--max-drop", "1", "--confidence", "0"),
        ("--max-drop", "1", "--confidence", "1"),
        ("--max-drop", "1", "--confidence", "95"),
        ("--max-drop", "1", "--confidence", "nan"),
        ("--lava", "0"),
        ("--lava", "-2"),
        ("--lava-if-present", "0"),
        ("--lava", "2", "--lava-if-present", "2"),
        ("--runtime", "0"),
        ("--runtime", "lava=0"),
        ("--runtime", "lava"),
        ("--runtime", "2", "--lava", "2"),
        ("--runtime", "2", "--runtime", "3"),
        ("--runtime", "lava=2", "--lava-if-present", "2"),
        ("--runtime-if-present", "1.5"),
        ("--require", "lava"),
        ("--json-to",),
    ],
    ids=" ".join,
)
def test_what_means_nothing_or_has_no_effect_is_wrong_usage(words, bundle):
    (bundle / "samples.npz").unlink()  # a changed bundle would be found first, if anything ran
    assert "ND080" in run("verify", bundle, *words, exit_code=2).stderr


@pytest.mark.usefixtures("without_lava")
def test_a_runtime_that_is_asked_for_and_missing_has_one_exit_code_in_every_report(bundle, tmp_path):
    files = ("--json-to", tmp_path / "v.json", "--junit", tmp_path / "v.xml", "--report", tmp_path / "v.html")
    for *wish, code in (
        ("--lava", "2", 4),
        ("--lava-if-present", "2", 0),
        ("--runtime", "2", 4),
        ("--runtime-if-present", "lava=2", 0),
    ):
        result = run("verify", bundle, "--samples", "2", *wish, *files, exit_code=code)
        assert f"(exit code {code})" in re.sub(r"\s+", " ", result.stdout)
        assert json.loads((tmp_path / "v.json").read_text())["exit_code"] == code
        suite = ET.parse(tmp_path / "v.xml").getroot().find("testsuite")
        assert (suite.get("errors"), suite.get("failures")) == (str(int(code == 4)), "0")
        assert f"(exit code {code})" in (tmp_path / "v.html").read_text()


@pytest.mark.slow
def test_confidence_moves_the_gate_to_the_upper_end_of_the_interval(bundle):
    content = json.loads(run("verify", bundle, "--json").stdout)
    drop = content["sets"]["given"]["drop"]
    between = (drop["drop_percentage_points"] + drop["high_percentage_points"]) / 2
    assert between > max(0, drop["drop_percentage_points"])
    run("verify", bundle, "--max-drop", between)
    failed = run("verify", bundle, "--max-drop", between, "--confidence", "0.95", exit_code=1)
    named = re.search(r"--max-drop ([0-9.]+) would have passed", failed.stdout)
    assert named
    run("verify", bundle, "--max-drop", named[1], "--confidence", "0.95")


def test_json_is_a_flag_and_the_file_holds_the_same(bundle, tmp_path):
    result = run("verify", bundle, "--json", "--json-to", tmp_path / "v.json")
    content = json.loads(result.stdout)
    assert content == json.loads((tmp_path / "v.json").read_text())
    assert content["schema"] == "neurodeploy/verify/1" and content["exit_code"] == 0
    assert result.stderr == ""


def test_accuracies_are_named_with_their_unit(bundle):
    measured = json.loads(run("verify", bundle, "--json").stdout)["sets"]["given"]
    first, last = measured["rungs"][0], measured["rungs"][-1]
    assert measured["drop"]["float_accuracy_percent"] == first["accuracy_percent"]
    assert measured["drop"]["integer_accuracy_percent"] == last["accuracy_percent"]
    assert measured["agreement_percent"] == last["agreement_percent"]


def test_reports_that_would_overwrite_something_are_refused_before_anything_runs(bundle, tmp_path):
    for words in (
        ("--junit", tmp_path / "v", "--report", tmp_path / "v"),
        ("--report", bundle / "model.nir"),
        ("--json-to", bundle / "manifest.json"),
        ("--junit", bundle / "." / "samples.npz"),
    ):
        assert "ND080" in run("verify", bundle, *words, exit_code=2).stderr
    run("verify", bundle, "--samples", "2")


def test_stages_are_named_before_anything_is_done(bundle, monkeypatch):
    from neurodeploy.verify import ladder

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(ladder, "interpret", stop)
    result = CliRunner().invoke(program, ["verify", str(bundle)])
    assert "P2: the ladder on given" in result.stderr, "a stage is named before its first chunk is done"


def test_a_report_never_overwrites_the_samples_that_were_given(bundle, given, tmp_path):
    source = tmp_path / "in.npz"
    source.write_bytes(given.read_bytes())
    words = ("verify", bundle, "--samples", "2", "--input", source, "--json-to", source)
    assert "ND080" in run(*words, exit_code=2).stderr
    assert source.read_bytes() == given.read_bytes()


@pytest.mark.parametrize("name", ["network.net", "target.toml"])
def test_a_report_takes_no_name_that_would_be_read_as_a_part_of_the_bundle(name, bundle):
    manifest = json.loads((bundle / "manifest.json").read_text())
    if name in manifest["sha256"]:
        (bundle / name).unlink()  # as in a bundle that NetX cannot hold
    assert "ND080" in run("verify", bundle, "--json-to", bundle / name, exit_code=2).stderr
    assert not (bundle / name).exists()
