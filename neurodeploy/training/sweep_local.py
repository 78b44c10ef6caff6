"""Runs of a sweep as processes of this machine, some at a time."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

POLL_S = 0.2
GRACE_S = 10.0
"""What a run may take to stop after an interrupt, in seconds; each epoch leaves a checkpoint anyway."""


@dataclass(frozen=True, slots=True)
class Command:
    """One run to execute.

    Attributes
    ----------
    arguments
        Of the Python interpreter, without the interpreter itself.
    log
        Where its output goes.
    needs
        A file that must be there; on another machine it is there only if the storage is shared.
    cores
        How many it uses.
    """

    arguments: tuple[str, ...]
    log: Path
    needs: Path
    cores: int


def environment() -> Mapping[str, str]:
    """Give the environment of a run: this package importable, and no spinning threads."""
    root = str(Path(__file__).resolve().parents[2])
    before = os.environ.get("PYTHONPATH", "")
    return {
        **os.environ,
        "PYTHONPATH": f"{root}{os.pathsep}{before}" if before else root,
        # A waiting OpenMP thread must sleep: side by side, spinning threads take each other's cores.
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "PASSIVE"),
        "NO_COLOR": "1",
    }


def run_local(
    commands: Sequence[Command],
    *,
    at_once: int,
    done: Callable[[int, int], None],
    tick: Callable[[], None] = lambda: None,
) -> None:
    """Execute commands, ``at_once`` at a time and in their order.

    Parameters
    ----------
    commands
        What to execute. A failing one does not stop the others.
    at_once
        How many processes at a time, at least 1.
    done
        Called with a command's index and exit code when it has ended.
    tick
        Called a few times a second.

    Notes
    -----
    On an interrupt every process is asked to stop, then killed; none outlives this call.
    """
    waiting = list(range(len(commands)))[::-1]
    running: dict[int, subprocess.Popen[bytes]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                index = waiting.pop()
                running[index] = _start(commands[index])
            for index, code in list(_ended(running)):
                del running[index]
                done(index, code)
            tick()
            if running:
                time.sleep(POLL_S)
    finally:
        _stop(list(running.values()))


def _start(command: Command) -> subprocess.Popen[bytes]:
    command.log.parent.mkdir(parents=True, exist_ok=True)
    with command.log.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, *command.arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(environment()),
        )


def _ended(running: Mapping[int, subprocess.Popen[bytes]]) -> Iterator[tuple[int, int]]:
    for index, process in running.items():
        code = process.poll()
        if code is not None:
            yield index, code


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    end = time.monotonic() + GRACE_S
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, end - time.monotonic()))
        if process.poll() is None:
            process.kill()
            process.wait()
