"""What arrays of samples must be: spikes, labels and masks, each converted exactly or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_usage import (
    BAD_MASK,
    LABELS_SHAPE,
    LABELS_VALUE,
    NO_SAMPLES,
    SPIKES_SHAPE,
    SPIKES_VALUE,
)

MAX_VALUE = 255
"""Largest value of a bin: spikes are held as uint8."""

MAX_CLASSES = 65536
"""Labels count classes, and no readout has more neurons."""

CHUNK_BYTES = 1 << 26
"""How much of an array is checked and converted at a time: temporaries must not multiply a large set."""


def check_spikes(
    spikes: NDArray[Any], *, size: int | None = None, maximum: int = MAX_VALUE, where: str = "spikes"
) -> NDArray[np.uint8]:
    """Check input spikes and give them as uint8.

    Parameters
    ----------
    spikes
        Booleans or whole numbers of any type, ``[sample, step, source]``.
    size
        How many sources there must be.
    maximum
        Largest value that the network takes.
    where
        What a finding calls them.

    Returns
    -------
    NDArray[np.uint8]
        The same values; the same array where it is uint8 already.

    Raises
    ------
    NeurodeployError
        ND010 wrong number of axes or channels, ND011 a value that is negative, fractional, NaN or above
        ``maximum``, or no number; ND015 no sample, step or source.
    """
    spikes = np.asarray(spikes)
    if spikes.ndim != 3 or (size is not None and spikes.shape[2] != size):
        raise SPIKES_SHAPE.error(
            where=where,
            found=str(list(spikes.shape)),
            limit=f"[sample, step, source]{'' if size is None else f' with {size} sources'}",
            help="Give three axes: sample, step, source.",
        )
    if not spikes.size:
        raise NO_SAMPLES.error(
            where=where,
            found=str(list(spikes.shape)),
            limit="at least one sample, step and source",
            help="Give samples to measure on.",
        )
    if spikes.dtype.kind not in "buif":
        raise _wrong_value(f"type {spikes.dtype}"[:100], maximum, where)
    if spikes.dtype == np.bool_:
        return spikes.astype(np.uint8)
    if spikes.dtype == np.uint8 and maximum >= MAX_VALUE:
        return spikes
    rows = max(1, CHUNK_BYTES // (spikes[0].nbytes or 1))
    converted = spikes if spikes.dtype == np.uint8 else np.empty(spikes.shape, dtype=np.uint8)
    for start in range(0, len(spikes), rows):
        part = spikes[start : start + rows]
        low, high = part.min(), part.max()  # NaN where there is one
        if not (low >= 0 and high <= maximum) or not _whole(part):
            raise _wrong_value(f"{spikes.dtype} from {low} to {high}", maximum, where)
        if converted is not spikes:
            converted[start : start + rows] = part
    return converted


def _whole(values: NDArray[Any]) -> bool:
    return values.dtype.kind in "iu" or bool((values == np.trunc(values)).all())


def _wrong_value(found: str, maximum: int, where: str) -> Exception:
    return SPIKES_VALUE.error(
        where=where,
        found=found,
        limit=f"whole numbers 0..{maximum}",
        help="Binary networks take 0 and 1; networks trained on counts take up to their maximum.",
    )


def check_labels(
    labels: NDArray[Any], shape: tuple[int, int], *, n_classes: int | None = None, where: str = "labels"
) -> NDArray[np.int64]:
    """Check labels and give them as int64.

    Parameters
    ----------
    labels
        Integers, ``[sample]`` or ``[sample, step]``.
    shape
        How many samples and steps there are.
    n_classes
        How many classes the network tells apart, if that is known.
    where
        What a finding calls them.

    Raises
    ------
    NeurodeployError
        ND012 another shape, ND013 a type that is no integer, or a label below 0 or beyond the classes.
    """
    labels = np.asarray(labels)
    if labels.shape not in ((shape[0],), shape):
        one_hot = labels.ndim == 2 and labels.shape[0] == shape[0]
        raise LABELS_SHAPE.error(
            where=where,
            found=str(list(labels.shape)),
            limit=f"[{shape[0]}], one a sample; or [{shape[0]}, {shape[1]}], one a step",
            help="Of one-hot labels, give labels.argmax(axis=1)."
            if one_hot
            else "Give one label for each sample.",
        )
    classes = MAX_CLASSES if n_classes is None else n_classes
    if labels.dtype.kind not in "iu":
        raise _wrong_label(f"type {labels.dtype}"[:100], classes, where)
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes:
        worst = low if low < 0 else high
        raise _wrong_label(str(worst), classes, f"{where}{[int(x) for x in _first(labels == worst)]}")
    return labels.astype(np.int64, copy=False)


def _wrong_label(found: str, classes: int, where: str) -> Exception:
    return LABELS_VALUE.error(
        where=where,
        found=found,
        limit=f"whole numbers 0..{classes - 1}",
        help="Number the classes from 0, as the network's readout does.",
    )


def check_mask(mask: NDArray[Any], shape: tuple[int, int], *, where: str = "mask") -> NDArray[np.bool_]:
    """Check a mask and give it as booleans; integers that are all 0 or 1 are converted.

    Raises
    ------
    NeurodeployError
        ND014 another shape than ``[sample, step]``, another type or value, or false everywhere.
    """
    mask = np.asarray(mask)
    found = ""
    if mask.shape != shape:
        found = f"shape {list(mask.shape)}"
    elif mask.dtype.kind not in "biu":
        found = f"type {mask.dtype}"[:100]
    elif mask.dtype.kind != "b" and (mask.min() < 0 or mask.max() > 1):
        found = f"values from {mask.min()} to {mask.max()}"
    elif not mask.any():
        found = "false everywhere"
    if found:
        raise BAD_MASK.error(
            where=where,
            found=found,
            limit=f"true or false, shape {list(shape)}, true somewhere",
            help="Give true for each step that counts, or leave the mask out.",
        )
    return mask.astype(np.bool_, copy=False)


def _first(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.argwhere(flags)[0]
