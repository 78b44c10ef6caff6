"""Rules that every file keeps: sources of limits, no paths of one machine, no pickle, one job."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

import neurodeploy
from neurodeploy.shipped import names
from neurodeploy.targets.registry import load_target

ROOT = Path(__file__).parents[2]
PACKAGE = Path(neurodeploy.__file__).parent


def tracked() -> list[Path]:
    """Files under version control, or in the tree where there is none (an sdist)."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout: there is no list of tracked files")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in tracked():
        try:
            found.append((path, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    assert len(found) > 50
    return found


@pytest.mark.parametrize("name", names("targets"))
def test_every_limit_of_a_target_has_a_unit_a_source_and_a_day(name):
    for limit in load_target(name).limits.values():
        assert limit.unit and len(limit.source) > 10, limit.name
        assert re.match(r"\d{4}-\d{2}-\d{2}", limit.verified_on), limit.name


def test_no_tracked_file_names_a_folder_of_one_machine():
    here = f"{re.escape(str(ROOT))}|{re.escape(str(Path.home()))}/"
    home = re.compile(rf"/(?:home|Users)/[a-z][\w.-]+/|{here}|[A-Z]:\\\\Users")
    this_file = Path(__file__).resolve()
    guilty = [
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path, text in texts()
        if path.resolve() != this_file and (found := home.search(text))
    ]
    assert not guilty


def test_nothing_is_unpickled():
    guilty = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            imported = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            if any(name.partition(".")[0] in ("pickle", "dill", "joblib", "shelve") for name in imported):
                guilty.append(str(path))
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant)
                if node.value.value is not False:
                    guilty.append(str(path))
    assert not guilty


def test_every_module_says_its_one_job():
    for path in PACKAGE.rglob("*.py"):
        if path.name == "runner.py":
            continue
        doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert doc, path
