"""One hidden layer of a recipe's network: connection, BatchNorm or bias, and neurons."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from neurodeploy.nn.recurrent import Recurrent
from neurodeploy.nn.synaptic_layer import SynapticLayer
from neurodeploy.nn.tau import TimeConstants
from neurodeploy.recipe import Network as NetworkRecipe
from neurodeploy.training.model.neurons import NEURONS
from neurodeploy.training.model.norm import BatchNorm
from neurodeploy.training.world import World


class Layer(nn.Module):
    """Connection, BatchNorm and neurons of one hidden layer.

    Parameters
    ----------
    recipe
        The network's part of it.
    connection
        What the layer listens through.
    tau
        Its time constants.
    dt_s
        Length of one step, in seconds.
    size
        Number of neurons.
    scale
        Initial scale of the BatchNorm.
    back
        The connection of the layer to itself, and the steps that every spike takes at least; None without.

    Notes
    -----
    The neurons hold no tensor that is not registered here under the name that it has in the files of runs:
    ``tau`` and ``recurrent``. So they are no registered submodule themselves.
    """

    def __init__(
        self,
        recipe: NetworkRecipe,
        connection: SynapticLayer,
        tau: TimeConstants,
        *,
        dt_s: float,
        size: int,
        scale: float,
        back: tuple[SynapticLayer, int] | None = None,
    ) -> None:
        super().__init__()
        self.recipe = recipe
        self.connection = connection
        self.tau = tau
        self.norm = BatchNorm(size, scale=scale) if recipe.batch_norm else None
        self.bias = None if recipe.batch_norm else nn.Parameter(torch.zeros(size))
        self.dt_s = dt_s
        self.size = size
        neurons = NEURONS[recipe.neuron].layer(recipe, size, tau, dt_s)
        self.recurrent = None if back is None else back[0]
        self._neurons = (neurons if back is None else Recurrent(neurons, back[0], lag_steps=back[1]),)

    @property
    def neurons(self) -> Any:
        """The neurons, :class:`~neurodeploy.nn.recurrent.Recurrent` where they hear themselves."""
        return self._neurons[0]

    def connections(self) -> list[SynapticLayer]:
        """List what the layer listens through, and what it hears itself through."""
        return [self.connection, *([] if self.recurrent is None else [self.recurrent])]

    def current(self, x: Tensor, world: World) -> Tensor:
        """Give the neurons' input current from the layer before, ``[step, batch, neuron]``."""
        current, gain = self.connection(x), self.gain()
        if self.norm is not None:
            return self.norm(current, world, gain)
        current = current + self.bias
        return current if gain is None else current * gain

    def gain(self) -> Tensor | None:
        """Give what undoes the neurons' own factor dt/tau on their input, ``[neuron]``; None: it stays."""
        return None if self.recipe.input_scaling == "norse" else 1.0 / self.tau.alpha()

    def forward(
        self, x: Tensor, world: World, *, keep: Tensor | None = None, return_v: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Turn input spikes into spikes times ``keep``, and the membrane where it is asked for."""
        own = {} if self.recurrent is None else {"gain": self.gain()}
        result = self.neurons(self.current(x, world), keep=keep, return_v=return_v, **own)
        return result if return_v else (result, None)
