"""Run one command line in a forked process, within limits of time and memory."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fuzz.case import Command

MEMORY = 4 * 2**30
"""Bytes of resident memory that a command may ever hold."""

PATIENCE = 4.0
"""Seconds of waiting for each second of processor time: the machine may be busy."""

ASLEEP = 10.0
"""Seconds without any processor time after which a command waits for what never comes."""

SHOWN = 2**20
"""Bytes of output that are looked at."""

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did.

    Attributes
    ----------
    code
        Exit code; minus the signal's number where a signal ended it.
    out, err
        Its output, decoded.
    seconds, peak
        Time taken, and bytes of memory at most.
    stopped
        ``time`` or ``memory`` where a limit ended it.
    orphans
        Whether it left a process running.
    """

    code: int
    out: str
    err: str
    seconds: float
    peak: int
    stopped: str = ""
    orphans: bool = False


def execute(command: Command, folder: Path, logs: Path) -> Outcome:
    """Run a command in ``folder``; its output goes to files in ``logs``."""
    logs.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _child(command, folder, logs)
    stopped = _watch(pid, command.limit_s, start)
    _, status, usage = os.wait4(pid, 0)
    orphans = _end_orphans(pid)
    code = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss * 1024
    return Outcome(
        code,
        _text(logs / "out"),
        _text(logs / "err"),
        time.monotonic() - start,
        peak,
        "memory" if peak > MEMORY else stopped,
        orphans,
    )


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(SHOWN).decode("utf-8", "surrogateescape")


def _watch(pid: int, limit_s: float, start: float) -> str:
    """Wait for the end of a process, or end it at a limit; say which limit."""
    pause = 0.001
    last, moved = -1.0, start
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)
        waited = time.monotonic() - start
        with contextlib.suppress(OSError, IndexError, ValueError):
            words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            used = (int(words[11]) + int(words[12])) / TICKS
            stopped = "memory" if int(words[21]) * PAGE > MEMORY else ""
            if used != last:
                last, moved = used, time.monotonic()
            asleep = time.monotonic() - moved > ASLEEP
            if used > limit_s or waited > PATIENCE * limit_s or asleep:
                stopped = stopped or "time"
            if stopped:
                os.killpg(pid, signal.SIGKILL)
                return stopped
    return ""


def _end_orphans(group: int) -> bool:
    """End what a command left running; say whether there was anything."""
    for _ in range(20):
        try:
            os.killpg(group, 0)
        except OSError:
            return False
        time.sleep(0.02)
    with contextlib.suppress(OSError):
        os.killpg(group, signal.SIGKILL)
    return True


def _child(command: Command, folder: Path, logs: Path) -> None:
    """Be the command: as ``python -m neurodeploy`` would be, and never return."""
    code = 70
    try:
        os.setsid()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, signal.default_int_handler if name == signal.SIGINT else signal.SIG_DFL)
        redirect(logs, command.encoding)
        os.chdir(folder)
        sys.argv = ["neurodeploy", *command.args]
        code = call()
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(BaseException):
                stream.flush()
        os._exit(code)


def redirect(logs: Path, encoding: str) -> None:
    """Point the standard streams at files; ASCII output is strict, as in a POSIX locale."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    for number, name in ((1, "out"), (2, "err")):
        handle = os.open(logs / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(handle, number)
        os.close(handle)
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # noqa: SIM115 (the process's own)
    for number, name, errors in ((1, "stdout", "strict"), (2, "stderr", "backslashreplace")):
        stream = open(number, "w", encoding=encoding, errors=errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def call() -> int:
    """Call the program and give the exit code that its process would have."""
    from neurodeploy.cli import main

    try:
        main()
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return int(error.code or 0) & 0xFF
        print(error.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0
