"""The program as a process: both ways to start it, interrupts, colours and speed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from neurodeploy import __version__
from neurodeploy.cli import program
from neurodeploy.findings.finding import Finding, NeurodeployError

ROOT = Path(__file__).parents[2]


def started(
    *words: str, way: tuple[str, ...] = ("-m", "neurodeploy"), **env: str
) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *way, *words],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        env={**os.environ, **env},
    )


@pytest.mark.slow
@pytest.mark.parametrize("way", [("-m", "neurodeploy"), ("cli.py",)], ids=["module", "root"])
def test_both_ways_to_start_are_the_same_program(way):
    done = started("--version", way=way)
    assert (done.returncode, done.stdout) == (0, f"neurodeploy {__version__}\n")
    assert started("--help", way=way).stdout == started("--help").stdout


def test_a_failing_command_prints_no_traceback_and_sets_the_exit_code():
    done = started("verify", "nowhere")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error[ND001]") and "Traceback" not in done.stderr


def test_nothing_is_coloured_off_a_terminal():
    assert "\x1b" not in (done := started("explain", "ND999")).stderr + done.stdout


def test_a_missing_extra_says_what_to_install(monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("neurodeploy.findings.explain.all_codes", fail)
    result = CliRunner().invoke(program, ["explain"])
    assert result.exit_code == 2 and "ND082" in result.stderr and "neurodeploy[train]" in result.stderr


def test_an_errors_own_exit_code_is_kept(monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise NeurodeployError(Finding(code="ND420", message="Lava is not installed"), 4)

    monkeypatch.setattr("neurodeploy.findings.explain.all_codes", fail)
    for words in (["explain"], ["explain", "--json"]):
        assert CliRunner().invoke(program, words).exit_code == 4


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_a_long_command_shows_its_stages_and_a_bar_on_a_terminal(tiny_nir, tmp_path):
    import pty

    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "neurodeploy", "export", str(tiny_nir), "-o", str(tmp_path / "b[red]")]
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=follower, env=env, text=True) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
        stdout = process.stdout.read()
    os.close(leader)
    text = shown.decode()
    assert process.returncode == 0, text
    stages = [text.find(stage) for stage in ("loading", "reading tiny.nir", "measuring the ladder on random")]
    assert stages == sorted(stages) and stages[0] >= 0, text
    assert "16 of 16" in text and "━" in text and "Traceback" not in text
    assert text.rstrip().endswith("\x1b[2K")  # the line is cleared
    assert "b[red]" in stdout.replace("\n", "")
