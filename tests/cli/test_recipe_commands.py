"""A recipe is written, shown and read again as the same; a NIR file is shown with or without a step."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nir
import pytest
from click.testing import CliRunner, Result

from neurodeploy.cli import program
from neurodeploy.recipe import Recipe, keys, list_recipes, load_recipe
from neurodeploy.recipe.commented import commented

NAMES = [
    name
    for listed in list_recipes()
    for name in (listed.name, *(f"{listed.name}:{variant}" for variant in listed.variants))
]


def run(*words: str | Path, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(program, [str(word) for word in words])
    assert result.exit_code == exit_code, result.output
    return result


@pytest.mark.parametrize("name", NAMES)
def test_what_inspect_prints_of_a_recipe_is_the_same_recipe(name: str, tmp_path: Path) -> None:
    (tmp_path / "again.toml").write_text(run("inspect", name).stdout, encoding="utf-8")
    assert load_recipe(tmp_path / "again.toml") == load_recipe(name)
    assert run("inspect", tmp_path / "again.toml").stdout == run("inspect", name).stdout


@pytest.mark.parametrize("name", NAMES)
def test_what_init_writes_is_the_same_recipe_with_every_key(name: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    assert f"next: neurodeploy train {path}" in run("init", name, "-o", path).stdout
    assert load_recipe(path) == load_recipe(name)
    lines = path.read_text(encoding="utf-8").splitlines()
    for entry in keys():
        last = entry.path.rpartition(".")[2]
        if last != "options":
            assert any(line.removeprefix("# ").startswith(f"{last} =") for line in lines), entry.path
    assert all(len(line) <= 130 for line in lines[2:])


def test_init_starts_with_a_recipe_that_needs_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run("init")
    assert load_recipe("recipe.toml").data.kind == "mts-xor"
    assert run("init", "-o", "-").stdout == Path("recipe.toml").read_text().replace(
        "train recipe.toml", "train FILE.toml"
    )


@pytest.mark.parametrize("what", ["file", "folder", "link", "dangling link"])
def test_init_overwrites_nothing(what: str, tmp_path: Path) -> None:
    path, other = tmp_path / "recipe.toml", tmp_path / "other"
    if what == "folder":
        path.mkdir()
    elif what == "file":
        path.write_text("mine")
    else:
        path.symlink_to(other)
        if what == "link":
            other.write_text("mine")
    assert "error[ND005]" in run("init", "-o", path, exit_code=2).stderr
    assert what == "dangling link" or what == "folder" or path.read_text() == "mine"
    assert other.exists() == (what == "link")


def test_init_of_an_unknown_recipe_writes_nothing(tmp_path: Path) -> None:
    assert "did you mean 'mts-xor'?" in run("init", "mts-xr", "-o", tmp_path / "x.toml", exit_code=2).stderr
    assert not list(tmp_path.iterdir())


def test_a_name_cannot_end_the_comment_that_it_stands_in(tmp_path: Path) -> None:
    path = tmp_path / "a\nname = 3 #.toml"
    run("init", "-o", path)
    assert load_recipe(path) == load_recipe("mts-xor")


def test_a_recipes_text_survives_as_it_is(tmp_path: Path) -> None:
    odd = 'quotes "x" and \\ and\nlines, and # and ünïcödé \t \x1b[31m'
    recipe = load_recipe("mts-xor")
    changed = Recipe.model_validate({**recipe.model_dump(exclude_unset=True), "description": odd})
    (tmp_path / "x.toml").write_text(commented(changed), encoding="utf-8")
    assert load_recipe(tmp_path / "x.toml") == changed


def test_a_nir_file_without_a_step_is_shown_with_delays_in_seconds(tiny_nir: Path, tmp_path: Path) -> None:
    content = nir.read(tiny_nir)
    content.metadata = {}
    nir.write(tmp_path / "foreign.nir", content)
    text = run("inspect", tmp_path / "foreign.nir").stdout
    assert "dt_s: not recorded" in text and "delay_s 0.01 to 0.09" in text and "delay_steps" not in text
    facts = json.loads(run("inspect", tmp_path / "foreign.nir", "--json").stdout)
    assert facts["dt_s"] is None and facts["projections"][0]["delay_s"] == pytest.approx([0.01, 0.09])
    with_step = run("inspect", tmp_path / "foreign.nir", "--dt", "0.01").stdout
    assert "delay_steps 1 to 9" in with_step and "dt_s: 0.01" in with_step


def test_a_step_is_refused_where_it_would_change_nothing(bundle: Path) -> None:
    for name in (bundle, "mts-xor"):
        assert "error[ND096]" in run("inspect", name, "--dt", "0.01", exit_code=2).stderr


def test_a_run_is_shown_with_its_recipe(tmp_path: Path) -> None:
    run("init", "-o", tmp_path / "x.toml")
    (tmp_path / "run").mkdir()
    shutil.copy(tmp_path / "x.toml", tmp_path / "run" / "recipe.toml")
    text = run("inspect", tmp_path / "run").stdout
    assert text.startswith("run ") and 'name = "mts-xor"' in text


@pytest.mark.slow
def test_training_refuses_what_its_target_could_never_hold(tmp_path: Path) -> None:
    longer = "network.projection.max_delay_steps=80"
    words = ("train", "mts-xor-delays", "--set", longer, "-o", tmp_path / "run")
    assert "error[ND201]" in run(*words, exit_code=3).stderr
    assert not list(tmp_path.iterdir())
    small = [f"data.{name}_trials=8" for name in ("train", "validation", "test")]
    settings = [word for key in [*small, "network.hidden=[3]"] for word in ("--set", key)]
    assert run(*words, *settings, "--epochs", "1", "--target", "none").stdout.startswith("validation ")


def test_a_soft_reset_behind_a_filter_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    settings = ("--set", "network.reset=soft", "--set", "network.neuron=lif")
    refused = run("train", "mts-xor", *settings, "-o", tmp_path / "run", exit_code=3)
    assert "error[ND220]" in refused.stderr
    assert not list(tmp_path.iterdir())


def test_a_mistyped_target_of_a_training_names_the_nearest(tmp_path: Path) -> None:
    words = ("train", "mts-xor", "-o", tmp_path / "run", "--target", "loihl2")
    assert "did you mean 'loihi2'?" in run(*words, exit_code=2).stderr
    assert not list(tmp_path.iterdir())
