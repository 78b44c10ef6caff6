"""Targets are found through entry points: ours and strangers' through the same door."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import SimpleNamespace

import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.shipped import path_of
from neurodeploy.targets import registry
from neurodeploy.targets.loihi.target import loihi
from neurodeploy.targets.target import Target


def register(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Add one entry point to those that are installed."""
    installed = list(entry_points(group=registry.GROUP))
    entry = EntryPoint(name, value, registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [*installed, entry])


def code_of(name: str | Path) -> tuple[str, int]:
    with pytest.raises(NeurodeployError) as caught:
        registry.load_target(name)
    return caught.value.findings[0].code, caught.value.exit_code


def test_ours_is_a_target_by_both_names() -> None:
    assert {"loihi", "loihi2"} <= set(registry.target_names())
    for name in ("loihi", "loihi2"):
        loaded = registry.load_target(name)
        assert isinstance(loaded, Target) and loaded.name == "loihi2"


def test_a_strangers_target_is_listed_and_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def make(profile):
        given.append(profile)
        return loihi()

    monkeypatch.setitem(sys.modules, "toy_target", SimpleNamespace(make=make))
    register(monkeypatch, "toy", "toy_target:make")
    assert registry.target_names() == ["loihi", "loihi2", "onnx", "toy"]
    assert isinstance(registry.load_target("toy"), Target) and given == [None]


def test_a_target_file_names_its_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = []
    make = lambda profile: given.append(profile) or loihi()  # noqa: E731
    monkeypatch.setitem(sys.modules, "toy_target", SimpleNamespace(make=make))
    register(monkeypatch, "toy", "toy_target:make")
    (tmp_path / "mine.toml").write_text('name = "mine"\ntitle = "Mine"\nbackend = "toy"\n')
    registry.load_target(tmp_path / "mine.toml")
    assert given[0].name == "mine"


def test_a_target_file_without_code_is_no_loihi(tmp_path: Path) -> None:
    text = path_of("targets", "loihi2").read_text()
    (tmp_path / "other.toml").write_text(text.replace('backend = "loihi"', 'backend = "spinnaker"'))
    assert code_of(tmp_path / "other.toml") == ("ND027", 2)


@pytest.mark.parametrize("name", ["loihi", "loihi2"])
def test_a_clash_of_names_is_an_error_and_no_override(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    register(monkeypatch, name, "json:dumps")
    assert code_of("loihi") == ("ND424", 4)


def test_listing_imports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, "broken", "no_such_module_anywhere:X")
    assert "broken" in registry.target_names()
    assert code_of("broken") == ("ND424", 4)


def test_an_object_of_another_shape_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, "odd", "json:dumps")
    assert code_of("odd") == ("ND424", 4)


def test_an_unknown_name_gets_the_nearest() -> None:
    assert code_of("lohi") == ("ND027", 2)
    with pytest.raises(NeurodeployError, match="did you mean 'loihi'"):
        registry.load_target("lohi")


def test_importing_the_target_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from neurodeploy.targets.registry import load_target\n"
        "load_target('loihi2').runtimes['lava']\n"
        "import neurodeploy.commands.lava\n"
        "print(sorted({'torch', 'norse', 'numba', 'nir', 'h5py', 'lava', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
