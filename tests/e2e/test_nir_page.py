"""The code of docs/how-to/nir-from-others.md runs, and prints what the page says."""

import re
from pathlib import Path

import numpy as np

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "nir-from-others.md"


def test_the_convolution_of_the_page_becomes_integers(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)
    names: dict = {}
    exec(compile(code, str(PAGE), "exec"), names)
    assert "['ND127']" in capsys.readouterr().out
    first, last = names["program"].projections
    assert (first.target, last.target) == ("neurons", "output")
    # each output channel has 18 elements of the kernel, wherever it stands
    for channel in range(4):
        block = first.weight[0, 36 * channel : 36 * (channel + 1)]
        assert len(np.unique(block)) <= 19
