import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.sweep.cells import grid_points, parse_seeds, point_name


def codes(call) -> list[str]:
    with pytest.raises(NeurodeployError) as caught:
        call()
    return [finding.code for finding in caught.value.findings]


def test_the_grid_is_the_product_with_the_last_key_fastest() -> None:
    points = grid_points("mts-xor", ["network.tau.dtau_s=-0.5,0.5", "network.hidden=[10,10],[10,10,10]"])
    assert [tuple(point.values.values()) for point in points] == [
        ("-0.5", "[10,10]"),
        ("-0.5", "[10,10,10]"),
        ("0.5", "[10,10]"),
        ("0.5", "[10,10,10]"),
    ]
    recipe = points[2].load(["train.seed=7"])
    assert (recipe.network.tau.dtau_s, recipe.network.hidden, recipe.train.seed) == (0.5, (10, 10), 7)


def test_no_grid_is_one_point_and_settings_reach_it() -> None:
    (point,) = grid_points("mts-xor", [], ["train.epochs=3"])
    assert point.name == "base"
    assert point.load().train.epochs == 3


def test_a_grid_wins_over_a_setting() -> None:
    (point,) = grid_points("mts-xor", ["train.epochs=4"], ["train.epochs=3"])
    assert point.load().train.epochs == 4


def test_variants_are_a_grid() -> None:
    points = grid_points("mts-xor", ["variant=none,reversed"])
    assert [point.load().network.tau.dtau_s for point in points] == [0.5, -0.5]


def test_a_wrong_value_is_the_recipes_own_finding() -> None:
    (point,) = grid_points("mts-xor", ["network.tau.mode=sideways"])
    assert codes(point.load) == ["ND023"]


@pytest.mark.parametrize(
    "text", ["train.epochs", "=1", "train.epochs=", "train.epochs=1,,2", "train.epochs=1,1"]
)
def test_a_malformed_grid_is_a_finding(text: str) -> None:
    assert codes(lambda: grid_points("mts-xor", [text])) == ["ND060"]


def test_a_key_given_twice_is_a_finding() -> None:
    assert codes(lambda: grid_points("mts-xor", ["train.epochs=1", "train.epochs=2"])) == ["ND060"]


def test_names_tell_points_apart_where_characters_had_to_go() -> None:
    texts = ["[10,10]", "[10 10]", "(10,10)", "10/10", "10:10", "a" * 300, "a" * 301]
    names = [point_name({"network.hidden": text}) for text in texts]
    assert len(set(names)) == len(texts)
    assert all("/" not in name and len(name) < 120 for name in names)


def test_names_tell_keys_apart_that_end_alike() -> None:
    tau, readout = "network.tau.tau_s", "network.readout.tau_s"
    assert point_name({tau: "1", readout: "2"}) != point_name({readout: "1", tau: "2"})


def test_a_plain_name_is_readable() -> None:
    assert point_name({"network.tau.dtau_s": "-0.5", "train.lr": "1e-3"}) == "dtau_s=-0.5,lr=1e-3"


@pytest.mark.parametrize(("text", "seeds"), [("0-3", (0, 1, 2, 3)), ("5", (5,)), ("0,3,7-8", (0, 3, 7, 8))])
def test_seeds_are_read(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "3-1", "1,1", "0-3,2", "-1", "1.5", "0-10000", "4294967296"])
def test_wrong_seeds_are_a_finding(text: str) -> None:
    assert codes(lambda: parse_seeds(text)) == ["ND061"]


@pytest.mark.parametrize(
    ("key", "help"),
    [
        ("network.nosuch", ""),
        ("train.epoch", "did you mean 'train.epochs'?"),
        ("network.tau.dtau", "'network.tau.dtau_s'"),
        ("varaint", "'variant'"),
    ],
)
def test_a_key_that_recipes_do_not_have_is_told_as_it_was_typed(key: str, help: str) -> None:
    with pytest.raises(NeurodeployError) as caught:
        grid_points("mts-xor", ["train.lr=0.1,0.2", f"{key}=1,2"])
    (finding,) = caught.value.findings
    assert (finding.code, finding.where) == ("ND022", f"--grid {key}")
    assert help in finding.help
