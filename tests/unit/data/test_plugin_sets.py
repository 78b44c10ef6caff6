"""A package that is only installed brings a data set: a recipe names it, its keys are checked like ours."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.data.sample_set import DenseSet
from neurodeploy.data.sets import load_data
from neurodeploy.findings.finding import Finding, NeurodeployError
from neurodeploy.recipe import dump_recipe, load_recipe

MODULE = """
from dataclasses import dataclass
from pathlib import Path
import numpy as np
from neurodeploy.data.sample_set import DataSets, DenseSet

@dataclass(frozen=True)
class Toy:
    trials: int
    rate: float = 0.25
    words: tuple[str, ...] = ("left", "right")
    wrong: str = "nothing"

    def __post_init__(self):
        if self.trials < 2:
            raise ValueError(f"{self.trials} trials are too few")

    def load(self, data, *, folder: Path | None, seed: int) -> DataSets:
        if self.wrong == "type":
            return [1, 2, 3]
        if self.wrong == "raise":
            raise RuntimeError("the toy is broken\\nand says more")
        rng = np.random.default_rng(seed)
        steps = data.steps + (self.wrong == "steps")
        labels = np.arange(self.trials) % len(self.words) + 5 * (self.wrong == "labels")
        def one():
            shape = (self.trials, steps, data.channels)
            return DenseSet(spikes=(rng.random(shape) < self.rate).astype(np.uint8), labels=labels)
        return DataSets(train=one(), validation=one(), test=one(), n_classes=len(self.words))
"""
RECIPE = """
name = "toy"
[data]
kind = "toy"
steps = 8
channels = 5
[data.options]
trials = 6
[network]
hidden = [4]
[network.readout]
score = "last"
[train]
epochs = 1
batch_size = 4
threads = 1
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path with one installed package that brings the data set ``toy``."""
    folder = tmp_path / "site"
    install(folder, "toy_digits", "toy = toy_digits:Toy")
    (folder / "toy_digits.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(folder))
    importlib.invalidate_caches()
    monkeypatch.delitem(sys.modules, "toy_digits", raising=False)
    return folder


def install(folder: Path, name: str, entry: str) -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[neurodeploy.datasets]\n{entry}\n")


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "toy.toml"
    path.write_text(RECIPE)
    return path


def refused(path: Path | str, *overrides: str) -> tuple[Finding, int]:
    with pytest.raises(NeurodeployError) as caught:
        load_data(load_recipe(path, overrides))
    (finding,) = caught.value.findings
    return finding, caught.value.exit_code


def test_a_recipe_names_another_packages_data_set(site: Path, recipe: Path) -> None:
    loaded = load_recipe(recipe)
    expected = {"trials": 6, "rate": 0.25, "words": ("left", "right"), "wrong": "nothing"}
    assert loaded.data.options == expected
    sets = load_data(loaded, seed=3)
    assert isinstance(sets.train, DenseSet) and sets.train.spikes.shape == (6, 8, 5)
    again = load_data(loaded, seed=3)
    assert isinstance(again.train, DenseSet) and np.array_equal(again.train.spikes, sets.train.spikes)


def test_a_dump_holds_the_plugins_defaults_and_loads_as_the_same_recipe(
    site: Path, recipe: Path, tmp_path: Path
) -> None:
    text = dump_recipe(load_recipe(recipe, ["data.options.rate=1"]))
    assert "rate = 1.0" in text and 'words = [\n    "left",\n    "right",\n]' in text
    (tmp_path / "again.toml").write_text(text)
    assert load_recipe(tmp_path / "again.toml") == load_recipe(recipe, ["data.options.rate=1"])


@pytest.mark.parametrize(
    ("override", "code", "where"),
    [
        ("data.options.trails=3", "ND022", "data.options.trails"),
        ("data.options.trials=3.5", "ND023", "data.options.trials"),
        ("data.options.trials=true", "ND023", "data.options.trials"),
        ("data.options.rate=nan", "ND023", "data.options.rate"),
        ("data.options.trials=1", "ND023", "data.options"),
        ("data.options={}", "ND023", "data.options.trials"),
        ("data.options.trials.deep=1", "ND022", "--set"),
        ("data.options=3", "ND023", "data.options"),
        ("data.kind=toi", "ND023", "data.kind"),
        ("data.augment.drop=0.1", "ND026", "data.augment"),
    ],
)
def test_a_plugins_keys_are_checked_like_ours(
    override: str, code: str, where: str, site: Path, recipe: Path
) -> None:
    finding, exit_code = refused(recipe, override)
    assert (finding.code, exit_code) == (code, 2)
    assert where in finding.where


def test_a_misspelt_key_names_the_nearest(site: Path, recipe: Path) -> None:
    assert refused(recipe, "data.options.trails=3")[0].help == "did you mean 'trials'?"


@pytest.mark.parametrize(
    ("wrong", "code", "exit_code"),
    [("steps", "ND042", 2), ("labels", "ND042", 2), ("type", "ND424", 4), ("raise", "ND424", 4)],
)
def test_sets_that_do_not_fit_the_recipe_are_refused(
    wrong: str, code: str, exit_code: int, site: Path, recipe: Path
) -> None:
    with pytest.raises(NeurodeployError) as caught:
        load_data(load_recipe(recipe, [f"data.options.wrong={wrong}"]))
    assert {finding.code for finding in caught.value.findings} == {code}
    assert caught.value.exit_code == exit_code
    assert len(caught.value.findings) == (3 if code == "ND042" else 1)


def test_labels_per_sample_do_not_fit_a_score_per_step(site: Path, recipe: Path) -> None:
    with pytest.raises(NeurodeployError) as caught:
        load_data(load_recipe(recipe, ["network.readout.score=per_step"]))
    assert caught.value.findings[0].code == "ND042"


def test_without_the_package_its_kind_is_unknown(recipe: Path) -> None:
    finding, exit_code = refused(recipe)
    assert (finding.code, exit_code) == ("ND023", 2)
    assert "no such kind of data" in finding.found


@pytest.mark.parametrize("entry", ["toy = other:Toy", "shd = other:Shd"])
def test_two_packages_cannot_bring_the_same_name(entry: str, site: Path, recipe: Path) -> None:
    install(site, "other_digits", entry)
    finding, exit_code = refused(recipe)
    assert (finding.code, exit_code) == ("ND424", 4)
    assert "other:" in finding.found


@pytest.mark.parametrize("value", ["nowhere_at_all:Toy", "json:dumps", "json:JSONDecoder"])
def test_a_package_that_cannot_be_loaded_is_named(value: str, site: Path, recipe: Path) -> None:
    install(site, "broken_digits", f"broken = {value}")
    finding, exit_code = refused(recipe, "data.kind=broken")
    assert (finding.code, exit_code) == ("ND424", 4)
    assert finding.where == f"broken = {value}"


def test_options_of_a_kind_that_is_built_in_have_no_effect(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('name = "x"\n[data]\nkind = "shd"\n[data.options]\ntrials = 3\n')
    with pytest.raises(NeurodeployError) as caught:
        load_recipe(path)
    assert caught.value.findings[0].code == "ND026"
    # A switch set by hand drops the options that it makes useless, as it does with our own keys.
    path.write_text(RECIPE)
    assert load_recipe(path, ["data.kind=shd", "data.channels=140"]).data.options == {}


@pytest.mark.slow
def test_a_plugins_data_set_is_trained_on_by_the_command_line(
    site: Path, recipe: Path, tmp_path: Path
) -> None:
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    done = subprocess.run(
        [sys.executable, "-m", "neurodeploy", "train", str(recipe), "-o", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    assert "trials = 6" in (tmp_path / "run" / "recipe.toml").read_text()
    assert "of 6 samples" in done.stdout
