"""Every code that can be raised is explained, has one meaning, and nothing else is explained."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

import neurodeploy
from neurodeploy.findings import (
    codes_dialects,
    codes_module,
    codes_network,
    codes_nir,
    codes_parity,
    codes_program,
    codes_training,
    codes_usage,
)
from neurodeploy.findings.explain import all_codes, explain, explanation
from neurodeploy.findings.finding import NeurodeployError, Rule

PACKAGE = Path(neurodeploy.__file__).parent

FAMILIES = {
    "ND02": {"recipe", "targets"},
    "ND03": {"data"},
    "ND05": {"runs", "training"},
    "ND06": {"sweep"},
}
"""Codes that one part of the package owns."""


RULES = {
    name: rule
    for module in (
        codes_usage,
        codes_training,
        codes_network,
        codes_nir,
        codes_dialects,
        codes_module,
        codes_parity,
        codes_program,
    )
    for name, rule in vars(module).items()
    if isinstance(rule, Rule)
}


def rules_in_use() -> dict[str, set[str]]:
    """Names of rules that stand in code, with the files."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        if path.name.startswith("codes_"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name) and node.id in RULES:
                found[node.id].add(str(path.relative_to(PACKAGE)))
    return found


def test_every_code_is_one_rule():
    codes = [rule.code for rule in RULES.values()]
    assert len(codes) == len(set(codes)) == len(all_codes())
    assert all(re.fullmatch(r"ND\d{3}", code) for code in codes)


def test_no_rule_is_there_that_cannot_be_raised():
    assert not set(RULES) - set(rules_in_use())


def test_findings_are_made_from_rules_alone():
    guilty = []
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name == "findings":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
                guilty.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
            if isinstance(node, ast.Constant) and re.fullmatch(r"ND\d{3}", str(node.value)):
                guilty.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert not guilty


def test_a_part_keeps_to_its_own_codes():
    for name, files in rules_in_use().items():
        owners = FAMILIES.get(RULES[name].code[:4])
        if owners:
            assert {file.partition("/")[0] for file in files} <= owners, name


@pytest.mark.parametrize("code", sorted(all_codes()))
def test_an_explanation_says_what_why_and_an_example(code):
    entry = all_codes()[code]
    assert entry.message and not entry.message.endswith(".")
    assert entry.why.endswith(".") and entry.example
    assert all(len(line) <= 100 for line in explanation(entry).splitlines()[:-1])


def test_an_unknown_code_is_a_finding_that_names_a_near_one():
    with pytest.raises(NeurodeployError) as caught:
        explain("ND4740")
    finding = caught.value.findings[0]
    assert finding.code == "ND087" and finding.help == "did you mean 'ND474'?"


def test_an_explanation_reads_well(golden):
    golden.check(explanation(explain("nd201")) + "\n")
