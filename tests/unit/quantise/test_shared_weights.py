"""Weights that many synapses share are rounded once, for all neurons that have them."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.graph.synapses import Synapses, in_steps, listed
from neurodeploy.quantise import rounding
from neurodeploy.quantise.grid import WeightGrid
from neurodeploy.quantise.rounding import delayed, legal_of, responses, round_calibrated, rounded_alone
from neurodeploy.quantise.shared import joined, shares

LOIHI_GRID = WeightGrid(same_sign_max=255, mixed_min=-256, mixed_max=254, mixed_step=2)


def convolution(rng: np.random.Generator, *, channels: int = 3, n: int = 20, size: int = 5) -> np.ndarray:
    """Give a convolution over one axis as a matrix, ``[1, post, pre]``."""
    kernel = rng.normal(0, 40, (channels, size))
    weight = np.zeros((channels, n - size + 1, n))
    for place in range(n - size + 1):
        weight[:, place, place : place + size] = kernel
    return weight.reshape(1, -1, n)


def rounded(units: dict[str, np.ndarray], spikes: dict[str, np.ndarray]) -> tuple[dict, dict, dict]:
    """Round ``[tap, post, pre]`` weights together; give integers, synapses and legal integers."""
    lists: dict[str, Synapses] = {key: in_steps(listed(x, 0 * x), 1.0) for key, x in units.items()}
    n_post = next(iter(units.values())).shape[1]
    legal = {
        key: legal_of(s.weight, s, np.zeros(n_post, np.int64), np.zeros(s.shape[2], np.int64), LOIHI_GRID)
        for key, s in lists.items()
    }
    whole = round_calibrated(
        {key: s.weight for key, s in lists.items()},
        synapses=lists,
        spikes=spikes,
        legal=legal,
        kept_v=np.full(n_post, 0.9),
        kept_u=np.zeros(n_post),
    )
    return whole, lists, legal


def test_a_shared_weight_becomes_one_integer_and_the_sum_of_all_errors_is_not_worse() -> None:
    rng = np.random.default_rng(0)
    better = 0
    for _ in range(5):
        units = {"p": convolution(rng)}
        spikes = {"p": (rng.random((4, 50, 20)) < 0.3).astype(np.uint8)}
        whole, lists, legal = rounded(units, spikes)
        s = lists["p"]
        for value in np.unique(s.weight):
            assert len(np.unique(whole["p"][s.weight == value])) == 1
        alone = rounded_alone(s.weight, legal["p"])
        response = delayed(responses(spikes["p"], kept_v=0.9, kept_u=0.0), np.arange(20), np.zeros(20, int))
        error = {}
        for name, w in (("together", whole["p"]), ("alone", alone)):
            matrix = np.zeros(s.shape[1:])
            matrix[s.post, s.pre] = w - s.weight
            error[name] = float(((matrix @ response) ** 2).sum())
        assert error["together"] <= error["alone"] * (1 + 1e-9)
        better += error["together"] < 0.7 * error["alone"]
    assert better >= 3, "rounding together is worth something"


def test_a_weight_that_a_neuron_has_several_times_answers_for_all_of_them() -> None:
    """As behind a pool: 0.9 six times becomes 0 six times; the weight beside it makes up for 5.4, damped."""
    row = np.array([0.9] * 6 + [10.0, -5.0])
    spikes = np.zeros((3, 20, 8), dtype=np.uint8)
    spikes[:, :, :7] = 1  # all at once; the negative weight only makes the grid even
    whole, _, _ = rounded({"p": np.tile(row, (1, 4, 1))}, {"p": spikes})
    assert whole["p"].reshape(4, 8).tolist() == [[0] * 6 + [14, -6]] * 4


def test_weights_that_stand_once_are_rounded_by_each_neuron_for_itself() -> None:
    units = np.random.default_rng(1).normal(0, 40, (1, 6, 8))
    assert not shares(units[units != 0])
    lists = in_steps(listed(units, 0 * units), 1.0)
    incoming = joined({"p": lists.weight}, {"p": lists}, {"p": np.ones((3, 48), np.int64)}, n_neurons=6)
    assert [n.tolist() for n in incoming.together(np.arange(6))] == [[n] for n in range(6)]


def test_channels_of_a_convolution_are_rounded_apart_and_their_neurons_together() -> None:
    units = convolution(np.random.default_rng(2))
    assert shares(units[units != 0])
    lists = in_steps(listed(units, 0 * units), 1.0)
    legal = np.ones((3, len(lists)), np.int64)
    incoming = joined({"p": lists.weight}, {"p": lists}, {"p": legal}, n_neurons=48)
    sets = sorted(each.tolist() for each in incoming.together(np.arange(48)))
    assert sets == [list(range(16 * c, 16 * (c + 1))) for c in range(3)]


def test_a_projection_beside_a_convolution_keeps_its_own_weights() -> None:
    rng = np.random.default_rng(3)
    own = rng.normal(0, 40, (1, 48, 4))
    spikes = {key: (rng.random((3, 40, n)) < 0.3).astype(np.uint8) for key, n in (("p", 20), ("q", 4))}
    whole, lists, legal = rounded({"p": convolution(rng), "q": own}, spikes)
    s = lists["p"]
    for value in np.unique(s.weight):
        assert len(np.unique(whole["p"][s.weight == value])) == 1
    assert np.abs(whole["q"] - lists["q"].weight).max() < 40
    step, low, high = legal["q"]
    assert ((whole["q"] >= low) & (whole["q"] <= high) & (whole["q"] % step == 0)).all()


def test_more_shared_weights_than_can_be_rounded_together_go_to_the_nearest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rounding, "MAX_SHARED", 3)
    rng = np.random.default_rng(4)
    spikes = {"p": (rng.random((3, 40, 20)) < 0.3).astype(np.uint8)}
    whole, lists, legal = rounded({"p": convolution(rng)}, spikes)
    assert np.array_equal(whole["p"], rounded_alone(lists["p"].weight, legal["p"]))


def test_a_population_that_nothing_leads_to_has_nothing_to_round() -> None:
    kept = np.full(3, 0.9)
    assert round_calibrated({}, synapses={}, spikes={}, legal={}, kept_v=kept, kept_u=0 * kept) == {}
    no_synapse = np.zeros((1, 3, 2))
    whole, _, _ = rounded({"p": no_synapse}, {"p": np.ones((1, 4, 2), np.uint8)})
    assert whole["p"].size == 0


def test_four_uses_of_each_number_are_sharing_and_fewer_are_not() -> None:
    numbers = np.array([1.5, -2.0, 3.25])
    assert shares(np.repeat(numbers, 4))
    assert not shares(np.repeat(numbers, 4)[1:])
