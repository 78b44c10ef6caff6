"""What is still wrong, a table for each rule that may only get shorter; and packages that break a rule."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

TABLES = Path(__file__).parent / "still_wrong"
Hold = Callable[[str, Iterable[str]], None]
Package = Callable[..., Path]


@pytest.fixture
def hold(request: pytest.FixtureRequest) -> Hold:
    """Hold what breaks a rule against its table, both ways: nothing new, and nothing that is right by now.

    A line may end in details in parentheses, which the table leaves out.

    ``pytest tests/architecture --update-golden`` takes out what is right by now; it never adds a line.
    """
    update = bool(request.config.getoption("--update-golden"))

    def check(table: str, found: Iterable[str]) -> None:
        path = TABLES / f"{table}.txt"
        known = set(path.read_text(encoding="utf-8").splitlines()) if path.is_file() else set()
        now = {line.partition(" (")[0]: line for line in found}
        if update and known - now.keys():
            known &= now.keys()
            path.write_text("".join(f"{line}\n" for line in sorted(known)), encoding="utf-8")
            if not known:
                path.unlink()
        new = sorted(line for key, line in now.items() if key not in known)
        right = sorted(known - now.keys())
        assert not new, (
            f"breaks the rule, and is not known to ({path.name} only gets shorter):\n" + "\n".join(new)
        )
        assert not right, f"right by now: take it out of {path.name} (--update-golden):\n" + "\n".join(right)

    return check


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """Write a small package that breaks a rule: file names and their text."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / "made" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / "made"

    return write
