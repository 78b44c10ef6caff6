"""From a recipe to a verified bundle, through the command line; and the same bundle in Lava."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from neurodeploy.cli import program

SMALL = ("data.train_trials=256", "data.validation_trials=64", "data.test_trials=64")


def run(*words: str | Path, exit_code: int = 0) -> str:
    result = CliRunner().invoke(program, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == exit_code, result.output
    return result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["mts-xor-delays", "mts-xor:reversed"])
def test_a_trained_network_is_verified_from_its_bundle_alone(recipe, tmp_path):
    settings = [word for setting in SMALL for word in ("--set", setting)]
    run("train", recipe, "--epochs", "1", "--threads", "1", "-o", tmp_path / "run", *settings)
    run("export", tmp_path / "run", "--target", "loihi", "-o", tmp_path / "bundle")
    (tmp_path / "run").rename(tmp_path / "gone")  # verification needs nothing but the bundle
    content = json.loads(run("verify", tmp_path / "bundle", "--json"))
    status = {check["name"]: check["status"] for check in content["checks"]}
    assert status == {
        "hashes": "passed", "rules": "passed", "P0": "passed", "files": "skipped", "P1": "passed",
        "P2": "measured", "golden": "passed", "twins": "passed", "P3": "skipped",
    }  # fmt: skip
    assert set(content["sets"]) == {"validation", "test"}
    for measured in content["sets"].values():
        assert [rung["rung"] for rung in measured["rungs"]][:2] == ["float", "delays"]
        first, second = measured["rungs"][:2]
        assert {**first, "rung": "", "title": ""} == {**second, "rung": "", "title": ""}, (
            "delays are trained whole"
        )


@pytest.mark.slow
@pytest.mark.lava
def test_a_bundle_equals_lava_bit_for_bit(bundle, given, tmp_path):
    from neurodeploy.targets.loihi.lava.environment import status

    if not (found := status()).ready:
        pytest.skip(f"needs the Lava environment: {found.reason}")
    content = json.loads(run("verify", bundle, "--lava", "2", "--json"))
    (lava,) = (check for check in content["checks"] if check["name"] == "P3")
    assert lava["status"] == "passed" and lava["n_compared"] == 2
    assert all(c["spikes"] == c["v"] == 0 for c in lava["facts"]["populations"].values())
