"""The drop of accuracy is paired, and certainty is not claimed where nothing differs."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.verify.statistics import paired_drop


def right(*values: int) -> np.ndarray:
    return np.array(values, dtype=bool)


def test_the_drop_is_in_percentage_points_and_positive_where_accuracy_was_lost():
    drop = paired_drop(right(1, 1, 1, 0), right(1, 1, 0, 0))
    assert (drop.before, drop.after, drop.drop) == (75.0, 50.0, 25.0)
    assert paired_drop(right(0, 1), right(1, 1)).drop == -50.0


def test_pairing_makes_the_error_smaller_than_two_separate_ones():
    rng = np.random.default_rng(0)
    before = rng.random(1000) < 0.8
    after = before ^ (rng.random(1000) < 0.02)
    drop = paired_drop(before, after)
    separate = 100 * np.sqrt(before.var() / 1000 + after.var() / 1000)
    assert drop.standard_error < separate / 2


def test_the_standard_error_is_that_of_the_mean_difference():
    before, after = right(1, 1, 1, 0, 1), right(1, 0, 1, 1, 1)
    difference = before.astype(float) - after.astype(float)
    expected = 100 * difference.std(ddof=1) / np.sqrt(5)
    assert paired_drop(before, after).standard_error == pytest.approx(expected)


def test_the_interval_is_agresti_and_mins():
    # b = 6 lost, c = 2 won of n = 50: centre (b - c) / (n + 2), see the paper's formula.
    before = right(*[1] * 6, *[0] * 2, *[1] * 42)
    after = right(*[0] * 6, *[1] * 2, *[1] * 42)
    drop = paired_drop(before, after)
    centre = 4 / 52
    spread = np.sqrt((6.5 + 2.5) / 52 - centre**2) / np.sqrt(52)
    assert drop.low == pytest.approx(100 * (centre - 1.959964 * spread), abs=1e-4)
    assert drop.high == pytest.approx(100 * (centre + 1.959964 * spread), abs=1e-4)


def test_no_difference_still_has_an_interval():
    drop = paired_drop(np.ones(100, bool), np.ones(100, bool))
    assert drop.standard_error == 0 and drop.low < 0 < drop.high < 5


def test_only_counted_decisions_count():
    before = np.array([[1, 0], [1, 0]], bool)
    after = np.array([[0, 1], [1, 1]], bool)
    drop = paired_drop(before, after, np.array([[1, 0], [1, 0]], bool))
    assert (drop.before, drop.after, drop.n_decisions, drop.n_samples) == (100.0, 50.0, 2, 2)


def test_steps_of_a_sample_are_not_taken_as_independent():
    rng = np.random.default_rng(0)
    each = rng.random(60) < 0.1
    before = np.ones((60, 20), bool)
    after = np.repeat(~each[:, None], 20, axis=1)  # a sample is wrong at all steps or at none
    by_step = paired_drop(before, after).standard_error
    by_sample = paired_drop(np.ones(60, bool), ~each).standard_error
    assert by_step == pytest.approx(by_sample)


def test_samples_with_unequally_many_decisions_count_by_their_share():
    counted = np.array([[1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 0, 0]], bool)
    before = np.ones((3, 4), bool)
    after = np.array([[0, 1, 0, 1], [0, 1, 1, 1], [1, 1, 0, 0]], bool)
    drop = paired_drop(before, after, counted)
    assert drop.drop == pytest.approx(100 * 3 / 7)
    # The ratio estimator: lost decisions of a sample against its share of the decisions.
    residual = np.array([2, 1, 0]) - 3 / 7 * np.array([4, 1, 2])
    assert drop.standard_error == pytest.approx(100 * residual.std(ddof=1) / (7 / 3) / np.sqrt(3))


def test_no_decisions_are_refused():
    with pytest.raises(ValueError, match="no decisions"):
        paired_drop(np.zeros((3, 2), bool), np.zeros((3, 2), bool), np.zeros((3, 2), bool))
