"""A file is written whole or not at all, wherever the path leads."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.files import atomic_file, atomic_hdf5, save_npz, write_bytes
from neurodeploy.findings.finding import NeurodeployError


def refused(action) -> str:
    with pytest.raises(NeurodeployError) as caught:
        action()
    assert caught.value.exit_code == 2 and caught.value.findings[0].code == "ND084", str(caught.value)
    return str(caught.value)


def test_a_file_appears_when_it_is_whole(tmp_path):
    with atomic_file(tmp_path / "a" / "b" / "x.json") as temporary:
        temporary.write_text("new")
        assert not (tmp_path / "a" / "b" / "x.json").exists()
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["x.json"]
    assert (tmp_path / "a" / "b" / "x.json").read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_nothing_and_the_old_file_as_it_was(tmp_path, error):
    (tmp_path / "old").write_text("old")
    for path in (tmp_path / "old", tmp_path / "new" / "folder" / "x"):
        with pytest.raises(error), atomic_file(path) as temporary:
            temporary.write_text("half")
            raise error
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_text() == "old"


def test_an_existing_file_keeps_its_permissions(tmp_path):
    (tmp_path / "secret").write_text("old")
    (tmp_path / "secret").chmod(0o600)
    write_bytes(tmp_path / "secret", b"new")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "target").write_text("old")
    (tmp_path / "link").symlink_to(Path("elsewhere", "target"))
    write_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "elsewhere" / "target").read_bytes() == b"new"
    (tmp_path / "dangling").symlink_to(tmp_path / "elsewhere" / "made")
    write_bytes(tmp_path / "dangling", b"new")
    assert (tmp_path / "dangling").is_symlink() and (tmp_path / "elsewhere" / "made").read_bytes() == b"new"


def test_what_cannot_be_a_file_is_a_finding(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("folder", "file/below", "file/a/b", "loop", "loop/x", "n" * 300, f"{'n' * 300}/x", "."):
        refused(lambda name=name: write_bytes(tmp_path / name, b"x"))
    refused(lambda: write_bytes(Path(), b"x"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "loop"]


@pytest.mark.parametrize("name", ["n" * 255, "é" * 127, "[bold]*?", "a\nb\x1b[31m", "\udcff.npz", "-o"])
def test_every_name_that_the_system_takes_can_be_written(tmp_path, name):
    try:
        (tmp_path / name).write_text("")
    except (OSError, UnicodeEncodeError) as error:
        pytest.skip(f"the system takes no such name: {error}")
    save_npz(tmp_path / name, {"a": np.arange(3)})
    with atomic_hdf5(tmp_path / name) as file:
        file["a"] = np.arange(3)
    assert (tmp_path / name).read_bytes().startswith(b"\x89HDF")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_may_not_be_written_is_a_finding(forbidden):
    for name in ("new", "file", "a/b"):
        assert "ermission" in refused(lambda name=name: write_bytes(forbidden / name, b"new"))
    assert [path.name for path in forbidden.iterdir()] == ["file"]


def test_a_file_that_is_protected_is_not_replaced(forbidden):
    protected = forbidden.with_name("open") / "protected"
    refused(lambda: write_bytes(protected, b"new"))
    assert protected.read_text() == "old"


def device(folder: Path, name: str) -> Path:
    """Give a device node of the test's own: a fault in the code must not reach those of the machine."""
    real = Path("/dev", name)
    if not real.is_char_device():
        pytest.skip(f"this system has no {real}")
    try:
        os.mknod(folder / name, 0o666 | stat.S_IFCHR, real.stat().st_rdev)
        (folder / name).open("wb").close()
    except PermissionError:
        pytest.skip("this user or file system may not have device nodes")
    return folder / name


def test_devices_are_written_through_and_stay_devices(tmp_path):
    null = device(tmp_path, "null")
    save_npz(null, {"a": np.arange(3)})
    (tmp_path / "link").symlink_to(null)
    write_bytes(tmp_path / "link", b"x")
    assert null.is_char_device() and (tmp_path / "link").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "null"]


def test_a_full_device_is_a_finding(tmp_path):
    full = device(tmp_path, "full")
    assert "space" in refused(lambda: write_bytes(full, b"x"))
    assert full.is_char_device()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_pipe_is_written_through(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_bytes(tmp_path / "pipe", b"x" * 100_000)
    reader.join()
    assert read == [b"x" * 100_000] and (tmp_path / "pipe").is_fifo()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_pipe_that_nobody_reads_is_a_finding(tmp_path, monkeypatch):
    monkeypatch.setattr("neurodeploy.files.whole_file.READER_LIMIT_S", 0.1)
    os.mkfifo(tmp_path / "pipe")
    assert "nobody reads" in refused(lambda: write_bytes(tmp_path / "pipe", b"x"))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="this system has no /proc/self/fd")
@pytest.mark.parametrize("to", ["pipe", "file"])
def test_the_programs_own_output_can_be_the_file(tmp_path, to):
    """Through a link like /dev/stdout, but one of the test's own."""
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")
    code = (
        "import sys; from pathlib import Path; from neurodeploy.files import write_bytes; "
        "print('before', flush=True); write_bytes(Path(sys.argv[1]), b'content\\n'); print('after')"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "stdout")]
    with (tmp_path / "out").open("wb") as file:
        done = subprocess.run(words, stdout=file if to == "file" else subprocess.PIPE, check=True)
    text = done.stdout if to == "pipe" else (tmp_path / "out").read_bytes()
    assert text == b"before\ncontent\nafter\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "stdout"]


def test_a_socket_is_refused(tmp_path, monkeypatch):
    import socket

    if not hasattr(socket, "AF_UNIX"):
        pytest.skip("this system has no sockets in folders")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("s")
        refused(lambda: write_bytes(tmp_path / "s", b"x"))
    assert (tmp_path / "s").is_socket()


def test_hdf5_in_memory_is_byte_for_byte_what_h5py_writes(tmp_path):
    import h5py

    def fill(file: h5py.File) -> None:
        file.attrs["name"] = "x"
        for i in range(30):
            file.create_dataset(f"a{i}", data=np.arange(500 * i + 1), track_times=False)
            file.create_dataset(
                f"b{i}", data=np.arange(999), compression="gzip", shuffle=True, track_times=False
            )

    with h5py.File(tmp_path / "direct", "w", libver="earliest") as file:
        fill(file)
    with atomic_hdf5(tmp_path / "ours") as file:
        fill(file)
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "direct").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["direct", "ours"]
