"""Files and folders on disk: written whole or not at all, read within bounds."""

from neurodeploy.files.digest import sha256
from neurodeploy.files.hdf5 import atomic_hdf5
from neurodeploy.files.npz import NUMBERS_AND_TEXTS, load_npz, save_npz
from neurodeploy.files.whole_file import atomic_file, write_bytes
from neurodeploy.files.whole_folder import atomic_folder, check_folder

__all__ = [
    "NUMBERS_AND_TEXTS",
    "atomic_file",
    "atomic_folder",
    "atomic_hdf5",
    "check_folder",
    "load_npz",
    "save_npz",
    "sha256",
    "write_bytes",
]
