"""Paths that a user names: they exist, or the finding names the nearest one beside them."""

from __future__ import annotations

import contextlib
from pathlib import Path

from neurodeploy.findings.codes_usage import NO_SUCH_PATH
from neurodeploy.findings.finding import nearest


def existing(path: str | Path) -> Path:
    """Give a path that exists, or raise ND001 with the nearest name beside it."""
    path = Path(path)
    try:
        if path.exists():
            return path
    except ValueError as error:  # a null byte in the name
        raise NO_SUCH_PATH.error(where=str(path), found=str(error), help="Check the path.") from None
    beside: list[str] = []
    with contextlib.suppress(OSError):
        beside = [entry.name for entry in path.parent.iterdir()]
    raise NO_SUCH_PATH.error(where=str(path), help=nearest(path.name, beside) or "Check the path.")
