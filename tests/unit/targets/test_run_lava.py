"""The supervisor of Lava's runs, with stand-ins for the script: limits, crashes, progress, reading back."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.model import Readout
from neurodeploy.machine import CACHE_VARIABLE
from neurodeploy.targets.loihi.lava import run
from neurodeploy.targets.loihi.lava.environment import PYTHON_VARIABLE
from neurodeploy.targets.loihi.program_file import write_program

sys.path.insert(0, str(Path(__file__).parents[2] / "parity"))
packing = importlib.import_module("lava_packing")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    program = packing.network([packing.population("a", 2)], [packing.projection("input", "a", [[1], [2]])])
    program = replace(program, readout=Readout(population="a", score="last"))
    write_program(program, tmp_path / "program.h5")
    return tmp_path


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> None:
    script = folder / "script.py"
    script.write_text(code)
    monkeypatch.setenv(PYTHON_VARIABLE, sys.executable)
    monkeypatch.setattr(run, "RUNNER", script)
    monkeypatch.setattr(run, "GRACE_S", 1.0)


SPIKES = np.zeros((2, 3, 1), dtype=np.uint8)


def stopped(bundle: Path, **options: object) -> NeurodeployError:
    with pytest.raises(NeurodeployError) as caught:
        run.run_lava(bundle, SPIKES, **options)
    return caught.value


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads process states from /proc")
def test_a_run_that_hangs_is_stopped_with_all_its_processes(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"""
import os, pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child:
    pathlib.Path({str(tmp_path / "pids")!r}).write_text(f"{{os.getpid()}} {{child}}")
time.sleep(60)
"""
    stand_in(monkeypatch, tmp_path, code)
    start = time.monotonic()
    error = stopped(bundle, timeout_s=1.5)
    assert time.monotonic() - start < 15
    assert (error.findings[0].code, error.exit_code) == ("ND426", 4)
    assert error.findings[0].found == "more than 1.5 s"
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    assert not any(alive(pid) for pid in pids)
    assert os.getpid() not in pids


def test_a_crash_is_a_finding_with_its_reason(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, tmp_path, "print('noise', flush=True)\nraise ValueError('the weights are bad')")
    error = stopped(bundle)
    assert (error.findings[0].code, error.exit_code) == ("ND425", 4)
    assert error.findings[0].found == "ValueError: the weights are bad"


def test_an_end_without_a_word_is_no_success(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, tmp_path, "raise SystemExit(0)")
    assert stopped(bundle).findings[0].code == "ND425"


def test_traces_scores_and_progress_come_back(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
import json, sys
import numpy as np
spikes = np.load(sys.argv[2])["spikes"]
for i in range(len(spikes)):
    print(json.dumps({"sample": i + 1, "of": len(spikes)}), flush=True)
v = np.arange(12, dtype=np.int32).reshape(2, 3, 2)
np.savez(sys.argv[3], **{"a/spikes": (v % 2).astype(np.uint8), "a/v": v})
print(json.dumps({"done": True, "arguments": sys.argv[4:]}), flush=True)
"""
    stand_in(monkeypatch, tmp_path, code)
    seen: list[tuple[int, int]] = []
    traces = run.run_lava(bundle, SPIKES, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 2), (2, 2)]
    assert traces.populations["a"].v.tolist() == np.arange(12).reshape(2, 3, 2).tolist()
    assert traces.populations["a"].u is None
    assert traces.score.tolist() == [[4.0, 5.0], [10.0, 11.0]]


def test_lava_that_is_missing_is_exit_code_4(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PYTHON_VARIABLE, raising=False)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "empty"))
    error = stopped(bundle)
    assert (error.findings[0].code, error.exit_code) == ("ND420", 4)
    assert "neurodeploy lava install" in error.findings[0].help


@pytest.mark.parametrize(
    ("spikes", "code"),
    [(np.zeros((1, 2, 5), dtype=np.uint8), "ND010"), (np.full((1, 2, 1), 2), "ND011")],
)
def test_input_is_checked_before_anything_starts(bundle: Path, spikes: np.ndarray, code: str) -> None:
    with pytest.raises(NeurodeployError) as caught:
        run.run_lava(bundle, spikes)
    assert (caught.value.findings[0].code, caught.value.exit_code) == (code, 2)


def test_asking_for_netx_where_there_is_none_is_a_finding(bundle: Path) -> None:
    assert stopped(bundle, mode="netx").findings[0].code == "ND001"


def test_the_script_reads_the_programs_own_words() -> None:
    """The runner restates names of ours, since it cannot import them."""
    halves = (run.RUNNER, run.RUNNER.with_name("runner_processes.py"))
    text = "".join(half.read_text() for half in halves)
    for word in ("latency_steps", "bias_mantissa", "bias_exponent", "v_initial", "delay_steps", "input_max"):
        assert f'"{word}"' in text
    assert "neurodeploy." not in "".join(line for line in text.splitlines() if "import" in line)
    assert json.dumps("input") in text
