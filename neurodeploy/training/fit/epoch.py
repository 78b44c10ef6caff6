"""One epoch of training, and the evaluation of a set."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from neurodeploy.data.sets import SampleSet
from neurodeploy.findings.codes_training import TRAINING_DIVERGED
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.training.fit.loss import right_decisions, summed_loss
from neurodeploy.training.fit.optimiser import set_rates
from neurodeploy.training.model.spiking_network import Noise, SpikingNetwork
from neurodeploy.training.world import World

EVALUATION_BATCH = 256
"""Samples of a batch of the evaluation; the result does not depend on it."""

ORDER, AUGMENT, DROPOUT = 1, 2, 3
"""Streams of random numbers; each epoch and batch has its own, so that a resumed run draws the same."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Mean loss of a sample, accuracy (0 to 1), and mean spikes per neuron and step of each hidden layer."""

    loss: float
    accuracy: float
    rates: tuple[float, ...]


def batches_of(n: int, batch_size: int, order: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Cut an order into batches; a last batch below a quarter of the size joins the one before.

    BatchNorm's statistics over a handful of samples would be noise.
    """
    batches = [order[first : first + batch_size] for first in range(0, n, batch_size)]
    if len(batches) > 1 and len(batches[-1]) < batch_size / 4:
        batches[-2:] = [np.concatenate(batches[-2:])]
    return batches


def train_epoch(
    network: SpikingNetwork,
    optimiser: torch.optim.Optimizer,
    samples: SampleSet,
    *,
    epoch: int,
    world: World,
    tick: Callable[[int, int], None] = lambda _done, _n: None,
) -> Measured:
    """Train for one epoch (from 0).

    Every process builds the same batches, takes its part of each, and sums gradients over all, so that any
    number of processes computes the same step up to the order of summation.

    Parameters
    ----------
    network, optimiser
        Changed in place.
    samples
        The training set.
    epoch
        Decides order, augmentation, dropout and learning rates.
    world
        The processes that train together.
    tick
        Called after each batch with the batches done and their number.

    Returns
    -------
    Measured
        Over the epoch's batches, as they were trained (with dropout and augmentation).

    Raises
    ------
    NeurodeployError
        ND054 the loss is NaN or infinite.
    """
    recipe = network.recipe
    seed, kind = recipe.train.seed, recipe.network.readout.score
    n = len(samples)
    order = np.random.default_rng([seed, ORDER, epoch]).permutation(n)
    batches = batches_of(n, recipe.train.batch_size, order)
    network.train()
    total = torch.zeros(3, dtype=torch.float64, device=world.device)
    rates = torch.zeros(len(network.hidden), device=world.device)
    for index, positions in enumerate(batches):
        set_rates(optimiser, recipe, epoch * len(batches) + index, len(batches))
        part = world.part(len(positions))
        x = samples.batch(
            positions, recipe.data.augment, np.random.default_rng([seed, AUGMENT, epoch, index])
        )
        x_part = torch.from_numpy(np.ascontiguousarray(x[:, part])).to(world.device).float()
        labels, mask = _targets(samples, positions[part], world)
        dropout = torch.Generator().manual_seed(_seed(seed, DROPOUT, epoch, index))
        v = network(x_part, Noise(dropout, len(positions), part))
        loss = summed_loss(v, labels, kind)
        everyones = world.sum_(loss.detach().clone()).item()  # every process must stop, or none
        if not math.isfinite(everyones):
            raise diverged(f"{recipe.name}: epoch {epoch + 1}, batch {index + 1}", f"loss {everyones}")
        optimiser.zero_grad(set_to_none=True)
        (loss / len(positions)).backward()
        world.sum_gradients(p for group in optimiser.param_groups for p in group["params"])
        optimiser.step()
        network.clamp()
        right, decisions = right_decisions(v.detach(), labels, mask, kind)
        total += total.new_tensor([loss.item(), right, decisions])
        rates += torch.stack(network.rates) * (x_part.shape[1] / n)
        tick(index + 1, len(batches))
    world.sum_(total)
    world.sum_(rates)
    return Measured(float(total[0]) / n, float(total[1] / total[2]), tuple(rates.tolist()))


def evaluate(network: SpikingNetwork, samples: SampleSet, *, world: World) -> Measured:
    """Measure a set as it will be deployed: whole delays, running statistics, nothing dropped."""
    kind = network.recipe.network.readout.score
    n = len(samples)
    network.eval()
    total = torch.zeros(3, dtype=torch.float64, device=world.device)
    rates = torch.zeros(len(network.hidden), device=world.device)
    mine = np.arange(n)[world.part(n)]
    with torch.no_grad():
        for first in range(0, len(mine), EVALUATION_BATCH):
            positions = mine[first : first + EVALUATION_BATCH]
            x = torch.from_numpy(samples.batch(positions)).to(world.device).float()
            labels, mask = _targets(samples, positions, world)
            v = network(x)
            right, decisions = right_decisions(v, labels, mask, kind)
            loss = summed_loss(v, labels, kind).item()
            total += total.new_tensor([loss, right, decisions])
            rates += torch.stack(network.rates) * (len(positions) / n)
    world.sum_(total)
    world.sum_(rates)
    return Measured(float(total[0]) / n, float(total[1] / total[2]), tuple(rates.tolist()))


def _targets(
    samples: SampleSet, positions: NDArray[np.int64], world: World
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Give labels (and mask) with the step first where decisions are per step."""
    labels = torch.from_numpy(np.ascontiguousarray(samples.labels[positions].T)).to(world.device)
    mask = samples.mask
    if mask is None:
        return labels, None
    return labels, torch.from_numpy(np.ascontiguousarray(mask[positions].T)).to(world.device)


def _seed(*parts: int) -> int:
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))


def diverged(where: str, found: str) -> NeurodeployError:
    """Give ND054: something that training changes is NaN or infinite."""
    return TRAINING_DIVERGED.error(
        where=where,
        found=found,
        limit="finite numbers",
        help="Lower train.lr, train.lr_delay or train.lr_tau; the last good epoch is in the checkpoint.",
    )
