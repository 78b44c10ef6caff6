"""The neuron models of a recipe: how each is computed in training, and which model of a Graph it becomes.

A new neuron model is one entry of :data:`NEURONS`, its name in the recipe's schema, and one entry in the
Graph's own table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurodeploy.graph.model import NeuronModel
from neurodeploy.graph.neurons import with_reset
from neurodeploy.nn.lif import LIF, CubaLIF
from neurodeploy.nn.tau import TimeConstants
from neurodeploy.recipe import Network

_FILTER_STEPS = 2000


@dataclass(frozen=True, slots=True)
class TrainedNeuron:
    """A neuron model while it is trained.

    Attributes
    ----------
    model
        What it is in a Graph, with a hard reset.
    resets
        The recipe's resets that it has: ``hard``, ``soft``.
    layer
        From the recipe, the number of neurons, their time constants and dt in seconds to the layer.
    tau_syn_s
        From the recipe to the time constant of the synaptic current, in seconds; None without one.
    """

    model: NeuronModel
    resets: tuple[str, ...]
    layer: Callable[[Network, int, TimeConstants, float], LIF | CubaLIF]
    tau_syn_s: Callable[[Network], float | None]

    def model_of(self, recipe: Network) -> NeuronModel:
        """Give what it is in a Graph with the recipe's reset; Norse's soft reset subtracts at once."""
        found = with_reset(self.model, "subtract") if recipe.reset == "soft" else self.model
        assert found is not None  # every model that spikes has one
        return found

    def alpha_syn(self, recipe: Network, dt_s: float) -> float | None:
        """Give dt/tau_syn of the synaptic current; None without one."""
        tau_syn_s = self.tau_syn_s(recipe)
        return None if tau_syn_s is None else dt_s / tau_syn_s

    def filter_of(self, recipe: Network, dt_s: float) -> tuple[float, float]:
        """Give a Graph's ``tau_syn_s`` and ``w_in``; without a filter dt and 1, which mean nothing there.

        See :meth:`neurodeploy.nn.lif.CubaLIF.to_population`.
        """
        tau_syn_s = self.tau_syn_s(recipe)
        return (dt_s, 1.0) if tau_syn_s is None else (tau_syn_s, tau_syn_s / dt_s)


def _options(recipe: Network) -> dict[str, Any]:
    """Give what every spiking layer takes from a recipe."""
    return {
        "v_threshold": recipe.v_threshold,
        "v_reset": recipe.v_reset,
        "surrogate": recipe.surrogate,
        "surrogate_alpha": recipe.surrogate_alpha,
        "detach_reset": recipe.detach_reset,
    }


def _lif_box(recipe: Network, size: int, tau: TimeConstants, dt_s: float) -> LIF:
    return LIF(size, tau_s=tau, dt_s=dt_s, reset=recipe.reset, **_options(recipe))


def _lif(recipe: Network, size: int, tau: TimeConstants, dt_s: float) -> CubaLIF:
    # a setting of the recipe, which keeps it in float64: no tensor of the run's files
    tau_syn = TimeConstants(np.full(size, recipe.tau_syn_s), dt_s, exact=True)
    return CubaLIF(size, tau_s=tau, tau_syn_s=tau_syn, dt_s=dt_s, **_options(recipe))


NEURONS: Mapping[str, TrainedNeuron] = {
    "lif_box": TrainedNeuron(NeuronModel.LIF, ("hard", "soft"), _lif_box, lambda _: None),
    "lif": TrainedNeuron(NeuronModel.CUBA_LIF, ("hard",), _lif, lambda recipe: recipe.tau_syn_s),
}
"""By the recipe's ``network.neuron``."""


def filter_sd(alpha: float, alpha_syn: float | None) -> float:
    """Give the standard deviation of a membrane that is driven by white noise of unit variance.

    Parameters
    ----------
    alpha
        dt/tau of the membrane, in (0, 1].
    alpha_syn
        dt/tau_syn of the synaptic current, or None without one.
    """
    if alpha_syn is None:
        return math.sqrt(alpha / (2.0 - alpha))
    step = np.arange(_FILTER_STEPS)
    membrane = alpha * (1.0 - alpha) ** step
    response = np.convolve((1.0 - alpha_syn) ** step, membrane)[:_FILTER_STEPS]
    return float(np.sqrt(np.square(response).sum()))
