"""The ten-line way: train, export, verify by the library, and the same run by the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import neurodeploy as nd
from neurodeploy.cli import program

pytestmark = pytest.mark.slow

SMALL = ("data.train_trials=64", "data.validation_trials=16", "data.test_trials=16", "train.batch_size=32")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[nd.Run, list[tuple]]:
    told: list[tuple] = []
    recipe = nd.load_recipe("mts-xor", SMALL)
    out = tmp_path_factory.mktemp("runs") / "dtau-0.5"
    return nd.train(recipe, out, epochs=1, progress=lambda *at: told.append(at)), told


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(program, [str(word) for word in words])


def test_a_run_knows_what_it_measured(trained):
    made, told = trained
    assert made.recipe.train.epochs == 1 and len(made.metrics) == 1
    assert set(made.samples) == {"validation", "test", "calibration"}
    assert len(repr(made).splitlines()) <= 10 and "test" in repr(made)
    opened = nd.open_run(str(made.path))
    assert opened.result == made.result and opened.recipe == made.recipe
    stages, done, total, facts = zip(*told, strict=True)
    assert set(stages) == {"training"} and done[-1] == total[-1] and "train_loss" in facts[-1]


def test_a_run_is_exported_verified_and_simulated(trained, tmp_path):
    made, _ = trained
    bundle = nd.export(made, tmp_path / "bundle", target="loihi2")
    assert bundle.manifest.recipe == "mts-xor" and bundle.manifest.seed == made.recipe.train.seed
    assert nd.verify(bundle, samples=8).check("P1").status == "passed"
    test = nd.load_samples(made.path, "test")
    in_float, in_bundle = nd.simulate(made, test), nd.run(bundle, test, backend="float")
    assert np.array_equal(in_float.score, in_bundle.score)
    assert not [finding for finding in nd.check(made, "loihi2") if finding.severity == "error"]


def test_options_without_effect_on_a_run_are_refused(trained, given, tmp_path):
    made, _ = trained
    for option in (("--dt", "0.01"), ("--calibrate", given), ("--seed", "3")):
        result = run("export", made.path, *option, "-o", tmp_path / "out")
        assert result.exit_code == 2 and "error[ND096]" in result.stderr, result.output
        assert option[0] in result.stderr and not (tmp_path / "out").exists()


def test_default_names_of_bundles_tell_runs_apart(trained, tmp_path, monkeypatch):
    made, _ = trained
    for name in ("dtau-0.5", "dtau-0.2"):
        shutil.copytree(made.path, tmp_path / name)
        result = run("export", tmp_path / name, "--no-verify")
        assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.glob("*-bundle")} == {"dtau-0.5-bundle", "dtau-0.2-bundle"}
    monkeypatch.chdir(tmp_path / "dtau-0.5")
    result = run("export", ".", "--no-verify")
    assert result.exit_code == 0 and "dtau-0.5-bundle" in result.stdout, result.output
    assert not list((tmp_path / "dtau-0.5").glob("*bundle*"))
