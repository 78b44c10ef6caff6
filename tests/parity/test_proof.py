"""The compiled step is proven equal to the reference's for every state and register; a wrong one is not."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from pathlib import Path

import pytest

from neurodeploy.targets.loihi.simulate import kernel, naive

pytest.importorskip("z3", reason="the extra `proof` is not installed")
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from prove_step import CLOSED, LARGEST, prove, source_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("largest", [CLOSED, LARGEST])
def test_the_compiled_step_is_the_references_for_every_state_and_register(largest: int) -> None:
    said: list[str] = []
    assert prove(source_of(kernel._update), source_of(naive.simulate_reference), largest, say=said.append), (
        said
    )
    assert len(said) == 8  # one for each pair of signs and each reset


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("m & 4095) * keep_v", "m & 4094) * keep_v"),
        ("y > threshold", "y >= threshold"),
        ("a << 6", "a << 5"),
        ("x > _WRAP", "x >= _WRAP"),
        ("x <= -_WRAP", "x < -_WRAP"),
        ("-m if x < 0 else m", "m"),
        ("+ x) + bias[n]", "+ x) - bias[n]"),
        ("cast(y & kept) if fire else y", "y"),
        ("cast(-_V_LIMIT)", "cast(-_V_LIMIT - 1)"),
        ("cast(m >> 12) * keep_u", "cast(m >> 12) * keep_v"),
    ],
)
def test_a_wrong_step_is_not_proven(right: str, wrong: str) -> None:
    source = textwrap.dedent(inspect.getsource(kernel._update.py_func))
    assert right in source
    (changed,) = ast.parse(source.replace(right, wrong, 1)).body
    said: list[str] = []
    assert not prove(changed, source_of(naive.simulate_reference), CLOSED, say=said.append)
    assert "not proven" in said[-1]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("cast(x - 2 * _WRAP)", "cast(x // (2 * _WRAP))"),
        ("cast(x + 2 * _WRAP)", "cast(x | (2 * _WRAP))"),
        ("y > threshold[n]", "y > threshold[n] > 0"),
        ("y > threshold[n]", "y != threshold[n]"),
        ("m & 4095) * keep_v", "m & 4094) * keep_v"),
        ("cast(a << 6)", "twice(a)"),
    ],
)
def test_of_what_the_prover_has_no_rule_for_it_says_so(right: str, wrong: str) -> None:
    source = textwrap.dedent(inspect.getsource(kernel._update.py_func))
    assert right in source
    (changed,) = ast.parse(source.replace(right, wrong, 1)).body
    said: list[str] = []
    assert not prove(changed, source_of(naive.simulate_reference), CLOSED, say=said.append)
    assert len(said) == 1
    assert "this program does not know" in said[0]
