"""Adam with one group for weights, one for delays and one for time constants, and their schedules."""

from __future__ import annotations

import torch

from neurodeploy.recipe import Recipe
from neurodeploy.training.fit.schedule import Sigma, cosine, halving, one_cycle
from neurodeploy.training.model.spiking_network import SpikingNetwork

WEIGHTS, DELAYS, TAUS = "weights", "delays", "taus"


def make_optimiser(network: SpikingNetwork) -> torch.optim.Adam:
    """Make Adam with the recipe's learning rates; weight decay (L2) on the connections' weights alone."""
    train = network.recipe.train
    decayed, plain, delays, taus = [], [], [], []
    for name, parameter in network.named_parameters():
        last = name.rpartition(".")[2]
        if last == "delay":
            delays.append(parameter)
        elif last == "theta":
            taus.append(parameter)
        elif last == "weight" and ".norm." not in name:
            decayed.append(parameter)
        else:
            plain.append(parameter)
    groups = [
        {"params": decayed, "kind": WEIGHTS, "lr": train.lr, "weight_decay": train.weight_decay},
        {"params": plain, "kind": WEIGHTS, "lr": train.lr},
        {"params": delays, "kind": DELAYS, "lr": train.lr_delay},
        {"params": taus, "kind": TAUS, "lr": train.lr_tau},
    ]
    return torch.optim.Adam([group for group in groups if group["params"]])


def set_rates(optimiser: torch.optim.Optimizer, recipe: Recipe, step: int, steps_per_epoch: int) -> None:
    """Set every group's learning rate for a step of the whole training (from 0).

    Taus follow the schedule of the weights.
    """
    train = recipe.train
    n_steps = train.epochs * steps_per_epoch
    if train.lr_schedule == "one_cycle":
        weights = one_cycle(step, n_steps)
    elif train.lr_schedule == "cosine":
        weights = cosine(step, n_steps)
    elif train.lr_schedule == "step":
        weights = halving(step // steps_per_epoch, train.lr_step_first, train.lr_step_every)
    else:
        weights = 1.0
    # By epoch, as the reference does; so is sigma.
    delays = cosine(step // steps_per_epoch, train.epochs) if train.delay_schedule == "cosine" else 1.0
    rates = {WEIGHTS: train.lr * weights, DELAYS: train.lr_delay * delays, TAUS: train.lr_tau * weights}
    for group in optimiser.param_groups:
        group["lr"] = rates[group["kind"]]


def make_sigma(recipe: Recipe) -> Sigma | None:
    """Make the schedule of the kernels' width; None where no delays are learned."""
    projection = recipe.network.projection
    if projection.kind != "delays" or projection.mode != "learned":
        return None
    return Sigma(
        kind=projection.sigma_schedule,
        start=projection.sigma_first,
        end=projection.sigma_end,
        epochs=projection.sigma_fraction * recipe.train.epochs,
        n_epochs=recipe.train.epochs,
    )
