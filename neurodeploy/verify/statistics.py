"""How sure a measured drop of accuracy is: paired standard error and confidence interval."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
"""Of the interval that is reported where none is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDrop:
    """Accuracy of two networks on the same samples, all in percent or percentage points.

    Attributes
    ----------
    before, after
        Accuracies in percent.
    drop
        ``before - after`` in percentage points; positive where accuracy was lost.
    standard_error
        Of the drop, paired by sample.
    low, high
        The two-sided interval of the drop.
    confidence
        Of the interval, between 0 and 1.
    n_samples, n_decisions
        What it is made from; the two differ where a sample asks for a decision at every step.
    """

    before: float
    after: float
    drop: float
    standard_error: float
    low: float
    high: float
    confidence: float
    n_samples: int
    n_decisions: int


def paired_drop(
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    counted: NDArray[np.bool_] | None = None,
    *,
    confidence: float = CONFIDENCE,
) -> PairedDrop:
    """Compare which decisions are right before and after.

    Parameters
    ----------
    before, after
        Right or wrong, ``[sample]`` or ``[sample, step]``.
    counted
        ``[sample, step]``: the decisions that count; None for all. Every sample must have one at least.
    confidence
        Of the two-sided interval.

    Returns
    -------
    PairedDrop
        See there.

    Notes
    -----
    Decisions within a sample are not independent, so a sample is the unit: with ``d[k]`` the drop of sample k
    (its share of the mean, where samples have unequally many decisions) the standard error is
    ``sd(d) / sqrt(n)``. The interval is that of Agresti and Min (2005, Statistics in Medicine 24:729): half a
    sample is added to each of the four outcomes, which is the same as two samples with ``d = +-1/sqrt(2)``;
    where nothing differs the plain interval would have no width, which would claim too much.
    """
    before, after = np.atleast_2d(before.T).T, np.atleast_2d(after.T).T  # [sample, decision]
    weight = np.ones(before.shape) if counted is None else counted.astype(np.float64)
    n = before.shape[0]
    total = float(weight.sum())
    if n == 0 or total == 0:
        raise ValueError("no decisions to compare")
    difference = ((before.astype(np.float64) - after.astype(np.float64)) * weight).sum(axis=1)
    drop = float(difference.sum() / total)
    share = weight.sum(axis=1) / (total / n)
    each = difference / (total / n) - drop * (share - 1.0)
    error = float(each.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    added = np.concatenate([each, [np.sqrt(0.5), -np.sqrt(0.5)]])
    middle, spread = added.mean(), added.std() / np.sqrt(n + 2)
    reach = NormalDist().inv_cdf((1.0 + confidence) / 2.0) * spread
    return PairedDrop(
        before=100 * float((before * weight).sum() / total),
        after=100 * float((after * weight).sum() / total),
        drop=100 * drop,
        standard_error=100 * error,
        low=100 * float(max(-1.0, middle - reach)),
        high=100 * float(min(1.0, middle + reach)),
        confidence=confidence,
        n_samples=n,
        n_decisions=int(total),
    )
