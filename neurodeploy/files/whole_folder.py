"""Write a folder whole or not at all, and replace one in a single step."""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from neurodeploy.files.refusal import entered, parents, refusals
from neurodeploy.files.temporary import OLD, remove, temporary_beside, temporary_name
from neurodeploy.findings.codes_usage import OUTPUT_EXISTS

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextlib.contextmanager
def atomic_folder(path: Path, *, is_ours: Callable[[Path], bool] = lambda _: False) -> Iterator[Path]:
    """Give a temporary folder beside ``path``; put it in its place on success, remove it on failure.

    An existing folder changes places with the new one in one step where the system can (Linux), so that no
    moment is without the old or the new one; elsewhere it is moved aside first, and the next call puts it
    back where a killed process left it there.

    Parameters
    ----------
    path
        Folders above it are made.
    is_ours
        Says of an existing folder that is not empty whether it may be replaced; asked before the body, and
        again after it.

    Raises
    ------
    NeurodeployError
        ND005: something else is there: a file, a link, the current folder or one above it, a mount point, or
        a folder that is not ours. ND084: the system refuses it.
    """
    path = check_folder(path, is_ours=is_ours)
    with (
        refusals(path, only_of_the_disk=True),
        entered(path, parents(path)),
        entered(path, temporary_beside(path, make=lambda new: new.mkdir())) as temporary,
    ):
        check_folder(path, is_ours=is_ours)  # what a killed process had moved aside is back now
        yield temporary
        with refusals(path):
            check_folder(path, is_ours=is_ours)
            _put(temporary, path)


def check_folder(path: Path, *, is_ours: Callable[[Path], bool] = lambda _: False) -> Path:
    """Raise ND005 unless :func:`atomic_folder` may write there; give the path, with a name of its own."""
    path = Path(path)
    with refusals(path):
        if path.name in ("", ".."):
            path = path.resolve()
        if (found := _other_thing(path, is_ours)) is not None:
            raise OUTPUT_EXISTS.error(
                where=str(path), found=found, help="Choose another name with -o, or remove it yourself."
            )
    return path


def _other_thing(path: Path, is_ours: Callable[[Path], bool]) -> str | None:
    """Say what is at the path, unless it is free, an empty folder or ours."""
    if path.is_symlink():
        return f"a link to {path.readlink()}"
    if not path.exists():
        return None
    if not path.is_dir():
        return "a file"
    whole = path.resolve()
    with contextlib.suppress(FileNotFoundError):  # the current folder may be gone
        here = Path.cwd()
        if whole == here or whole in here.parents:
            return "the current folder" if whole == here else "a folder above the current one"
    if os.path.ismount(path):
        return "a mount point"
    return "a folder that holds something else" if any(path.iterdir()) and not is_ours(path) else None


def _put(temporary: Path, path: Path) -> None:
    """Put a finished folder in its place; the old one then has the temporary name, or is gone."""
    if not path.exists():
        temporary.rename(path)
        return
    temporary.chmod(stat.S_IMODE(path.stat().st_mode))
    if not exchange(temporary, path):
        _replace_by_steps(temporary, path)


def _replace_by_steps(temporary: Path, path: Path) -> None:
    """Move the old folder aside, put the new one there, remove the old one."""
    aside = temporary_name(path, OLD)
    path.rename(aside)
    try:
        temporary.rename(path)
    except BaseException:
        aside.rename(path)
        raise
    remove(aside)


def exchange(one: Path, other: Path) -> bool:
    """Let two paths change places in one step; False where the system or the file system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError):  # a C library without it
        return False
    names = (os.fsencode(one), os.fsencode(other))
    return bool(renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0)
