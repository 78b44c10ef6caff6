"""Runs of a sweep in processes of this machine, some at a time."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

WORKER = "neurodeploy.sweep.worker"
ANSWER = "neurodeploy: run ended with "
"""What a serving worker's answer begins with; the run's exit code follows. Other lines are no answers."""
POLL_S = 0.2
GRACE_S = 10.0
"""What a run may take to stop after an interrupt, in seconds; each epoch leaves a checkpoint anyway."""


@dataclass(frozen=True, slots=True)
class Command:
    """One run to execute.

    Attributes
    ----------
    recipe, run, data
        What :mod:`neurodeploy.sweep.worker` takes; absolute paths.
    log
        Where its output goes.
    cores
        How many it uses.
    target
        Whose rules the run's recipe must keep; ``none`` for nobody's.
    """

    recipe: Path
    run: Path
    data: Path | None
    log: Path
    cores: int
    target: str = "none"

    @property
    def arguments(self) -> tuple[str, ...]:
        """Arguments of a Python interpreter that trains this run alone."""
        data = () if self.data is None else ("--data", str(self.data))
        return ("-m", WORKER, str(self.recipe), str(self.run), *data, "--target", self.target)

    @property
    def line(self) -> str:
        """The run as a line for a serving worker."""
        data = None if self.data is None else str(self.data)
        asked = {"recipe": str(self.recipe), "run": str(self.run), "data": data, "log": str(self.log)}
        return json.dumps(asked | {"target": self.target}) + "\n"


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
    worker: Sequence[str] = (),
) -> None:
    """Execute commands in ``at_once`` processes, in their order.

    Parameters
    ----------
    commands
        What to execute. A failing one does not stop the others; where a process dies, its run has failed and
        another process takes over.
    at_once
        How many processes, at least 1.
    done
        Called (in this thread) with a command's index and exit code when it has ended.
    tick
        Called a few times a second.
    worker
        Arguments of the Python interpreter that serves runs, instead of this package's worker.

    Notes
    -----
    On an interrupt every process is asked to stop, then killed; none outlives this call. Where this process
    itself is killed, the workers notice and end too.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for index in range(len(commands)):
        waiting.put(index)
    ended: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()
    worker = worker or ("-m", WORKER, "--serve", "--parent", str(os.getpid()))
    lanes = [_Lane(commands, waiting, ended, worker) for _ in range(min(at_once, len(commands)))]
    left = len(commands)
    try:
        for lane in lanes:
            lane.start()
        while left:
            alive = any(lane.is_alive() for lane in lanes)  # before looking: what the last one put is there
            try:
                index, code = ended.get(timeout=POLL_S)
            except queue.Empty:
                if not alive:
                    raise RuntimeError(
                        f"the processes of the sweep have ended, {left} runs have not"
                    ) from None
                tick()
                continue
            left -= 1
            done(index, code)
    finally:
        for lane in lanes:
            lane.stop()
        for lane in lanes:
            lane.join()


class _Lane(threading.Thread):
    """One process at a time, and the runs that it is given."""

    def __init__(
        self,
        commands: Sequence[Command],
        waiting: queue.SimpleQueue[int],
        ended: queue.SimpleQueue[tuple[int, int]],
        worker: Sequence[str],
    ) -> None:
        super().__init__(daemon=True)
        self._commands, self._waiting, self._ended, self._worker = commands, waiting, ended, worker
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def run(self) -> None:
        """Take runs until there are none."""
        try:
            while not self._stopped:
                try:
                    index = self._waiting.get_nowait()
                except queue.Empty:
                    break
                code = 1  # of whatever goes wrong here: a run that nobody reports would be waited for
                try:
                    with contextlib.suppress(OSError):  # no more processes, say
                        code = self._execute(self._commands[index])
                finally:
                    self._ended.put((index, code))
        finally:
            self._close()

    def stop(self) -> None:
        """End the process that is running, whatever it does."""
        with self._lock:
            self._stopped = True
            process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()

    def _execute(self, command: Command) -> int:
        process = self._alive()
        if process is None or process.stdin is None or process.stdout is None:
            return 1
        with contextlib.suppress(OSError):  # the process died before it read the line
            process.stdin.write(command.line)
            process.stdin.flush()
            for line in process.stdout:
                answer = line.partition(ANSWER)[2].strip()  # a print without a line break may stand before it
                if answer.lstrip("-").isdigit():
                    return int(answer)
        process.wait()
        return process.returncode or 1

    def _alive(self) -> subprocess.Popen[str] | None:
        """Give a process that takes runs; a new one where the last has died, None after a stop."""
        with self._lock:
            if self._stopped:
                return None
            if self._process is None or self._process.poll() is not None:
                self._release()
                self._process = subprocess.Popen(
                    [sys.executable, *self._worker],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    errors="replace",
                    env=dict(environment()),
                )
            return self._process

    def _close(self) -> None:
        with self._lock:
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()  # the end of its input ends the worker
                self._process.wait()
            self._release()

    def _release(self) -> None:
        if self._process is not None:
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
