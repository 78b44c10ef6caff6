"""Every code that can be raised is explained, has one meaning, and nothing else is explained."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

import neurodeploy
from neurodeploy.findings.explain import all_codes, explain
from neurodeploy.findings.finding import NeurodeployError

PACKAGE = Path(neurodeploy.__file__).parent

FAMILIES = {
    "ND02": {"recipe", "targets"},
    "ND03": {"data"},
    "ND05": {"runs", "training"},
    "ND06": {"sweep"},
}
"""Codes that one part of the package owns."""


def codes_in_use() -> dict[str, set[str]]:
    """Codes that stand as string literals in code, with the files; docstrings do not count."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        if path.name.startswith("codes_"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and re.fullmatch(r"ND\d{3}", str(node.value)):
                found[str(node.value)].add(str(path.relative_to(PACKAGE)))
    return found


def test_every_code_in_use_is_explained():
    missing = {code: files for code, files in codes_in_use().items() if code not in all_codes()}
    assert not missing


def test_no_code_is_explained_that_cannot_be_raised():
    assert not set(all_codes()) - set(codes_in_use())


def test_a_part_keeps_to_its_own_codes():
    for code, files in codes_in_use().items():
        owners = FAMILIES.get(code[:4])
        if owners:
            assert {file.partition("/")[0] for file in files} <= owners, code


@pytest.mark.parametrize("code", sorted(all_codes()))
def test_an_explanation_says_what_why_and_an_example(code):
    entry = all_codes()[code]
    assert entry.what and not entry.what.endswith(".")
    assert entry.why.endswith(".") and entry.example
    assert all(len(line) <= 100 for line in entry.render(code).splitlines()[:-1])


def test_an_unknown_code_is_a_finding_that_names_a_near_one():
    with pytest.raises(NeurodeployError) as caught:
        explain("ND4740")
    finding = caught.value.findings[0]
    assert finding.code == "ND087" and finding.help == "did you mean 'ND474'?"


def test_an_explanation_reads_well(golden):
    golden.check(explain("nd201").render("ND201") + "\n")
