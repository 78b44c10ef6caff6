"""What P2 may be held against, and what a limit holds at its edge."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.verify.drop_limit import Thresholds, that_passes
from neurodeploy.verify.statistics import paired_drop


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_drop": float("nan")},
        {"max_drop": float("inf")},
        {"max_drop": -0.1},
        {"max_drop": 1.0, "confidence": 0.0},
        {"max_drop": 1.0, "confidence": 1.0},
        {"max_drop": 1.0, "confidence": float("nan")},
        {"confidence": 0.95},
    ],
)
def test_a_limit_that_means_nothing_is_wrong_usage(wrong):
    with pytest.raises(NeurodeployError) as caught:
        Thresholds(**wrong)
    assert caught.value.findings[0].code == "ND080" and caught.value.exit_code == 2


def a_drop(lost: int, n: int, confidence: float = 0.95):
    before = np.ones(n, bool)
    after = before.copy()
    after[:lost] = False
    return paired_drop(before, after, confidence=confidence)


def test_without_confidence_the_measured_drop_is_held():
    drop = a_drop(7, 100)
    assert Thresholds(max_drop=7.0).passes(drop), "7 of 100 is 7.000000000000001 in float64"
    assert not Thresholds(max_drop=6.9999).passes(drop)


def test_with_confidence_the_upper_end_of_the_interval_is_held():
    drop = a_drop(7, 100)
    assert drop.high > drop.drop + 1
    assert Thresholds(max_drop=drop.high + 1e-6, confidence=0.95).passes(drop)
    assert not Thresholds(max_drop=drop.high - 1e-6, confidence=0.95).passes(drop)


def test_an_interval_is_wider_where_more_confidence_is_asked_for():
    widths = [a_drop(7, 100, c).high - a_drop(7, 100, c).low for c in (0.5, 0.9, 0.95, 0.99)]
    assert widths == sorted(widths) and widths[0] < widths[-1] / 2
    assert a_drop(7, 100).confidence == 0.95


@pytest.mark.parametrize("lost", [0, 1, 7, 13, 50])
@pytest.mark.parametrize("confidence", [None, 0.95])
def test_the_value_that_is_named_passes_and_a_hundredth_less_does_not(lost, confidence):
    drop = a_drop(lost, 97)
    named = that_passes(Thresholds(max_drop=0.0, confidence=confidence).held(drop))
    assert Thresholds(max_drop=named, confidence=confidence).passes(drop)
    if named >= 0.01:
        assert not Thresholds(max_drop=named - 0.0101, confidence=confidence).passes(drop)


def test_a_gain_of_accuracy_needs_no_allowance():
    assert that_passes(-3.2) == 0.0
