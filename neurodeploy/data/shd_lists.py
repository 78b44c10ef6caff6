"""What a file in SHD's format declares, held against what it stores, before the HDF5 library reads its lists.

The library trusts a file: it allocates what a few bytes declare, and walks a damaged heap of lists for ever.
Layout of heaps and of references to them: HDF5 File Format Specification 3.0, III.E "Global Heap", IV.A.2.d.
"""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

MAX_SAMPLES = 1 << 24
"""Far beyond any set of recordings (SSC has 75,466 training samples), and far below what exhausts memory."""

MAX_CHUNK_BYTES = 1 << 28
"""The library holds a whole chunk in memory to read one number of it."""

_SIGNATURE = b"GCOL\x01\x00\x00\x00"
_HEADER, _OBJECT = 16, 16
"""Bytes of a heap's header, and of the header of an object in it."""

_UNDONE = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE}

_REFERENCE = np.dtype([("length", "<u4"), ("address", "<u8"), ("index", "<u4")])


def unstored(dataset: h5py.Dataset) -> str:
    """Say what a data set with one axis declares and does not hold; an empty text where it holds all.

    Nothing of it is read. Parts that were never written are refused as well: HDF5 would make them up.
    """
    n, stored = int(dataset.shape[0]), int(dataset.id.get_storage_size())
    if n > MAX_SAMPLES:
        return f"declares {n} entries, more than {MAX_SAMPLES}"
    if dataset.is_virtual or dataset.external:
        return "is stored in other files"
    size = dataset.id.get_type().get_size()
    if dataset.chunks is None:
        return "" if stored >= n * size else f"declares {n} entries of {size} bytes and stores {stored} bytes"
    (chunk,) = dataset.chunks
    if chunk * size > MAX_CHUNK_BYTES:
        return f"has chunks of {chunk} entries, more than {MAX_CHUNK_BYTES} bytes"
    held, needed = int(dataset.id.get_num_chunks()), -(-n // chunk)
    return "" if held >= needed else f"declares {needed} chunks and stores {held}"


def damaged_lists(dataset: h5py.Dataset, path: Path) -> str:
    """Say what is wrong with the lists of a data set with one axis; an empty text where all can be read.

    Each list must be an object of its own, as long as the list, in a heap of the file whose objects follow
    one another to its end. Lists under filters other than gzip and shuffle, and files with a user block, are
    not looked at.

    Parameters
    ----------
    dataset
        Of lists of numbers, :func:`unstored` having found nothing.
    path
        The file, which is read beside the library.
    """
    width = np.dtype(h5py.check_vlen_dtype(dataset.dtype)).itemsize
    heaps: dict[int, dict[int, int] | str] = {}
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for first, references in _references(dataset, data):
            for place, (length, address, index) in enumerate(references.tolist(), start=first):
                if not length:
                    continue
                if address not in heaps:
                    heaps[address] = _objects(data, address)
                objects = heaps[address]
                if isinstance(objects, str):
                    return f"list {place}: {objects}"
                held = objects.pop(index, None)  # no two lists share one, so that memory follows the file
                if held is None or held < length * width:
                    what = "nothing of its own" if held is None else f"{held} bytes"
                    return f"list {place} declares {length} numbers of {width} bytes, its heap holds {what}"
    return ""


def _references(dataset: h5py.Dataset, data: mmap.mmap) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the place of the first list and the references of some lists."""
    n = int(dataset.shape[0])
    if dataset.id.get_type().get_size() != _REFERENCE.itemsize or dataset.file.userblock_size:
        return  # addresses of another width than 8 bytes, or not from the start of the file
    if dataset.chunks is None:
        offset = dataset.id.get_offset()
        if offset is not None:  # else in the object's header: a few lists only
            yield 0, np.frombuffer(data, dtype=_REFERENCE, count=n, offset=int(offset)).copy()
        return
    settings = dataset.id.get_create_plist()
    filters = [int(settings.get_filter(place)[0]) for place in range(settings.get_nfilters())]
    if not _UNDONE.issuperset(filters):
        return
    n_bytes = dataset.chunks[0] * _REFERENCE.itemsize
    for number in range(dataset.id.get_num_chunks()):
        # The bytes themselves: the library's way of reading a chunk trusts its size.
        chunk = dataset.id.get_chunk_info(number)
        first, end = int(chunk.chunk_offset[0]), int(chunk.byte_offset) + int(chunk.size)
        raw = data[int(chunk.byte_offset) : end]
        for place in reversed(range(len(filters))):
            if not chunk.filter_mask >> place & 1:
                raw = _undone(raw, filters[place], n_bytes)
        if end > len(data) or len(raw) != n_bytes:
            raise ValueError(f"the chunk from list {first} holds {len(raw)} of {n_bytes} bytes")
        yield first, np.frombuffer(raw, dtype=_REFERENCE)[: max(0, n - first)]


def _undone(raw: bytes, number: int, n_bytes: int) -> bytes:
    """Undo one filter of a chunk; never more than the bytes that the chunk should have."""
    if number == h5py.h5z.FILTER_DEFLATE:
        return zlib.decompressobj().decompress(raw, n_bytes)
    whole = len(raw) // _REFERENCE.itemsize * _REFERENCE.itemsize
    parts = np.frombuffer(raw, dtype=np.uint8, count=whole).reshape(_REFERENCE.itemsize, -1)
    return parts.T.tobytes() + raw[whole:]


def _objects(data: mmap.mmap, start: int) -> dict[int, int] | str:
    """Give the bytes of each object of a heap by its number, or what is wrong with the heap."""
    if data[start : start + len(_SIGNATURE)] != _SIGNATURE:
        return f"there is no heap at byte {start}"
    size = int.from_bytes(data[start + 8 : start + 16], "little")
    end, place = start + size, start + _HEADER
    if size < _HEADER or end > len(data):
        return f"the heap at byte {start} reaches beyond the file"
    objects: dict[int, int] = {}
    while place + _OBJECT <= end:
        index = int.from_bytes(data[place : place + 2], "little")
        length = int.from_bytes(data[place + 8 : place + 16], "little")
        # Object 0 is the free space: its size counts its header, and it is not padded to 8 bytes.
        step = length if index == 0 else _OBJECT + (length + 7) // 8 * 8
        if step < _OBJECT or place + step > end or index in objects:
            return f"the heap at byte {start} is damaged"
        if index:
            objects[index] = length
        place += step
    return objects
