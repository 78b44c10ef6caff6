"""Folders and files on disk: atomic writes, hashes and npz files without pickle."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_usage import (
    ARRAY_MISSING,
    NO_SUCH_PATH,
    OUTPUT_EXISTS,
    UNREADABLE_FILE,
)

_PART = 2**20
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest date a zip entry can hold: files must not depend on the clock


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; rename it to ``path`` on success, remove it on failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path, *, is_ours: Callable[[Path], bool] = lambda _: False) -> Iterator[Path]:
    """Give a temporary folder beside ``path``; put it in its place on success, remove it on failure.

    An existing folder that is not empty is replaced only if ``is_ours`` says so of it, so that a mistyped
    ``-o`` cannot wipe a home.
    """
    path = Path(path)
    if path.exists() and (not path.is_dir() or (any(path.iterdir()) and not is_ours(path))):
        raise OUTPUT_EXISTS.error(where=str(path), help="Choose another name with -o, or remove it yourself.")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        if path.exists():
            shutil.rmtree(path)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sha256(path: Path) -> str:
    """Give the SHA-256 of a file as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_PART):
            digest.update(part)
    return digest.hexdigest()


def save_npz(path: Path, arrays: Mapping[str, NDArray[Any]], *, compress: bool = True) -> None:
    """Write arrays as npz: same arrays, same bytes, whatever the clock says.

    Parameters
    ----------
    path
        The file; written under a temporary name first.
    arrays
        By name; names may hold ``/``. No object arrays.
    compress
        Whether to deflate; spikes shrink some thirty times.
    """
    with atomic_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
            archive.writestr(entry, buffer.getvalue(), compresslevel=3 if compress else None)


def load_npz(path: Path, required: tuple[str, ...] = ()) -> dict[str, NDArray[Any]]:
    """Read an npz file without pickle.

    Raises
    ------
    NeurodeployError
        ND001 no such file, ND002 unreadable (truncated, not npz, pickled objects), ND003 an array is missing.
    """
    if not path.is_file():
        raise NO_SUCH_PATH.error(where=str(path), help="Check the path.")
    try:
        # Opened here: NumPy leaves a file open where it finds it is no zip archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise UNREADABLE_FILE.error(
            where=str(path),
            found=str(error).splitlines()[0] if str(error) else type(error).__name__,
            limit="an npz file without pickled objects",
            help="Write it with numpy.savez(path, spikes=...).",
        ) from None
    missing = [name for name in required if name not in arrays]
    if missing:
        raise ARRAY_MISSING.error(
            where=str(path),
            found=f"arrays {', '.join(sorted(arrays)) or 'none'}",
            limit=f"needs {', '.join(missing)}",
            help="Write it with numpy.savez(path, spikes=...).",
        )
    return arrays
