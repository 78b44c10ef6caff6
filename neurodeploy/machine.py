"""What this machine gives: cores that the process may use, and the folder for caches."""

from __future__ import annotations

import os
from pathlib import Path

CACHE_VARIABLE = "NEURODEPLOY_CACHE"


def available_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cache_folder() -> Path:
    """Give the user's cache folder of this program; ``NEURODEPLOY_CACHE`` names another."""
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("neurodeploy", appauthor=False)
