"""The code of docs/how-to/extend.md is that of the toy package, which test_toy_package tries."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "extend.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(python|toml)\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_there_is_code_on_the_page():
    assert [language for language, _ in BLOCKS] == ["toml", "python", "python", "python"]


@pytest.mark.parametrize("code", [code for _, code in BLOCKS], ids=range(len(BLOCKS)))
def test_a_block_stands_in_the_toy_package_word_by_word(code: str):
    toy = ROOT / "tests" / "toy"
    texts = [path.read_text(encoding="utf-8") for path in (*toy.glob("*.toml"), *toy.rglob("*.py"))]
    assert any(code in text for text in texts), code


def test_every_member_of_a_target_is_on_the_page():
    source = (ROOT / "neurodeploy" / "targets" / "target.py").read_text(encoding="utf-8")
    members = re.findall(r"^    def ([a-z]\w*)\(", source.partition("class Target(")[2], flags=re.MULTILINE)
    assert len(members) > 10
    table = PAGE.partition("| member |")[2]
    missing = [name for name in members if f"`{name}`" not in table]
    assert set(missing) <= {"name", "title"}
