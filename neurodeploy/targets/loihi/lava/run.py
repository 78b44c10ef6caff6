"""Runs in Lava from here: start the runner script in Lava's Python, wait within a limit, read its traces."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.samples import check_spikes
from neurodeploy.files import load_npz, save_npz
from neurodeploy.findings.codes_parity import RUNTIME_FAILED, RUNTIME_TOO_SLOW
from neurodeploy.findings.codes_usage import NO_SUCH_PATH
from neurodeploy.findings.finding import NeurodeployError, Rule
from neurodeploy.score import scores
from neurodeploy.targets.loihi.lava.environment import lava_python
from neurodeploy.targets.loihi.lava.python310 import clean_environment
from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.loihi.program_file import read_program
from neurodeploy.targets.loihi.target import NETWORK, PROGRAM
from neurodeploy.traces import PopulationTrace, Traces

RUNNER = Path(__file__).with_name("runner.py")
START_LIMIT_S = 300.0
"""Default limit for starting Python and importing Lava (and torch, where a NetX file is read)."""
SAMPLE_LIMIT_S = 600.0
"""Default limit for each sample; 140-256-256-20 with delays takes about 2 s a sample of 100 steps."""
GRACE_S = 5.0
"""How long Lava's processes may take to end, before they are killed, so that shared memory is freed."""


def run_lava(
    bundle: Path,
    spikes: NDArray[np.integer[Any]],
    *,
    timeout_s: float | None = None,
    mode: str = "auto",
    record: Sequence[str] = ("spikes", "v"),
    monitor: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Traces:
    """Run a bundle in Lava; it cannot hang the caller.

    Parameters
    ----------
    bundle
        A folder with ``program.h5`` and, maybe, ``network.net``.
    spikes
        ``[sample, step, source]``, whole numbers up to the program's ``input_max``.
    timeout_s
        Limit for the whole run, in seconds; then every process of Lava is killed. By default
        :data:`START_LIMIT_S` and :data:`SAMPLE_LIMIT_S` for each sample.
    mode
        ``netx``: lava-dl loads network.net; ``process``: a process graph is built from program.h5;
        ``auto``: the first where the file is there.
    record
        ``v`` and ``u`` where they are wanted; spikes always are.
    monitor
        Read through Lava's Monitor processes, which takes longer than the run itself.
    progress
        Called with (samples done, samples) after each.

    Returns
    -------
    Traces
        Aligned (latencies removed), dtype uint8 and int32; the score where ``v`` is recorded.

    Raises
    ------
    NeurodeployError
        ND001, ND010, ND011, ND040, ND041 for the bundle and the input; with exit code 4: ND420 Lava is not
        installed, ND425 the run failed, ND426 it exceeded the limit.
    """
    bundle = Path(bundle).resolve()  # the runner works in a folder of its own
    program = read_program(bundle / PROGRAM)
    spikes = check_spikes(spikes, size=program.input_size, maximum=program.input_max)
    if mode == "netx" and not (bundle / NETWORK).is_file():
        raise NO_SUCH_PATH.error(
            where=str(bundle / NETWORK),
            help="The bundle's manifest says why the network does not fit the NetX format.",
        )
    python = lava_python()
    limit_s = START_LIMIT_S + SAMPLE_LIMIT_S * len(spikes) if timeout_s is None else timeout_s
    kept = [key for key in record if key != "spikes"]
    with tempfile.TemporaryDirectory(prefix="neurodeploy-lava-") as folder:
        given, result = Path(folder) / "in.npz", Path(folder) / "out.npz"
        save_npz(given, {"spikes": spikes})
        command = [str(python), "-W", "ignore", str(RUNNER), str(bundle), str(given), str(result)]
        command += ["--mode", mode, "--record", *kept, *(["--monitor"] if monitor else [])]
        _supervise(command, limit_s=limit_s, folder=Path(folder), progress=progress)
        arrays = load_npz(result, required=tuple(f"{p.name}/spikes" for p in program.populations))
    return _traces(program, arrays)


def _traces(program: FixedGraph, arrays: dict[str, NDArray[Any]]) -> Traces:
    populations = {
        p.name: PopulationTrace(
            arrays[f"{p.name}/spikes"], arrays.get(f"{p.name}/v"), arrays.get(f"{p.name}/u")
        )
        for p in program.populations
    }
    score: tuple[Any, Any] = (None, None)
    if program.readout is not None:
        name = program.readout.population
        v = populations[name].v
        if v is not None or program.readout.score == "spike_count":
            v_float = None if v is None else program.population(name).v_float(v)
            score = scores(program.readout.score, v_float, populations[name].spikes)
    return Traces(populations, *score)


def _supervise(
    command: list[str], *, limit_s: float, folder: Path, progress: Callable[[int, int], None] | None
) -> None:
    """Run the script in a process group of its own; end the whole group whatever happens."""
    deadline = time.monotonic() + limit_s
    errors = folder / "stderr.txt"
    finished = False
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=stderr,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=folder,
            env={**clean_environment(), "OMP_NUM_THREADS": "1", "TMPDIR": str(folder)},
            start_new_session=True,
        ) as process,
    ):
        assert process.stdout is not None
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        # a thread, because a grandchild may keep the pipe open after the script has died
        reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
        reader.start()
        try:
            for line in _until(deadline, lines, process):
                message = _message(line)
                if "sample" in message and progress is not None:
                    progress(int(message["sample"]), int(message["of"]))
                finished = finished or bool(message.get("done"))
            if finished:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=GRACE_S)
        finally:
            _end_group(process)
            reader.join(GRACE_S)
    if finished:
        return
    if time.monotonic() >= deadline:
        raise _failed(
            RUNTIME_TOO_SLOW,
            "Lava did not finish within its time limit and was stopped",
            f"more than {limit_s:g} s",
            "Run fewer samples, or allow more time. Lava waits for ever where one of its processes fails.",
        )
    raise _failed(
        RUNTIME_FAILED,
        "the run in Lava failed",
        _reason(errors.read_text(errors="replace")) or f"exit code {process.returncode}",
        "`neurodeploy lava status` says whether Lava itself works.",
    )


def _read(stream: IO[str], lines: queue.SimpleQueue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _until(
    deadline: float, lines: queue.SimpleQueue[str | None], process: subprocess.Popen[str]
) -> Iterator[str]:
    """Yield lines until the script says it is done or ends, or until the deadline."""
    while time.monotonic() < deadline:
        try:
            line = lines.get(timeout=min(1.0, max(0.0, deadline - time.monotonic())))
        except queue.Empty:
            if process.poll() is not None:
                return
            continue
        if line is None:
            return
        yield line
        if _message(line).get("done"):
            return


def _message(line: str) -> dict[str, Any]:
    """Read one of the script's messages; anything else that is printed there gives an empty one."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _end_group(process: subprocess.Popen[str]) -> None:
    """Ask the whole group to end, then kill what is left of it; this process must survive."""
    if os.name == "nt":
        process.kill()
        process.wait()
        return
    for number, grace in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, GRACE_S)):
        until = time.monotonic() + grace
        try:
            os.killpg(process.pid, number)
            while time.monotonic() < until:
                process.poll()  # reap the leader, else the group never empties
                os.killpg(process.pid, 0)
                time.sleep(0.02)
        except (ProcessLookupError, PermissionError):
            break
    process.wait()


def _reason(stderr: str) -> str:
    """Find the line that names the exception; Lava's own last lines often do not."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Interrupt)\b", line)]
    return (named or lines or [""])[0 if named else -1][:300]


def _failed(rule: Rule, message: str, found: str, fix: str) -> NeurodeployError:
    return rule.error(message=message, where="lava", found=found, help=fix)
