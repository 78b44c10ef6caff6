"""Recipes: the schema, overrides, variants, and what a mistake answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from neurodeploy import shipped as resources
from neurodeploy.findings.finding import Exit, Finding, NeurodeployError
from neurodeploy.recipe import (
    ProjectionKeys,
    Recipe,
    Tau,
    dump_recipe,
    keys,
    list_recipes,
    load_recipe,
    reference,
)

ROOT = Path(__file__).resolve().parents[2]
NAMES = [
    name
    for listed in list_recipes()
    for name in (listed.name, *(f"{listed.name}:{variant}" for variant in listed.variants))
]


def the_finding(name: str | Path, *overrides: str) -> Finding:
    with pytest.raises(NeurodeployError) as caught:
        load_recipe(name, overrides)
    assert caught.value.exit_code == Exit.BAD_INPUT
    assert len(caught.value.findings) == 1
    return caught.value.findings[0]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text('name = "small"\n[data]\nkind = "events"\n')
    return path


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_recipe_loads_and_its_dump_loads_as_the_same_recipe(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    path = tmp_path / "dump.toml"
    path.write_text(dump_recipe(recipe))
    assert load_recipe(path) == recipe
    assert dump_recipe(load_recipe(path)) == path.read_text()


def test_the_recipes_of_both_papers_are_there() -> None:
    wanted = {"mts-xor", "mts-xor-delays", "spoken-digits", "shd-delays", "ssc-delays", "shd-hierarchy"}
    assert wanted | {"ssc-hierarchy", "shd-tcn"} <= set(resources.names("models"))
    for listed in list_recipes():
        assert listed.description and listed.source
        assert load_recipe(listed.name).name == listed.name


@pytest.mark.parametrize("name", NAMES)
def test_no_shipped_recipe_needs_what_loihi_cannot_hold(name: str) -> None:
    recipe = load_recipe(name)
    projection, network = recipe.network.projection, recipe.network
    if projection.kind == "delays":
        assert projection.max_delay_steps <= 62
    if projection.kind == "convolution":
        assert all((size - 1) * gap <= 62 for size, gap in projection.taps_of_layers(len(network.hidden)))
    taus = [*network.tau.of_layers(len(network.hidden)), network.readout.tau_s]
    assert min(taus) > recipe.data.dt_s  # tau = dt is a decay of 4096, one more than the register holds
    assert network.reset == "hard"


def test_a_variant_changes_what_it_says_and_the_name() -> None:
    reverse, forward = load_recipe("mts-xor:reversed"), load_recipe("mts-xor")
    assert reverse.name == "mts-xor-reversed"
    assert reverse.network.tau.of_layers(3) == pytest.approx(forward.network.tau.of_layers(3)[::-1])
    assert set(load_recipe("mts-xor:homogeneous").network.tau.of_layers(3)) == {0.3}


def test_the_delay_recipe_has_the_figures_of_the_paper() -> None:
    recipe = load_recipe("shd-delays")
    assert recipe.network.hidden == (256, 256)
    assert recipe.network.tau.of_layers(2) == (0.01005, 0.01005)
    assert (recipe.network.projection.max_delay_steps, recipe.network.projection.sigma_first) == (24, 12.0)
    assert (recipe.train.epochs, recipe.train.batch_size, recipe.train.lr) == (150, 256, 1e-3)


def test_the_hierarchy_runs_from_half_below_to_half_above() -> None:
    tau = Tau(mode="hierarchical", tau_s=0.3, dtau_s=0.5)
    assert tau.of_layers(2) == pytest.approx((0.05, 0.55))
    assert tau.of_layers(3) == pytest.approx((0.05, 0.3, 0.55))
    # h of the second of five layers is tanh(-1/2) / (2 tanh(1)) = -0.4621172 / 1.5231884 = -0.3033880
    assert tau.of_layers(5)[1] == pytest.approx(0.3 - 0.5 * 0.3033880, rel=1e-6)
    assert tau.of_layers(1) == (0.3,)


def test_the_linear_hierarchy_has_equal_steps_and_an_off_centre_one_does_not() -> None:
    linear = Tau(mode="hierarchical", tau_s=0.3, dtau_s=0.4, shape="linear").of_layers(5)
    assert linear == pytest.approx((0.1, 0.2, 0.3, 0.4, 0.5))
    early = Tau(mode="hierarchical", tau_s=0.3, dtau_s=0.4, centre=0.0).of_layers(5)
    assert early[0] == pytest.approx(0.1) and early[-1] == pytest.approx(0.5)
    assert early[1] > linear[1]


def test_kernel_and_dilation_grow_as_the_paper_prints_them() -> None:
    projection = ProjectionKeys(
        kind="convolution", kernel_size=5, kernel_growth=3, dilation=5, dilation_growth=2
    )
    assert projection.taps_of_layers(2) == ((3, 4), (6, 6))
    assert projection.taps_of_layers(1) == ((5, 5),)
    assert [size for size, _ in projection.taps_of_layers(4)] == [3, 4, 5, 6]  # 3.5, 4.5, 5.5, 6.5


def test_sigma_starts_at_half_the_longest_delay_unless_told() -> None:
    assert ProjectionKeys(kind="delays", max_delay_steps=30).sigma_first == 15.0
    assert ProjectionKeys(kind="delays", max_delay_steps=30, sigma_start=3.0).sigma_first == 3.0
    assert ProjectionKeys(kind="delays", max_delay_steps=0).sigma_first == 0.5


def test_overrides_are_toml_values_and_later_ones_win(small: Path) -> None:
    recipe = load_recipe(
        small,
        [
            "train.epochs=3",
            "train.epochs=7",
            "network.hidden=[4, 5]",
            "data.input=count",
            "network.batch_norm=false",
            "train.lr=2e-3",
            "data.train_files=a.h5",
            "train.weight_decay=0",
        ],
    )
    assert (recipe.train.epochs, recipe.train.lr, recipe.train.weight_decay) == (7, 2e-3, 0.0)
    assert recipe.network.hidden == (4, 5) and recipe.data.input == "count"
    assert recipe.network.batch_norm is False and recipe.data.train_files == "a.h5"


def test_a_changed_switch_drops_the_keys_that_it_makes_useless() -> None:
    recipe = load_recipe("shd-delays", ["network.projection.kind=dense"])
    assert recipe.network.projection.kind == "dense"
    assert "max_delay_steps" not in dump_recipe(recipe)
    assert load_recipe("shd-delays").network.projection.max_delay_steps == 24
    switched = load_recipe("spoken-digits", ["data.kind=mts-xor", *_MTS])
    assert switched.data.kind == "mts-xor"


_MTS = ["data.channels=40", "data.input=binary", "network.readout.score=per_step"]


def test_a_key_without_effect_is_refused(small: Path) -> None:
    finding = the_finding(small, "network.projection.max_delay_steps=3")
    assert finding.code == "ND026"
    assert finding.where.endswith("network.projection.max_delay_steps")
    assert finding.found == "kind = 'dense'" and "kind = 'delays'" in finding.limit


@pytest.mark.parametrize(
    ("override", "near"),
    [
        ("train.epoch=3", "train.epochs"),
        ("epochs=3", "train.epochs"),
        ("network.tau.taus=3", "network.tau.tau_s"),
        ("dataa.steps=3", "data.steps"),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest(small: Path, override: str, near: str) -> None:
    finding = the_finding(small, override)
    assert finding.code == "ND022" and finding.help == f"did you mean {near!r}?"


def test_an_unknown_key_in_a_file_is_answered_with_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('name = "bad"\n[data]\nkind = "events"\nstepps = 3\n')
    finding = the_finding(path)
    assert finding.code == "ND022" and finding.help == "did you mean 'steps'?"
    assert finding.where == f"{path}: data.stepps" and "channels" in finding.limit
    path.write_text('name = "bad"\nepochs = 3\n[data]\nkind = "events"\n')
    assert the_finding(path).help == "did you mean 'train.epochs'?"


@pytest.mark.parametrize(
    ("override", "limit"),
    [
        ("train.lr=0", "a number > 0 and <= 1e+06"),
        ("train.lr=nan", "a number > 0 and <= 1e+06"),
        ("train.epochs=2.5", "a whole number >= 1 and <= 1000000"),
        ("train.epochs=true", "a whole number >= 1 and <= 1000000"),
        ("network.dropout=1.0", "a number >= 0 and < 1"),
        ("network.batch_norm=1", "true or false"),
        ("network.hidden=[]", "a list of 1 to 64 items, each a whole number >= 1 and <= 65536"),
        ("network.hidden=[3, 2.5]", "a list of 1 to 64 items, each a whole number >= 1 and <= 65536"),
        ("network.neuron=lifbox", "'lif_box', 'lif'"),
        ("data.train_files=../x.h5", r"text that matches ^[^/\\]+$"),
    ],
)
def test_a_wrong_value_is_answered_with_the_allowed_ones(small: Path, override: str, limit: str) -> None:
    finding = the_finding(small, override)
    assert finding.code == "ND023" and finding.limit == limit
    assert finding.where == f"{small}: {override.partition('=')[0]}"
    if "lifbox" in override:
        assert finding.help == "did you mean 'lif_box'?"


def test_a_missing_key_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('name = "bad"\n[data]\nsteps = 3\n')
    finding = the_finding(path)
    assert (finding.code, finding.found) == ("ND023", "nothing") and finding.where.endswith("data.kind")


def test_a_value_where_a_table_belongs_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('name = "bad"\nnetwork = 3\n[data]\nkind = "events"\n')
    assert the_finding(path, "network.dropout=0.1").limit == "a table"


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        (["network.tau.tau_s=0.01"], None),
        (["network.tau.tau_s=0.00999"], "ND024"),
        (["network.readout.tau_s=0.00999"], "ND024"),
        (["network.neuron=lif", "network.tau_syn_s=0.00999"], "ND024"),
        (["network.projection.kind=delays", "network.projection.max_delay_steps=99"], None),
        (["network.projection.kind=delays", "network.projection.max_delay_steps=100"], "ND025"),
        (["network.projection.kind=delays", "network.projection.min_delay_steps=24"], None),
        (["network.projection.kind=delays", "network.projection.min_delay_steps=25"], "ND025"),
        (["network.projection.kind=delays", "network.projection.sigma_start=0.4"], "ND025"),
        (["network.projection.kind=convolution", "network.projection.dilation=24"], None),
        (["network.projection.kind=convolution", "network.projection.dilation=25"], "ND025"),
        (["network.projection.kind=convolution", "network.projection.kernel_growth=8"], None),
        (["network.projection.kind=convolution", "network.projection.kernel_growth=9"], "ND025"),
        (["network.v_threshold=0.001"], None),
        (["network.v_threshold=0"], "ND025"),
        (["network.projection.kind=delays", "network.projection.recurrent_delays=true"], "ND025"),
        (["network.recurrent=true"], None),
        (["network.readout.score=per_step"], "ND025"),
        (["data.channels=350"], None),
        (["data.channels=300"], "ND025"),
    ],
)
def test_rules_between_keys_hold_on_both_sides_of_their_limit(
    small: Path, overrides: list[str], code: str | None
) -> None:
    if code is None:
        load_recipe(small, ["network.hidden=[8, 8]", *overrides])
        return
    with pytest.raises(NeurodeployError) as caught:
        load_recipe(small, ["network.hidden=[8, 8]", *overrides])
    assert {finding.code for finding in caught.value.findings} == {code}
    assert all(finding.found and finding.limit and finding.help for finding in caught.value.findings)


def test_tau_below_dt_names_the_layer_and_every_such_layer_is_reported() -> None:
    with pytest.raises(NeurodeployError) as caught:
        load_recipe("mts-xor", ["network.tau.tau_s=0.1"])
    (finding,) = caught.value.findings
    assert finding.render() == (
        "error[ND024]: a time constant is shorter than a step\n"
        "  --> network.tau, hidden layer 1 of 3\n"
        "   |  found  -0.15 s\n"
        "   |  limit  at least 0.01 s (data.dt_s: Euler steps need tau >= dt)\n"
        "  help: Raise tau_s, shrink dtau_s, or use a shorter dt_s."
    )
    with pytest.raises(NeurodeployError) as caught:
        load_recipe("mts-xor:homogeneous", ["network.tau.tau_s=0.001", "network.readout.tau_s=0.001"])
    assert len(caught.value.findings) == 4


def test_a_recipe_built_in_python_obeys_the_same_rules() -> None:
    with pytest.raises(ValidationError, match="time constant"):
        Recipe.model_validate(
            {"name": "x", "data": {"kind": "events"}, "network": {"readout": {"tau_s": 0.001}}}
        )


@pytest.mark.parametrize(
    ("name", "code", "help_text"),
    [
        ("spoken-digit", "ND020", "did you mean 'spoken-digits'?"),
        ("mts-xor:reverse", "ND020", "did you mean 'reversed'?"),
        ("nowhere.toml", "ND001", "Check the path."),
        ("folder/nowhere", "ND001", "Check the path."),
    ],
)
def test_a_recipe_that_is_not_there_is_a_finding(name: str, code: str, help_text: str) -> None:
    finding = the_finding(name)
    assert (finding.code, finding.help) == (code, help_text)


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe", b"name = 'a'\nname = 'b'\n"])
def test_a_file_that_is_not_toml_is_a_finding(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    assert the_finding(path).code == "ND002"


@pytest.mark.parametrize("override", ["epochs", "=3", "train..epochs=3", ""])
def test_an_override_without_key_and_value_is_a_finding(small: Path, override: str) -> None:
    assert the_finding(small, override).code == "ND021"


def test_an_override_cannot_smuggle_in_a_second_key(small: Path) -> None:
    assert the_finding(small, "train.epochs=3\nlr = 5").code == "ND023"


def test_variants_of_a_wrong_form_are_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text('name = "bad"\nvariants = {a = 3}\n[data]\nkind = "events"\n')
    assert the_finding(path).code == "ND023"


def test_every_key_has_a_description_and_a_limit() -> None:
    assert len(keys()) > 60
    assert len({entry.path for entry in keys()}) == len(keys())
    for entry in keys():
        assert entry.description.endswith("."), entry.path
        assert entry.limit, entry.path


def test_the_reference_page_is_current() -> None:
    page = ROOT / "docs" / "reference" / "recipes.md"
    assert page.read_text(encoding="utf-8") == reference(), "write reference() to docs/reference/recipes.md"


def test_reading_a_recipe_imports_nothing_heavy() -> None:
    code = (
        "import sys; from neurodeploy.recipe import load_recipe; load_recipe('mts-xor');"
        "print([m for m in ('torch', 'numpy', 'h5py', 'numba', 'norse', 'nir') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
