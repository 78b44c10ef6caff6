"""Tests of trend over ordered conditions, with seeds as blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True, slots=True)
class Trend:
    """Page's test, and each block's own rank correlation.

    Attributes
    ----------
    blocks, conditions
        How many.
    page_l, page_p
        Page's L and its one-sided p (normal approximation; exact where it is cheap), for rising values.
    rising, falling
        Blocks whose Spearman correlation with the order is above or below 0.
    sign_p
        Two-sided p of the sign test over blocks.
    mean_rho
        Mean of the blocks' Spearman correlations.
    """

    blocks: int
    conditions: int
    page_l: float
    page_p: float
    rising: int
    falling: int
    sign_p: float
    mean_rho: float


def trend(table: Sequence[Sequence[float]]) -> Trend:
    """Test whether values rise along the conditions.

    Parameters
    ----------
    table
        ``[block, condition]``: one row a seed, conditions in their expected order.
    """
    values = np.asarray(table, dtype=np.float64)
    page = stats.page_trend_test(values)
    order = np.arange(values.shape[1])
    rho = [0.0 if np.ptp(row) == 0 else float(stats.spearmanr(order, row).statistic) for row in values]
    rising, falling = sum(r > 0 for r in rho), sum(r < 0 for r in rho)
    n = rising + falling
    sign_p = float(stats.binomtest(rising, n).pvalue) if n else 1.0
    return Trend(
        blocks=values.shape[0],
        conditions=values.shape[1],
        page_l=float(page.statistic),
        page_p=float(page.pvalue),
        rising=rising,
        falling=falling,
        sign_p=sign_p,
        mean_rho=math.fsum(rho) / len(rho),
    )
