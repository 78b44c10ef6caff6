"""Tau groups and the weight grid."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from neurodeploy.quantise.grid import WeightGrid, best_factor, largest_unclipped, to_grid
from neurodeploy.quantise.groups import group_by_decay

LOIHI_GRID = WeightGrid(same_sign_max=255, mixed_min=-256, mixed_max=254, mixed_step=2)


@given(st.lists(st.integers(1, 4095), min_size=1, max_size=30), st.integers(1, 8))
@example([6, 350], 1)
def test_groups_are_few_constant_and_contiguous(decays: list[int], most: int) -> None:
    dv = np.array(decays)
    decays = group_by_decay(dv, np.full(len(dv), 4095), most)
    group, held, du = decays.group, decays.membrane, decays.current
    assert group.max() + 1 <= most
    assert set(group.tolist()) == set(range(group.max() + 1))
    assert (du == 4095).all()
    for number in range(group.max() + 1):
        assert len(set(held[group == number].tolist())) == 1
    order = np.argsort(dv, kind="stable")
    assert all(held[a] <= held[b] for a, b in pairwise(order))


@pytest.mark.slow
@given(st.lists(st.integers(1, 4095), min_size=1, max_size=8, unique=True))
def test_nothing_moves_where_the_groups_suffice(decays: list[int]) -> None:
    dv = np.array(decays)
    assert np.array_equal(group_by_decay(dv, np.full(len(dv), 4095), 8).membrane, dv)


def test_two_clusters_are_found() -> None:
    dv = np.array([100, 400, 101, 404, 99, 396])
    decays = group_by_decay(dv, np.full(6, 4095), 2)
    group, held = decays.group, decays.membrane
    assert group.tolist() == [0, 1, 0, 1, 0, 1]
    assert held.tolist() == [99, 400, 99, 400, 99, 400] or held.tolist() == [100, 400, 100, 400, 100, 400]


def test_several_current_decays_share_the_groups() -> None:
    rng = np.random.default_rng(0)
    dv, du = rng.integers(50, 800, 40), rng.integers(500, 3000, 40)
    decays = group_by_decay(dv, du, 8)
    group, held_dv, held_du = decays.group, decays.membrane, decays.current
    assert group.max() + 1 <= 8
    for number in range(group.max() + 1):
        assert len(set(held_dv[group == number])) == len(set(held_du[group == number])) == 1


@pytest.mark.parametrize(
    ("x", "expected", "clipped"),
    [
        ([3.4, -2.9], [4, -2], 0),
        ([3.0, -3.0], [4, -4], 0),
        ([254.9, -256.9], [254, -256], 0),
        ([257.0, -300.0], [254, -256], 2),
        ([3.4, 0.0], [3, 0], 0),
        ([255.4, 1.0], [255, 1], 0),
        ([-255.4, 0.0], [-255, 0], 0),
        ([-300.0, 0.0], [-255, 0], 1),
        ([0.0, 0.0], [0, 0], 0),
    ],
)
def test_the_grid_depends_on_the_signs(x: list[float], expected: list[int], clipped: int) -> None:
    weight, lost = to_grid(np.array(x), LOIHI_GRID)
    assert (weight.tolist(), lost) == (expected, clipped)


def test_the_scale_fills_the_grid_without_outliers_and_clips_one_outlier() -> None:
    rng = np.random.default_rng(1)
    flat = rng.uniform(-1, 1, 2000)
    assert best_factor([flat], LOIHI_GRID) == pytest.approx(largest_unclipped(flat, LOIHI_GRID))
    heavy = np.append(rng.normal(0, 0.1, 200_000), 1.5)
    assert best_factor([heavy], LOIHI_GRID) > 1.2 * largest_unclipped(heavy, LOIHI_GRID)


def test_silent_weights_have_a_scale() -> None:
    assert best_factor([np.zeros(3)], LOIHI_GRID) == best_factor([], LOIHI_GRID) == 1.0
