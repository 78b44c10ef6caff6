"""HDF5 files, made in memory and written whole: HDF5 itself ends the process where a disk is full."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from neurodeploy.files.whole_file import write_bytes

if TYPE_CHECKING:
    import h5py


@contextlib.contextmanager
def atomic_hdf5(path: Path) -> Iterator[h5py.File]:
    """Give an open HDF5 file in memory; write it to ``path`` on success.

    Parameters
    ----------
    path
        As for :func:`neurodeploy.files.atomic_file`.

    Raises
    ------
    NeurodeployError
        As :func:`neurodeploy.files.write_bytes`.

    Notes
    -----
    The bytes are those that h5py writes to a file itself. There, a write that fails for want of space is told
    by destructors when the file is closed, and the process then dies of a segmentation fault (h5py 3.16).
    """
    import h5py

    with h5py.File("in memory", "w", libver="earliest", driver="core", backing_store=False) as file:
        yield file
        file.flush()
        image = file.id.get_file_image()
    write_bytes(path, image)
