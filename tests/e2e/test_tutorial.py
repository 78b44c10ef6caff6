"""The code of docs/tutorial.md runs: the five lines with any bundle, and the whole page in order."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.bundle.layout import SAMPLES
from neurodeploy.data.samples import save_samples

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"


def blocks(page: str) -> dict[str, str]:
    """Code by the heading that it stands under, in the order of the page."""
    found: dict[str, str] = {}
    for section in re.split(r"^## ", page, flags=re.M)[1:]:
        title, _, text = section.partition("\n")
        code = re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S)
        assert code, f"no code under {title!r}"
        found[title] = "\n".join(code)
    return found


def run(code: str, names: dict) -> dict:
    exec(compile(code, str(PAGE), "exec"), names)
    return names


def test_five_lines_open_simulate_and_plot(bundle, rehash, tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib", reason="figures need matplotlib: not installed")
    save_samples(bundle / SAMPLES, {"test": nd.open_bundle(bundle).samples["given"]})
    rehash(bundle)
    bundle.rename(tmp_path / "xor.bundle")
    monkeypatch.chdir(tmp_path)
    code = blocks(PAGE.read_text(encoding="utf-8"))["Open, simulate, plot"]
    assert len(code.splitlines()) <= 7
    names = run(code, {})
    assert 0 <= names["nd"].accuracy(names["test"], names["traces"]) <= 1
    assert (tmp_path / "raster.png").read_bytes().startswith(b"\x89PNG")
    assert "Traces of 3 populations" in capsys.readouterr().out


@pytest.mark.slow
def test_the_whole_page_runs(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib", reason="figures need matplotlib: not installed")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for code in blocks(PAGE.read_text(encoding="utf-8")).values():
        run(code, names)
    assert len(list(tmp_path.glob("*.png"))) == 6
    # What was trained by hand is what its graph computes, and the task can be learned.
    right = nd.accuracy(names["samples"], nd.simulate(names["graph"], names["samples"]))
    assert names["trained"] > 0.8 and abs(right - names["trained"]) < 0.02
    assert abs(nd.accuracy(names["samples"], nd.simulate("mine.bundle", names["samples"])) - right) < 0.05
    assert np.array_equal(names["mine"].samples["given"].labels, names["label"])
