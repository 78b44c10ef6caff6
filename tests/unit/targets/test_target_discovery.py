"""Backends are found through entry points: ours and strangers' through the same door."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.targets import target as backends

TOY = SimpleNamespace(
    name="toy",
    graph_rules=lambda graph, target: iter(()),
    rules=lambda program, target: iter(()),
    compile=lambda program, folder: {},
    run=lambda bundle, spikes, **options: None,
)


def register(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    entry = EntryPoint(name, value, backends.GROUP)
    monkeypatch.setattr(backends, "entry_points", lambda group: [entry])


def code_of(name: str) -> tuple[str, int]:
    with pytest.raises(NeurodeployError) as caught:
        backends.load_backend(name)
    return caught.value.findings[0].code, caught.value.exit_code


def test_ours_is_a_backend() -> None:
    assert "loihi" in backends.backend_names()
    loaded = backends.load_backend("loihi")
    assert isinstance(loaded, backends.Backend)
    assert loaded.name == "loihi"


def test_a_strangers_backend_is_listed_and_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "toy_backend", SimpleNamespace(TOY=TOY))
    register(monkeypatch, "toy", "toy_backend:TOY")
    assert backends.backend_names() == ["loihi", "toy"]
    assert backends.load_backend("toy") is TOY


def test_listing_imports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, "broken", "no_such_module_anywhere:X")
    assert "broken" in backends.backend_names()
    assert code_of("broken") == ("ND424", 4)


def test_an_object_of_another_shape_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, "odd", "json:dumps")
    assert code_of("odd") == ("ND424", 4)


def test_an_unknown_name_gets_the_nearest() -> None:
    assert code_of("lohi") == ("ND427", 2)
    with pytest.raises(NeurodeployError, match="did you mean 'loihi'"):
        backends.load_backend("lohi")


def test_importing_the_backend_imports_nothing_heavy() -> None:
    code = (
        "import sys, neurodeploy.targets.target, neurodeploy.targets.loihi.target\n"
        "import neurodeploy.commands.lava\n"
        "print(sorted({'torch', 'norse', 'numba', 'nir', 'h5py', 'lava', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
