"""Files in the format of SHD that declare what they do not hold, or would hang the library: one finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from neurodeploy.data.shd_file import read_events
from neurodeploy.findings.finding import Exit, Finding, NeurodeployError

GRID: dict[str, Any] = {"dt_s": 0.01, "channels": 140, "source_channels": 700}
LAYOUTS: dict[str, dict[str, Any]] = {
    "in one piece": {},
    "in chunks": {"chunks": (8,)},
    "in packed chunks": {"chunks": (8,), "compression": "gzip", "shuffle": True},
}
N = 24


def lists_of(kind: type[np.generic]) -> list[Any]:
    rng = np.random.default_rng(0)
    drawn = [rng.random(50) if kind is np.float16 else rng.integers(0, 700, 50) for _ in range(N)]
    return [values.astype(kind) for values in drawn]


def write(path: Path, layout: str = "in one piece", **changes: dict[str, Any]) -> Path:
    """Write a sound file; ``changes`` create a data set with other settings in place of one of it."""
    with h5py.File(path, "w") as file:
        for name, kind in (("spikes/times", np.float16), ("spikes/units", np.uint16)):
            if name in changes:
                file.create_dataset(name, **changes[name])
                continue
            table = file.create_dataset(name, (N,), dtype=h5py.vlen_dtype(kind), **LAYOUTS[layout])
            for index, values in enumerate(lists_of(kind)):
                table[index] = values
        file.create_dataset("labels", **changes.get("labels", {"data": np.arange(N, dtype=np.uint8) % 4}))
        file.create_dataset("extra/keys", **changes.get("extra/keys", {"data": np.array([b"a"] * 4)}))
    return path


def refused(path: Path) -> Finding:
    with pytest.raises(NeurodeployError) as caught:
        read_events(path, **GRID)
    assert caught.value.exit_code == Exit.BAD_INPUT
    (finding,) = caught.value.findings
    return finding


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sound_file_is_read_whatever_its_layout(layout: str, tmp_path: Path) -> None:
    plain = read_events(write(tmp_path / "plain.h5"), **GRID)
    events = read_events(write(tmp_path / "x.h5", layout), **GRID)
    for name in ("indptr", "step", "channel", "count", "labels"):
        np.testing.assert_array_equal(getattr(events, name), getattr(plain, name))


def huge(n: int, kind: Any, chunk: int = 1024) -> dict[str, Any]:
    return {"shape": (n,), "dtype": kind, "chunks": (min(n, chunk),)}


TIMES, UNITS = h5py.vlen_dtype(np.float16), h5py.vlen_dtype(np.uint16)


@pytest.mark.parametrize("n", [N, 10**6, 10**11])
def test_declared_samples_that_are_not_stored_are_refused_before_anything_is_allocated(
    n: int, tmp_path: Path
) -> None:
    changes = {"spikes/times": huge(n, TIMES), "spikes/units": huge(n, UNITS), "labels": huge(n, np.uint8)}
    finding = refused(write(tmp_path / "x.h5", **changes))
    assert finding.code == "ND030" and finding.found.startswith("spikes/times: declares")


def test_labels_that_are_not_stored_are_refused(tmp_path: Path) -> None:
    finding = refused(write(tmp_path / "x.h5", labels=huge(N, np.uint8, chunk=8)))
    assert (finding.code, finding.found) == ("ND030", "labels: declares 3 chunks and stores 0")


def test_a_chunk_of_gigabytes_is_refused(tmp_path: Path) -> None:
    with h5py.File(write(tmp_path / "x.h5"), "r+") as file:
        del file["labels"]
        file.create_dataset("labels", (N,), dtype=np.uint8, chunks=(2**30,), maxshape=(None,))
    assert "has chunks of 1073741824 entries" in refused(tmp_path / "x.h5").found


def test_more_names_of_classes_than_a_network_can_have_are_refused(tmp_path: Path) -> None:
    finding = refused(write(tmp_path / "x.h5", **{"extra/keys": huge(10**12, "S4")}))
    assert (finding.code, finding.found) == ("ND031", "1000000000000 names")


@pytest.mark.parametrize("label", [65536, 10**6, 2**40])
def test_a_label_beyond_any_number_of_classes_is_refused(label: int, tmp_path: Path) -> None:
    labels = np.arange(N, dtype=np.int64) % 4
    labels[3] = label
    finding = refused(write(tmp_path / "x.h5", labels={"data": labels}))
    assert (finding.code, finding.found) == ("ND013", str(label))
    assert finding.where.endswith("labels[3]")


def poke(path: Path, place: int, value: int, n_bytes: int = 8) -> None:
    content = bytearray(path.read_bytes())
    content[place : place + n_bytes] = value.to_bytes(n_bytes, "little")
    path.write_bytes(content)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [2**64 - 16, 2**63, 0])
def test_a_heap_whose_objects_lead_nowhere_is_refused_instead_of_walked_for_ever(
    size: int, layout: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.h5", layout)
    heap = path.read_bytes().index(b"GCOL")
    poke(path, heap + 16 + 8, size)  # the size of the first object
    finding = refused(path)
    assert finding.code == "ND030" and "list 0" in finding.found


def test_a_list_longer_than_what_its_heap_holds_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.h5")
    with h5py.File(path) as file:
        place = file["spikes/times"].id.get_offset()
    poke(path, place + 5 * 16, 4 * 10**9, 4)
    assert refused(path).found == (
        "spikes/times: list 5 declares 4000000000 numbers of 2 bytes, its heap holds 100 bytes"
    )
    poke(path, place + 5 * 16, 50, 4)
    read_events(path, **GRID)
    poke(path, place + 5 * 16 + 4, 2**62)
    assert "list 5: there is no heap" in refused(path).found


def test_lists_that_share_what_they_hold_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.h5")
    with h5py.File(path) as file:
        place = file["spikes/times"].id.get_offset()
    content = path.read_bytes()
    poke(path, place + 16, int.from_bytes(content[place : place + 16], "little"), 16)
    assert refused(path).found.endswith(
        "list 1 declares 50 numbers of 2 bytes, its heap holds nothing of its own"
    )


def test_data_in_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(bytes(N))
    labels = {"shape": (N,), "dtype": np.uint8, "external": [(str(tmp_path / "raw"), 0, N)]}
    assert refused(write(tmp_path / "x.h5", labels=labels)).found == "labels: is stored in other files"


def test_a_link_that_leads_to_itself_is_a_finding(tmp_path: Path) -> None:
    with h5py.File(write(tmp_path / "x.h5"), "r+") as file:
        del file["labels"]
        file["labels"] = h5py.SoftLink("/labels")
    assert refused(tmp_path / "x.h5").code in ("ND030", "ND031")
