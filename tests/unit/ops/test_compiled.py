"""Compiled functions without a cache folder, on a full disk and with damaged cache files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core.caching import FunctionCache, IndexDataCacheFile

import neurodeploy
from neurodeploy.ops.compiled import compiled

PACKAGE = Path(neurodeploy.__file__).parent
RUN = """
import numpy as np, torch
from neurodeploy.ops.scan.scans import lif_box_scan
import neurodeploy.targets.loihi.simulate.kernel, neurodeploy.graph.interpret.fast
import neurodeploy.ops.spectral.cpu
print(float(lif_box_scan(torch.full((3, 1, 1), 5.0), torch.tensor([0.5])).sum()))
"""


def twice(x: int) -> int:
    return 2 * x


@pytest.mark.slow
def test_everything_compiled_works_where_no_cache_folder_can_be_written(tmp_path: Path) -> None:
    copy = tmp_path / "neurodeploy"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [copy, *(path for path in copy.rglob("*") if path.is_dir())]:
        (folder / "__pycache__").touch()  # a file: no folder can be made there, whoever runs this
    home = tmp_path / "home"
    home.touch()
    environment = {key: x for key, x in os.environ.items() if not key.startswith(("NUMBA_", "XDG_"))}
    environment |= {"HOME": str(home), "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", RUN], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "3.0"


def test_importing_a_compiled_function_writes_and_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr(
        "neurodeploy.ops.compiled.FunctionCache", lambda f: made.append(f) or FunctionCache(f)
    )
    function = compiled()(twice)
    assert made == []
    assert function(4) == 8
    assert made == [twice]


@pytest.mark.parametrize("fails", ["_save_data", "_save_index", "_load_index"])
def test_a_cache_that_cannot_be_used_costs_a_compilation_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(IndexDataCacheFile, fails, full)
    assert compiled()(twice)(np.int16(21)) == 42


def test_a_damaged_cache_file_is_compiled_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "doubled.py"
    module.write_text("def doubled(x):\n    return 2 * x\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import doubled  # type: ignore[import-not-found]

    assert compiled()(doubled.doubled)(3) == 6
    kept = [path for path in (tmp_path / "__pycache__").iterdir() if path.suffix in (".nbi", ".nbc")]
    assert len(kept) == 2
    for path in kept:
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        assert compiled()(doubled.doubled)(3) == 6
        path.write_bytes(whole)


def test_after_a_cache_that_cannot_be_read_the_next_process_finds_a_good_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that names a type which a newer release has renamed: else it is compiled for ever."""
    module = tmp_path / "tripled.py"
    module.write_text("def tripled(x):\n    return 3 * x\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import tripled  # type: ignore[import-not-found]

    assert compiled()(tripled.tripled)(3) == 9
    (index,) = (tmp_path / "__pycache__").glob("*.nbi")
    index.write_bytes(index.read_bytes()[:-9])
    assert compiled()(tripled.tripled)(3) == 9
    again = compiled()(tripled.tripled)
    assert again(3) == 9
    assert sum(again.stats.cache_hits.values()) == 1
