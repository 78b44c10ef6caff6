"""What the tests of ONNX share: the target as installed, random programs, and the packages they need."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))

ENTRY = "neurodeploy.targets.onnx.target:onnx"


@pytest.fixture
def packages() -> None:
    """Skip where onnx or onnxruntime is not installed: they are of the extra ``onnx``."""
    pytest.importorskip("onnx", reason="needs onnx, of the extra onnx: not installed")
    pytest.importorskip("onnxruntime", reason="needs onnxruntime, of the extra onnx: not installed")


@pytest.fixture
def entry(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the target, where the package was installed before it had one."""
    if any(one.name == "onnx" for one in entry_points(group="neurodeploy.targets")):
        return
    site = tmp_path_factory.mktemp("site")
    info = site / "onnx_entry-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: onnx-entry\nVersion: 0\n")
    (info / "entry_points.txt").write_text(f"[neurodeploy.targets]\nonnx = {ENTRY}\n")
    monkeypatch.syspath_prepend(str(site))
