"""A fuzz case: a folder of files, the command lines that get them, and what each must answer."""

from __future__ import annotations

import random
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

USUAL: dict[str, frozenset[int]] = {
    "check": frozenset({0, 2, 3, 5}),
    "inspect": frozenset({0, 2, 3, 5}),
    "export": frozenset({0, 2, 3}),
    "run": frozenset({0, 2, 3, 5}),
    "verify": frozenset({0, 1, 2, 3, 5}),
    "train": frozenset({0, 2, 3}),
}
"""Exit codes that a command may have on a damaged file: 1 is a failed gate, which only `verify` has here."""

NO_PASS = frozenset({1, 2, 3, 4, 5})
"""A file about which no comparison is meaningful, or whose comparison must fail."""

BAD_INPUT = frozenset({2, 3, 5})
"""A file that is wrong before anything is compared."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command line of a case, run in the case's folder.

    Attributes
    ----------
    args
        Words after ``neurodeploy``; paths are relative to the case's folder.
    allowed
        Exit codes that are right.
    why
        What is wrong where the exit code is another one, though it may be a usual one.
    output
        What it writes, relative to the folder; empty where it writes nothing.
    encoding
        Of its standard output and error.
    limit_s
        Processor seconds that it may take.
    may_be_long
        Whether reaching the limit is fine, as for a legal training.
    """

    args: tuple[str, ...]
    allowed: frozenset[int]
    why: str = ""
    output: str = ""
    encoding: str = "utf-8"
    limit_s: float = 15.0
    may_be_long: bool = False

    def __str__(self) -> str:
        prefix = "" if self.encoding == "utf-8" else f"PYTHONIOENCODING={self.encoding} "
        return prefix + shlex.join(["neurodeploy", *self.args])


@dataclass(frozen=True, slots=True)
class Case:
    """What was built in a folder, in words, and the commands that it goes through."""

    what: str
    commands: tuple[Command, ...]


Build = Callable[[random.Random, Path, Path], Case]
"""Builds a case from a generator, in a folder, out of the folder of seeds."""


def generator(kind: str, seed: int, number: int) -> random.Random:
    """Give the generator that decides everything about one case."""
    return random.Random(f"{kind} {seed} {number}")


def usual(
    *args: str, output: str = "", encoding: str = "utf-8", limit_s: float = 15.0, may_be_long: bool = False
) -> Command:
    """Give a command that may answer with any of its usual exit codes."""
    allowed = USUAL[args[0]] | ({1} if "--max-drop" in args else set())
    return Command(args, allowed, output=output, encoding=encoding, limit_s=limit_s, may_be_long=may_be_long)


def must(command: Command, allowed: frozenset[int], why: str) -> Command:
    """Narrow the exit codes of a command, with the reason."""
    return Command(
        command.args,
        command.allowed & allowed,
        why,
        command.output,
        command.encoding,
        command.limit_s,
        command.may_be_long,
    )


def encoding_of(rng: random.Random) -> str:
    """Draw the encoding of a case's output: in one of eight it is ASCII."""
    return "ascii" if rng.random() < 1 / 8 else "utf-8"


def json_or_text(rng: random.Random) -> tuple[str, ...]:
    """Draw whether a command answers in JSON."""
    return ("--json",) if rng.random() < 0.5 else ()
