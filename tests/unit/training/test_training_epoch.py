"""One epoch: which random numbers it draws, and that the parts of a batch add up to the whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from neurodeploy.recipe import Augment, Recipe
from neurodeploy.recipe.load import parse_recipe
from neurodeploy.training.fit.epoch import evaluate, train_epoch
from neurodeploy.training.fit.optimiser import make_optimiser
from neurodeploy.training.model.spiking_network import Noise, SpikingNetwork
from neurodeploy.training.world import World


class Drawn:
    """A set that notes what it was asked for, and what its generator would draw."""

    n_steps, n_channels, input_max, mask = 20, 6, 1, None

    def __init__(self, n: int) -> None:
        self.labels = np.arange(n, dtype=np.int64) % 3
        self.asked: list[tuple[list[int], float]] = []

    def __len__(self) -> int:
        return len(self.labels)

    def batch(
        self,
        positions: NDArray[np.int64],
        augment: Augment | None = None,
        generator: np.random.Generator | None = None,
    ) -> NDArray[np.uint8]:
        self.asked.append((positions.tolist(), -1.0 if generator is None else generator.random()))
        fixed = np.random.default_rng(0).random((20, len(self), 6)) < 0.3
        return fixed[:, positions].astype(np.uint8)


def recipe_of(**train: object) -> Recipe:
    return parse_recipe(
        {
            "name": "small",
            "data": {"kind": "events", "steps": 30},
            "network": {"hidden": [5], "projection": {"kind": "dense"}},
            "train": {"epochs": 3, "batch_size": 8, **train},
        }
    )


def epochs(numbers: list[int], seed: int = 0) -> list[tuple[list[int], float]]:
    recipe, samples = recipe_of(seed=seed), Drawn(24)
    network = SpikingNetwork(recipe, 6, 3)
    optimiser = make_optimiser(network)
    for epoch in numbers:
        train_epoch(network, optimiser, samples, epoch=epoch, world=World())
    return samples.asked


def test_every_epoch_and_batch_draws_its_own_order_and_augmentation_and_the_same_again() -> None:
    asked = epochs([0, 1, 2])
    assert len({draw for _, draw in asked}) == len(asked) == 9
    orders = [[p for positions, _ in asked[first : first + 3] for p in positions] for first in (0, 3, 6)]
    assert all(sorted(order) == list(range(24)) for order in orders)
    assert orders[0] != orders[1] != orders[2]
    assert epochs([2]) == asked[6:]
    assert epochs([2], seed=1) != asked[6:]


def test_held_out_samples_are_asked_for_in_order_without_augmentation() -> None:
    samples, network = Drawn(24), SpikingNetwork(recipe_of(), 6, 3)
    evaluate(network, samples, world=World())
    assert samples.asked == [(list(range(24)), -1.0)]


def test_evaluation_measures_what_the_network_says() -> None:
    samples, network = Drawn(24), SpikingNetwork(recipe_of(), 6, 3)
    measured = evaluate(network, samples, world=World())
    x = torch.from_numpy(samples.batch(np.arange(24))).float()
    with torch.no_grad():
        score = network(x).softmax(-1).sum(0)
    labels = torch.from_numpy(samples.labels)
    assert measured.accuracy == pytest.approx(float((score.argmax(-1) == labels).float().mean()))
    assert measured.loss == pytest.approx(float(torch.nn.functional.cross_entropy(score, labels)), rel=1e-5)


@pytest.mark.parametrize(("n", "size"), [(10, 3), (8, 2), (7, 7)])
def test_parts_cover_a_batch_once_and_differ_by_one_sample_at_most(n: int, size: int) -> None:
    parts = [World(rank, size).part(n) for rank in range(size)]
    assert [i for part in parts for i in range(part.start, part.stop)] == list(range(n))
    lengths = [part.stop - part.start for part in parts]
    assert max(lengths) - min(lengths) <= 1


def test_dropout_reaches_the_next_population_as_one_mask_for_all_steps() -> None:
    table = {"name": "small", "data": {"kind": "events", "steps": 30}}
    network = SpikingNetwork(
        parse_recipe({**table, "network": {"hidden": [9, 7], "dropout": 0.4}}), 6, 3
    ).train()
    given, taken = [], []
    network.hidden[0].register_forward_hook(lambda _m, _x, out: given.append(out[0].detach()))
    network.hidden[1].register_forward_pre_hook(lambda _m, x: taken.append(x[0].detach()))
    spikes = (torch.rand(25, 4, 6, generator=torch.Generator().manual_seed(1)) < 0.5).float()
    network(spikes)
    network(spikes, Noise(torch.Generator().manual_seed(2), 4, slice(0, 4)))
    mask = Noise(torch.Generator().manual_seed(2), 4, slice(0, 4)).keep(9, 0.4, spikes)
    assert given[0].sum() > 20
    assert (mask == 0).any()
    assert torch.equal(taken[0], given[0])
    assert torch.equal(taken[1], given[0] * mask)
