"""Connections: which synapses exist, when their spikes arrive, and which one a recipe gets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from neurodeploy.nn import DelayLinear, Dense, TemporalConv
from neurodeploy.recipe import ProjectionKeys
from neurodeploy.training.model.connections import connect


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_sparse_connections_have_equal_fan_in_and_stay_sparse() -> None:
    connection = Dense(20, 9, density=0.25, generator=generator())
    assert ((connection.weight != 0).sum(-1) == 5).all()
    before = connection.weight != 0
    connection(torch.rand(4, 2, 20)).square().sum().backward()
    assert (connection.weight.grad[~before] == 0).all()
    assert (connection.weight.grad[before] != 0).all()


@pytest.mark.parametrize("mode", ["synaptic", "axonal", "dendritic"])
@pytest.mark.parametrize("seed", range(3))
def test_whole_delays_arrive_when_they_should(seed: int, mode: str) -> None:
    learned = DelayLinear(7, 5, max_delay_steps=6, mode=mode, density=0.8, generator=generator(seed)).eval()
    fixed = DelayLinear(7, 5, max_delay_steps=6, mode=mode, learn=False, generator=generator(seed)).eval()
    convolution = TemporalConv(7, 5, n_taps=3, dilation=2, generator=generator(seed))
    x = (torch.rand(15, 2, 7, generator=generator(9)) < 0.3).float()
    for connection in (learned, fixed, convolution):
        weight, steps = connection.synapses().detach(), connection.delay_steps()
        expected = torch.zeros(15, 2, 5)
        for tap, target, source in np.ndindex(*steps.shape):
            delay = int(steps[tap, target, source])
            expected[delay:, :, target] += weight[tap, target, source] * x[: 15 - delay, :, source]
        torch.testing.assert_close(connection(x), expected, rtol=1e-4, atol=1e-5)
        assert torch.equal(fixed.train()(x), fixed.eval()(x))
    assert learned.delay_steps().max() > 3


def test_learned_delays_are_wide_in_training_only_and_clamped_to_their_slots() -> None:
    connection = DelayLinear(7, 5, max_delay_steps=6, generator=generator())
    assert float(connection.sigma) == 3.0
    x = torch.rand(15, 2, 7)
    whole = connection.eval()(x)
    assert not torch.allclose(connection.train()(x), whole, atol=1e-2)
    connection.delay.data.round_()
    connection.set_sigma(0.05)
    torch.testing.assert_close(connection(x), connection.eval()(x), rtol=1e-4, atol=1e-4)
    connection.delay.data[0, 0, :2] = torch.tensor([-3.0, 99.0])
    connection.clamp()
    assert connection.delay[0, 0, :2].tolist() == [0.0, 6.0]


def test_delays_start_and_stay_above_the_shortest_one() -> None:
    connection = DelayLinear(30, 20, min_delay_steps=2, max_delay_steps=6, generator=generator())
    assert 2.0 <= float(connection.delay.detach().min()) < 2.1
    connection.delay.data.fill_(1.0)
    connection.clamp()
    assert (connection.delay_steps() == 2).all()


@pytest.mark.parametrize(
    ("keys", "hidden", "readout"),
    [
        ({"kind": "dense"}, Dense, Dense),
        ({"kind": "delays"}, DelayLinear, Dense),
        ({"kind": "delays", "readout_delays": True}, DelayLinear, DelayLinear),
        ({"kind": "delays", "mode": "fixed"}, DelayLinear, Dense),
        ({"kind": "delays", "mode": "none"}, Dense, Dense),
        ({"kind": "convolution"}, TemporalConv, Dense),
    ],
)
def test_a_recipe_gets_the_connections_it_asks_for(keys: dict[str, Any], hidden: type, readout: type) -> None:
    recipe = ProjectionKeys(density=0.5, **keys)
    into_hidden = connect(recipe, 6, 4, gain=1.0, generator=generator(), taps=(3, 2))
    into_readout = connect(recipe, 6, 4, gain=1.0, generator=generator(), taps=None)
    assert (type(into_hidden), type(into_readout)) == (hidden, readout)
    assert into_hidden.mask is not None
    assert into_readout.mask is None
    if isinstance(into_hidden, DelayLinear):
        assert into_hidden.learn == (recipe.mode == "learned")


@pytest.mark.parametrize(("mode", "shape"), [("axonal", (1, 1, 7)), ("dendritic", (1, 5, 1))])
def test_shared_delays_get_the_gradient_of_all_their_synapses(mode: str, shape: tuple[int, ...]) -> None:
    shared = DelayLinear(7, 5, max_delay_steps=6, mode=mode, generator=generator())
    own = DelayLinear(7, 5, max_delay_steps=6, generator=generator())
    assert shared.delay.shape == shape
    own.load_state_dict({**shared.state_dict(), "delay": shared.delay.detach().expand(1, 5, 7)})
    x, up = torch.rand(12, 3, 7, generator=generator(1)), torch.randn(12, 3, 5, generator=generator(2))
    for layer in (shared, own):
        (layer(x) * up).sum().backward()
    axis = 1 if mode == "axonal" else 2
    assert shared.delay.grad is not None
    assert own.delay.grad is not None
    torch.testing.assert_close(shared.delay.grad, own.delay.grad.sum(axis, keepdim=True))


def test_arguments_without_meaning_are_refused() -> None:
    with pytest.raises(ValueError, match="mode is one of"):
        DelayLinear(2, 2, max_delay_steps=3, mode="somatic")
    with pytest.raises(ValueError, match="init is one of"):
        DelayLinear(2, 2, max_delay_steps=3, init="normal")
    with pytest.raises(ValueError, match="min to max"):
        DelayLinear(2, 2, max_delay_steps=3, min_delay_steps=4)
    with pytest.raises(ValueError, match="dilation"):
        TemporalConv(2, 2, n_taps=2, dilation=0)
    with pytest.raises(ValueError, match="density"):
        Dense(2, 2, density=0.0)
