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
import torch
from torch import Tensor

from neurodeploy.graph.model import NeuronModel
from neurodeploy.ops.scan.scans import lif_box_scan, lif_scan
from neurodeploy.recipe import Network

_FILTER_STEPS = 2000


@dataclass(frozen=True, slots=True)
class TrainedNeuron:
    """A neuron model while it is trained.

    Attributes
    ----------
    model
        What it is in a Graph.
    resets
        The recipe's resets that it has: ``hard``, ``soft``.
    scan
        From currents ``[step, batch, neuron]``, dt/tau ``[neuron]``, the recipe, dt in seconds and the
        keywords ``scale`` and ``return_v`` of :func:`~neurodeploy.ops.scan.scans.lif_box_scan` to spikes
        (and voltages).
    tau_syn_s
        From the recipe to the time constant of the synaptic current, in seconds; None without one.
    """

    model: NeuronModel
    resets: tuple[str, ...]
    scan: Callable[..., Any]
    tau_syn_s: Callable[[Network], float | None]

    def alpha_syn(self, recipe: Network, dt_s: float) -> float | None:
        """Give dt/tau_syn of the synaptic current; None without one."""
        tau_syn_s = self.tau_syn_s(recipe)
        return None if tau_syn_s is None else dt_s / tau_syn_s

    def filter_of(self, recipe: Network, dt_s: float) -> tuple[float, float]:
        """Give a Graph's ``tau_syn_s`` and ``w_in``; without a filter dt and 1, which mean nothing there.

        Notes
        -----
        Norse's LIF (1.1.0, ``lif_feed_forward_step``) adds the input to its current, moves v by that new
        current, and lets the current decay afterwards: ``j = i + x; v += dt/tau (v_leak - v + j);
        i = j (1 - dt/tau_syn)``. The j of two steps obey ``j[t] = (1 - dt/tau_syn) j[t-1] + x[t]``, which is
        ``CUBA_LIF``'s ``c += dt/tau_syn (w_in x - c)`` for ``w_in = tau_syn / dt``: the same step, no delay
        to add, and the bias enters both alike from step 0.
        """
        tau_syn_s = self.tau_syn_s(recipe)
        return (dt_s, 1.0) if tau_syn_s is None else (tau_syn_s, tau_syn_s / dt_s)


def _options(recipe: Network) -> dict[str, Any]:
    """Give what every scan takes from a recipe."""
    return {
        "v_threshold": recipe.v_threshold,
        "v_reset": recipe.v_reset,
        "v_leak": 0.0,
        "surrogate": recipe.surrogate,
        "surrogate_alpha": recipe.surrogate_alpha,
        "detach_reset": recipe.detach_reset,
    }


def _lif_box(current: Tensor, alpha: Tensor, recipe: Network, _dt_s: float, **keywords: Any) -> Any:
    reset = "subtract" if recipe.reset == "soft" else "value"
    return lif_box_scan(current, alpha, reset=reset, **_options(recipe), **keywords)


def _lif(current: Tensor, alpha: Tensor, recipe: Network, dt_s: float, **keywords: Any) -> Any:
    alpha_syn = torch.full_like(current[0, 0], dt_s / recipe.tau_syn_s)
    return lif_scan(current, alpha, alpha_syn, **_options(recipe), **keywords)


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
