"""Build cases, run their commands in a few processes, and write every result to a file of lines."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.fuzz import kind_bundle, kind_nir, kind_npz, kind_recipe, kind_shd, oracle, written
from benchmarks.fuzz.case import Build, Case, generator
from benchmarks.fuzz.execute import execute

KINDS: dict[str, Build] = {
    "nir": kind_nir.build,
    "bundle": kind_bundle.build,
    "npz": kind_npz.build,
    "recipe": kind_recipe.build,
    "shd": kind_shd.build,
}
HEAVY = frozenset({"recipe", "shd"})
"""Kinds whose commands train, and so import torch."""

SAVED_OF_A_CLASS = 5
"""Failing inputs of one class that each process keeps; the others are rebuilt from their names."""


@dataclass(frozen=True, slots=True)
class Job:
    """One case to be run: its name, and what builds it in a folder."""

    kind: str
    name: str
    build: Callable[[Path], Case]


def jobs(kind: str, seed: int, numbers: Sequence[int], seeds: Path) -> list[Job]:
    """Give the jobs of one kind; the name says how each is rebuilt."""

    def job(number: int) -> Job:
        return Job(
            kind,
            f"{kind}-{seed}-{number}",
            lambda folder: KINDS[kind](generator(kind, seed, number), folder, seeds),
        )

    return [job(number) for number in numbers]


def run_all(todo: Sequence[Job], out: Path, *, lanes: int, deadline: float) -> None:
    """Share jobs between forked lanes; stop at the deadline, or at Ctrl-C after the cases under way."""
    pids = []
    for lane in range(lanes):
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            _lane(todo[lane::lanes], out, out / "work" / f"lane-{lane}", deadline)
        pids.append(pid)
    try:
        ends = [os.waitpid(pid, 0)[1] for pid in pids]
    except KeyboardInterrupt:
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        for pid in pids:
            os.waitpid(pid, 0)
        raise
    if any(ends):
        raise SystemExit("the fuzzer itself failed; see above")


def _lane(todo: Sequence[Job], out: Path, work: Path, deadline: float) -> None:
    """Run jobs one after the other and never return."""
    stop = False

    def ask_to_stop(*_: object) -> None:
        nonlocal stop
        stop = True

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, ask_to_stop)
    saved: dict[str, int] = {}
    code = 0
    try:
        for job in todo:
            if stop or time.monotonic() > deadline:
                break
            result = run_job(job, work)
            for failure in result["failures"]:
                saved[failure["class"]] = saved.get(failure["class"], 0) + 1
            if any(saved[failure["class"]] <= SAVED_OF_A_CLASS for failure in result["failures"]):
                _save(job, result, out / "failing" / job.name)
            _append(out / "results.jsonl", result)
    except BaseException:
        traceback.print_exc()
        code = 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
        os._exit(code)


def run_job(job: Job, work: Path) -> dict[str, Any]:
    """Build a case in a fresh folder, run its commands, and give what failed."""
    folder = work / "case"
    shutil.rmtree(work, ignore_errors=True)
    folder.mkdir(parents=True)
    start = time.monotonic()
    failures: list[dict[str, Any]] = []
    codes: list[int] = []
    try:
        case = job.build(folder)
    except Exception as error:
        traceback.print_exc()
        case = Case("not built", ())
        failures.append({"class": f"fuzzer: {type(error).__name__} while building", "command": ""})
    for command in case.commands:
        before = written.names(folder)
        outcome = execute(command, folder, work / "logs")
        codes.append(outcome.code)
        for failed in oracle.judge(command, outcome, folder, before):
            said = (outcome.out[-3000:] + outcome.err[-6000:]).encode("utf-8", "backslashreplace").decode()
            facts = {
                "code": outcome.code,
                "seconds": round(outcome.seconds, 2),
                "peak_mb": outcome.peak >> 20,
            }
            failures.append({"class": failed, "command": str(command)[:2000], **facts, "output": said})
        if outcome.stopped:
            break  # what comes after a hang or a flood of memory is most often the same
    return {
        "name": job.name,
        "kind": job.kind,
        "what": case.what[:300].encode("utf-8", "backslashreplace").decode(),
        "codes": codes,
        "seconds": round(time.monotonic() - start, 2),
        "failures": failures,
    }


def _append(path: Path, result: dict[str, Any]) -> None:
    """Add a line under a lock, without the output of the commands."""
    failures = [{key: value for key, value in f.items() if key != "output"} for f in result["failures"]]
    with path.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps({**result, "failures": failures}) + "\n")


def _save(job: Job, result: dict[str, Any], folder: Path) -> None:
    """Rebuild a failing input in a folder, with its command lines, output and reason."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "case").mkdir(parents=True)
    with contextlib.suppress(Exception):  # told by the result
        job.build(folder / "case")
    lines = [f"{job.name}: {result['what']}", ""]
    for failure in result["failures"]:
        facts = {key: failure[key] for key in failure.keys() - {"class", "command", "output"}}
        lines += [f"# {failure['class']} {facts}", f"$ {failure['command']}", failure.get("output", ""), ""]
    (folder / "failure.txt").write_text("\n".join(lines), encoding="utf-8", errors="backslashreplace")


def results(out: Path) -> Iterator[dict[str, Any]]:
    """Give the results so far; a line that an end cut short is left out."""
    path = out / "results.jsonl"
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue
