"""A full disk is a finding, whatever is being written, and nothing half-written is left."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.files import atomic_file, atomic_folder, atomic_hdf5, save_npz, write_bytes
from neurodeploy.findings.finding import NeurodeployError

NOISE = np.random.default_rng(0).integers(0, 256, (40, 5000)).astype(np.uint8)


def _hdf5(path: Path) -> None:
    with atomic_hdf5(path) as file:
        for i, row in enumerate(NOISE):
            file.create_dataset(f"x{i}", data=row)


def _lines(path: Path) -> None:
    with atomic_file(path) as temporary, temporary.open("w") as file:
        for i in range(50_000):
            file.write(f"{i}\n")


def _safetensors(path: Path) -> None:
    torch = pytest.importorskip("torch", reason="safetensors are written by the extra `train` alone")
    from neurodeploy.training.fit.checkpoint import save_tensors

    save_tensors(path, {"x": torch.from_numpy(NOISE)})


WRITERS: dict[str, Callable[[Path], None]] = {
    "npz": lambda path: save_npz(path, {f"x{i}": row for i, row in enumerate(NOISE)}),
    "npz, stored": lambda path: save_npz(path, {"x": NOISE}, compress=False),
    "HDF5": _hdf5,
    "bytes": lambda path: write_bytes(path, NOISE.tobytes()),
    "safetensors": _safetensors,
    "text": _lines,
}


@pytest.mark.parametrize("n_bytes", [4096, 61_440, 98_304])
@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_leaves_the_old_file_and_nothing_else(small_disk, writer, n_bytes):
    with small_disk(n_bytes) as place:
        (place / "x").write_text("old")
        for name in ("x", "new"):
            with pytest.raises(NeurodeployError) as caught:
                WRITERS[writer](place / name)
            assert caught.value.findings[0].code == "ND084" and caught.value.exit_code == 2
            assert caught.value.findings[0].where == str(place / name)
        assert [path.name for path in place.iterdir()] == ["x"] and (place / "x").read_text() == "old"


@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_leaves_the_old_folder_and_nothing_else(small_disk, writer):
    with small_disk(65_536) as place:
        (place / "bundle").mkdir()
        (place / "bundle" / "x").write_text("old")
        with (
            pytest.raises(NeurodeployError),
            atomic_folder(place / "bundle", is_ours=lambda _: True) as folder,
        ):
            (folder / "x").write_text("new")
            WRITERS[writer](folder / "y")
        assert [path.name for path in place.iterdir()] == ["bundle"]
        assert (place / "bundle" / "x").read_text() == "old"


@pytest.mark.slow
@pytest.mark.parametrize("n_bytes", [8192, 40_960])
def test_an_export_to_a_full_disk_is_a_finding(small_disk, tiny_nir, n_bytes):
    """In a process of its own: HDF5 used to end it with a segmentation fault."""
    with small_disk(n_bytes) as place:
        words = ["export", str(tiny_nir), "-o", str(place / "out"), "--no-verify"]
        done = subprocess.run(
            [sys.executable, "-m", "neurodeploy", *words], capture_output=True, text=True, cwd=tiny_nir.parent
        )
        assert done.returncode == 2, (done.returncode, done.stderr)
        assert "error[ND084]" in done.stderr and "Traceback" not in done.stderr
        assert not list(place.iterdir())
