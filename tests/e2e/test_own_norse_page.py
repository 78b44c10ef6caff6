"""The code of docs/how-to/own-norse-model.md runs, and what the page says of it is so."""

import re
from pathlib import Path

import pytest

import neurodeploy as nd

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "own-norse-model.md"


@pytest.mark.slow
def test_the_model_of_the_page_is_proven_and_as_right_as_norse(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code = "\n".join(
        re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)
    )
    names: dict = {}
    exec(compile(code, str(PAGE), "exec"), names)
    assert "16 samples, your module (norse" in capsys.readouterr().out
    assert names["norse_accuracy"] > 0.8
    assert abs(names["norse_accuracy"] - names["our_accuracy"]) <= 0.001
    for bundle, witness in (
        (names["bundle"], "your module"),
        (names["again"], "the traces in mine-traces.npz"),
    ):
        (p1,) = [check for check in nd.verify(bundle).checks if check.name == "P1"]
        assert p1.status.value == "passed"
        assert witness in p1.reason
