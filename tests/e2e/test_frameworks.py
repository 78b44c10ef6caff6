"""Each framework in its own environment: what we read of it, and what it reads of us, is equal or refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))
from benchmarks.conformance.environments import FRAMEWORKS
from benchmarks.conformance.our_networks import networks
from benchmarks.conformance.outward import read_by

pytestmark = pytest.mark.slow

COMPUTES = {
    "norse": 6,
    "snntorch": 6,
    "spikingjelly": 5,
}
"""How many of our networks each computes as we do, spike by spike."""


def ready(name: str):
    framework = FRAMEWORKS[name]
    if not framework.is_ready:
        pytest.skip(
            f"needs the environment of {framework.title}: python -m benchmarks.conformance --environments"
        )
    return framework


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_no_file_written_for_a_framework_is_computed_as_something_else(name, tmp_path):
    cells = read_by(ready(name), networks(), tmp_path / "for", rewritten=True)
    assert {cell.verdict for cell in cells.values()} <= {"equal", "refused", "read"}, cells
    if name in COMPUTES:
        equal = [network for network, cell in cells.items() if cell.verdict == "equal"]
        assert len(equal) == COMPUTES[name], cells


@pytest.mark.parametrize("name", [name for name, each in FRAMEWORKS.items() if each.dialect])
def test_no_file_of_a_framework_is_silently_read_as_something_else(name, tmp_path):
    from benchmarks.conformance.__main__ import result_of

    framework = ready(name)
    assert list(result_of(framework.name, tmp_path / "work").silently_wrong()) == []


@pytest.mark.parametrize("name", [name for name, each in FRAMEWORKS.items() if each.dialect])
def test_nobody_reads_a_delay(name, tmp_path):
    cells = read_by(ready(name), {"delays": networks()["delays"]}, tmp_path / "as-is", rewritten=False)
    assert cells["delays"].verdict != "equal"
