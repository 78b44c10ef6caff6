"""A plain install is small: what only training, sweeps, plots and Lava's installer need comes as extras."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import neurodeploy
from neurodeploy.extras import EXTRA_OF

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PACKAGE = Path(neurodeploy.__file__).parent
OWN_INTERPRETER = tuple((PACKAGE / "targets" / "loihi" / "lava").glob("runner*.py"))
"""Run in Lava's environment, which has its own requirements."""

BROUGHT_BY = {"llvmlite": "numba", "markupsafe": "jinja2", "pydantic_core": "pydantic"}
"""Packages that another one of ours is made of: they come with it and are pinned by it."""


def requirements(texts: list[str]) -> set[str]:
    """Names of distributions as modules are named."""
    found = {re.split(r"[<>=!~; \[]", text, maxsplit=1)[0].lower() for text in texts}
    return {name.replace("-", "_") for name in found}


@pytest.fixture(scope="module")
def project() -> dict[str, object]:
    path = ROOT / "pyproject.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))["project"]


def imported(path: Path) -> set[str]:
    """Modules of other people that a file imports, at its top or later."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"neurodeploy"}


def test_every_import_is_of_the_plain_install_or_of_a_named_extra(project):
    plain = requirements(project["dependencies"])
    assert set(BROUGHT_BY.values()) <= plain
    allowed = plain | EXTRA_OF.keys() | BROUGHT_BY.keys()
    used = {
        module: path
        for path in PACKAGE.rglob("*.py")
        if path not in OWN_INTERPRETER
        for module in imported(path)
        if module != "tomllib"  # tomli on Python 3.10
    }
    assert not {module: path for module, path in used.items() if module not in allowed}


def test_the_table_of_extras_is_that_of_the_package(project):
    extras = project["optional-dependencies"]
    plain = requirements(project["dependencies"])
    for module, extra in EXTRA_OF.items():
        assert module in requirements(extras[extra]), module
        assert module not in plain, module


WITHOUT_EXTRAS = """
import json, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in json.loads(sys.argv[1]):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from neurodeploy.cli import program
for words in json.loads(sys.argv[2]):
    try:
        program.main(words)
    except SystemExit as end:
        print("EXIT", words[0], end.code)
"""


@pytest.mark.slow
def test_bundles_are_verified_and_run_without_any_extra(bundle, given, tmp_path):
    commands = [
        ["verify", str(bundle)],
        ["run", str(bundle), "--backend", "fixed", "--input", str(given), "-o", str(tmp_path / "out.npz")],
        ["inspect", str(bundle)],
        ["check", str(bundle / "model.nir"), "--target", "loihi2"],
        ["export", str(bundle / "model.nir"), "-o", str(tmp_path / "again")],
        ["models"],
    ]
    line = [sys.executable, "-c", WITHOUT_EXTRAS, json.dumps(sorted(EXTRA_OF)), json.dumps(commands)]
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path)
    ends = [text.split()[1:] for text in done.stdout.splitlines() if text.startswith("EXIT")]
    assert ends == [[words[0], "0"] for words in commands], done.stdout + done.stderr
