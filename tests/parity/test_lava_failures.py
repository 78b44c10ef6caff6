"""Lava that crashes or hangs: a finding with exit code 4, in time, and nothing left running."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.targets.loihi.lava.run import run_lava
from neurodeploy.targets.loihi.program_file import write_program

sys.path.insert(0, str(Path(__file__).parent))
packing = importlib.import_module("lava_packing")


@pytest.mark.lava
@pytest.mark.slow
def test_a_crash_inside_a_process_of_lava_ends_as_a_finding(tmp_path: Path) -> None:
    """A delay of 64 passes Lava's constructor and raises inside its worker."""
    packing.need_lava()
    corner = packing.corners(5)[6]
    synapses = replace(corner.program.projections[0], delay_steps=np.full((1, 1, 1), 64, dtype=np.int32))
    write_program(replace(corner.program, projections=(synapses,)), tmp_path / "program.h5")
    with pytest.raises(NeurodeployError) as caught:
        run_lava(tmp_path, corner.spikes, timeout_s=120)
    assert caught.value.exit_code == 4
    (finding,) = caught.value.findings
    assert finding.code == "ND425"
    assert "between 0 and 63" in finding.found


@pytest.mark.lava
@pytest.mark.slow
def test_a_run_beyond_its_limit_is_stopped(tmp_path: Path) -> None:
    packing.need_lava()
    whole = packing.random_pack(3, families=1, members=2, n_steps=30_000, graded=False)
    write_program(whole.program, tmp_path / "program.h5")
    with pytest.raises(NeurodeployError) as caught:
        run_lava(tmp_path, whole.spikes, timeout_s=8)
    assert (caught.value.findings[0].code, caught.value.exit_code) == ("ND426", 4)
