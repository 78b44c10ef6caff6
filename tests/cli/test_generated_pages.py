"""The generated pages of docs/reference are current; accept changes with --update-golden."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs" / "generate.py")
assert SPEC is not None and SPEC.loader is not None
generate = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(generate)


@pytest.mark.parametrize("name", generate.PAGES)
def test_a_generated_page_is_current(name, golden):
    golden.check(generate.PAGES[name](), generate.FOLDER / name)
