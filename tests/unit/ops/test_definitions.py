"""Every public operator has a definition of the same name and signature, and the transforms equal theirs."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import neurodeploy
from neurodeploy.ops import spectral
from neurodeploy.ops.spectral import naive
from neurodeploy.ops.spectral.transform import TILE, tables_for

ROOMS = ("delays", "scan", "spectral")
PACKAGE = Path(neurodeploy.__file__).parent


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_operator_has_a_definition_with_its_signature(room: str) -> None:
    fast = importlib.import_module(f"neurodeploy.ops.{room}")
    definitions = importlib.import_module(f"neurodeploy.ops.{room}.naive")
    assert fast.__all__
    for name in fast.__all__:
        one, other = (
            [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]
            for function in (plain(getattr(fast, name)), getattr(definitions, name))
        )
        assert one == other, name
        assert getattr(definitions, name).__doc__.startswith("Define "), name


def plain(function: object) -> object:
    """Give the Python function behind a compiled one."""
    return getattr(function, "py_func", function)


def test_operators_know_no_recipe_and_only_the_scans_know_norse() -> None:
    for path in (PACKAGE / "ops").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "neurodeploy.recipe" not in text, path
        assert ("import norse" not in text and "from norse" not in text) or path.parent.name == "scan", path
    for path in (PACKAGE / "nn").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "neurodeploy.recipe" not in text, path


@pytest.mark.slow
def test_importing_the_operators_starts_no_thread_and_asks_no_device() -> None:
    code = (
        "import threading, torch\n"
        "asked = []\n"
        "torch.cuda.is_available = lambda: asked.append(1) or False\n"
        "before = torch.get_num_threads(), threading.active_count()\n"
        "import neurodeploy.nn, neurodeploy.ops.delays, neurodeploy.ops.scan, neurodeploy.ops.spectral\n"
        "import neurodeploy.training.train\n"
        "assert (torch.get_num_threads(), threading.active_count()) == before and not asked\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("least", range(0, 140, 3))
def test_the_length_of_a_transform_is_the_first_that_serves(least: int) -> None:
    assert spectral.good_length(least) == naive.good_length(least)


def points(rows: int, length: int, columns: int, seed: int) -> np.ndarray:
    """Make room for points, with room after the last column for a whole tile."""
    room = np.random.default_rng(seed).standard_normal((rows, length, -(-columns // TILE) * TILE))
    return room[..., :columns]


@pytest.mark.parametrize(("columns", "offset", "length"), [(3, 0, 12), (37, 5, 40), (32, 2, 18)])
def test_transforms_are_their_definitions(columns: int, offset: int, length: int) -> None:
    x = np.random.default_rng(0).standard_normal((6, 4, columns))
    tables = tables_for(length, x.dtype)
    results = []
    for twin in (spectral, naive):
        found = points(4, length, columns, 1)
        twin.analyse(x, found, 0.7, 1.3, tables, offset, 1, 4)
        results.append(found[1:].copy())
        for add in (False, True):
            y = x.copy()
            twin.synthesise(found, y, 0.7, 1.3, tables, offset, add, 1, 4)
            results.append(y)
    for fast, definition in zip(results[:3], results[3:], strict=True):
        np.testing.assert_allclose(fast, definition, atol=1e-12)


@pytest.mark.parametrize("a_by_row", [True, False])
@pytest.mark.parametrize("b_by_row", [True, False])
@pytest.mark.parametrize(("sign", "sign_y"), [(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)])
def test_products_are_their_definition(a_by_row: bool, b_by_row: bool, sign: float, sign_y: float) -> None:
    rows, inner, columns, length = 5, 7, 37, 12
    a = points(*((rows, length, inner) if a_by_row else (inner, length, rows)), 1)
    b = points(*((inner, length, columns) if b_by_row else (columns, length, inner)), 2)
    results = []
    for twin in (spectral, naive):
        y = points(rows, length, columns, 3)
        twin.multiply(a, b, y, inner, a_by_row, b_by_row, sign, sign_y, 0, length // 2)
        results.append(y)
    np.testing.assert_allclose(*results, atol=1e-12)
