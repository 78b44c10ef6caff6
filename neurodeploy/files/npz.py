"""npz files: written the same whatever the clock says, read without pickle and within bounds."""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.files.whole_file import atomic_file
from neurodeploy.findings.codes_usage import ARRAY_MISSING, NO_SUCH_PATH, UNREADABLE_FILE
from neurodeploy.findings.finding import NeurodeployError

MAX_BYTES = 4 * 2**30
"""What the arrays of one file may take in memory, 4 GiB: some kB on disk can declare more than memory holds.
A file that is larger than that itself, uncompressed, may hold as much as its size."""

MAX_ARRAYS = 10_000
"""Members of one file; those that are written have some dozens."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest date a zip entry can hold: files must not depend on the clock
_SUFFIX = ".npy"
_MAX_RATIO = 1032  # deflate writes at least 1 bit for 258 bytes twice over: zlib's own bound
_PART = 2**24
NUMBERS = "biuf"
"""Kinds of arrays, as NumPy letters them, that mean a number: booleans, whole numbers, floats."""
NUMBERS_AND_TEXTS = NUMBERS + "cUS"
"""For a reader that says itself, and better, what it wants in place of a text or a complex number."""
_LIMIT = "an npz file of plain arrays, whole numbers, floats or booleans, stored or deflated"
_HELP = "Write it with numpy.savez(path, spikes=...)."


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

    Raises
    ------
    NeurodeployError
        ND002 compressed arrays of more than :data:`MAX_BYTES`, which :func:`load_npz` would not read; ND084
        as :func:`neurodeploy.files.atomic_file`.
    """
    total = sum(array.nbytes for array in arrays.values())
    if compress and total > MAX_BYTES:
        raise UNREADABLE_FILE.error(
            message="the arrays are too large for one file",
            where=str(path),
            found=f"{total} bytes",
            limit=f"{MAX_BYTES} bytes",
            help="Use fewer samples or steps.",
        )
    with atomic_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}{_SUFFIX}", date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
            archive.writestr(entry, buffer.getvalue(), compresslevel=3 if compress else None)


def load_npz(path: Path, required: tuple[str, ...] = (), *, kinds: str = NUMBERS) -> dict[str, NDArray[Any]]:
    """Read an npz file without pickle; sizes are read and bounded before anything is allocated.

    Parameters
    ----------
    path
        The file.
    required
        Names that must be in it.
    kinds
        Which kinds of arrays are read: :data:`NUMBERS` or :data:`NUMBERS_AND_TEXTS`; never objects,
        structures or dates.

    Returns
    -------
    dict
        Arrays by name, in this machine's byte order.

    Raises
    ------
    NeurodeployError
        ND001 no such file; ND002 unreadable: truncated, damaged, encrypted, not npz, a member that is no
        array or stands twice, or of another kind, more than :data:`MAX_BYTES`, or sizes that the file cannot
        hold; ND003 an array is missing.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise FileNotFoundError
    except OSError as error:  # also names that are too long, and folders that may not be entered
        raise NO_SUCH_PATH.error(
            where=str(path), found=error.strerror or "", help="Check the path."
        ) from None
    try:
        # Opened here: zipfile leaves a file open where it finds it is no archive.
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            size = file.seek(0, io.SEEK_END)
            members = list(_members(archive, size))
            arrays = {name: _read(archive, entry, kinds) for name, entry in members}
    except _DAMAGE as error:
        raise _unreadable(path, error) from None
    missing = [name for name in required if name not in arrays]
    if missing:
        raise ARRAY_MISSING.error(
            where=str(path),
            found=f"arrays {', '.join(sorted(arrays)) or 'none'}",
            limit=f"needs {', '.join(missing)}",
            help=_HELP,
        )
    return arrays


_DAMAGE = (
    OSError,
    ValueError,
    EOFError,
    TypeError,
    AttributeError,
    IndexError,
    KeyError,
    SyntaxError,
    OverflowError,
    RecursionError,
    MemoryError,
    RuntimeError,  # NotImplementedError and what zipfile says of encrypted members
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
)
"""What zipfile, zlib and NumPy's header parser raise for damaged input."""


def _members(archive: zipfile.ZipFile, size: int) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """Yield the members by array name, all of them within bounds."""
    entries = archive.infolist()
    if len(entries) > MAX_ARRAYS:
        raise ValueError(f"{len(entries)} members, more than {MAX_ARRAYS}")
    allowed = max(MAX_BYTES, size)
    total = 0
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename.removesuffix(_SUFFIX)
        if name == entry.filename or not name:
            raise ValueError(f"the member {entry.filename!r} is no array")
        if name in seen:
            raise ValueError(f"the array {name!r} stands twice")
        if entry.flag_bits & 0x1:
            raise ValueError(f"the array {name!r} is encrypted")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"the array {name!r} is compressed by method {entry.compress_type}")
        if entry.compress_size > size or entry.file_size > _MAX_RATIO * entry.compress_size:
            raise ValueError(
                f"the array {name!r} declares {entry.file_size} bytes, more than the file can hold"
            )
        total += entry.file_size
        if total > allowed:
            raise ValueError(f"arrays of more than {allowed} bytes")
        seen.add(name)
        yield name, entry


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, kinds: str) -> NDArray[Any]:
    """Read one array into memory of the declared size, which must be what the member holds."""
    name = entry.filename
    with archive.open(entry) as member:
        shape, fortran, dtype = _header(member, name, kinds)
        n_bytes = math.prod(shape) * dtype.itemsize
        if n_bytes + member.tell() != entry.file_size:
            raise ValueError(
                f"the array {name!r} declares {n_bytes} bytes of {dtype}, its member holds others"
            )
        flat = np.empty(math.prod(shape), dtype)
        rest = flat.view(np.uint8).data
        while rest:
            part = member.read(min(len(rest), _PART))
            if not part:
                raise EOFError(f"the array {name!r} ends early")
            rest[: len(part)] = part
            rest = rest[len(part) :]
        if member.read(1):  # reading on to the end checks the sum as well
            raise ValueError(f"the array {name!r} goes on after its end")
    if dtype.kind == "b":
        flat = flat.view(np.uint8) != 0  # a damaged one may hold 2, which would count as 2
    native = flat.astype(dtype.newbyteorder("="), copy=False)
    return native.reshape(shape[::-1]).T if fortran else native.reshape(shape)


def _header(member: IO[bytes], name: str, kinds: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read shape, order and type; refuse every type of another kind."""
    version = np.lib.format.read_magic(member)
    try:
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
        elif version == (2, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(member)
        else:
            raise ValueError(f"the array {name!r} has a header of version {version}")
    except (TokenError, SyntaxError) as error:  # NumPy reads the header as Python's text, twice
        raise ValueError(f"the header of the array {name!r} cannot be read: {error}") from None
    is_number = dtype.kind in NUMBERS
    if dtype.kind not in kinds or (is_number and dtype.itemsize > 8) or dtype.subdtype is not None:
        raise ValueError(f"the array {name!r} holds {str(dtype)[:40]}")
    if any(n < 0 or n > np.iinfo(np.intp).max for n in shape):
        raise ValueError(f"the array {name!r} has the shape {str(shape)[:40]}")
    return shape, fortran, dtype


def _unreadable(path: Path, error: Exception) -> NeurodeployError:
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    found = "a header nested too deep" if isinstance(error, (RecursionError, MemoryError)) else said[:100]
    return UNREADABLE_FILE.error(where=str(path), found=found, limit=_LIMIT, help=_HELP)
