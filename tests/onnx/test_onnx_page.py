"""The code of docs/how-to/onnx.md runs without neurodeploy and gives the simulator's numbers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "onnx.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
(TARGET_FILE,) = re.findall(r"^```toml\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
pytestmark = pytest.mark.usefixtures("packages", "entry")


@pytest.fixture
def there(tiny_nir: Path, given: Path, tmp_path: Path) -> nd.Bundle:
    bundle = nd.export(tiny_nir, tmp_path / "BUNDLE", target="onnx", calibrate=given, verify=False)
    (tmp_path / "IN.npz").write_bytes(given.read_bytes())
    return bundle


def run(code: str, folder: Path) -> str:
    """Run code in a Python that has no neurodeploy."""
    hidden = "import sys\nsys.modules['neurodeploy'] = None\n"
    done = subprocess.run([sys.executable, "-c", hidden + code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_is_short():
    assert len(BLOCKS) == 2 and len(BLOCKS[0].splitlines()) <= 15


@pytest.mark.slow
def test_whole_samples(there: nd.Bundle):
    folder = there.path.parent
    more = "np.savez('mine.npz', **{name.replace('/', ' '): array for name, array in traces.items()})\n"
    told = run(BLOCKS[0] + more, folder)
    expected = nd.simulate(there, folder / "IN.npz", record=("spikes", "v", "u"))
    assert f"decisions {expected.score.argmax(axis=-1)}" in told
    with np.load(folder / "mine.npz") as mine:
        for name, trace in expected.populations.items():
            for key in ("spikes", "v", "u"):
                assert np.array_equal(mine[f"{name} {key}"], getattr(trace, key)), (name, key)


def test_step_by_step(there: nd.Bundle):
    lines = run(BLOCKS[1], there.path.parent).splitlines()
    spikes = np.load(there.path.parent / "IN.npz")["spikes"][:1]
    expected = nd.simulate(there, spikes)
    late = there.manifest.latency_steps
    for t, line in enumerate(lines):
        counts = [int(x) for x in line.strip("[]").split(",")]
        for count, (name, trace) in zip(counts, expected.populations.items(), strict=True):
            if t >= late[name]:
                assert count == trace.spikes[0, t - late[name]].sum(), (t, name)
    assert len(lines) == spikes.shape[1]


def test_the_target_file(tiny_nir: Path, given: Path, tmp_path: Path):
    (tmp_path / "small.toml").write_text(TARGET_FILE)
    made = nd.export(tiny_nir, tmp_path / "b", target=tmp_path / "small.toml", calibrate=given, verify=False)
    assert made.manifest.backend["onnx"]["decay"] == "int32"


@pytest.mark.slow
def test_groups_of_decays_may_be_lifted(tiny_graph: nd.Graph, given: Path, tmp_path: Path):
    from dataclasses import replace

    first = tiny_graph.populations[0]
    each = replace(first, tau_s=np.linspace(0.02, 0.2, first.size))
    graph = replace(tiny_graph, populations=(each, *tiny_graph.populations[1:]))
    lifted = '\n[limits.tau_groups_max]\nvalue = 4096\nunit = "groups"\nsource = "ONNX has none"\n'
    (tmp_path / "free.toml").write_text(TARGET_FILE + lifted + 'verified_on = "2026-11-24, read"\n')
    counts = []
    for target in ("onnx", tmp_path / "free.toml"):
        folder = tmp_path / Path(target).stem / "b"
        folder.parent.mkdir(exist_ok=True)
        made = nd.export(graph, folder, target=target, calibrate=given, verify=False)
        counts.append(len(np.unique(made.target.chip.integers(made.program).neurons[0].voltage_keep)))
        checks = {check.name: check.status.value for check in nd.verify(made, runtimes={"onnx": 4}).checks}
        assert checks["P3"] == checks["files"] == "passed"
    assert counts[0] <= 8 < counts[1] == first.size
