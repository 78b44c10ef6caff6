"""Hold two bundles against each other: every array of program.h5 and model.nir, and the golden traces.

``python benchmarks/same_program.py OLD NEW [OLD NEW ...]``: exit 1 where anything differs. Used before and
after a rebuild, with bundles that two checkouts made of the same run.
"""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np


def arrays(path: Path) -> dict[str, np.ndarray]:
    """Read every data set and attribute of an HDF5 file."""
    found: dict[str, np.ndarray] = {}

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        found.update({f"{name}@{key}": np.asarray(value) for key, value in item.attrs.items()})
        if isinstance(item, h5py.Dataset):
            found[name] = np.asarray(item[()])

    with h5py.File(path, "r") as file:
        found.update({f"@{key}": np.asarray(value) for key, value in file.attrs.items()})
        file.visititems(visit)
    return found


def differences(old: Path, new: Path) -> list[str]:
    """Name what differs between two bundles."""
    wrong = []
    for name in ("program.h5", "model.nir"):
        one, other = arrays(old / name), arrays(new / name)
        wrong += [f"{name}: {key} is in one alone" for key in sorted(set(one) ^ set(other))]
        wrong += [
            f"{name}: {key}"
            for key in sorted(set(one) & set(other))
            if one[key].shape != other[key].shape or not np.array_equal(one[key], other[key])
        ]
    with np.load(old / "golden.npz") as one, np.load(new / "golden.npz") as other:
        keys = sorted(set(one.files) | set(other.files))
        wrong += [
            f"golden.npz: {key}"
            for key in keys
            if key not in one.files or key not in other.files or not np.array_equal(one[key], other[key])
        ]
    return wrong


def main() -> int:
    """Compare the pairs that the command line names."""
    paths = [Path(word) for word in sys.argv[1:]]
    if not paths or len(paths) % 2:
        print(__doc__)
        return 2
    failed = False
    for old, new in zip(paths[::2], paths[1::2], strict=True):
        wrong = differences(old, new)
        failed = failed or bool(wrong)
        n_arrays = len(arrays(new / "program.h5")) + len(arrays(new / "model.nir"))
        said = "; ".join(wrong[:5]) if wrong else f"{n_arrays} arrays and attributes equal"
        print(f"{old} and {new}: {said}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
