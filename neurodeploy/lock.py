"""Locks between processes: one at a time writes a run folder, a download, a cache file or an environment."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from neurodeploy.findings.codes_usage import IN_USE

_HOLDER_BYTES = 200


@contextlib.contextmanager
def locked(
    path: Path,
    *,
    wait: bool,
    where: str = "",
    help: str = "",
    on_wait: Callable[[str], None] = lambda _: None,
) -> Iterator[None]:
    """Hold an exclusive lock, named by a file, while the body runs.

    The operating system ends the lock with the process, whatever ends that: a lock file that a killed
    process left behind locks nothing. On storage without locks, and on Windows, the body runs unlocked.

    Parameters
    ----------
    path
        The lock file. Its folder is made; the file is removed afterwards.
    wait
        Whether to wait for another process; otherwise that is a finding.
    where, help
        Lines of that finding: what is locked, and what to do instead of waiting.
    on_wait
        Called once with who holds the lock, before waiting for it.

    Raises
    ------
    NeurodeployError
        ND085 another process holds the lock and ``wait`` is off.
    OSError
        The file cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            if not _take(descriptor):
                holder = _holder(descriptor)
                if not wait:
                    raise IN_USE.error(where=where or str(path), found=holder, help=help)
                on_wait(holder)
                _take(descriptor, wait=True)
            if not _is_at(descriptor, path):
                continue  # its holder has removed it meanwhile: a newcomer locks another file
            os.truncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
            try:
                yield
            finally:
                path.unlink(missing_ok=True)  # before the lock ends: nobody waits for a file that goes
            return
        finally:
            os.close(descriptor)  # ends the lock


def _take(descriptor: int, *, wait: bool = False) -> bool:
    """Lock an open file; False where another process holds it and ``wait`` is off."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # storage without locks: better no lock than no training
        return True
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Say whether a path still names the file that is open."""
    opened = os.fstat(descriptor)
    with contextlib.suppress(OSError):
        named = path.stat(follow_symlinks=False)
        return stat.S_ISREG(named.st_mode) and (opened.st_dev, opened.st_ino) == (named.st_dev, named.st_ino)
    return False


def _holder(descriptor: int) -> str:
    """Give who holds a lock, as it has written there."""
    text = os.pread(descriptor, _HOLDER_BYTES, 0).decode(errors="replace").strip()
    return text if text.isprintable() and text else "another process"
