"""Rounding, steps and decays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy.units import (
    decay_to_tau,
    delay_to_steps,
    off_grid,
    round_nearest,
    steps_to_delay,
    tau_to_decay,
)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (0.5, 1),
        (1.5, 2),
        (2.5, 3),
        (-0.5, -1),
        (-2.5, -3),
        (2.4999999, 2),
        (0.49999999999999994, 0),
        (-7.2, -7),
    ],
)
def test_ties_round_away_from_zero(x: float, expected: int) -> None:
    assert round_nearest(x) == expected


@given(st.floats(-1e9, 1e9))
def test_rounding_is_odd_and_within_half(x: float) -> None:
    assert round_nearest(-x) == -round_nearest(x)
    assert abs(round_nearest(x) - x) <= 0.5


@pytest.mark.parametrize(
    ("delay", "steps"), [(2.5, 3), (2.49, 2), (2.51, 3), (0.0, 0), (24.999, 25), (24.4, 24)]
)
def test_delays_are_rounded_and_not_truncated(delay: float, steps: int) -> None:
    assert delay_to_steps(delay * 0.01, 0.01) == steps


@given(st.integers(0, 5000), st.sampled_from([1e-4, 1e-3, 0.005, 0.01, 0.0123]))
def test_whole_steps_survive_seconds_in_float64_and_float32(steps: int, dt_s: float) -> None:
    seconds = steps_to_delay(steps, dt_s)
    assert delay_to_steps(seconds, dt_s) == steps
    assert not off_grid(seconds, dt_s)
    assert steps > 100 or delay_to_steps(np.float32(seconds), dt_s) == steps


def test_off_grid_sees_a_delay_between_steps() -> None:
    assert off_grid(np.array([0.01, 0.0101]), 0.01).tolist() == [False, True]


@pytest.mark.parametrize(("tau_s", "decay"), [(0.01, 4096), (0.3, 137), (0.0025 * 10, 1638), (0.01005, 4076)])
def test_decays_are_euler_and_not_exponential(tau_s: float, decay: int) -> None:
    assert tau_to_decay(tau_s, 0.01, bits=12) == decay


@given(st.lists(st.floats(0.01, 100.0), min_size=2, max_size=2))
def test_a_longer_tau_never_decays_faster(taus: list[float]) -> None:
    short, long = sorted(taus)
    assert tau_to_decay(long, 0.01, bits=12) <= tau_to_decay(short, 0.01, bits=12)


@given(st.integers(1, 4096))
def test_a_decay_survives_the_way_through_tau(decay: int) -> None:
    assert tau_to_decay(decay_to_tau(decay, 0.01, bits=12), 0.01, bits=12) == decay
