"""A whole training step of the compiled operators equals the one made of definitions, in float64."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from neurodeploy.nn import delay_linear, lif
from neurodeploy.nn import recurrent as back
from neurodeploy.ops.delays import naive as delays
from neurodeploy.ops.scan import naive as scan
from neurodeploy.ops.spectral import spectral_projection
from neurodeploy.recipe.load import parse_recipe
from neurodeploy.training.fit.loss import summed_loss
from neurodeploy.training.model.spiking_network import Noise, SpikingNetwork


def gradients(neuron: str, *, recurrent: bool) -> tuple[list[str], list[Tensor]]:
    """Give the loss and every parameter's gradient of one step with dropout."""
    table: dict[str, Any] = {
        "name": "small",
        "data": {"kind": "events", "steps": 40},
        "network": {
            "hidden": [19, 35],
            "neuron": neuron,
            "dropout": 0.3,
            "recurrent": recurrent,
            "tau": {"tau_s": 0.05, "learn": "neuron"},
            "projection": {
                "kind": "delays",
                "mode": "learned",
                "max_delay_steps": 12,
                "recurrent_delays": recurrent,
            },
        },
    }
    net = SpikingNetwork(parse_recipe(table), 7, 3, seed=4).double().train()
    net.set_sigma(1.5)
    generator = torch.Generator().manual_seed(5)
    x = (torch.rand(40, 6, 7, generator=generator) < 0.4).double()
    v = net(x, Noise(generator, 6, slice(0, 6)))
    loss = summed_loss(v, torch.arange(6) % 3, "softmax_sum")
    names, parameters = zip(*net.named_parameters(), strict=True)
    return list(names), [loss.detach(), *torch.autograd.grad(loss, parameters)]


@pytest.mark.slow
@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("neuron", ["lif_box", "lif"])
def test_a_step_of_the_compiled_operators_is_that_of_the_definitions(
    monkeypatch: pytest.MonkeyPatch, neuron: str, recurrent: bool
) -> None:
    monkeypatch.setattr(delay_linear, "delayed_projection", spectral_projection)
    names, actual = gradients(neuron, recurrent=recurrent)
    monkeypatch.setattr(delay_linear, "delayed_projection", delays.delayed_projection)
    monkeypatch.setattr(delay_linear, "gaussian_kernel", delays.gaussian_kernel)
    monkeypatch.setattr(lif, "li_scan", scan.li_scan)
    monkeypatch.setattr(lif, "lif_box_scan", scan.lif_box_scan)
    monkeypatch.setattr(lif, "lif_scan", scan.lif_scan)
    monkeypatch.setattr(back, "recurrent_scan", scan.recurrent_scan)
    _, expected = gradients(neuron, recurrent=recurrent)
    for name, a, e in zip(["loss", *names], actual, expected, strict=True):
        assert float(e.abs().max()) > 0, f"{name} has no gradient"
        torch.testing.assert_close(a, e, rtol=1e-8, atol=1e-10 * float(e.abs().max()), msg=name)
