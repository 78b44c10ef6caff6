"""What the system refuses when an output is written, as findings."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from neurodeploy.findings.codes_usage import SYSTEM_REFUSES
from neurodeploy.findings.finding import NeurodeployError

_Given = TypeVar("_Given")

_OF_THE_DISK = frozenset({errno.ENOSPC, errno.EFBIG, errno.EROFS, errno.EIO, getattr(errno, "EDQUOT", -1)})
"""Errors that are the output's whatever file they name; any other of a body may be about what it reads."""


def refused(path: Path, found: str, *, help: str = "") -> NeurodeployError:
    """Give ND084 for an output."""
    return SYSTEM_REFUSES.error(
        where=str(path), found=found, help=help or "Check the path, its permissions and the free space."
    )


@contextlib.contextmanager
def refusals(path: Path, *, only_of_the_disk: bool = False) -> Iterator[None]:
    """Turn the system's errors into ND084 for the output ``path``.

    Parameters
    ----------
    path
        As the user gave it, never a temporary name.
    only_of_the_disk
        Whether to leave errors alone that may be about another file than the output.
    """
    try:
        yield
    except OSError as error:
        if only_of_the_disk and error.errno not in _OF_THE_DISK:
            raise
        raise refused(path, error.strerror or str(error)) from error


@contextlib.contextmanager
def parents(path: Path) -> Iterator[None]:
    """Make the folders above an output; those that were made go again where the body fails."""
    missing = []
    for parent in path.parents:
        if parent.is_dir():
            break
        if parent.exists():
            raise NotADirectoryError(errno.ENOTDIR, f"{parent} is no folder")
        missing.append(parent)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for parent in missing:
            with contextlib.suppress(OSError):  # something else may have come into it
                parent.rmdir()
        raise


@contextlib.contextmanager
def entered(path: Path, manager: contextlib.AbstractContextManager[_Given]) -> Iterator[_Given]:
    """Enter a context of which the beginning, not the body, is about the output ``path``."""
    with contextlib.ExitStack() as stack:
        with refusals(path):
            given = stack.enter_context(manager)
        yield given
