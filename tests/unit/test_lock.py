"""Locks hold between processes, end with a killed one, and leave no file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from neurodeploy.findings.finding import Exit, NeurodeployError
from neurodeploy.lock import locked
from neurodeploy.recipe import load_recipe
from neurodeploy.runs.folder import LOCK, locked_run, open_run

HOLD = """
import sys
from pathlib import Path
from neurodeploy.lock import locked
with locked(Path(sys.argv[1]), wait=False):
    print("held", flush=True)
    sys.stdin.readline()
"""


def holding(path: Path) -> subprocess.Popen[str]:
    """Start a process that holds a lock until it reads a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_of_another_process_is_a_finding_that_names_it(tmp_path: Path) -> None:
    with holding(tmp_path / "lock") as process:
        with pytest.raises(NeurodeployError) as caught, locked(tmp_path / "lock", wait=False):
            pytest.fail("two processes hold one lock")
        process.communicate("\n")
    (finding,) = caught.value.findings
    assert (finding.code, caught.value.exit_code) == ("ND085", Exit.BAD_INPUT)
    assert f"process {process.pid} on" in finding.found
    assert not list(tmp_path.iterdir())


def test_a_waiting_process_is_told_who_holds_the_lock_and_then_gets_it(tmp_path: Path) -> None:
    with holding(tmp_path / "lock") as process:
        assert process.stdin is not None
        end = process.stdin
        said: list[str] = []

        def on_wait(holder: str) -> None:
            said.append(holder)
            end.write("\n")
            end.flush()

        with locked(tmp_path / "lock", wait=True, on_wait=on_wait):
            assert f"process {process.pid} on" in said[0]
    assert not list(tmp_path.iterdir())


def test_a_killed_process_leaves_a_file_that_locks_nothing(tmp_path: Path) -> None:
    with holding(tmp_path / "lock") as process:
        process.kill()
    assert (tmp_path / "lock").is_file()
    with locked(tmp_path / "lock", wait=False):
        pass
    assert not list(tmp_path.iterdir())


def test_two_trainings_cannot_write_into_one_run_folder(tmp_path: Path) -> None:
    run, recipe = tmp_path / "run", load_recipe("mts-xor")
    with holding(run / LOCK) as process:
        for resume in (False, True):
            with pytest.raises(NeurodeployError) as caught, locked_run(run):
                open_run(run, recipe, resume=resume)
            assert caught.value.findings[0].code == "ND085"
            assert str(run) in caught.value.findings[0].where
        process.communicate("\n")
    with locked_run(run):
        open_run(run, recipe, resume=False)
    assert [path.name for path in run.iterdir()] == ["recipe.toml"]


def test_a_run_that_cannot_begin_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(NeurodeployError) as caught, locked_run(tmp_path / "run"):
        open_run(tmp_path / "run", load_recipe("mts-xor"), resume=True)
    assert caught.value.findings[0].code == "ND053"
    assert not list(tmp_path.iterdir())


def test_a_file_in_place_of_a_run_folder_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(NeurodeployError) as caught, locked_run(tmp_path / "run"):
        pytest.fail("locked a file")
    assert caught.value.findings[0].code == "ND051"
    assert (tmp_path / "run").read_text() == "mine"
