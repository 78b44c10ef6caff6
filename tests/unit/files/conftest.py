"""Folders in which the system refuses something."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

SmallDisk = Callable[[int], AbstractContextManager[Path]]


@pytest.fixture(params=["tmpfs", "rlimit"])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> SmallDisk:
    """Give a folder where only some bytes fit: a small disk, or a limit of the process for each file."""
    return _mounted(tmp_path) if request.param == "tmpfs" else _limited(tmp_path)


def _mounted(tmp_path: Path) -> SmallDisk:
    @contextmanager
    def mount(n_bytes: int) -> Iterator[Path]:
        place = tmp_path / "disk"
        place.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={n_bytes}", "tmpfs", str(place)]
        try:
            done = subprocess.run(words, capture_output=True, text=True)
        except FileNotFoundError:
            pytest.skip("there is no program `mount`")
        if done.returncode:
            pytest.skip(f"a tmpfs cannot be mounted: {done.stderr.strip()}")
        try:
            yield place
        finally:
            subprocess.run(["umount", str(place)], check=True)

    return mount


def _limited(tmp_path: Path) -> SmallDisk:
    resource = pytest.importorskip("resource", reason="this system has no limit for file sizes")

    @contextmanager
    def limit(n_bytes: int) -> Iterator[Path]:
        place = tmp_path / "limited"
        place.mkdir()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
        try:
            yield place
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limit


@pytest.fixture
def forbidden() -> Iterator[Path]:
    """Give a folder that this process may not write, and beside it, in ``open``, a file that it may not.

    Root gives up its rights meanwhile.
    """
    if not hasattr(os, "geteuid"):
        pytest.skip("this system has no owners of files")
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "inner").mkdir()
        (place / "inner" / "file").write_text("old")
        (place / "inner").chmod(0o555)
        (place / "open").mkdir()
        (place / "open").chmod(0o777)
        (place / "open" / "protected").write_text("old")
        (place / "open" / "protected").chmod(0o444)
        place.chmod(0o755)
        if user == 0:
            os.seteuid(65534)
        try:
            yield place / "inner"
        finally:
            if user == 0:
                os.seteuid(0)
            (place / "inner").chmod(0o755)
