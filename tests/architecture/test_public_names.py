"""Rule 6: what the library says it has, what its page lists and what type checkers see are the same names."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sources import PACKAGE, ROOT

import neurodeploy as nd

ROOMS = ("nn", "plot")


def page_names(text: str, room: str = "") -> list[str]:
    """Give the names that a page has a heading for: ``## nd.export``, ``### nd.plot.raster``."""
    level = "###" if room else "##"
    return re.findall(rf"^{level} nd\.{room}{'[.]' if room else ''}(\w+)$", text, re.MULTILINE)


def stub_names(text: str) -> list[str]:
    """Give the names of a stub's ``__all__``."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return list(ast.literal_eval(node.value))
    return []


def test_the_page_lists_what_the_library_has():
    text = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    assert page_names(text) == nd.__all__
    for room in ROOMS:
        assert page_names(text, room) == list(getattr(nd, room).__all__)


def test_the_stub_lists_what_the_library_has():
    assert stub_names((PACKAGE / "__init__.pyi").read_text(encoding="utf-8")) == nd.__all__


def test_names_are_sorted_and_of_three_kinds():
    assert sorted(nd.__all__) == nd.__all__
    for name in nd.__all__:
        assert re.fullmatch(r"[A-Z]\w*|[a-z]\w*", name)


def test_a_name_that_is_missing_is_seen():
    assert page_names("## nd.a\n### nd.plot.b\n## nd.c\n") == ["a", "c"]
    assert page_names("## nd.a\n### nd.plot.b\n### nd.nn.c\n", "plot") == ["b"]
    assert stub_names("__all__ = ['a']\n") == ["a"]


@pytest.mark.slow
def test_type_checkers_see_every_name_and_no_other(tmp_path: Path):
    pytest.importorskip("mypy", reason="needs mypy, of the extra dev: not installed")
    lines = ["import neurodeploy as nd", *(f"reveal_type(nd.{name})" for name in nd.__all__), "nd.exprot"]
    (tmp_path / "script.py").write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "script.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert len(errors) == 1 and 'has no attribute "exprot"' in errors[0], done.stdout + done.stderr
    revealed = [line for line in done.stdout.splitlines() if "Revealed type is" in line]
    assert len(revealed) == len(nd.__all__)
    assert not [line for line in revealed if '"Any"' in line]
