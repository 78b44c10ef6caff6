"""What the neurons of a file have in common, as numbers that signs and checks of dialects are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.neurons import of_nir_type
from neurodeploy.nir.nodes import NEURONS, FlatGraph, Node
from neurodeploy.nir.raw import shown

Floats = NDArray[np.float64]

CLOSE = 1e-3
"""Within what two numbers are one, relative to them: 1 - beta in float32 loses digits."""

_MODELS = [model for model in map(of_nir_type, NEURONS) if model is not None]

FILTERED = tuple(model.neuron.nir_type for model in _MODELS if model.filtered)
WITHOUT_LEAK = tuple(model.neuron.nir_type for model in _MODELS if not model.leaky)
SPIKING = tuple(model.neuron.nir_type for model in _MODELS if model.spiking)


def neurons_of(flat: FlatGraph, *types: str) -> list[Node]:
    """Give the neurons of a file, of some types or of all."""
    return flat.of_type(*(types or NEURONS))


def leaky_of(flat: FlatGraph) -> list[Node]:
    """Give the neurons that leak."""
    return [node for node in neurons_of(flat) if node.type not in WITHOUT_LEAK]


def tau_key(node: Node) -> str:
    """Name the parameter that is the membrane's time constant."""
    return "tau_mem" if node.type in FILTERED else "tau"


def tau_of(node: Node) -> Floats:
    """Give the time constants of a node that leaks."""
    return node.parameters[tau_key(node)]


def r_of(node: Node) -> Floats:
    """Give r of a node."""
    return node.parameters["r"]


def step_of(node: Node) -> Floats:
    """Give tau / r, of neurons without leak 1 / r: one step where the input counts in full."""
    return np.asarray((1.0 if node.type in WITHOUT_LEAK else tau_of(node)) / r_of(node))


def all_taus(nodes: Sequence[Node]) -> Floats:
    """Give every time constant of some nodes that leak, those of filters included."""
    found = [tau_of(node) for node in nodes]
    found += [node.parameters["tau_syn"] for node in nodes if node.type in FILTERED]
    return np.concatenate([np.ravel(tau) for tau in found]) if found else np.zeros(0)


def equal(one: Floats | float, other: Floats | float) -> bool:
    """Say whether numbers are equal within :data:`CLOSE`."""
    return bool(np.allclose(one, other, rtol=CLOSE, atol=0.0))


def one_value(arrays: Sequence[Floats]) -> float | None:
    """Give the value that all elements of all arrays have, None where they differ or there are none."""
    together = np.concatenate([np.ravel(a) for a in arrays]) if arrays else np.zeros(0)
    if not together.size or not np.isfinite(together).all() or not equal(together, together[0]):
        return None
    return float(np.median(together))


def place(flat: FlatGraph, nodes: Sequence[Node], key: str = "") -> str:
    """Name the first of some nodes, and how many there are."""
    first = f"{flat.where}: {shown(nodes[0].name)}" + (f".{key}" if key else "")
    return first + (f", first of {len(nodes)}" if len(nodes) > 1 else "")


def rockpool_gain(tau: Floats, dt_s: float) -> Floats:
    """Give what Rockpool writes for r: ``tau / dt * exp(-dt / tau)``."""
    return np.asarray(tau / dt_s * np.exp(-dt_s / tau), dtype=np.float64)


def is_ours(flat: FlatGraph) -> bool:
    """Say whether a file records what only neurodeploy records: it is by NIR's equations."""
    return "dt" in flat.metadata and "populations" in flat.metadata


def named_by_spikingjelly(flat: FlatGraph) -> bool:
    """Say whether all neurons have names as SpikingJelly's tracer gives them: ``_0``, ``_1``, ..."""
    nodes = neurons_of(flat)
    return bool(nodes) and all(node.name.startswith("_") for node in nodes)
