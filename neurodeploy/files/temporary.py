"""Temporary names beside an output: removed with the writer, or by the next one where that was killed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

NEW, OLD = "tmp", "old"
"""Endings: what is being written, and what was moved aside to make place for it."""

_LONGEST = 180
"""Bytes of the output's name that a temporary name repeats: a file name has at most 255."""

_in_use: set[str] = set()
"""Temporary names of this process: a process number alone may be that of a killed one in a container."""


@contextlib.contextmanager
def temporary_beside(path: Path, *, make: Callable[[Path], None]) -> Iterator[Path]:
    """Give a new name in the folder of ``path``; what stands there afterwards is removed.

    A fork of this process that leaves the body removes nothing.

    Parameters
    ----------
    path
        The output. What killed processes left beside it is removed first, see :func:`clear_stale`.
    make
        Makes the file or folder of the name that it is given; an error where there is one.
    """
    clear_stale(path)
    temporary = temporary_name(path, NEW)
    owner = os.getpid()
    _in_use.add(str(temporary))
    try:
        make(temporary)
        yield temporary
    finally:
        if os.getpid() == owner:
            remove(temporary)
            _in_use.discard(str(temporary))


def temporary_name(path: Path, ending: str) -> Path:
    """Give a new name beside ``path`` that says which process it belongs to."""
    return path.with_name(f".{_stem(path)}.{_machine()}-{os.getpid()}.{secrets.token_hex(4)}.{ending}")


def clear_stale(path: Path) -> None:
    """Remove what killed processes of this machine left beside ``path``.

    Where one was killed between moving the old folder aside and putting the new one in its place, the old one
    is put back.
    """
    pattern = re.compile(
        rf"\.{re.escape(_stem(path))}\.{_machine()}-(\d{{1,10}})\.[0-9a-f]{{8}}\.({NEW}|{OLD})"
    )
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(path.parent)):
            found = pattern.fullmatch(entry.name)
            if found is None or _is_alive(int(found[1]), entry.path):
                continue
            left = Path(entry.path)
            if found[2] == OLD and not os.path.lexists(path):
                left.rename(path)
            else:
                remove(left)


def remove(path: Path) -> None:
    """Remove a file or a folder; what cannot be removed stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _stem(path: Path) -> str:
    """Give the output's name, or a digest where it leaves no room."""
    raw = os.fsencode(path.name)
    return path.name if len(raw) <= _LONGEST else hashlib.sha256(raw).hexdigest()[:16]


def _machine() -> str:
    """Name this machine and its numbering of processes, which every container has for itself."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return hashlib.sha256(f"{socket.gethostname()}/{namespace}".encode()).hexdigest()[:8]


def _is_alive(process: int, name: str) -> bool:
    """Say whether a temporary name is in use; where that cannot be told, it is."""
    if process == os.getpid():
        return name in _in_use
    if os.name == "nt":  # signal 0 would be Ctrl-C there
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
