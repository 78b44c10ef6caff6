"""Rounding weights together on calibration samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.graph.synapses import in_steps, listed
from neurodeploy.quantise.grid import WeightGrid, to_grid
from neurodeploy.quantise.rounding import Grid, delayed, legal_of, responses, round_calibrated, round_together

LOIHI_GRID = WeightGrid(same_sign_max=255, mixed_min=-256, mixed_max=254, mixed_step=2)


def test_a_response_is_the_decaying_sum_of_past_spikes() -> None:
    spikes = np.zeros((1, 5, 1), dtype=np.uint8)
    spikes[0, [1, 3], 0] = 1
    alone = responses(spikes, kept_v=0.5, kept_u=0.0)
    assert alone[0, 0].tolist() == [0.0, 1.0, 0.5, 1.25, 0.625]
    filtered = responses(spikes, kept_v=0.5, kept_u=0.5)
    assert filtered[0, 0].tolist() == [0.0, 1.0, 1.0, 1.75, 1.5]
    late = delayed(alone, np.array([0, 0]), np.array([2, 9]))
    assert late.tolist() == [[0.0, 0.0, 0.0, 1.0, 0.5], [0.0] * 5]


def test_errors_of_synapses_that_always_act_together_cancel() -> None:
    response = np.ones((4, 3))
    grid = Grid(np.full(4, 2), np.full(4, -256), np.full(4, 254))
    chosen = round_together(np.ones(4), grid, response)
    assert chosen.sum() == 4  # each alone is rounded up to 2: 8 in all
    assert set(chosen.tolist()) <= {0, 2}


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 30))
def test_together_is_never_worse_than_alone_on_the_samples(seed: int, n: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    wanted = rng.normal(0, 80, n)
    response = rng.poisson(0.3, (n, steps)).astype(np.float64)
    grid = Grid(np.full(n, 2), np.full(n, -256), np.full(n, 254))
    chosen = round_together(wanted, grid, response)
    alone = np.array([grid.nearest(x, k) for k, x in enumerate(wanted)])
    assert not (chosen % 2).any()
    assert np.abs(chosen).max() <= 256
    assert (((chosen - wanted) @ response) ** 2).sum() <= (((alone - wanted) @ response) ** 2).sum() + 1e-9


def test_where_rounding_together_does_worse_each_weight_is_rounded_alone() -> None:
    wanted = np.array([-1.1, 3.6, 4.2, 1.0])
    acts = ("01100001", "11100111", "00010001", "01111000")  # one after the other gives 0, 4, 4, 0: error 5.1
    response = np.array([[float(c) for c in row] for row in acts])
    grid = Grid(np.full(4, 2), np.full(4, -4), np.full(4, 4))
    chosen = round_together(wanted, grid, response)
    assert chosen.tolist() == [-2, 4, 4, 2]
    assert (((chosen - wanted) @ response) ** 2).sum() == pytest.approx(3.11)


@pytest.mark.parametrize("sign", [-1, 0, 1])
def test_every_connection_keeps_its_own_grid_and_its_missing_synapses(sign: int) -> None:
    rng = np.random.default_rng(0)
    units = rng.normal(0, 60, (2, 6, 8))
    if sign:
        units[:, :3] = sign * np.abs(units[:, :3])
    units[rng.random(units.shape) < 0.3] = 0.0
    spikes = (rng.random((5, 40, 8)) < 0.2).astype(np.uint8)
    synapses = in_steps(listed(units, rng.integers(0, 9, units.shape).astype(np.float64)), 1.0)
    legal = legal_of(synapses.weight, synapses, np.repeat([0, 1], 3), np.zeros(8, np.int64), LOIHI_GRID)
    weight = np.zeros(units.shape, np.int32)
    weight[synapses.tap, synapses.post, synapses.pre] = round_calibrated(
        {"p": synapses.weight},
        synapses={"p": synapses},
        spikes={"p": spikes},
        legal={"p": legal},
        kept_v=np.repeat([0.9, 0.8], 3),
        kept_u=np.zeros(6),
    )["p"]
    assert not weight[units == 0].any()
    assert np.abs(weight - units).max() < 40
    for tap in weight:
        for part in (tap[:3], tap[3:]):
            mixed = (part > 0).any() and (part < 0).any()
            assert not mixed or not (part % 2).any()
            assert np.array_equal(to_grid(part.astype(np.float64), LOIHI_GRID)[0], part)
    if sign:
        assert (sign * weight[:, :3] >= 0).all()


def test_a_neuron_whose_sources_are_silent_is_rounded_to_the_nearest() -> None:
    grid = Grid(np.full(3, 1), np.zeros(3, np.int64), np.full(3, 255))
    assert round_together(np.array([1.4, 2.5, 300.0]), grid, np.zeros((3, 7))).tolist() == [1, 3, 255]
