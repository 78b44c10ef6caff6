"""However a command ends: no traceback, a coded finding, and an exit code that is never a gate's."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from neurodeploy import __version__
from neurodeploy.cli import program
from neurodeploy.commands.failure import Terminated
from neurodeploy.findings.finding import Finding
from neurodeploy.findings.printable import printable

FULL_DISK = Path("/dev/full")


def ended(monkeypatch: pytest.MonkeyPatch, error: BaseException, *words: str) -> Result:
    """Run ``explain`` with an exception in its middle."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("neurodeploy.findings.explain.all_codes", fail)
    return CliRunner().invoke(program, ["explain", *words])


def started(
    *words: str | Path, stdout: int = subprocess.PIPE, **env: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "neurodeploy", *map(str, words)]
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, encoding="utf-8", env={**os.environ, **env}
    )


# ---- internal errors


def test_a_bug_of_ours_is_an_internal_error_and_never_a_failed_gate(monkeypatch):
    result = ended(monkeypatch, ZeroDivisionError("division by zero"))
    assert result.exit_code == 70 and "Traceback" not in result.output
    assert result.stderr.startswith("error[ND099]")
    assert "ZeroDivisionError: division by zero" in result.stderr
    assert "commands/explain.py" in result.stderr and f"neurodeploy {__version__}" in result.stderr


def test_an_internal_error_as_json_has_the_same_exit_code(monkeypatch):
    result = ended(monkeypatch, AssertionError(), "--json")
    content = json.loads(result.stdout)
    assert result.exit_code == content["exit_code"] == 70 and content["schema"] == "neurodeploy/findings/1"
    assert content["findings"][0]["code"] == "ND099" and result.stderr == ""


def test_a_missing_module_of_ours_is_an_internal_error(monkeypatch):
    error = ModuleNotFoundError("No module named 'neurodeploy.x'", name="neurodeploy.x")
    assert ended(monkeypatch, error).exit_code == 70


def test_a_traceback_can_be_asked_for(monkeypatch):
    monkeypatch.setenv("NEURODEPLOY_TRACEBACK", "1")
    assert isinstance(ended(monkeypatch, ZeroDivisionError()).exception, ZeroDivisionError)


# ---- the system


@pytest.mark.parametrize(
    "number",
    [
        errno.ENOSPC,
        errno.EROFS,
        errno.EDQUOT,
        errno.EIO,
        errno.ELOOP,
        errno.EMFILE,
        errno.EBUSY,
        errno.ESTALE,
    ],
    ids=lambda number: errno.errorcode[number],
)
def test_whatever_the_system_refuses_is_a_finding(monkeypatch, number):
    result = ended(monkeypatch, OSError(number, os.strerror(number), "out.npz"))
    assert result.exit_code == 2 and "error[ND084]" in result.stderr
    assert os.strerror(number) in result.stderr and "out.npz" in result.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "ND098"),
        (np._core._exceptions._ArrayMemoryError((1 << 50,), np.dtype(np.uint8)), "ND098"),
        (RecursionError("maximum recursion depth exceeded"), "ND097"),
    ],
    ids=["memory", "array", "recursion"],
)
def test_a_machine_that_is_too_small_is_a_finding(monkeypatch, error, code):
    result = ended(monkeypatch, error)
    assert result.exit_code == 2 and f"error[{code}]" in result.stderr


@pytest.mark.skipif(not FULL_DISK.exists(), reason="needs /dev/full: this system has none")
@pytest.mark.parametrize("words", [("explain",), ("explain", "--json"), ("explain", "ND201")], ids=" ".join)
def test_a_full_disk_behind_stdout_is_a_finding_on_stderr(words):
    with FULL_DISK.open("w") as full:
        done = started(*words, stdout=full.fileno())
    assert done.returncode == 2, done.stderr
    assert "error[ND084]" in done.stderr and "No space left" in done.stderr
    assert "Exception ignored" not in done.stderr and "Traceback" not in done.stderr


def test_a_reader_that_has_gone_ends_the_command_quietly():
    command = [sys.executable, "-m", "neurodeploy", "explain", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        stderr = process.stderr.read()
        assert (process.wait(timeout=60), stderr) == (141, "")


# ---- signals


def test_ctrl_c_is_130_and_leaves_a_finding(monkeypatch):
    result = ended(monkeypatch, KeyboardInterrupt())
    assert result.exit_code == 130 and "note[ND083]: interrupted" in result.stderr


def test_sigterm_is_143_and_leaves_a_finding(monkeypatch):
    result = ended(monkeypatch, Terminated(), "--json")
    assert result.exit_code == json.loads(result.stdout)["exit_code"] == 143


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_a_terminated_export_leaves_nothing(tiny_nir, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    command = [sys.executable, "-m", "neurodeploy", "export", str(tiny_nir), "-o", str(out / "b")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while not any(out.iterdir()) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.002)
        process.send_signal(signal.SIGTERM)
        stderr = process.communicate(timeout=60)[1]
    # It may have ended just before the signal; then the bundle is whole.
    left = [path.name for path in out.iterdir()]
    assert (process.returncode, left) in ((143, []), (0, ["b"])), stderr
    assert "Traceback" not in stderr


# ---- characters


def test_names_cannot_steer_a_terminal():
    name = "a\x1b[2Jb\rc\x9bd\u202ee\udcfff"
    assert printable(name) == r"a\x1b[2Jb\rc\x9bd\u202ee\udcfff"
    assert printable("[bold]ü ≠\n[/bold]", lines=True) == "[bold]ü ≠\n[/bold]"
    text = Finding(code="ND001", message="m", where=name + "\nerror[ND002]: x", found="[red]x[/red]").render()
    assert "\x1b" not in text and len(text.splitlines()) == 3 and "[red]x[/red]" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    "env",
    [{"LC_ALL": "POSIX"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
     {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}],
    ids=["POSIX", "POSIX without UTF-8", "ascii", "latin-1"],
)  # fmt: skip
def test_a_name_that_the_output_cannot_encode_is_still_a_result(env, bundle, tmp_path):
    place = tmp_path / "Bündel ☃"
    bundle.rename(place)
    for words in (("verify", place, "--samples", "4"), ("inspect", place), ("check", place)):
        done = subprocess.run(
            [sys.executable, "-m", "neurodeploy", *map(str, words)],
            capture_output=True,
            env={**os.environ, **env},
        )
        assert done.returncode == 0, done.stderr
        assert b"Traceback" not in done.stderr and done.stdout
