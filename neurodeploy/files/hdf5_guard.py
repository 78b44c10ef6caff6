"""Read arrays from HDF5 files of unknown origin: what a file declares is held against what it stores."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_ELEMENTS = 2**27
"""Largest array that is read: 134 million numbers, 512 MB as 32-bit integers."""

MAX_CHILDREN = 2**16
"""Most members of a group that is walked."""


def children(group: Any) -> Iterator[tuple[str, Any]]:
    """Yield the members of a group by name, sorted.

    Raises
    ------
    ValueError
        There are too many of them, or one is a link to somewhere else.
    """
    import h5py

    if len(group) > MAX_CHILDREN:
        raise ValueError(f"{group.name} has {len(group)} members")
    for name in sorted(group):
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"{group.name}/{name} is a link to another place")
        yield name, group[name]


def read_array(group: Any, key: str, *, axes: int, kind: str) -> NDArray[Any]:
    """Read one array whole, after its declared size was held against what is stored.

    Parameters
    ----------
    group
        An open h5py group.
    key
        Name of the data set in it.
    axes
        How many axes it must have.
    kind
        NumPy's letters of allowed dtypes: ``i`` for signed integers, ``f`` for floats.

    Raises
    ------
    ValueError
        It is no data set, a link, too large, of other axes or another dtype, or declares more than the file
        stores: a few bytes of HDF5 can declare terabytes.
    KeyError
        There is nothing of that name.
    """
    import h5py

    where = f"{group.name}/{key}"
    link = group.get(key, getlink=True)
    if link is None:
        raise KeyError(where)
    if not isinstance(link, h5py.HardLink):
        raise ValueError(f"{where} is a link to another place")
    data = group[key]
    if not isinstance(data, h5py.Dataset) or data.ndim != axes:
        raise ValueError(f"{where} is not an array of {axes} axes")
    if data.dtype.kind not in kind:
        raise ValueError(f"{where} holds {data.dtype}")
    if data.size > MAX_ELEMENTS:
        raise ValueError(f"{where} declares {data.size} numbers, more than {MAX_ELEMENTS}")
    if data.external or data.is_virtual or not _stored(data):
        raise ValueError(f"{where} declares numbers that the file does not hold")
    return np.asarray(data[()])


def _stored(data: Any) -> bool:
    """Say whether every number that a data set declares is in the file."""
    if data.size == 0:
        return True
    if data.chunks is None:
        return bool(data.id.get_storage_size() >= data.size * data.dtype.itemsize)
    expected = math.prod(-(-n // c) for n, c in zip(data.shape, data.chunks, strict=True))
    return bool(math.prod(data.chunks) <= MAX_ELEMENTS and data.id.get_num_chunks() >= expected)
