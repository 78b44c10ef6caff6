"""Neuron layers with plain arguments: the scans with their options, and a network of them that learns."""

from __future__ import annotations

from typing import get_args

import pytest
import torch

from neurodeploy.nn import LI, LIF, CubaLIF, DelayLinear, Dense
from neurodeploy.ops.scan.scans import li_scan, lif_box_scan, lif_scan
from neurodeploy.recipe import Network
from neurodeploy.training.model.neurons import NEURONS


def drive(seed: int = 0) -> torch.Tensor:
    return torch.randn(20, 3, 4, generator=torch.Generator().manual_seed(seed)) * 3


def test_layers_are_the_scans_with_their_time_constants() -> None:
    x = drive()
    alpha, synaptic = 0.01 / torch.full((4,), 0.05), 0.01 / torch.full((4,), 0.02)
    lif = LIF(4, tau_s=0.05, dt_s=0.01, reset="soft", v_threshold=0.7)
    assert torch.equal(lif(x), lif_box_scan(x, alpha, 0.7, reset="subtract", surrogate="atan"))
    cuba = CubaLIF(4, tau_s=0.05, tau_syn_s=0.02, dt_s=0.01, v_reset=-0.2)
    spikes, v = cuba(x, return_v=True)
    assert spikes.any()
    assert torch.equal(v, lif_scan(x, alpha, synaptic, 1.0, -0.2, surrogate="atan", return_v=True)[1])
    assert torch.equal(LI(4, tau_s=[0.05] * 4, dt_s=0.01)(x), li_scan(x, alpha))


def test_a_kept_mask_silences_a_neuron_for_the_whole_sequence() -> None:
    keep = torch.tensor([[0.0, 1.0, 1.0, 2.0]]).expand(3, 4)
    lif = LIF(4, tau_s=0.05, dt_s=0.01)
    assert torch.equal(lif(drive(), keep=keep), lif(drive()) * keep)


@pytest.mark.parametrize("learn", ["layer", "neuron"])
def test_time_constants_learn_when_they_are_asked_to(learn: str) -> None:
    cuba = CubaLIF(4, tau_s=0.05, tau_syn_s=0.02, dt_s=0.01, learn_tau=learn, learn_tau_syn=learn)
    assert {name for name, _ in cuba.named_parameters()} == {"tau.theta", "tau_syn.theta"}
    cuba(drive(), return_v=True)[1].sum().backward()
    for parameter in cuba.parameters():
        assert parameter.grad is not None
        assert parameter.grad.any()
    assert not list(LIF(4, tau_s=0.05, dt_s=0.01).parameters())


def test_a_network_of_layers_learns_in_a_plain_loop() -> None:
    torch.manual_seed(0)
    layers = torch.nn.Sequential(
        DelayLinear(6, 12, max_delay_steps=5, gain=3.0),
        LIF(12, tau_s=0.03, dt_s=0.01, learn_tau="neuron"),
        Dense(12, 2),
        LI(2, tau_s=0.05, dt_s=0.01),
    )
    x = (torch.rand(30, 16, 6) < 0.3).float()
    labels = torch.arange(16) % 2
    x[:, labels == 1, :3] *= (torch.rand(30, 8, 3) < 0.3).float()
    optimiser = torch.optim.Adam(layers.parameters(), lr=0.02)
    losses = []
    for _ in range(30):
        loss = torch.nn.functional.cross_entropy(layers(x).mean(0), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        layers[0].clamp()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    assert "learned synaptic delays 0..5 steps" in repr(layers)


def test_the_table_of_trained_neurons_is_the_recipes_list() -> None:
    assert set(NEURONS) == set(get_args(Network.model_fields["neuron"].annotation))


def test_arguments_without_meaning_are_refused() -> None:
    with pytest.raises(ValueError, match="at least dt"):
        LIF(4, tau_s=0.001, dt_s=0.01)
    with pytest.raises(ValueError, match="time constants"):
        LI(4, tau_s=[0.05] * 3, dt_s=0.01)
    with pytest.raises(ValueError, match="reset"):
        LIF(4, tau_s=0.05, dt_s=0.01, reset="value")
    with pytest.raises(ValueError, match="learned"):
        LIF(4, tau_s=0.05, dt_s=0.01, learn_tau="all")
