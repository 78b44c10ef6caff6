"""The network that is trained: hidden layers of Norse neurons and a leaky readout, built from a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from neurodeploy.nn.lif import LI
from neurodeploy.nn.synaptic_layer import SynapticLayer
from neurodeploy.nn.tau import TimeConstants, spread
from neurodeploy.recipe import Recipe
from neurodeploy.training.model.connections import connect, connect_back
from neurodeploy.training.model.hidden_layer import Layer
from neurodeploy.training.model.neurons import NEURONS, filter_sd
from neurodeploy.training.world import World


@dataclass(frozen=True, slots=True)
class Noise:
    """Random numbers of one batch, the same for any number of processes.

    Attributes
    ----------
    generator
        Draws for the whole batch.
    n
        Samples of the whole batch.
    part
        Which of them this process computes.
    """

    generator: torch.Generator
    n: int
    part: slice

    def keep(self, size: int, rate: float, like: Tensor) -> Tensor:
        """Draw a dropout mask ``[sample, neuron]``: 0 with probability ``rate``, else ``1 / (1 - rate)``."""
        drawn = torch.rand(self.n, size, generator=self.generator)[self.part]
        return ((drawn >= rate) / (1.0 - rate)).to(like)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Spikes and membrane of one population, ``[step, batch, neuron]``; no spikes at the readout."""

    name: str
    spikes: Tensor | None
    v: Tensor


class SpikingNetwork(nn.Module):
    """Hidden layers and a leaky readout.

    Parameters
    ----------
    recipe
        What to build.
    n_inputs, n_classes
        Input channels and classes.
    seed
        Of weights, delays, masks and the spread of time constants; by default the recipe's.

    Notes
    -----
    Dropout draws one mask for each sample and keeps it over all steps, as spikingjelly and SNN-delays do:
    a dropped neuron is silent for the whole sample.

    Without BatchNorm the initial weights, with it its initial scale, are ``init_gain`` divided by the
    standard deviation that the neuron's filter gives to white noise of unit variance. A membrane with a long
    time constant averages its input away; so scaled, every layer starts with a membrane whose standard
    deviation is about ``init_gain``, whatever its time constant.

    With ``input_scaling = "none"`` they are ``init_gain`` itself, and the current is multiplied by tau/dt,
    which cancels the neuron's own dt/tau: ``v += i - dt/tau v``, the equation of arXiv 2407.18838's code
    (EIS-Hub/hSNN, ``models.py``, ``lif_step``). What is computed differs by a factor that weights could
    hold; what is learned in a step of Adam differs by that factor, 30 at tau 300 ms and dt 10 ms.
    """

    def __init__(self, recipe: Recipe, n_inputs: int, n_classes: int, *, seed: int | None = None) -> None:
        super().__init__()
        seed = recipe.train.seed if seed is None else seed
        network, dt_s = recipe.network, recipe.data.dt_s
        generator = torch.Generator().manual_seed(seed)
        rng = np.random.default_rng([seed, 0])
        self.recipe = recipe
        self.n_inputs = n_inputs
        self.n_classes = n_classes
        self.dt_s = dt_s
        self.world = World()
        n_layers = len(network.hidden)
        taus = network.tau.of_layers(n_layers)
        taps = network.projection.taps_of_layers(n_layers)
        layers = []
        before = n_inputs
        for index, size in enumerate(network.hidden):
            tau = spread(taus[index], size, relative_sd=network.tau.spread, dt_s=dt_s, rng=rng)
            scale = network.init_gain
            if network.input_scaling == "norse":
                scale /= filter_sd(dt_s / taus[index], NEURONS[network.neuron].alpha_syn(network, dt_s))
            connection = connect(
                network.projection,
                before,
                size,
                gain=1.0 if network.batch_norm else scale,
                generator=generator,
                taps=taps[index],
            )
            learn = "fixed" if network.tau.learn == "none" else network.tau.learn
            layers.append(
                Layer(
                    network,
                    connection,
                    TimeConstants(tau, dt_s, learn),
                    dt_s=dt_s,
                    size=size,
                    scale=scale,
                    back=connect_back(network.projection, size, gain=scale, generator=generator)
                    if network.recurrent
                    else None,
                )
            )
            before = size
        self.hidden = nn.ModuleList(layers)
        self.readout = connect(
            network.projection, before, n_classes, gain=1.0, generator=generator, taps=None
        )
        self.readout_tau = TimeConstants(np.full(n_classes, network.readout.tau_s), dt_s)
        self._readout_neurons = (LI(n_classes, tau_s=self.readout_tau, dt_s=dt_s),)  # as in Layer
        self.rates: list[Tensor] = []

    def forward(self, x: Tensor, noise: Noise | None = None) -> Tensor:
        """Give the readout's membrane ``[step, batch, class]`` for spikes ``[step, batch, channel]``.

        Keeps each hidden layer's mean spikes per neuron and step in :attr:`rates`; with dropout, the estimate
        from the neurons that are kept. Without ``noise`` nothing is dropped.
        """
        rate = self.recipe.network.dropout
        self.rates = []
        for layer in self.layers():
            keep = None
            if noise is not None and self.training and rate > 0.0:
                keep = noise.keep(layer.size, rate, x)
            x, _ = layer(x, self.world, keep=keep)
            self.rates.append(x.detach().mean())
        v: Tensor = self.readout_neurons(self.readout(x))
        return v

    @property
    def readout_neurons(self) -> LI:
        """The leaky integrators at the end."""
        return self._readout_neurons[0]

    def record(self, x: Tensor) -> list[Recorded]:
        """Run spikes ``[step, batch, channel]`` and keep every population's spikes and membrane."""
        recorded = []
        for index, layer in enumerate(self.layers()):
            x, v = layer(x, self.world, return_v=True)
            assert v is not None
            recorded.append(Recorded(hidden_name(index), x, v))
        recorded.append(Recorded(READOUT, None, self.readout_neurons(self.readout(x))))
        return recorded

    def layers(self) -> list[Layer]:
        """List the hidden layers."""
        return [cast(Layer, layer) for layer in self.hidden]

    def connections(self) -> list[SynapticLayer]:
        """List the connections from the input to the readout, those of layers to themselves included."""
        return [*(each for layer in self.layers() for each in layer.connections()), self.readout]

    def set_sigma(self, sigma: float) -> None:
        """Set the width of every delay kernel, in steps."""
        for connection in self.connections():
            connection.set_sigma(sigma)

    def clamp(self) -> None:
        """Bring every parameter back into its range; call after each step of the optimiser."""
        for connection in self.connections():
            connection.clamp()


READOUT = "readout"
"""Name of the readout population."""


def hidden_name(index: int) -> str:
    """Give the name of a hidden population, from ``hidden1``."""
    return f"hidden{index + 1}"
