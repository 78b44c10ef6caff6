"""How a command ends that does not return: every exception becomes findings and an exit code."""

from __future__ import annotations

import platform
import traceback
from pathlib import Path

import click

from neurodeploy import __version__
from neurodeploy.extras import package_missing
from neurodeploy.findings.codes_program import INTERNAL_ERROR, NESTED_TOO_DEEPLY, OUT_OF_MEMORY
from neurodeploy.findings.codes_usage import INTERRUPTED, SYSTEM_REFUSES, WRONG_USAGE
from neurodeploy.findings.finding import Exit, NeurodeployError

FRAMES = 8
"""How many of the last places of a traceback an internal error names."""

PACKAGE = Path(__file__).parents[1]


class Terminated(KeyboardInterrupt):
    """SIGTERM: ends a command the way Ctrl-C does, so that every clean-up runs, with its own exit code."""


def as_findings(error: BaseException) -> NeurodeployError:
    """Turn whatever a command raised into findings with an exit code; never 1, which is a gate's."""
    if isinstance(error, NeurodeployError):
        return error
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return interrupted(error)
    if isinstance(error, click.ClickException):
        return wrong_usage(error)
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] != "neurodeploy":
        return package_missing(error)
    if isinstance(error, OSError):
        return SYSTEM_REFUSES.error(
            where=str(error.filename or ""),
            found=error.strerror or str(error) or type(error).__name__,
            help="Check the path, its permissions and the free space.",
        )
    if isinstance(error, MemoryError):
        return OUT_OF_MEMORY.error(
            found=first_line(error), help="Use fewer samples at once, or a machine with more memory."
        )
    if isinstance(error, RecursionError):
        return NESTED_TOO_DEEPLY.error(found=places(error, 1), help="Nest it less deeply.")
    return internal(error)


def interrupted(error: BaseException) -> NeurodeployError:
    """Give the note that Ctrl-C or SIGTERM ends with."""
    terminated = isinstance(error, Terminated) or isinstance(error.__cause__, Terminated)
    note = INTERRUPTED.finding(
        message="terminated" if terminated else "",
        help="Nothing half-written was left; train and sweep continue with --resume.",
    )
    return NeurodeployError(note, Exit.TERMINATED if terminated else Exit.INTERRUPTED)


def wrong_usage(error: click.ClickException) -> NeurodeployError:
    """Give ND080 for what click refuses."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "neurodeploy"
    return WRONG_USAGE.error(
        message=f"wrong usage: {error.format_message().rstrip('.')}",
        where=path,
        help=f"See `{path} --help`.",
    )


def internal(error: BaseException) -> NeurodeployError:
    """Give ND099 with all that a report of the bug needs; no traceback reaches the terminal."""
    versions = (
        f"neurodeploy {__version__}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}"
    )
    return INTERNAL_ERROR.error(
        where=places(error, FRAMES),
        found=f"{type(error).__name__}: {first_line(error)}",
        help=f"Please report these lines and the command: {versions}.",
    )


def places(error: BaseException, count: int) -> str:
    """Give the last places of a traceback, the innermost first, as ``file:line function``."""
    frames = traceback.extract_tb(error.__traceback__)[-count:]
    return " < ".join(f"{_inside(frame.filename)}:{frame.lineno} {frame.name}" for frame in reversed(frames))


def first_line(error: BaseException) -> str:
    """Give an error's message in a line, or its kind where it has none."""
    return (str(error).splitlines() or [""])[0] or type(error).__name__


def _inside(filename: str) -> str:
    """Name a file by its place in its package, not by this machine's folders."""
    path = Path(filename)
    if path.is_relative_to(PACKAGE):
        return path.relative_to(PACKAGE).as_posix()
    return "/".join(path.parts[-2:])
