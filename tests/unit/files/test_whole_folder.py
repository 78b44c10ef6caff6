"""A folder is replaced in one step, whatever ends the process, and only by what may replace it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from neurodeploy.files import atomic_file, atomic_folder, whole_folder
from neurodeploy.findings.finding import NeurodeployError

NAMES = ("a", "b", "c")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def fill(folder: Path, version: str) -> None:
    for name in NAMES:
        (folder / name).write_text(version)


def version(folder: Path) -> str:
    """Give the version of a folder, which must be whole."""
    found = {path.name: path.read_text() for path in folder.iterdir()}
    assert sorted(found) == list(NAMES) and len(set(found.values())) == 1, found
    return found["a"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def replace(path: Path, text: str) -> None:
    with atomic_folder(path, is_ours=lambda folder: (folder / "a").is_file()) as folder:
        fill(folder, text)


def refused(path: Path, code: str = "ND005") -> str:
    with pytest.raises(NeurodeployError) as caught:
        replace(path, "new")
    assert caught.value.exit_code == 2 and caught.value.findings[0].code == code, str(caught.value)
    return str(caught.value)


def killed_at(event: int, action: Callable[[], None]) -> bool:
    """Do something in a fork that is killed at its n-th call of the system; True where it got to its end."""
    child = os.fork()
    if child == 0:
        seen = 0

        def hook(name: str, _: tuple[object, ...]) -> None:
            nonlocal seen
            if name.startswith(("os.", "shutil.", "open", "ctypes.")):
                seen += 1
                if seen == event:
                    os._exit(9)

        sys.addaudithook(hook)
        action()
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def test_a_folder_appears_when_it_is_whole(tmp_path):
    replace(tmp_path / "deep" / "x", "new")
    assert version(tmp_path / "deep" / "x") == "new"
    replace(tmp_path / "deep" / "x", "newer")
    assert version(tmp_path / "deep" / "x") == "newer" and names(tmp_path / "deep") == ["x"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_nothing_and_the_old_folder_as_it_was(tmp_path, error):
    replace(tmp_path / "old", "old")
    for path in (tmp_path / "old", tmp_path / "new" / "x"):
        with pytest.raises(error), atomic_folder(path, is_ours=lambda _: True) as folder:
            (folder / "a").write_text("half")
            raise error
    assert names(tmp_path) == ["old"] and version(tmp_path / "old") == "old"


@pytest.mark.slow
@needs_fork
@pytest.mark.parametrize("in_one_step", [True, False])
def test_a_kill_at_any_moment_leaves_the_old_folder_or_the_new_one(tmp_path, monkeypatch, in_one_step):
    if in_one_step and not whole_folder.exchange(_made(tmp_path / "1"), _made(tmp_path / "2")):
        pytest.skip("this system or file system cannot exchange two folders")
    if not in_one_step:
        monkeypatch.setattr(whole_folder, "exchange", lambda *_: False)
    place = _made(tmp_path / "place")
    path = place / "x"
    replace(path, "old")
    for event in range(1, 500):
        done = killed_at(event, lambda: replace(path, "new"))
        if in_one_step:
            assert version(path) in ("old", "new"), event
        with pytest.raises(ValueError), atomic_folder(path, is_ours=lambda _: True):
            raise ValueError("the next call, which fails")
        assert version(path) in ("old", "new"), event
        assert names(place) == ["x"], event
        if done:
            break
        replace(path, "old")
    assert done and version(path) == "new" and event > 10


@pytest.mark.slow
@needs_fork
def test_a_kill_while_a_file_is_replaced_leaves_the_old_one_or_the_new_one(tmp_path):
    def write(text: str) -> None:
        with atomic_file(tmp_path / "x") as temporary:
            temporary.write_text(text)

    write("old")
    for event in range(1, 100):
        done = killed_at(event, lambda: write("new"))
        assert (tmp_path / "x").read_text() in ("old", "new")
        write("old")
        assert names(tmp_path) == ["x"], event
        if done:
            break
    assert done and event > 4


@needs_fork
def test_what_a_living_process_writes_is_left_alone(tmp_path):
    with contextlib.ExitStack() as stack:
        writers = [
            stack.enter_context(atomic_folder(tmp_path / "x", is_ours=lambda _: True)) for _ in range(2)
        ]
        assert killed_at(0, lambda: replace(tmp_path / "x", "child"))
        assert version(tmp_path / "x") == "child"
        for number, writer in enumerate(writers):
            fill(writer, str(number))
    assert version(tmp_path / "x") == "0" and names(tmp_path) == ["x"]


@needs_fork
def test_a_fork_that_ends_inside_removes_nothing(tmp_path):
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(atomic_folder(tmp_path / "x"))
        child = os.fork()
        if child == 0:
            try:
                stack.__exit__(SystemExit, SystemExit(), None)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        fill(folder, "new")
    assert version(tmp_path / "x") == "new"


def test_the_current_folder_is_never_replaced(tmp_path, monkeypatch):
    replace(tmp_path / "bundle", "old")
    (tmp_path / "bundle" / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "bundle")
    for path in (Path(), Path(), tmp_path / "bundle", Path("..", "bundle"), Path("inner", "..")):
        assert "current folder" in refused(path)
    monkeypatch.chdir("inner")
    assert "above the current one" in refused(tmp_path / "bundle")
    assert "above the current one" in refused(Path(".."))
    assert (tmp_path / "bundle" / "a").read_text() == "old"


def test_a_folder_that_is_gone_may_be_the_current_one(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    replace(tmp_path / "x", "new")
    assert version(tmp_path / "x") == "new"


def test_nothing_of_another_kind_is_replaced(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis").write_text("x")
    replace(tmp_path / "ours", "old")
    (tmp_path / "link").symlink_to("ours")
    (tmp_path / "dangling").symlink_to("nowhere")
    before = names(tmp_path)
    for name in ("file", "full", "link", "dangling"):
        refused(tmp_path / name)
    refused(tmp_path / "file" / "x", "ND084")
    refused(tmp_path / ("n" * 300), "ND084")
    assert names(tmp_path) == before and (tmp_path / "link").is_symlink()
    (tmp_path / "empty").mkdir()
    replace(tmp_path / "empty", "new")
    assert version(tmp_path / "empty") == "new"


def test_a_mount_point_is_not_replaced(small_disk):
    with small_disk(65_536) as place:
        if not os.path.ismount(place):
            pytest.skip("this one is a limit of the process, no disk")
        assert "mount point" in refused(place)


def test_a_folder_that_ceases_to_be_ours_meanwhile_is_kept(tmp_path):
    replace(tmp_path / "x", "old")
    with (
        pytest.raises(NeurodeployError, match="ND005"),
        atomic_folder(tmp_path / "x", is_ours=lambda folder: not (folder / "thesis").exists()) as folder,
    ):
        fill(folder, "new")
        (tmp_path / "x" / "thesis").write_text("x")
    assert (tmp_path / "x" / "a").read_text() == "old" and names(tmp_path) == ["x"]


def test_a_folder_that_may_not_be_written_is_a_finding(forbidden):
    refused(forbidden / "x", "ND084")
    refused(forbidden / "a" / "b", "ND084")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
