"""The code of docs/how-to/training-loop.md runs, and what it says of it is so."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neurodeploy as nd

sys.path.insert(0, str(Path(__file__).parents[1] / "parity"))
packing = importlib.import_module("lava_packing")

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "training-loop.md"
CODE = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run every block of the page in order."""
    found: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("page"))
        for code in CODE:
            exec(compile(code, str(PAGE), "exec"), found)
        found["folder"] = Path.cwd()
    return found


@pytest.mark.slow
def test_the_loop_learns_and_the_graph_is_the_module(names: dict[str, Any]) -> None:
    test = names["test"]
    assert names["verified"].check("P1").status == "passed"
    assert names["same"] and names["own"].any()
    assert nd.accuracy(test, nd.simulate(names["graph"], test)) > 0.9
    assert nd.accuracy(test, nd.simulate(names["bundle"], test)) > 0.85
    steps = names["net"][0].delay_steps()
    assert steps.min() >= 0 and steps.max() <= 15 and len(np.unique(steps)) > 5


@pytest.mark.slow
def test_the_forty_lines_are_forty() -> None:
    assert len([line for line in CODE[0].splitlines() if line]) <= 42


@pytest.mark.slow
def test_steps_go_through_norse(names: dict[str, Any]) -> None:
    assert names["out"].shape == (8, 24) and names["stepping"].stateful_layers == [True] * 3
    assert isinstance(names["state"][1][0], torch.Tensor)


@pytest.mark.slow
@pytest.mark.lava
def test_it_is_the_same_in_lava(names: dict[str, Any]) -> None:
    packing.need_lava()
    verified = nd.verify(names["folder"] / "mine.bundle", runtimes={"lava": 2}, samples=20)
    assert verified.check("P3").status == "passed"
