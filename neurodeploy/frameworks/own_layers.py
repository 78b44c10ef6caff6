"""Layers that say themselves what they are in a Graph: those of ``nd.nn``, or a user's own.

A layer with neurons has ``to_population(name, bias=)`` and ``dt_s``; one that also hears itself has
``to_projection(name)``. A layer of synapses has ``synapses()`` ``[tap, post, pre]`` and ``delay_steps()`` in
the same shape. All of them take whole sequences ``[step, batch, neuron]``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from neurodeploy.frameworks.affine import Strands
from neurodeploy.frameworks.refused_layer import refused
from neurodeploy.frameworks.walk import LayerAt

NO_PAST = "inside norse.torch.Lift sees one step only"


def has_neurons(module: Any) -> bool:
    """Say whether a layer says what its neurons are."""
    return callable(getattr(module, "to_population", None)) and hasattr(module, "dt_s")


def has_synapses(module: Any) -> bool:
    """Say whether a layer says what its synapses are."""
    return all(callable(getattr(module, name, None)) for name in ("synapses", "delay_steps"))


def through_synapses(layer: LayerAt, wires: Strands) -> Strands:
    """Follow wires through synapses with delays.

    Raises
    ------
    NeurodeployError
        ND140: inside a Lift, which has no past; or behind a bias, which would begin only after the delay.
    """
    module: Any = layer.module
    if layer.lifted:
        raise refused(layer.path, module, NO_PAST, "Take it out of Lift.")
    weight = module.synapses().detach().cpu().double().numpy()
    steps = np.asarray(module.delay_steps())
    if len(wires.shape) != 1 or wires.shape[0] != weight.shape[2]:
        raise refused(layer.path, module, f"takes [{weight.shape[2]}], not {list(wires.shape)}")
    if wires.bias.any() and steps.any():
        raise refused(layer.path, module, "follows a bias, which its delays would hold back")
    by_delay = {
        int(delay): sparse.csr_array(np.where(steps == delay, weight, 0.0).sum(axis=0))
        for delay in np.unique(steps[weight != 0.0])
    } or {0: sparse.csr_array(weight[0] * 0.0)}
    shape = (int(weight.shape[1]),)
    if set(by_delay) == {0}:
        return wires.then(shape, by_delay[0], np.zeros(shape))
    return wires.delayed(shape, by_delay)
