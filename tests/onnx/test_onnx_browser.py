"""The page of docs/browser computes in a headless Chromium what the simulator computes.

Needs Debian's ``chromium`` and the npm package onnxruntime-web, unpacked where
``NEURODEPLOY_ONNXRUNTIME_WEB`` says.
"""

from __future__ import annotations

import functools
import html
import importlib.util
import json
import os
import re
import shutil
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd

ROOT = Path(__file__).parents[2]
PLACE = "NEURODEPLOY_ONNXRUNTIME_WEB"
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("packages", "entry")]


@pytest.fixture
def browser() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("needs chromium: not installed")
    return found


@pytest.fixture
def web() -> Path:
    folder = Path(os.environ.get(PLACE, "node_modules/onnxruntime-web"))
    if not (folder / "dist").is_dir():
        pytest.skip(f"needs the npm package onnxruntime-web, where {PLACE} says: not there")
    return folder


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def page_of(browser: str, folder: Path, profile: Path) -> str:
    """Serve a folder, open its page, and give what it has become."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/raster.html"
    words = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"]
    words += ["--virtual-time-budget=60000", "--dump-dom", address]
    try:
        done = subprocess.run([browser, *words], capture_output=True, text=True, timeout=180)
    finally:
        server.shutdown()
        server.server_close()
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_page_gives_the_simulators_spikes(
    browser: str, web: Path, tiny_nir: Path, given: Path, tmp_path: Path
):
    bundle = nd.export(tiny_nir, tmp_path / "bundle", target="onnx", calibrate=given)
    spec = importlib.util.spec_from_file_location("place", ROOT / "docs" / "browser" / "place.py")
    place = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(place)
    place.place(bundle.path, web, tmp_path / "page", sample=3)
    page = page_of(browser, tmp_path / "page", tmp_path / "profile")
    told = re.search(r'<p id="told">(.*?)</p>', page)[1]
    assert "spikes" in told and "failed" not in told, told
    found = json.loads(html.unescape(re.search(r'id="events">(.*?)</script>', page)[1]))
    spikes = next(iter(bundle.samples.values())).spikes[3:4]
    expected = nd.simulate(bundle, spikes)
    assert [trace["name"] for trace in found["traces"]] == [f"{n}/spikes" for n in expected.populations]
    for trace in found["traces"]:
        ours = expected.populations[trace["name"].removesuffix("/spikes")].spikes[0]
        assert trace["events"] == np.argwhere(ours).tolist(), trace["name"]
    assert sum(len(trace["events"]) for trace in found["traces"]) > 20
    np.testing.assert_allclose(found["score"], expected.score[0], rtol=1e-9)
