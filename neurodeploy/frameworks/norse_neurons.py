"""What Norse's neurons compute, as populations: every type that can be represented, by its exact type.

Source: norse 1.1.0, ``norse/torch/functional/{lif,lif_box,leaky_integrator,leaky_integrator_box}.py`` and
``norse/torch/module/{snn,lif,lif_box,leaky_integrator,leaky_integrator_box}.py``. Time constants are stored
inverse, in 1/s. With ``a = dt * tau_mem_inv`` and ``b = dt * tau_syn_inv``, one step is

* box: ``v += a * (x + v_leak - v)``;
* with a current: ``j = i + x; v += a * (v_leak - v + j); i = j - b * j``.

The j of two steps obey ``j[t] = (1 - b) * j[t-1] + x[t]``. That is a Graph's ``c += dt/tau_syn * (w_in * x -
c)`` where ``w_in = tau_syn / dt``, with v moved by the new c as in Norse. Spiking neurons compare
``v > v_th`` and set v to ``v_reset``. Recurrent ones add ``W_rec z[t-1]`` to x: a projection to themselves
that takes one step, with the weights that they hold (``autapses=False`` sets the diagonal to 0 when a cell is
made).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from norse.torch import (
    LI,
    LIF,
    LIBoxCell,
    LICell,
    LIFBoxCell,
    LIFCell,
    LIFRecurrent,
    LIFRecurrentCell,
    LILinearCell,
    reset_value,
)
from numpy.typing import NDArray
from torch import nn

from neurodeploy.findings.codes_module import LAYER_OF_OTHER_STEP
from neurodeploy.frameworks.refused_layer import refused
from neurodeploy.graph.model import NeuronModel, Population

Floats = NDArray[np.float64]

SAME_STEP = 1e-9
"""How far, as a part of it, a layer's dt may be from that of the samples: both are typed, so the same."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a type of Norse's computes.

    Attributes
    ----------
    model
        The same as a population.
    sequence
        Whether it takes a whole sequence; else one step at a time.
    weighted
        Whether it holds input weights.
    recurrent
        Whether it holds recurrent weights.
    """

    model: NeuronModel
    sequence: bool = False
    weighted: bool = False
    recurrent: bool = False


KINDS: Mapping[type[nn.Module], Kind] = {
    LIFBoxCell: Kind(NeuronModel.LIF),
    LIFCell: Kind(NeuronModel.CUBA_LIF),
    LIF: Kind(NeuronModel.CUBA_LIF, sequence=True),
    LIFRecurrentCell: Kind(NeuronModel.CUBA_LIF, weighted=True, recurrent=True),
    LIFRecurrent: Kind(NeuronModel.CUBA_LIF, sequence=True, weighted=True, recurrent=True),
    LIBoxCell: Kind(NeuronModel.LI),
    LICell: Kind(NeuronModel.CUBA_LI),
    LI: Kind(NeuronModel.CUBA_LI, sequence=True),
    LILinearCell: Kind(NeuronModel.CUBA_LI, weighted=True),
}
"""Exact types: a subclass may compute anything."""


def check_step(path: str, dt_s: Any, expected_s: float) -> None:
    """Refuse a layer that was built with another dt; ND141."""
    found = float(dt_s)
    if abs(found - expected_s) > SAME_STEP * expected_s:
        raise LAYER_OF_OTHER_STEP.error(
            where=f"{path}.dt",
            found=f"{found:g} s",
            limit=f"{expected_s:g} s, the dt_s that was given",
            help="Build the layer with dt=dt_s and train again, or give the dt_s that it was trained with.",
        )


def weights_of(module: nn.Module, name: str) -> Floats:
    """Give ``input_weights`` or ``recurrent_weights`` of a layer, ``[post, pre]``."""
    return np.asarray(getattr(module, name).detach().numpy(), dtype=np.float64)


def norse_population(
    name: str, path: str, module: Any, shape: tuple[int, ...], *, bias: Floats, dt_s: float
) -> Population:
    """Make the population that a layer of Norse's is.

    Parameters
    ----------
    name
        Of the population.
    path
        Of the layer in the module, for findings.
    module
        Of a type in :data:`KINDS`, in float64.
    shape
        Of its neurons, without batch.
    bias
        Constant input, ``[neuron]``.
    dt_s
        Length of one step, in seconds.

    Raises
    ------
    NeurodeployError
        ND141 another dt; ND140 a soft reset, a step function of its own, or parameters of another shape.
    """
    kind = KINDS[type(module)]
    check_step(path, module.dt, dt_s)
    if getattr(module.p, "reset_method", reset_value) is not reset_value:
        raise refused(path, module, "whose reset is not to v_reset", "Train with reset_value.")
    values = {
        key: _spread(path, module, key, value, shape)
        for key, value in module.p._asdict().items()
        if key in ("tau_mem_inv", "tau_syn_inv", "v_leak", "v_th", "v_reset")
    }
    ones = np.ones(bias.shape)
    with np.errstate(divide="ignore"):  # an infinite tau is refused with its place by the graph's checks
        tau_s = 1.0 / values["tau_mem_inv"]
        tau_syn_s = 1.0 / values["tau_syn_inv"] if kind.model.filtered else ones * dt_s
    return Population(
        name=name,
        model=kind.model,
        tau_s=tau_s,
        v_threshold=values.get("v_th", ones),
        v_leak=values["v_leak"],
        v_reset=values.get("v_reset", ones * 0.0),
        r=ones,
        tau_syn_s=tau_syn_s,
        w_in=tau_syn_s / dt_s if kind.model.filtered else ones,
        bias=bias,
    )


def _spread(path: str, module: nn.Module, key: str, value: Any, shape: tuple[int, ...]) -> Floats:
    """Give a parameter one value for each neuron, broadcast as torch does against ``[batch, *shape]``."""
    array = torch.as_tensor(value).detach().double().numpy()
    try:
        return np.broadcast_to(array, (1, *shape)).astype(np.float64).reshape(-1)
    except ValueError:
        raise refused(
            f"{path}.p.{key}",
            module,
            f"has a parameter of shape {list(array.shape)} for neurons of shape {list(shape)}",
            "Give one value, or one for each neuron.",
        ) from None
