"""News fragments become entries of the changelog, once, under the right heading."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "changes" / "assemble.py"
CHANGELOG = """# Changelog

Follows Keep a Changelog.

## 0.2.0 (unreleased)

### Added

* One entry
  in two lines.

## 0.1.0 (2025-01-01)

### Added

* The first.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "changes").mkdir()
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path / "changes"


def assemble(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(SCRIPT), *words, "--folder", str(folder)]
    line += ["--changelog", str(folder.parent / "CHANGELOG.md")]
    return subprocess.run(line, capture_output=True, text=True, timeout=60)


def test_the_fragments_of_this_checkout_are_fragments():
    done = subprocess.run([sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_fragments_join_the_section_that_is_open(folder: Path):
    (folder / "runs-lock.fixed.md").write_text("Two trainings no longer write\ninto one folder.\n")
    (folder / "sigma.numbers.md").write_text("`sigma_end` below 0.2: 0.80 -> 1.00.\n")
    (folder / "plot.added.md").write_text("`nd.plot`. " + "word " * 40 + "\n")
    assert assemble(folder, "0.2.0").returncode == 0
    text = (folder.parent / "CHANGELOG.md").read_text()
    head, _, rest = text.partition("## 0.1.0")
    assert "unreleased" not in head and rest.endswith("* The first.\n")
    order = [
        "## 0.2.0 (",
        "### Changes to numbers\n\n* `sigma_end`",
        "### Added\n\n* One entry\n  in two lines.",
    ]
    order += [
        "* `nd.plot`. word",
        "\n  word",
        "### Fixed\n\n* Two trainings no longer write into one folder.\n",
    ]
    places = [head.index(part) for part in order]
    assert places == sorted(places)
    assert not list(folder.iterdir())
    assert max(map(len, text.splitlines())) <= 118


def test_a_new_version_stands_above_the_last(folder: Path):
    (folder / "a.added.md").write_text("Something.")
    assert assemble(folder, "0.3.0").returncode == 0
    text = (folder.parent / "CHANGELOG.md").read_text()
    assert text.index("## 0.3.0 (") < text.index("* Something.\n") < text.index("## 0.2.0 (unreleased)")
    assert assemble(folder, "0.3.0").returncode == 1  # it stands there already
    assert (folder.parent / "CHANGELOG.md").read_text() == text


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.news.md", "x"), ("a.md", "x"), ("A b.added.md", "x"), ("a.added.md", "* x"), ("a.added.md", "\n")],
)
def test_a_file_that_is_no_fragment_stops_it_and_changes_nothing(folder: Path, name: str, text: str):
    (folder / "good.added.md").write_text("Good.")
    (folder / name).write_text(text)
    for words in (["0.2.0"], ["--check"]):
        done = assemble(folder, *words)
        assert done.returncode == 1 and name in done.stderr and "Traceback" not in done.stderr
    assert (folder / "good.added.md").is_file() and (folder.parent / "CHANGELOG.md").read_text() == CHANGELOG


@pytest.mark.parametrize("version", ["next", "1.0", "0.1.0"])
def test_a_version_that_is_none_or_was_released_is_refused(folder: Path, version: str):
    (folder / "a.added.md").write_text("Something.")
    assert assemble(folder, version).returncode == 1
    assert (folder / "a.added.md").is_file() and (folder.parent / "CHANGELOG.md").read_text() == CHANGELOG
