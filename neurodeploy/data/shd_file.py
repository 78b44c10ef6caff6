"""Files in the HDF5 format of the Spiking Heidelberg Digits: checked, and binned to steps and channels."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.events import Events
from neurodeploy.data.sample_checks import MAX_CLASSES
from neurodeploy.data.shd_lists import damaged_lists, unstored
from neurodeploy.findings.codes_training import (
    BAD_SPIKE_TIME,
    DATA_LAYOUT,
    DATA_LENGTHS,
    DATA_NOT_HDF5,
    NEGATIVE_LABEL,
    UNIT_OUT_OF_RANGE,
)
from neurodeploy.findings.codes_usage import LABELS_VALUE, NO_SUCH_PATH
from neurodeploy.findings.finding import NeurodeployError

LAST_STEP = np.iinfo(np.uint16).max
CHUNK = 1024
"""Samples read at a time: bounds the memory; SSC's 75,000 training samples hold some 600 million spikes."""

_DAMAGE = (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError, MemoryError, zlib.error)
"""What h5py raises for truncated and damaged files."""

FORMAT = "spikes/times and spikes/units (one list per sample) and labels (one integer per sample)"


def read_events(path: Path, *, dt_s: float, channels: int, source_channels: int) -> Events:
    """Read a file in SHD's format and bin it.

    A spike at ``time`` seconds on ``unit`` falls into step ``floor(time / dt_s)`` (in float64) and channel
    ``unit // (source_channels / channels)``: neighbouring units are summed.

    Parameters
    ----------
    path
        The HDF5 file.
    dt_s
        Length of one step, in seconds.
    channels, source_channels
        Channels after and before summing; the second is a whole multiple of the first.

    Raises
    ------
    NeurodeployError
        ND001 no such file, ND030 not a readable HDF5 file, ND031 not SHD's groups or types, ND032 lists of
        different lengths, ND033 a unit outside ``0..source_channels - 1``, ND034 a time that is negative or
        not finite, ND035 a negative label, ND013 a label beyond any number of classes.
    """
    if not path.is_file():
        raise NO_SUCH_PATH.error(where=str(path), help="Check the path.")
    try:
        with h5py.File(path, "r") as file:
            return _events(file, path, dt_s, channels, source_channels)
    except _DAMAGE as error:
        found = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise _not_readable(path, found) from None


def _not_readable(path: Path, found: str) -> NeurodeployError:
    return DATA_NOT_HDF5.error(
        message="the file is not a readable HDF5 file",
        where=str(path),
        found=found[:300],
        limit="an HDF5 file, complete",
        help="It may be cut short: copy or download it again.",
    )


def _events(file: Any, path: Path, dt_s: float, channels: int, source_channels: int) -> Events:
    times, units, labels, n_classes = _checked_layout(file, path)
    indptr = np.zeros(labels.size + 1, dtype=np.int64)
    steps, bins, counts = [], [], []
    for start in range(0, labels.size, CHUNK):
        stop = min(start + CHUNK, labels.size)
        sample, time_s, unit = _checked_spikes(
            times[start:stop], units[start:stop], path, start, source_channels
        )
        step = np.minimum(np.floor(time_s / dt_s), LAST_STEP).astype(np.int64)
        channel = unit // (source_channels // channels)
        # One sort of one number per spike gives the bins of all samples of the chunk in order.
        key = (sample * (LAST_STEP + 1) + step) * channels + channel
        key.sort()
        first = np.flatnonzero(np.diff(key, prepend=-1))
        count = np.diff(first, append=key.size)
        rest, channel = np.divmod(key[first], channels)
        sample, step = np.divmod(rest, LAST_STEP + 1)
        indptr[start + 1 : stop + 1] = indptr[start] + np.cumsum(np.bincount(sample, minlength=stop - start))
        steps.append(step.astype(np.uint16))
        bins.append(channel.astype(np.uint16))
        counts.append(np.minimum(count, 255).astype(np.uint8))
    return Events(
        indptr=indptr,
        step=np.concatenate(steps),
        channel=np.concatenate(bins),
        count=np.concatenate(counts),
        labels=labels,
        n_classes=n_classes,
    )


def _checked_layout(file: Any, path: Path) -> tuple[Any, Any, NDArray[np.int64], int]:
    """Give the data sets of times and units, the labels and the number of classes."""
    sets = {name: file.get(name) for name in ("spikes/times", "spikes/units", "labels")}
    wrong = [
        f"{name} {_kind(item)}"
        for name, item, kinds in (
            ("spikes/times", sets["spikes/times"], "f"),
            ("spikes/units", sets["spikes/units"], "iu"),
            ("labels", sets["labels"], "iu"),
        )
        if not _fits(item, kinds, vlen=name != "labels")
    ]
    if wrong:
        raise DATA_LAYOUT.error(
            message="the file does not have the layout of the Spiking Heidelberg Digits",
            where=str(path),
            found="; ".join(wrong),
            limit=FORMAT,
            help="Times are lists of floats in seconds, units and labels are integers.",
        )
    sizes = {name: int(item.shape[0]) for name, item in sets.items()}
    if len(set(sizes.values())) > 1 or not sizes["labels"]:
        raise DATA_LENGTHS.error(
            message="the lists of the file have different lengths, or there are none",
            where=str(path),
            found=", ".join(f"{name}: {size}" for name, size in sizes.items()),
            limit="one entry per sample in each",
            help="Write the file again with one list of times, one of units and one label per sample.",
        )
    for name, item in sets.items():
        if fault := unstored(item) or (damaged_lists(item, path) if name != "labels" else ""):
            raise _not_readable(path, f"{name}: {fault}")
    labels, n_classes = _checked_labels(sets["labels"][:], path)
    names = file.get("extra/keys")
    named = int(names.shape[0]) if isinstance(names, h5py.Dataset) and names.ndim == 1 else 0
    if named > MAX_CLASSES:
        raise DATA_LAYOUT.error(
            message="the file names more classes than a network can have",
            where=f"{path}: extra/keys",
            found=f"{named} names",
            limit=f"at most {MAX_CLASSES}",
            help="Write the file again with one name for each class.",
        )
    return sets["spikes/times"], sets["spikes/units"], labels, max(named, n_classes)


def _checked_labels(labels: NDArray[Any], path: Path) -> tuple[NDArray[np.int64], int]:
    """Give the labels, and how many classes there are at least."""
    low, high = int(labels.min()), int(labels.max())
    if low < 0:
        raise NEGATIVE_LABEL.error(
            where=f"{path}: labels[{int(labels.argmin())}]",
            found=str(low),
            limit="0 and above",
            help="Number the classes from 0.",
        )
    if high >= MAX_CLASSES:
        raise LABELS_VALUE.error(
            where=f"{path}: labels[{int(labels.argmax())}]",
            found=str(high),
            limit=f"whole numbers 0..{MAX_CLASSES - 1}",
            help="Number the classes from 0, without gaps.",
        )
    return labels.astype(np.int64), high + 1


def _fits(item: Any, kinds: str, *, vlen: bool) -> bool:
    if not isinstance(item, h5py.Dataset) or item.ndim != 1:
        return False
    base = h5py.check_vlen_dtype(item.dtype) if vlen else item.dtype
    return base is not None and np.dtype(base).kind in kinds


def _kind(item: Any) -> str:
    if item is None:
        return "is missing"
    return f"has type {item.dtype}, shape {item.shape}" if isinstance(item, h5py.Dataset) else "is a group"


def _checked_spikes(
    times: NDArray[Any], units: NDArray[Any], path: Path, start: int, source_channels: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Give sample (from 0), time in seconds and unit of every spike of some samples."""
    lengths = np.array([len(part) for part in times], dtype=np.int64)
    others = np.array([len(part) for part in units], dtype=np.int64)
    sample = np.repeat(np.arange(lengths.size), lengths)
    if (lengths != others).any():
        worst = int((lengths != others).argmax())
        raise DATA_LENGTHS.error(
            message="a sample has not as many units as times",
            where=f"{path}: sample {start + worst}",
            found=f"{lengths[worst]} times, {others[worst]} units",
            limit="one unit for each time",
            help="Write the file again.",
        )
    time_s = np.concatenate(times).astype(np.float64)
    unit = np.concatenate(units).astype(np.int64)
    outside = (unit < 0) | (unit >= source_channels)
    if outside.any():
        worst = int(outside.argmax())
        raise UNIT_OUT_OF_RANGE.error(
            where=f"{path}: sample {start + sample[worst]}, first of {int(outside.sum())}",
            found=f"unit {unit[worst]}",
            limit=f"0..{source_channels - 1} (data.source_channels)",
            help="If the file has more channels, say so with --set data.source_channels=N.",
        )
    bad = ~(time_s >= 0) | ~np.isfinite(time_s)
    if bad.any():
        worst = int(bad.argmax())
        raise BAD_SPIKE_TIME.error(
            where=f"{path}: sample {start + sample[worst]}, first of {int(bad.sum())}",
            found=f"{time_s[worst]} s",
            limit="0 s and above",
            help="Times are in seconds from the start of the sample.",
        )
    return sample, time_s, unit
