"""Recipes that ask for what no machine has, or that no reader survives: one finding, at once, no torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from neurodeploy.data.sets import load_data
from neurodeploy.findings.finding import Exit, Finding, NeurodeployError
from neurodeploy.recipe import list_recipes, load_recipe, sizes
from neurodeploy.recipe.load import parse_recipe
from neurodeploy.recipe.toml_text import MAX_DEPTH, parse_toml, read_toml
from neurodeploy.sweep.cells import grid_points, parse_seeds

SMALL = 'name = "small"\n[data]\nkind = "mts-xor"\nchannels = 40\n[network.readout]\nscore = "per_step"\n'


def refused(path: Path | str, *overrides: str) -> Finding:
    with pytest.raises(NeurodeployError) as caught:
        load_recipe(path, overrides)
    assert caught.value.exit_code == Exit.BAD_INPUT
    (finding,) = caught.value.findings
    assert len(finding.render()) < 1500
    return finding


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


TEXTS = {
    "lists nested deeply": "x = " + "[" * 4000 + "]" * 4000,
    "tables nested deeply": "x = " + "{a = " * 3000 + "1" + "}" * 3000,
    "a dotted key of many parts": ".".join("a" * 4000) + " = 1",
    "a number of ten thousand digits": "x = 0x" + "f" * 10_000,
    "a number beyond 64 bits": f"[train]\nepochs = {2**63}",
    "no TOML": "x = = 1",
    "a character that is none": 'x = "\\ud800"',
    "a file of a megabyte": "# " + "x" * (1 << 20),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_that_no_reader_survives_is_a_finding(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(TEXTS[name])
    assert refused(path).code == "ND002"


def test_the_depth_is_bounded_on_both_sides() -> None:
    def nested(depth: int) -> str:
        return "x = " + "[" * (depth - 1) + "1" + "]" * (depth - 1)

    assert parse_toml(nested(MAX_DEPTH - 1))
    with pytest.raises(ValueError, match="nested deeper"):
        parse_toml(nested(MAX_DEPTH + 1))


def test_bytes_that_are_no_text_are_a_finding(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(NeurodeployError) as caught:
        read_toml(tmp_path / "x.toml")
    assert caught.value.findings[0].code == "ND002"


@pytest.mark.parametrize(
    ("override", "code"),
    [
        ("network.hidden=" + "[" * 5000, "ND023"),
        ("network.hidden=" + "[" * 5000 + "]" * 5000, "ND023"),
        ("train.epochs=1" + "0" * 400, "ND023"),
        ("train.epochs=1" + "0" * 5000, "ND023"),
        ("train.epochs=0x" + "f" * 5000, "ND023"),
        ("description=a\udcff", "ND021"),
        ("data.train_trials=1000000000000", "ND023"),
        ("data.dt_s=5e-324", "ND023"),
        ("data.dt_s=inf", "ND023"),
        ("network.tau.tau_s=1e308", "ND023"),
        ("network.v_threshold=nan", "ND023"),
        ("network.v_threshold=1e308", "ND023"),
        ("network.surrogate_alpha=5e-324", "ND023"),
        ("network.init_gain=1e308", "ND023"),
        ("train.lr=1e30", "ND023"),
        ("train.weight_decay=1e308", "ND023"),
        (f"network.hidden={[65536] * 20}", "ND025"),
        ("name=" + "x" * 300, "ND023"),
    ],
    ids=lambda text: text[:40],
)
def test_a_setting_beyond_any_use_is_one_finding(override: str, code: str, small: Path) -> None:
    assert refused(small, override).code == code


def test_every_shipped_recipe_fits_a_laptop() -> None:
    for listed in list_recipes():
        assert sizes.needed_bytes(load_recipe(listed.name)) < 2 << 30, listed.name


def test_memory_counts_parameters_kernels_states_and_trials() -> None:
    def needed(*overrides: str) -> int:
        return sizes.needed_bytes(parse_recipe(parse_toml(SMALL), overrides))

    one = ["network.hidden=[10]", "train.batch_size=1", "data.train_trials=1", "data.validation_trials=1"]
    one += ["data.test_trials=1"]
    parameters = (40 * 10 + 10 * 2) * 16
    assert needed(*one) == parameters + 100 * (40 * 4 + 10 * 8) + 3 * 100 * 65
    delays = needed(*one, "network.projection.kind=delays", "network.projection.max_delay_steps=7")
    assert delays - needed(*one) == 40 * 10 * (16 + 12 * 8)
    taps = needed(*one, "network.projection.kind=convolution", "network.projection.kernel_size=5")
    assert taps - needed(*one) == 40 * 10 * 16 * 4


def test_what_the_machine_cannot_hold_is_refused_before_it_is_made(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = load_recipe(small, ["data.train_trials=2000000"])  # 13 GB
    monkeypatch.setattr(sizes, "machine_bytes", lambda: 8 << 30)
    with pytest.raises(NeurodeployError) as caught:
        load_data(recipe)
    assert caught.value.findings[0].code == "ND046"


def test_a_grid_or_seeds_without_end_are_refused() -> None:
    keys = ["train.lr", "train.epochs", "network.dropout", "train.batch_size", "train.weight_decay"]
    with pytest.raises(NeurodeployError) as caught:
        grid_points("mts-xor", [f"{key}={','.join(map(str, range(10)))}" for key in keys])
    assert caught.value.findings[0].code == "ND060"
    with pytest.raises(NeurodeployError) as caught:
        parse_seeds(",".join(f"{10000 * n}-{10000 * n + 9999}" for n in range(400)))
    assert caught.value.findings[0].code == "ND061"


MISTAKES = {
    "an unknown recipe": ["train", "mts-xr"],
    "an unknown variant": ["train", "mts-xor:revrsed"],
    "a missing file": ["train", "nowhere.toml"],
    "a misspelt key": ["train", "mts-xor", "--set", "train.epoch=3"],
    "no key": ["train", "mts-xor", "--set", "train.epochs"],
    "a wrong value": ["train", "mts-xor", "--set", "train.epochs=many"],
    "an unknown option": ["train", "mts-xor", "--epoch", "3"],
    "a key of a grid": ["sweep", "mts-xor", "--grid", "network.nosuch=1,2"],
    "seeds": ["sweep", "mts-xor", "--seeds", "9-0"],
    "a recipe to inspect": ["inspect", "mts-xr"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MISTAKES)
def test_a_typing_mistake_is_answered_without_torch(name: str, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from neurodeploy.cli import program\n"
        "try: program.main(sys.argv[1:])\n"
        "except SystemExit as end: print(end.code, [n for n in ('torch', 'numba') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *MISTAKES[name]], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "2 []", done.stderr
    assert done.stderr.startswith("error[ND")
