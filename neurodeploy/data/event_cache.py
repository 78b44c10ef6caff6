"""Binned events of data files, kept in the user's cache folder so that a file is binned once."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.data.events import Events
from neurodeploy.data.shd_file import read_events
from neurodeploy.files import load_npz, save_npz, sha256
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.lock import locked
from neurodeploy.machine import cache_folder

LAYOUT = 1
"""Counted up when the arrays of a cache file or the meaning of a bin change."""

_ARRAYS = ("indptr", "step", "channel", "count", "labels", "n_classes")


def cache_path(path: Path, *, dt_s: float, channels: int, source_channels: int) -> Path:
    """Give where a file's events are cached: the name hashes the file's content and the settings."""
    settings = json.dumps([LAYOUT, sha256(path), dt_s, channels, source_channels])
    return cache_folder() / "events" / f"{hashlib.sha256(settings.encode()).hexdigest()[:32]}.npz"


def cached_events(path: Path, *, dt_s: float, channels: int, source_channels: int) -> Events:
    """Bin a file in SHD's format, or take its events from the cache.

    One process bins a file; others that ask for it at that time (torchrun's, a sweep's) wait, and then read
    the cache. A cache file that cannot be read is made again. A cache folder that cannot be written is no
    error: the events are then binned each time.

    Raises
    ------
    NeurodeployError
        As :func:`neurodeploy.data.shd_file.read_events`.
    """
    if not path.is_file():  # before hashing it
        return read_events(path, dt_s=dt_s, channels=channels, source_channels=source_channels)
    settings: Any = {"dt_s": dt_s, "channels": channels, "source_channels": source_channels}
    target = cache_path(path, **settings)
    if (events := _read(target, channels)) is not None:
        return events
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # no lock without a folder that can be written
            held.enter_context(locked(target.with_suffix(".lock"), wait=True))
        if (events := _read(target, channels)) is not None:  # another process has binned it meanwhile
            return events
        events = read_events(path, **settings)
        arrays = {name: np.atleast_1d(getattr(events, name)) for name in _ARRAYS}
        with contextlib.suppress(OSError, NeurodeployError):
            save_npz(target, arrays, compress=False)
        return events


def _read(path: Path, channels: int) -> Events | None:
    """Read a cache file; None where there is none, or none that can be used."""
    if not path.is_file():
        return None
    try:
        arrays = load_npz(path, _ARRAYS)
        n_classes = arrays.pop("n_classes")
        events = Events(**{name: arrays[name] for name in _ARRAYS[:-1]}, n_classes=int(n_classes.item()))
    except (NeurodeployError, ValueError, TypeError):
        return None
    return events if events.consistent(channels) else None
