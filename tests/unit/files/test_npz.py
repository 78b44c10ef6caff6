"""npz files: what is read back, and that damaged or hostile ones are findings before memory is taken."""

from __future__ import annotations

import io
import struct
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from neurodeploy.files import NUMBERS_AND_TEXTS, load_npz, save_npz
from neurodeploy.files import npz as npz_module
from neurodeploy.findings.finding import NeurodeployError

FUZZ_CASES = Path(__file__).parents[4] / "shared" / "fuzz-cases"


def npy(array: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, **options)
    return buffer.getvalue()


def header(text: str, data: bytes = b"", *, version: tuple[int, int] = (1, 0)) -> bytes:
    """Make a member with a header of any text."""
    raw = text.encode("latin1") + b"\n"
    length = struct.pack("<H" if version == (1, 0) else "<I", len(raw))
    return b"\x93NUMPY" + bytes(version) + length + raw + data


def write(path: Path, members: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that stand twice
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, data in members:
                archive.writestr(name, data)
    return path


def refusal(path: Path) -> str:
    """Give the text of the finding, which must have taken little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(NeurodeployError) as caught:
            load_npz(path)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()
    assert caught.value.exit_code == 2 and caught.value.findings[0].code == "ND002"
    assert len(str(caught.value)) < 1000
    return str(caught.value)


SHAPE = "{'descr': '|u1', 'fortran_order': False, 'shape': %s, }"

HOSTILE: dict[str, list[tuple[str, bytes]]] = {
    "8 TB declared": [("spikes.npy", header(SHAPE % "(8796093022208,)"))],
    "more than can be counted": [("spikes.npy", header(SHAPE % f"({10**30},)"))],
    "huge and empty": [("spikes.npy", header(SHAPE % f"(0, {10**30})"))],
    "negative shape": [("spikes.npy", header(SHAPE % "(-4, -1)", b"1234"))],
    "shape of texts": [("spikes.npy", header(SHAPE % "('4',)", b"1234"))],
    "deep header": [("spikes.npy", header(SHAPE % ("(" * 3000 + ")" * 3000)))],
    "header that is code": [("spikes.npy", header("__import__('os').getcwd()"))],
    "header that does not end": [("spikes.npy", header("{'descr': '|u1', 'shape': (1,", version=(2, 0)))],
    "header of 4 GB": [("spikes.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}")],
    "another version": [("spikes.npy", header(SHAPE % "(1,)", b"1", version=(3, 0)))],
    "a field of 1 TB": [
        ("spikes.npy", header("{'descr': '|V999999999999', 'fortran_order': False, 'shape': (1,)}"))
    ],
    "an array type": [
        ("spikes.npy", header("{'descr': ('|u1', (99999999,)), 'fortran_order': False, 'shape': ()}"))
    ],
    "no array": [("spikes.npy", b"hello")],
    "empty member": [("spikes.npy", b"")],
    "another member": [("spikes.npy", npy(np.zeros(3))), ("README", b"hello")],
    "member without a name": [(".npy", npy(np.zeros(3)))],
    "name that stands twice": [("spikes.npy", npy(np.zeros(3))), ("spikes.npy", npy(np.ones(3)))],
    "cut array": [("spikes.npy", npy(np.zeros(30))[:-1])],
    "array that goes on": [("spikes.npy", npy(np.zeros(30)) + b"x")],
    "objects": [("spikes.npy", npy(np.array([{}, []], dtype=object), allow_pickle=True))],
    "texts": [("spikes.npy", npy(np.array(["a", "b"])))],
    "bytes": [("spikes.npy", npy(np.array([b"a", b"b"])))],
    "structures": [("spikes.npy", npy(np.zeros(3, [("a", "u1"), ("b", "f4")])))],
    "complex": [("spikes.npy", npy(np.zeros(3, complex)))],
    "dates": [("spikes.npy", npy(np.zeros(3, "M8[s]")))],
    "time spans": [("spikes.npy", npy(np.zeros(3, "m8[s]")))],
    "long floats": [("spikes.npy", npy(np.zeros(3, np.longdouble)))],
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_file_that_is_no_file_of_plain_arrays_is_a_finding(tmp_path, case):
    if case == "long floats" and np.dtype(np.longdouble).itemsize == 8:
        pytest.skip("long floats are plain floats here")
    refusal(write(tmp_path / "x.npz", HOSTILE[case]))


def test_a_bomb_is_refused_by_the_sum_of_its_sizes(tmp_path, monkeypatch):
    assert npz_module.MAX_BYTES == 4 * 2**30
    zeros = np.zeros(2**20, np.uint8)
    save_npz(tmp_path / "x.npz", dict.fromkeys("abc", zeros))
    assert len(load_npz(tmp_path / "x.npz")) == 3 and (tmp_path / "x.npz").stat().st_size < 20_000
    monkeypatch.setattr(npz_module, "MAX_BYTES", 3 * 2**20)
    assert "3145728 bytes" in refusal(tmp_path / "x.npz")


def test_a_member_that_declares_more_than_it_can_hold_is_refused(tmp_path):
    """The directory of the archive says 3 GB, of which a few bytes are there."""
    path = write(tmp_path / "x.npz", [("spikes.npy", header(SHAPE % "(3000000000,)", b"0" * 50))])
    whole = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        true_size = archive.infolist()[0].file_size
    n_header = len(header(SHAPE % "(3000000000,)"))
    declared = struct.pack("<I", 3_000_000_000 + n_header)
    path.write_bytes(bytes(whole).replace(struct.pack("<I", true_size), declared))
    assert "more than the file can hold" in refusal(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 99])
def test_another_compression_is_refused(tmp_path, method):
    path = write(tmp_path / "x.npz", [("spikes.npy", npy(np.arange(9)))], 0 if method == 99 else method)
    if method == 99:
        whole = bytearray(path.read_bytes())
        whole[8] = method  # in the member's own header and in the directory
        whole[whole.index(b"PK\x01\x02") + 10] = method
        path.write_bytes(bytes(whole))
    assert f"method {method}" in refusal(path)


def test_an_encrypted_member_is_refused(tmp_path):
    path = write(tmp_path / "x.npz", [("spikes.npy", npy(np.arange(9)))])
    whole = bytearray(path.read_bytes())
    whole[6] |= 1
    whole[whole.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(whole))
    assert "encrypted" in refusal(path)


def test_a_flipped_byte_of_the_data_is_noticed(tmp_path):
    path = write(tmp_path / "x.npz", [("spikes.npy", npy(np.arange(99)))], zipfile.ZIP_STORED)
    whole = bytearray(path.read_bytes())
    whole[300] ^= 1
    path.write_bytes(bytes(whole))
    assert "CRC" in refusal(path)


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(npz_module, "MAX_ARRAYS", 3)
    save_npz(tmp_path / "x.npz", {str(i): np.zeros(1) for i in range(4)})
    refusal(tmp_path / "x.npz")


def test_what_could_not_be_read_back_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(npz_module, "MAX_BYTES", 1000)
    with pytest.raises(NeurodeployError, match="too large"):
        save_npz(tmp_path / "x.npz", {"a": np.zeros(200)})
    assert not list(tmp_path.iterdir())
    save_npz(tmp_path / "x.npz", {"a": np.zeros(200)}, compress=False)
    assert load_npz(tmp_path / "x.npz")["a"].shape == (200,)


@pytest.mark.parametrize("content", [b"", b"PK", b"x" * 1000, npy(np.zeros(3))])
def test_a_file_that_is_no_archive_is_a_finding(tmp_path, content):
    (tmp_path / "x.npz").write_bytes(content)
    refusal(tmp_path / "x.npz")


def test_a_path_that_is_no_file_is_a_finding(tmp_path):
    (tmp_path / "dangling").symlink_to("nowhere")
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "dangling", tmp_path / ("n" * 300), Path()):
        with pytest.raises(NeurodeployError) as caught:
            load_npz(path)
        assert caught.value.findings[0].code == "ND001"


def test_a_file_that_may_not_be_read_is_a_finding(forbidden):
    secret = forbidden.with_name("open") / "x.npz"
    save_npz(secret, {"a": np.zeros(3)})
    secret.chmod(0)
    refusal(secret)


def test_an_array_that_is_missing_is_a_finding(tmp_path):
    save_npz(tmp_path / "x.npz", {"a": np.zeros(3)})
    with pytest.raises(NeurodeployError, match="ND003"):
        load_npz(tmp_path / "x.npz", required=("spikes",))


def test_numpys_own_files_are_read_in_this_machines_byte_order(tmp_path):
    arrays = {
        "big": np.arange(6, dtype=">i4").reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "scalar": np.array(7),
        "empty": np.zeros((0, 4), np.float32),
        "a/b": np.array([True, False]),
    }
    np.savez_compressed(tmp_path / "x.npz", **arrays)
    read = load_npz(tmp_path / "x.npz")
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        assert np.array_equal(read[name], array) and read[name].shape == array.shape, name
        assert read[name].dtype.isnative and read[name].dtype.kind == array.dtype.kind


def test_texts_and_complex_numbers_are_read_where_they_are_asked_for_and_nothing_else(tmp_path):
    arrays = {"a": np.array(["x", "yz"]), "b": np.array([b"x"]), "c": np.array([1 + 2j]), "d": np.arange(2)}
    np.savez(tmp_path / "x.npz", **arrays)
    read = load_npz(tmp_path / "x.npz", kinds=NUMBERS_AND_TEXTS)
    assert all(np.array_equal(read[name], array) for name, array in arrays.items())
    for case in ("objects", "structures", "dates", "an array type", "a field of 1 TB"):
        with pytest.raises(NeurodeployError, match="ND002"):
            load_npz(write(tmp_path / "y.npz", HOSTILE[case]), kinds=NUMBERS_AND_TEXTS)
    zero = header("{'descr': '<U0', 'fortran_order': False, 'shape': (9,)}")
    with pytest.raises(NeurodeployError, match="ND002"):
        load_npz(write(tmp_path / "z.npz", [("a.npy", zero)]), kinds=NUMBERS_AND_TEXTS)


def test_a_boolean_is_0_or_1_whatever_the_file_holds(tmp_path):
    path = write(tmp_path / "x.npz", [("m.npy", npy(np.array([False, True]))[:-2] + b"\x02\x00")])
    mask = load_npz(path)["m"]
    assert mask.view(np.uint8).tolist() == [1, 0]


def test_the_same_arrays_give_the_same_bytes(tmp_path):
    arrays = {"b": np.arange(5), "a": np.eye(3)}
    save_npz(tmp_path / "1", arrays)
    save_npz(tmp_path / "2", dict(reversed(arrays.items())))
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.integers(0, 2000),
)
@example(changes=[(0, 0)], cut=0)
def test_a_damaged_file_gives_arrays_or_a_finding(tmp_path, changes, cut):
    path = tmp_path / "x.npz"
    save_npz(path, {"spikes": np.arange(60, dtype=np.uint8).reshape(3, 4, 5), "labels": np.arange(3)})
    whole = bytearray(path.read_bytes())
    for place, value in changes:
        whole[place % len(whole)] = value
    path.write_bytes(bytes(whole[: len(whole) - cut % 40]))
    try:
        for array in load_npz(path).values():
            assert array.dtype.kind in "biuf"
    except NeurodeployError as error:
        assert error.findings[0].code == "ND002"


@pytest.mark.skipif(not FUZZ_CASES.is_dir(), reason="the files that broke earlier versions are not here")
def test_the_files_that_broke_earlier_versions_are_findings_or_sound():
    sound = set()
    for path in FUZZ_CASES.glob("in-*.npz"):
        try:
            load_npz(path)
        except NeurodeployError as error:
            assert error.exit_code == 2
        else:
            sound.add(path.stem)
    assert sound == {"in-ok", "in-labels-nan", "in-labels-short", "in-mask-false"}
