"""The mutation script itself works: it changes code, notices changes, and knows no stale exemption."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from equivalents import EQUIVALENT
from mutants import mutants

ROOT = Path(__file__).parents[2]
SIMULATE = ROOT / "neurodeploy" / "targets" / "loihi" / "simulate"
SOURCE = '''
LIMIT = 3

def clip(x, low):
    """A docstring is not an operation: 1 + 1."""
    y = x + low
    y *= 2
    if y > LIMIT:
        return max(y, -low)
    return abs(y) if y >= 0 else 0
'''


def test_every_operation_is_changed_in_turn() -> None:
    changed = {mutant.key for mutant in mutants(SOURCE)}
    for before, after in (
        ("LIMIT = 3", "LIMIT = 4"),
        ("y = x + low", "y = x - low"),
        ("y = x + low", "pass"),
        ("y *= 2", "y += 2"),
        ("if y > LIMIT:", "if y >= LIMIT:"),
        ("if y > LIMIT:", "if not y > LIMIT:"),
        ("return max(y, -low)", "return min(y, -low)"),
        ("return max(y, -low)", "return max(y, low)"),
        ("return abs(y) if y >= 0 else 0", "return y if y >= 0 else 0"),
        ("return abs(y) if y >= 0 else 0", "return abs(y) if y > 0 else 0"),
        ("return abs(y) if y >= 0 else 0", "return 0 if y >= 0 else abs(y)"),
    ):
        function = "module" if before.startswith("LIMIT") else "clip"
        assert f"{function}: {before}  ==>  {after}" in changed
    assert "clip: y = x + low; y *= 2  ==>  swapped" in changed
    assert not any("docstring" in key for key in changed)


def test_each_mutant_is_one_change_and_compiles() -> None:
    sources = [mutant.source for mutant in mutants(SOURCE)]
    assert len(sources) == len(set(sources))
    assert all(compile(source, "mutant", "exec") for source in sources)


def test_no_exemption_outlives_the_code_that_it_is_about() -> None:
    keys = {
        f"{name}.{mutant.key}"
        for name in ("kernel", "wiring", "naive")
        for mutant in mutants((SIMULATE / f"{name}.py").read_text(), names_only=True)
    }
    assert set(EQUIVALENT) <= keys
    assert all(len(reason) > 20 for reason in EQUIVALENT.values())


@pytest.mark.slow
def test_a_sample_of_the_mutants_is_killed() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "mutation.py"), "--sample", "60"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "60 mutants" in result.stdout
