"""The limits of P2: what a user asks for, and what is refused whoever asks."""

from __future__ import annotations

import math
from dataclasses import dataclass

from neurodeploy.findings.codes_usage import WRONG_USAGE
from neurodeploy.verify.statistics import CONFIDENCE, PairedDrop

REFUSED_PERCENT = 100.0 / 3.0
"""A population of which more than this part of all spikes has no counterpart, or a set on which more than
this part of the decisions differs, is another network and fails without any limit. Trained bundles of the
shipped recipes have 0.7 to 6.2 % of spikes and 1 to 4 % of decisions; a network with all weights 0 has 100
and some 50."""

TOO_FEW = 10
"""Fewer spikes, or fewer differing decisions, are too few to refuse anything by."""

SLACK = 1e-10
"""Percentage points: 7 of 100 samples are 7.000000000000001 in float64, and --max-drop 7 allows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What P2 is held against.

    Attributes
    ----------
    max_drop
        Largest drop of accuracy from float to integers, in percentage points; None measures without a limit.
    confidence
        Between 0 and 1: ``max_drop`` then holds the upper end of the two-sided interval at this confidence
        (a test of non-inferiority); None holds the measured drop.

    Raises
    ------
    NeurodeployError
        ND080: not a finite number of 0 or above, a confidence outside 0 to 1 or without ``max_drop``.
    """

    max_drop: float | None = None
    confidence: float | None = None

    def __post_init__(self) -> None:
        if self.max_drop is not None and not (math.isfinite(self.max_drop) and self.max_drop >= 0):
            raise WRONG_USAGE.error(
                message="wrong usage: a limit on the drop is no finite number of 0 or above",
                where="--max-drop",
                found=str(self.max_drop),
                limit="percentage points, 0 or above",
            )
        if self.confidence is None:
            return
        if not 0 < self.confidence < 1:
            raise WRONG_USAGE.error(
                message="wrong usage: a confidence lies between 0 and 1",
                where="--confidence",
                found=str(self.confidence),
                limit="above 0 and below 1, for example 0.95",
            )
        if self.max_drop is None:
            raise WRONG_USAGE.error(
                message="wrong usage: --confidence says what --max-drop holds, and has no effect without it",
                where="--confidence",
                help="Give --max-drop POINTS as well.",
            )

    @property
    def interval(self) -> float:
        """The confidence of the interval that is reported."""
        return CONFIDENCE if self.confidence is None else self.confidence

    def held(self, drop: PairedDrop) -> float:
        """Give what ``max_drop`` is compared with, in percentage points."""
        return drop.drop if self.confidence is None else drop.high

    def passes(self, drop: PairedDrop) -> bool:
        """Say whether a set keeps the limit; True where there is none."""
        return self.allows(self.held(drop))

    def allows(self, held: float) -> bool:
        """Say whether a number of percentage points keeps the limit; True where there is none."""
        return self.max_drop is None or held <= self.max_drop + SLACK


def that_passes(held: float) -> float:
    """Give the smallest ``max_drop`` of two decimals that holds a value, in percentage points."""
    return max(0.0, math.ceil((held - SLACK) * 100.0) / 100.0)
