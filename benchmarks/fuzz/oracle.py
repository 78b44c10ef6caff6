"""Say what is wrong about a command's outcome, as classes that can be counted."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

from benchmarks.fuzz.case import Command
from benchmarks.fuzz.execute import Outcome
from benchmarks.fuzz.written import left_over, wrong_output

DOCUMENTED = range(6)
"""Exit codes that say something about the input; any other is an internal error."""

_FRAME = re.compile(r'File "[^"]*?neurodeploy/([^"]+)", line (\d+), in (\S+)')
_ERROR = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning)\w*)\b", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")


def judge(command: Command, outcome: Outcome, folder: Path, before: frozenset[str]) -> list[str]:
    """Give the failures of one command, the worst first; empty where all is well."""
    failed = list(_ended(command, outcome))
    broke = bool(failed)
    if not broke:
        failed = [*_answered(command, outcome), *_printed(command, outcome)]
    if outcome.stopped != "time" and outcome.code >= 0:
        failed += [*left_over(folder, before), *wrong_output(command, outcome.code, folder, broke=broke)]
    if outcome.orphans:
        failed.append(f"{command.args[0]}: left a process running")
    return failed


def _ended(command: Command, outcome: Outcome) -> Iterator[str]:
    """Say how it ended, where it did not end by itself with a documented exit code."""
    name = command.args[0]
    if outcome.stopped == "memory":
        yield f"{name}: memory above 4 GB"
    elif outcome.stopped == "time":
        if not command.may_be_long:
            yield f"{name}: hang"
    elif outcome.code < 0:
        yield f"{name}: killed by {signal.Signals(-outcome.code).name}"
    elif "Traceback (most recent call last)" in outcome.err + outcome.out:
        yield f"traceback: {place(outcome.err + outcome.out)}"
    elif outcome.code not in DOCUMENTED or "internal error" in outcome.err.lower():
        yield f"internal error: {place(outcome.err + outcome.out)}"


def place(text: str) -> str:
    """Give the kind of an exception and the last function of the package in its traceback."""
    frames = _FRAME.findall(text)
    where = "{0} {2}".format(*frames[-1]) if frames else "?"
    kinds = _ERROR.findall(text)
    return f"{kinds[-1] if kinds else '?'} in {where}"


def _answered(command: Command, outcome: Outcome) -> Iterator[str]:
    if outcome.stopped or outcome.code in command.allowed:
        return
    name = command.args[0]
    if outcome.code == 0:
        yield f"{name}: false pass, {command.why}"
    elif command.why:
        yield f"{name}: exit {outcome.code}, {command.why}"
    else:
        yield f"{name}: exit {outcome.code} is not for this"


def _printed(command: Command, outcome: Outcome) -> Iterator[str]:
    """Say what is wrong with the output."""
    name = command.args[0]
    if outcome.stopped:
        return
    if "--json" in command.args:
        try:
            json.loads(outcome.out, parse_constant=_refuse)
        except (ValueError, RecursionError):
            yield f"{name}: --json gives no strict JSON (exit {outcome.code})"
    if _CONTROL.search(outcome.out + outcome.err):
        yield f"{name}: control characters in the output"
    if outcome.code and not (outcome.err.strip() or outcome.out.strip()):
        yield f"{name}: exit {outcome.code} without a word"


def _refuse(word: str) -> None:
    raise ValueError(word)
