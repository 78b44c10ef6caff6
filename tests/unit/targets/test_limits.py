"""Targets: every limit has a source; wrong files are findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.shipped import names, path_of
from neurodeploy.targets.loihi.chip import REQUIRED_LIMITS
from neurodeploy.targets.registry import load_target

LOIHI = path_of("targets", "loihi2")


@pytest.mark.parametrize("name", names("targets"))
def test_every_limit_of_a_shipped_target_has_unit_source_and_day(name: str) -> None:
    target = load_target(name)
    assert target.name == name
    assert set(REQUIRED_LIMITS) <= set(target.limits)
    for limit in target.limits.values():
        assert limit.unit and limit.source and limit.verified_on.startswith("20"), limit.name


def test_the_limits_of_loihi_2_are_those_of_the_contract() -> None:
    target = load_target("loihi2")
    expected = {
        "max_delay_steps": 62,
        "weight_magnitude": 255,
        "weight_mixed_min": -256,
        "weight_mixed_max": 254,
        "dv_max": 4095,
        "du_max": 4095,
        "vth_max": 131071,
        "bias_mantissa_min": -4096,
        "bias_mantissa_max": 4095,
        "bias_exponent_max": 7,
        "state_max": 2**23 - 1,
        "accumulator_max": 32767,
        "tau_groups_max": 8,
    }
    assert {name: target.limits[name].value for name in expected} == expected


def test_a_path_is_as_good_as_a_name(tmp_path: Path) -> None:
    copy = tmp_path / "mine.toml"
    copy.write_text(LOIHI.read_text())
    assert load_target(copy) == load_target("loihi2")


def codes(name: str | Path) -> list[str]:
    with pytest.raises(NeurodeployError) as caught:
        load_target(name)
    assert caught.value.exit_code == 2
    return [finding.code for finding in caught.value.findings]


def test_a_mistyped_name_gets_the_nearest() -> None:
    with pytest.raises(NeurodeployError) as caught:
        load_target("loihl")
    assert caught.value.findings[0].code == "ND027"
    assert caught.value.findings[0].help == "did you mean 'loihi'?"


def test_a_missing_file_is_a_finding(tmp_path: Path) -> None:
    assert codes(tmp_path / "no.toml") == ["ND001"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('name = "loihi2"', 'name = "loihi2', ["ND028"]),
        ('name = "loihi2"', "name = 2", ["ND028"]),
        ('name = "loihi2"', 'nam = "loihi2"', ["ND028", "ND028"]),
        ("value = 62", "value = 62.0", ["ND029"]),
        ("value = 62", "value = true", ["ND029"]),
        ("value = 62\n", "", ["ND029"]),
        ('unit = "steps"', 'unit = ""', ["ND029"]),
        ("[limits.vth_max]", "[limits.vth_maximum]", ["ND029"]),
        ('unit = "steps"', 'unit = "steps"\nsauce = "x"', ["ND029"]),
    ],
)
def test_a_broken_file_is_a_finding(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    text = LOIHI.read_text()
    assert old in text
    broken = tmp_path / "broken.toml"
    broken.write_text(text.replace(old, new, 1))
    assert codes(broken) == expected


@pytest.mark.parametrize("key", ["source", "verified_on"])
def test_a_limit_without_its_origin_is_refused(tmp_path: Path, key: str) -> None:
    lines = LOIHI.read_text().splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if line.startswith(key))
    broken = tmp_path / "broken.toml"
    broken.write_text("".join(lines[:first] + lines[first + 1 :]))
    assert codes(broken) == ["ND029"]


def test_all_findings_come_at_once(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('name = "x"\ntitle = "x"\nbackend = "loihi"\n')
    assert codes(broken) == ["ND029"] * len(REQUIRED_LIMITS)
