"""Pages name files that are there: links, and modules and scripts in backticks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FOREIGN = ("netx/", "utils/weightutils.py", "utils/state.py", "models.py")
"""Of lava-dl, Lava, Norse and the paper's own code."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)  # layers[0](x) is no link
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", prose) if "://" not in link]
    missing = [link for link in links if not (page.parent / link).exists()]
    for name in re.findall(r"`((?:[\w-]+/)*[\w-]+\.py|(?:[\w-]+/)+requirements\.txt)`", text):
        places = [ROOT / name, ROOT / "neurodeploy" / name]
        inside = () if "/" in name else (ROOT / "neurodeploy").rglob(name)
        if not name.startswith(FOREIGN) and not any(place.is_file() for place in (*places, *inside)):
            missing.append(name)
    assert not missing
