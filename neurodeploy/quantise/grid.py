"""Put weights on the grid of legal integers and choose the factor that loses least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.units import round_nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightGrid:
    """The integers that the weights of one connection may be; their signs decide which.

    Attributes
    ----------
    same_sign_max
        Magnitude of weights that are all >= 0 or all <= 0.
    mixed_min, mixed_max, mixed_step
        Range and step where there are both.
    """

    same_sign_max: int
    mixed_min: int
    mixed_max: int
    mixed_step: int

    def legal(self, weights: NDArray[np.floating]) -> tuple[int, int, int]:
        """Give step, lowest and highest legal integer of one connection by the signs of its weights."""
        if (weights > 0).any() and (weights < 0).any():
            return self.mixed_step, self.mixed_min, self.mixed_max
        negative = bool((weights < 0).any())
        return (1, -self.same_sign_max, 0) if negative else (1, 0, self.same_sign_max)


MAX_STRETCH = 4.0
"""How far the search goes in clipping outliers: at most to a quarter of the largest weight."""


def to_grid(x: NDArray[np.float64], grid: WeightGrid) -> tuple[NDArray[np.int32], int]:
    """Round the real-valued weights of one connection to the legal grid.

    Parameters
    ----------
    x
        Weights in units of the grid, any shape.
    grid
        Which integers are legal.

    Returns
    -------
    weight
        Legal integers, to the nearest, ties away from zero.
    clipped
        How many were moved by more than the grid's own rounding because they lie outside of it.
    """
    step, low, high = grid.legal(x)
    whole = step * round_nearest(x / step)
    clipped = int(((whole < low) | (whole > high)).sum())
    return np.clip(whole, low, high).astype(np.int32), clipped


def largest_unclipped(x: NDArray[np.float64], grid: WeightGrid) -> float:
    """Give the largest factor by which ``x`` can be multiplied before the grid clips it; inf for all zero."""
    if not x.any():
        return np.inf
    if (x > 0).any() and (x < 0).any():
        return float(min(grid.mixed_max / x.max(), grid.mixed_min / x.min()))
    return float(grid.same_sign_max / np.abs(x).max())


def best_factor(connections: Sequence[NDArray[np.float64]], grid: WeightGrid) -> float:
    """Choose the common factor that puts several weight matrices on the grid with the least squared error.

    A larger factor makes the grid finer and clips the largest weights; both errors are in the sum. The search
    starts where nothing is clipped.

    Parameters
    ----------
    connections
        Weights of one target population, as jumps of v, one array for each connection.
    grid
        Which integers are legal.

    Returns
    -------
    float
        Grid units for one unit of jump; 1.0 where every weight is zero.
    """
    start = min((largest_unclipped(x, grid) for x in connections), default=np.inf)
    if not np.isfinite(start):
        return 1.0
    candidates = start * np.geomspace(1.0, MAX_STRETCH, 49)
    errors = [
        sum(float(((to_grid(x * factor, grid)[0] / factor - x) ** 2).sum()) for x in connections)
        for factor in candidates
    ]
    return float(candidates[int(np.argmin(errors))])
