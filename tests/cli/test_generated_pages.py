"""The generated pages of docs/reference are current; accept changes with --update-golden."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

import neurodeploy as nd

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs" / "generate.py")
assert SPEC is not None and SPEC.loader is not None
generate = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(generate)


@pytest.mark.parametrize("name", generate.PAGES)
def test_a_generated_page_is_current(name, golden):
    if name == "api.md":
        pytest.importorskip("torch", reason="the page of the library lists nd.nn, which needs torch")
    golden.check(generate.PAGES[name](), generate.FOLDER / name)


def test_the_page_of_the_library_has_every_name_and_no_other():
    page = (generate.FOLDER / "api.md").read_text(encoding="utf-8")
    assert re.findall(r"^## nd[.](\w+)$", page, flags=re.M) == nd.__all__
    for part in ("<function", "object at 0x", "None\n\n**"):
        assert part not in page
