"""Put weights on the legal 8-bit grid and choose the scale that loses least."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.units import round_nearest

SAME_SIGN_MAX = 255
"""Magnitude of weights that are all >= 0 or all <= 0. Source: lava-nc 0.10.0, lava/utils/weightutils.py,
``clip_weights``."""

MIXED_MIN, MIXED_MAX, MIXED_STEP = -256, 254, 2
"""Grid of weights of mixed sign: the sign takes the lowest bit (the same file, ``truncate_weights``)."""

MAX_STRETCH = 4.0
"""How far the search goes in clipping outliers: at most to a quarter of the largest weight."""


def to_grid(x: NDArray[np.float64]) -> tuple[NDArray[np.int32], int]:
    """Round the real-valued weights of one connection to the legal grid.

    Parameters
    ----------
    x
        Weights in units of the grid, any shape; their signs decide which grid holds.

    Returns
    -------
    weight
        Integers: 0..255 or -255..0 where all signs agree, else even numbers in -256..254; to the nearest,
        ties away from zero.
    clipped
        How many were moved by more than the grid's own rounding because they lie outside of it.
    """
    mixed = bool((x > 0).any() and (x < 0).any())
    if mixed:
        whole = MIXED_STEP * round_nearest(x / MIXED_STEP)
        low, high = MIXED_MIN, MIXED_MAX
    else:
        whole = round_nearest(x)
        low, high = -SAME_SIGN_MAX, SAME_SIGN_MAX
    clipped = int(((whole < low) | (whole > high)).sum())
    return np.clip(whole, low, high).astype(np.int32), clipped


def largest_unclipped(x: NDArray[np.float64]) -> float:
    """Give the largest factor by which ``x`` can be multiplied before the grid clips it; inf for all zero."""
    if not x.any():
        return np.inf
    if (x > 0).any() and (x < 0).any():
        return float(min(MIXED_MAX / x.max(), MIXED_MIN / x.min()))
    return float(SAME_SIGN_MAX / np.abs(x).max())


def best_factor(connections: list[NDArray[np.float64]]) -> float:
    """Choose the common factor that puts several weight matrices on the grid with the least squared error.

    A larger factor makes the grid finer and clips the largest weights; both errors are in the sum. The search
    starts where nothing is clipped.

    Parameters
    ----------
    connections
        Weights of one target population, as jumps of v, one array for each connection.

    Returns
    -------
    float
        Grid units for one unit of jump; 1.0 where every weight is zero.
    """
    start = min((largest_unclipped(x) for x in connections), default=np.inf)
    if not np.isfinite(start):
        return 1.0
    candidates = start * np.geomspace(1.0, MAX_STRETCH, 49)
    errors = [
        sum(float(((to_grid(x * factor)[0] / factor - x) ** 2).sum()) for x in connections)
        for factor in candidates
    ]
    return float(candidates[int(np.argmin(errors))])
