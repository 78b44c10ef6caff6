"""The tree of an HDF5 file, looked at before it is read: sizes, nesting and links are held against limits.

A few bytes of HDF5 can declare an array of 8 TB, a loop of groups or a link to any other file. So every
object's header is read first, and memory is taken only for what the file really stores.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.findings.codes_nir import TOO_LARGE
from neurodeploy.findings.codes_usage import NO_SUCH_PATH, UNREADABLE_FILE
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.nir.matrix import Matrix, of_rows

MAX_NESTING = 100
"""Groups in groups. A nested NIR graph takes two of them."""

MAX_OBJECTS = 2**16
"""Groups and arrays in a file."""

MAX_ARRAY = 2**26
"""Elements of one weight: 8,192 by 8,192."""

MAX_NUMBERS = 2**28
"""Elements of all arrays together: 63 delays of 2,048 by 2,048 neurons."""

MAX_NEURONS = 2**22
"""Elements of an array that has one for each neuron, and neurons of a network."""

MAX_SYNAPSES = 2**24
"""Synapses of a network: one has some 30 bytes here."""

MAX_TEXT = 2**26
"""Bytes of all texts together."""

_SMALL = 2**20
"""Bytes that an array may have without the file storing any of them."""

_BEST_COMPRESSION = 1100
"""Deflate cannot do better than 1032 to 1 (zlib's own documentation)."""

_SLAB = 2**22
"""Elements of a weight that are looked at together."""


@dataclass(frozen=True, slots=True)
class Unread:
    """An object that no NIR node of ours needs: of another type, or of too many axes."""

    shape: tuple[int, ...]
    dtype: str


def read_tree(path: Path) -> dict[str, Any]:
    """Read the group ``node`` of a file.

    Returns
    -------
    dict
        Groups as dictionaries, numbers and texts as NumPy gives them, arrays of two axes called ``weight`` as
        :class:`Matrix`, what is neither number nor text as :class:`Unread`; empty where there is no such
        group.

    Raises
    ------
    NeurodeployError
        ND001 no such file, ND002 not HDF5, damaged, with links, or nested too deep, ND116 larger than the
        limits of this module.
    """
    import h5py

    if not path.is_file():
        raise NO_SUCH_PATH.error(where=str(path), help="Check the path.")
    try:
        with h5py.File(path, "r") as file:
            return _Reader(path).tree(file)
    except NeurodeployError:
        raise
    except MemoryError:
        raise _too_large(str(path), "more than the memory holds", "what the machine has") from None
    except Exception as error:  # h5py raises what it likes about a damaged file
        raise unreadable(path, str(error).splitlines()[0] if str(error) else type(error).__name__) from None


def unreadable(path: Path | str, found: str) -> NeurodeployError:
    """Make the error of a file that is no HDF5 file with a NIR graph."""
    return UNREADABLE_FILE.error(
        where=str(path),
        found=found,
        limit="an HDF5 file that holds a NIR graph",
        help="Write it with nir.write(path, graph); if it was copied, copy it again.",
    )


def _too_large(where: str, found: str, limit: str) -> NeurodeployError:
    return TOO_LARGE.error(
        where=where,
        found=found,
        limit=limit,
        help="Write the file again; if the network is really so large, split it.",
    )


class _Reader:
    """Walks a file and counts what it takes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = {"objects": MAX_OBJECTS, "numbers": MAX_NUMBERS, "bytes of text": MAX_TEXT}
        self._synapses = MAX_SYNAPSES
        self._size = path.stat().st_size

    def _take(self, what: str, n: int) -> None:
        self._left[what] -= n
        if self._left[what] < 0:
            limit = {"objects": MAX_OBJECTS, "numbers": MAX_NUMBERS, "bytes of text": MAX_TEXT}[what]
            raise _too_large(str(self._path), f"more {what}", f"{limit} {what}")

    def tree(self, file: Any) -> dict[str, Any]:
        """Read the group ``node``, one level of groups after the other."""
        import h5py

        root: dict[str, Any] = {}
        if "node" not in file or not isinstance(self._object(file, "node"), h5py.Group):
            return root
        seen: set[int] = set()
        level: list[tuple[Any, dict[str, Any]]] = [(file["node"], root)]
        for _ in range(MAX_NESTING):
            below: list[tuple[Any, dict[str, Any]]] = []
            for group, content in level:
                address = h5py.h5o.get_info(group.id).addr
                if address in seen:
                    raise unreadable(self._path, f"the group {group.name!a} stands in several places")
                seen.add(address)
                self._take("objects", len(group))
                for key in group:
                    item = self._object(group, key)
                    if isinstance(item, h5py.Group):
                        content[key] = {}
                        below.append((item, content[key]))
                    elif isinstance(item, h5py.Dataset):
                        content[key] = self._dataset(item, key)
            if not below:
                return root
            level = below
        raise unreadable(self._path, f"groups in groups, more than {MAX_NESTING} deep")

    def _object(self, group: Any, key: str) -> Any:
        """Give what stands in a group under a name; links could lead anywhere and are refused."""
        import h5py

        link = group.get(key, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise unreadable(self._path, f"{key!a} is a link")
        return group[key]

    def _dataset(self, item: Any, key: str) -> Any:
        """Read one array, number or text, after a look at its header."""
        import h5py

        where = f"{self._path}: {item.name!a}"
        if item.shape is None:
            return Unread((), "nothing")
        text = h5py.check_string_dtype(item.dtype)
        if text is None and item.dtype.kind not in "fiub":
            return Unread(item.shape, str(item.dtype))
        if item.is_virtual or item.external:
            raise unreadable(self._path, f"{item.name!a} is stored in another file")
        n_bytes = item.size * item.dtype.itemsize
        if n_bytes > _SMALL and n_bytes > _BEST_COMPRESSION * item.id.get_storage_size():
            found = f"{list(item.shape)} of {item.dtype}, {item.id.get_storage_size()} bytes stored"
            raise _too_large(where, found, "arrays that the file stores")
        if text is not None:
            return self._text(item, fixed=text.length)
        is_weight = key == "weight" and item.ndim == 2
        if not is_weight and item.ndim > 1 and item.size > MAX_NEURONS:
            return Unread(item.shape, str(item.dtype))
        limit = MAX_ARRAY if is_weight else MAX_NEURONS
        if item.size > limit:
            raise _too_large(where, f"{list(item.shape)}, {item.size} elements", f"{limit} elements")
        self._take("numbers", item.size)
        return self._weight(item, where) if is_weight else item[()]

    def _weight(self, item: Any, where: str) -> Matrix:
        """Read a weight by blocks of rows, and keep what is not 0."""
        n_post, n_pre = item.shape
        rows = item.chunks[0] if item.chunks else 1  # a block that is stored together is read together
        rows *= max(1, _SLAB // max(1, rows * n_pre))

        def blocks() -> Iterator[tuple[int, Any]]:
            for first in range(0, n_post, rows):
                block = item[first : first + rows]
                self._synapses -= int(np.count_nonzero(block))
                if self._synapses < 0:
                    raise _too_large(where, "more weights that are not 0", f"{MAX_SYNAPSES}")
                yield first, block

        return of_rows((n_post, n_pre), blocks())

    def _text(self, item: Any, *, fixed: int | None) -> Any:
        """Read one text or an array of texts, a few at a time: each may be as long as the file."""
        self._take("objects", item.size)
        if item.shape == () or item.size == 0:
            self._take("bytes of text", fixed or 0)
            value = item[()]
            self._take("bytes of text", len(value) if item.shape == () and not fixed else 0)
            return value
        parts = []
        rows = max(1, MAX_TEXT // 8 // max(1, self._size * (item.size // item.shape[0])))
        for first in range(0, item.shape[0], rows):
            part = item[first : first + rows]
            self._take("bytes of text", sum(len(text) for text in part.reshape(-1)))
            parts.append(part)
        return np.concatenate(parts)
