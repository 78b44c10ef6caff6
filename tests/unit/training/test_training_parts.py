"""The parts of training: losses, schedules, time constants, BatchNorm and dropout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from neurodeploy.nn.tau import TimeConstants, spread
from neurodeploy.recipe import Recipe
from neurodeploy.recipe.load import parse_recipe
from neurodeploy.training.fit.epoch import batches_of
from neurodeploy.training.fit.loss import right_decisions, summed_loss
from neurodeploy.training.fit.optimiser import make_optimiser, set_rates
from neurodeploy.training.fit.schedule import Sigma, cosine, halving, one_cycle
from neurodeploy.training.model import norm as norm_module
from neurodeploy.training.model.neurons import filter_sd
from neurodeploy.training.model.norm import BatchNorm
from neurodeploy.training.model.spiking_network import Noise, SpikingNetwork
from neurodeploy.training.world import World


def recipe_of(train: dict[str, Any] | None = None, **network: Any) -> Recipe:
    return parse_recipe(
        {
            "name": "small",
            "data": {"kind": "events", "steps": 30},
            "network": {"hidden": [8, 7, 6], "tau": {"tau_s": 0.05}, **network},
            "train": train or {},
        }
    )


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# Losses


def test_each_loss_is_the_cross_entropy_of_its_score() -> None:
    v = torch.randn(5, 4, 3, generator=generator())
    labels = torch.tensor([0, 2, 1, 1])
    scores = {"softmax_sum": v.softmax(-1).sum(0), "last": v[4], "max": v.amax(0)}
    for kind, score in scores.items():
        expected = -torch.log_softmax(score, -1)[range(4), labels].sum()
        torch.testing.assert_close(summed_loss(v, labels, kind), expected)
        right = int((score.argmax(-1) == labels).sum())
        assert right_decisions(v, labels, None, kind) == (right, 4)


def test_the_loss_of_each_step_counts_every_step_and_its_accuracy_only_the_masked_ones() -> None:
    v = torch.randn(5, 4, 2, generator=generator())
    labels = torch.randint(0, 2, (5, 4), generator=generator(1))
    expected = sum(functional.cross_entropy(v[t], labels[t], reduction="sum") for t in range(5)) / 5
    torch.testing.assert_close(summed_loss(v, labels, "per_step"), expected)
    mask = torch.zeros(5, 4, dtype=torch.bool)
    mask[3] = True
    right = int((v[3].argmax(-1) == labels[3]).sum())
    assert right_decisions(v, labels, mask, "per_step") == (right, 4)


# Schedules


@pytest.mark.parametrize("n_steps", [10, 37, 1000])
def test_one_cycle_is_pytorchs(n_steps: int) -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=1.0, total_steps=n_steps)
    for step in range(n_steps):
        assert one_cycle(step, n_steps) == pytest.approx(optimiser.param_groups[0]["lr"], rel=1e-9)
        optimiser.step()
        if step + 1 < n_steps:
            theirs.step()


def test_cosine_and_halving_pass_through_their_marks() -> None:
    assert [cosine(step, 10) for step in (0, 5, 10)] == pytest.approx([1.0, 0.5, 0.0])
    assert [halving(epoch, 25, 5) for epoch in (0, 24, 25, 29, 30, 35)] == [1, 1, 0.5, 0.5, 0.25, 0.125]


@pytest.mark.parametrize("kind", ["exponential", "linear"])
def test_sigma_falls_from_start_to_end_and_stays(kind: str) -> None:
    sigma = Sigma(kind, start=12.0, end=0.5, epochs=10.0, n_epochs=40)
    values = [sigma.at(epoch) for epoch in range(40)]
    assert values[0] == 12.0
    assert values[10:] == pytest.approx([0.5] * 30)
    middle = math.sqrt(12.0 * 0.5) if kind == "exponential" else 6.25
    assert values[5] == pytest.approx(middle)
    assert np.all(np.diff(values[:11]) < 0)


def test_adaptive_sigma_waits_while_the_loss_falls_and_always_ends_narrow() -> None:
    falling = Sigma("adaptive", start=12.0, end=0.5, epochs=0.0, n_epochs=40)
    for epoch in range(3):
        falling.observe(epoch, 10.0 * 0.5**epoch)
        assert falling.at(epoch + 1) == 12.0
    falling.observe(3, 10.0)  # the loss has stopped falling
    assert falling.at(4) == pytest.approx(12.0 * 0.7)
    for epoch in range(4, 40):
        falling.observe(epoch, 0.9**epoch)
    assert falling.at(39) == 0.5
    other = Sigma("adaptive", start=12.0, end=0.5, epochs=0.0, n_epochs=40)
    other.restore(falling.state())
    assert other.at(0) == falling.at(0)


def test_parameters_get_the_rates_of_their_kind() -> None:
    recipe = recipe_of(
        {
            "epochs": 10,
            "lr": 0.5,
            "lr_delay": 0.25,
            "lr_tau": 0.125,
            "lr_schedule": "cosine",
            "weight_decay": 0.1,
        },
        projection={"kind": "delays", "max_delay_steps": 4},
        tau={"tau_s": 0.05, "learn": "layer"},
    )
    network = SpikingNetwork(recipe, 5, 3)
    optimiser = make_optimiser(network)
    assert sum(len(group["params"]) for group in optimiser.param_groups) == len(list(network.parameters()))
    set_rates(optimiser, recipe, step=10, steps_per_epoch=4)  # epoch 2, halfway through
    rates = {group["kind"]: group["lr"] for group in optimiser.param_groups}
    assert rates == pytest.approx(
        {"weights": 0.5 * cosine(10, 40), "delays": 0.25 * cosine(2, 10), "taus": 0.125 * cosine(10, 40)}
    )
    decayed = {id(p) for group in optimiser.param_groups if group["weight_decay"] for p in group["params"]}
    assert decayed == {id(connection.weight) for connection in network.connections()}


# Time constants


def test_the_spread_has_its_deviation_and_stops_at_dt() -> None:
    taus = spread(0.3, 4000, relative_sd=0.1, dt_s=0.01, rng=np.random.default_rng(0))
    assert taus.mean() == pytest.approx(0.3, rel=0.01)
    assert taus.std() == pytest.approx(0.03, rel=0.05)
    assert spread(0.012, 500, relative_sd=1.0, dt_s=0.01, rng=np.random.default_rng(0)).min() == 0.01


@pytest.mark.parametrize("learn", ["layer", "neuron"])
def test_learned_time_constants_start_where_they_are_set_and_never_fall_below_dt(learn: str) -> None:
    start = np.array([0.02, 0.05, 0.3])
    tau = TimeConstants(start, 0.01, learn)
    np.testing.assert_allclose(tau.seconds(), start, rtol=1e-6)
    torch.testing.assert_close(tau.alpha().detach(), torch.tensor([0.5, 0.2, 1 / 30]))
    assert tau.theta.numel() == (1 if learn == "layer" else 3)
    tau.theta.data.fill_(100.0)
    assert (tau.seconds() >= 0.01).all()


def test_nothing_that_is_learned_is_outside_the_parameters_and_nothing_else_is_lost() -> None:
    delays = {"kind": "delays", "max_delay_steps": 4}
    network = SpikingNetwork(recipe_of(projection=delays, tau={"tau_s": 0.05, "learn": "neuron"}), 5, 3)
    learned = {name for name, _ in network.named_parameters()}
    for index in range(3):
        assert {f"hidden.{index}.tau.theta", f"hidden.{index}.connection.delay"} <= learned
    fixed = SpikingNetwork(
        recipe_of(projection={**delays, "mode": "fixed"}, tau={"tau_s": 0.05, "spread": 0.2}), 5, 3
    )
    assert {"hidden.0.tau.tau_s", "hidden.0.connection.steps", "readout_tau.tau_s"} <= set(fixed.state_dict())


def test_the_filters_deviation_is_what_white_noise_measures() -> None:
    noise = np.random.default_rng(0).standard_normal(200_000)
    for alpha, alpha_syn in ((0.5, None), (0.1, None), (0.2, 0.4)):
        v, current, trace = 0.0, 0.0, []
        for x in noise:
            current = x if alpha_syn is None else (1.0 - alpha_syn) * current + x
            v += alpha * (current - v)
            trace.append(v)
        assert np.std(trace) == pytest.approx(filter_sd(alpha, alpha_syn), rel=0.02)


# BatchNorm


def test_batch_norm_over_processes_is_pytorchs_with_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randn(6, 4, 5, generator=generator(), dtype=torch.float64, requires_grad=True)
    weight = torch.rand(5, generator=generator(1), dtype=torch.float64)
    target = torch.randn(6, 4, 5, generator=generator(2), dtype=torch.float64)
    layers = []
    for _ in range(2):
        layer = BatchNorm(5).double()
        layer.weight.data.copy_(weight)
        layers.append(layer)
    theirs = layers[0](x, World())
    (theirs * target).sum().backward()
    expected, x.grad = x.grad, None
    # A world of two in which the other process has no samples takes the distributed path.
    monkeypatch.setattr(norm_module.World, "sum_", lambda self, tensor: tensor)
    ours = layers[1](x, World(rank=0, size=2))
    (ours * target).sum().backward()
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(x.grad, expected)
    for name, value in layers[0].state_dict().items():
        torch.testing.assert_close(layers[1].state_dict()[name], value)
    torch.testing.assert_close(layers[1].weight.grad, layers[0].weight.grad)


# Dropout and batches


def test_dropout_silences_a_neuron_for_the_whole_sample_and_does_not_depend_on_the_processes() -> None:
    like = torch.zeros(1)
    whole = Noise(generator(), 10, slice(0, 10)).keep(400, 0.3, like)
    parts = [Noise(generator(), 10, World(rank, 3).part(10)).keep(400, 0.3, like) for rank in range(3)]
    assert torch.equal(torch.cat(parts), whole)
    assert whole.shape == (10, 400)
    assert whole.unique().tolist() == pytest.approx([0.0, 1 / 0.7])
    assert (whole == 0).float().mean() == pytest.approx(0.3, abs=0.03)


def test_nothing_is_dropped_at_evaluation() -> None:
    network = SpikingNetwork(recipe_of(dropout=0.5), 5, 3).eval()
    x = (torch.rand(10, 2, 5, generator=generator()) < 0.5).float()
    assert torch.equal(network(x, Noise(generator(), 2, slice(0, 2))), network(x))


@pytest.mark.parametrize(("n", "sizes"), [(64, [32, 32]), (72, [32, 32, 8]), (71, [32, 39]), (5, [5])])
def test_a_small_last_batch_joins_the_one_before(n: int, sizes: list[int]) -> None:
    batches = batches_of(n, 32, np.arange(n))
    assert [len(batch) for batch in batches] == sizes
    assert np.array_equal(np.concatenate(batches), np.arange(n))


def test_a_long_time_constant_does_not_silence_a_fresh_layer() -> None:
    network = SpikingNetwork(recipe_of(tau={"tau_s": 0.3}, projection={"kind": "dense"}), 20, 3).train()
    network((torch.rand(100, 32, 20, generator=generator()) < 0.1).float())
    assert all(0.005 < float(rate) < 0.5 for rate in network.rates)
