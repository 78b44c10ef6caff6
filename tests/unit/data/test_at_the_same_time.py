"""Processes that need the same data at the same time: one downloads and bins, the others wait for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

TONIC = """
import os, time
from pathlib import Path

def _fetch(save_to, name, split):
    folder = Path(save_to) / name.upper()
    folder.mkdir(parents=True, exist_ok=True)
    with open(os.environ["SEEN"], "a") as file:
        file.write(f"{name} {split}\\n")
    time.sleep(0.5)
    (folder / f"{name}_{split}.h5").write_text("data")

class SHD:
    def __init__(self, save_to, train):
        _fetch(save_to, "shd", "train" if train else "test")

class SSC:
    def __init__(self, save_to, split):
        _fetch(save_to, "ssc", split)
"""
DOWNLOAD = "from neurodeploy.data.download import data_files; print(sorted(data_files('shd', None)))"
BIN = """
import os, sys, time
from pathlib import Path
from neurodeploy.data import event_cache
real = event_cache.read_events
def slow(*args, **settings):
    with open(os.environ["SEEN"], "a") as file:
        file.write("binned\\n")
    time.sleep(0.5)
    return real(*args, **settings)
event_cache.read_events = slow
events = event_cache.cached_events(Path(sys.argv[1]), dt_s=0.01, channels=140, source_channels=700)
print(events.labels.tolist())
"""


def at_once(code: str, *words: str, tmp_path: Path, n: int = 3) -> tuple[set[str], list[str]]:
    """Run a program in several processes; give what they print and what they did."""
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        "NEURODEPLOY_CACHE": str(tmp_path / "cache"),
        "SEEN": str(tmp_path / "seen"),
    }
    started = [
        subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE, text=True, env=env)
        for _ in range(n)
    ]
    printed = {process.communicate()[0].strip() for process in started}
    assert [process.returncode for process in started] == [0] * n
    return printed, sorted((tmp_path / "seen").read_text().splitlines())


def test_one_process_downloads_and_the_others_wait(tmp_path: Path) -> None:
    (tmp_path / "tonic").mkdir()
    (tmp_path / "tonic" / "__init__.py").touch()
    (tmp_path / "tonic" / "datasets.py").write_text(TONIC)
    printed, seen = at_once(DOWNLOAD, tmp_path=tmp_path)
    assert printed == {"['test', 'train']"}
    assert seen == ["shd test", "shd train"]
    assert not list((tmp_path / "cache").rglob("*.lock"))


@pytest.mark.slow
def test_one_process_bins_a_file_and_the_others_read_the_cache(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name, kind in (("spikes/times", np.float16), ("spikes/units", np.uint16)):
            table = file.create_dataset(name, (2,), dtype=h5py.vlen_dtype(kind))
            table[0], table[1] = np.zeros(3, dtype=kind), np.zeros(1, dtype=kind)
        file["labels"] = np.array([1, 0])
    printed, seen = at_once(BIN, str(tmp_path / "x.h5"), tmp_path=tmp_path)
    assert printed == {"[1, 0]"}
    assert seen == ["binned"]
    assert not list((tmp_path / "cache").rglob("*.lock"))
