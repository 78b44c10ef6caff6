"""Rule 1: layers; torch and norse stand where they belong, and the operators know no recipe."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sources import PACKAGE, ROOT, Source, imports, sources

TORCH = ("training/", "frameworks/", "nn/", "ops/")
NORSE = ("ops/scan/", "frameworks/")
"""Where a scan's definition and its surrogates are, and where a user's own module is read."""


def misplaced(all_sources: tuple[Source, ...]) -> Iterator[str]:
    """Yield imports that stand where their package does not belong."""
    for source in all_sources:
        for name in sorted({name.partition(".")[0] for name in imports(source)}):
            allowed = {"torch": TORCH, "norse": NORSE}.get(name)
            if allowed is not None and not source.within(*allowed):
                yield f"{source.name}: {name}"
        if source.within("ops/", "nn/") and any(
            name.startswith("neurodeploy.recipe") for name in imports(source)
        ):
            yield f"{source.name}: neurodeploy.recipe"


def test_torch_norse_and_recipes_are_where_they_belong(hold):
    hold("imports", misplaced(sources()))


def test_a_misplaced_import_is_seen_wherever_it_hides(package):
    made = package(
        {
            "graph/model.py": "def f():\n    import torch.nn\n",
            "nn/layers.py": "from norse.torch import LIFCell\nimport torch\n",
            "ops/scan/naive.py": "import norse, torch\n",
            "ops/delays/bell.py": "from neurodeploy.recipe.schema import Recipe\n",
            "data/sets.py": "if TYPE_CHECKING:\n    from torch import Tensor\n",
        }
    )
    assert list(misplaced(sources(made))) == [
        "data/sets.py: torch",
        "graph/model.py: torch",
        "nn/layers.py: norse",
        "ops/delays/bell.py: neurodeploy.recipe",
    ]


def lint(cwd: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    if not program.is_file():
        pytest.skip("needs import-linter, of the extra dev: not installed")
    there = {**os.environ, "PYTHONPATH": str(cwd)}
    return subprocess.run([program, "--no-cache"], cwd=cwd, capture_output=True, text=True, env=there)


@pytest.mark.slow
def test_layers_hold():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("units.py", "import neurodeploy.graph.model"),
        ("graph/model.py", "import neurodeploy.export"),
        ("quantise/grid.py", "import torch"),
        ("ops/threads.py", "import neurodeploy.recipe.schema"),
        ("an_unplaced_module.py", "x = 1"),
    ],
)
def test_an_import_that_runs_back_up_breaks_the_contracts(tmp_path: Path, file: str, line: str):
    shutil.copytree(PACKAGE, tmp_path / "neurodeploy", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / "neurodeploy" / file
    path.write_text((path.read_text() if path.is_file() else '"""Nothing."""\n') + f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode == 1 and ("BROKEN" in done.stdout or "unplaced" in done.stdout), done.stdout
