"""Write a file whole or not at all, or through to a device or pipe."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from neurodeploy.files.refusal import entered, parents, refusals, refused
from neurodeploy.files.temporary import temporary_beside

_EFFECTIVE = os.access in os.supports_effective_ids

READER_LIMIT_S = 10.0
"""How long a named pipe may be without a reader before that is a finding."""


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary name; what the body writes there becomes ``path`` on success, and goes on failure.

    A link is followed to its target, which is replaced. Into a device, a pipe or this process's own output
    (``/dev/stdout``) the content is written at the end, as nothing can be renamed over them. An existing
    file keeps its permissions. The file survives a killed process whole; against a loss of power only as far
    as the file system orders what it writes.

    Parameters
    ----------
    path
        Folders above it are made.

    Raises
    ------
    NeurodeployError
        ND084: the system refuses it: no permission, no space, a folder of that name, a pipe that nobody
        reads, a block device or socket.
    """
    path = Path(path)
    with refusals(path):
        status = _status(path)
    if status is not None and _is_stream(status):
        with refusals(path, only_of_the_disk=True), tempfile.TemporaryDirectory() as folder:
            temporary = Path(folder, "content")
            temporary.touch()
            yield temporary
            with refusals(path):
                _write_through(temporary, path, status)
        return
    with refusals(path):
        target = Path(os.path.realpath(path)) if path.is_symlink() else path
        if status is not None and not os.access(target, os.W_OK, effective_ids=_EFFECTIVE):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    with (
        refusals(path, only_of_the_disk=True),
        entered(path, parents(target)),
        entered(path, temporary_beside(target, make=lambda new: new.touch(exist_ok=False))) as temporary,
    ):
        yield temporary
        with refusals(path):
            if status is not None:
                temporary.chmod(stat.S_IMODE(status.st_mode))
            temporary.replace(target)


def write_bytes(path: Path, data: bytes | bytearray | memoryview) -> None:
    """Write a file of these bytes, as :func:`atomic_file`."""
    with atomic_file(path) as temporary, temporary.open("wb", buffering=0) as file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]


def _status(path: Path) -> os.stat_result | None:
    """Give what is at the path, links followed; None where there is nothing."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        raise refused(path, "a block device or socket", help="Name a file.")
    return status


def _is_stream(status: os.stat_result) -> bool:
    """Say whether nothing may be renamed over what is there."""
    return not stat.S_ISREG(status.st_mode) or _own_output(status) is not None


def _own_output(status: os.stat_result) -> int | None:
    """Give this process's stdout or stderr, where that is what a path leads to."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), status):
                return descriptor
    return None


def _write_through(source: Path, path: Path, status: os.stat_result) -> None:
    """Copy a finished file into a device, a pipe or this process's own output."""
    own = _own_output(status)
    descriptor = os.dup(own) if own is not None else _opened(path, status)
    with source.open("rb") as content, os.fdopen(descriptor, "wb") as stream:
        shutil.copyfileobj(content, stream)


def _opened(path: Path, status: os.stat_result) -> int:
    """Open a device, or a pipe, whose reader may come a little later."""
    if not stat.S_ISFIFO(status.st_mode):
        return os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    until = time.monotonic() + READER_LIMIT_S
    while True:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if time.monotonic() > until:
                raise refused(path, f"a pipe that nobody reads for {READER_LIMIT_S:g} s") from None
            time.sleep(0.05)
        else:
            os.set_blocking(descriptor, True)
            return descriptor
