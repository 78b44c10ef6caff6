"""The layers written to be read: NumPy in float64, one step, one sample and one synapse at a time.

Each function has the name of its layer and takes it with a sequence ``[step, batch, ...]``. None uses an
operator of ``ops/``; a layer's parameters are read, and nothing else of it is called.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.nn.delay_linear import DelayLinear
from neurodeploy.nn.lif import LI, LIF, CubaLIF
from neurodeploy.nn.recurrent import Recurrent
from neurodeploy.nn.synaptic_layer import SynapticLayer
from neurodeploy.nn.tau import TimeConstants
from neurodeploy.nn.temporal_conv import TemporalConv

Floats = NDArray[np.float64]
Response = list[tuple[int, int, int, float]]
"""What synapses do: source, target, steps later, how much."""


def synaptic_layer(layer: SynapticLayer, x: Floats) -> Floats:
    """Give the currents ``[step, batch, target]`` of ``DelayLinear``, ``TemporalConv`` and ``Dense``."""
    y = np.zeros((*x.shape[:2], layer.n_targets))
    for source, target, later, weight in responses(layer):
        for t in range(later, len(x)):
            y[t, :, target] += weight * x[t - later, :, source]
    return y


def responses(layer: SynapticLayer) -> Response:
    """List what every synapse does when its source spikes, with the layer in its mode of now."""
    weight = _array(layer.weight)
    mask = np.ones_like(weight) if layer.mask is None else _array(layer.mask)
    found: Response = []
    for tap, target, source in np.ndindex(*weight.shape):
        w = float(weight[tap, target, source] * mask[tap, target, source])
        if isinstance(layer, TemporalConv):
            found.append((source, target, tap * layer.dilation, w))
        elif isinstance(layer, DelayLinear):
            found += [(source, target, d, w * part) for d, part in _spread(layer, target, source)]
        else:
            found.append((source, target, 0, w))
    return found


def _spread(layer: DelayLinear, target: int, source: int) -> list[tuple[int, float]]:
    """Give the slots over which a delay is spread, and the part of the weight in each."""
    of = {"synaptic": (0, target, source), "axonal": (0, 0, source), "dendritic": (0, target, 0)}[layer.mode]
    if not layer.learn:
        return [(int(layer.steps[of]), 1.0)]
    delay = float(layer.delay.detach()[of])
    if not layer.training:
        return [(math.floor(delay + 0.5), 1.0)]
    sigma, slots = float(layer.sigma), range(layer.n_slots)
    if layer.kernel == "triangle":
        bell = [max(0.0, 1.0 + sigma - abs(d - delay)) for d in slots]
    else:
        bell = [math.exp(-0.5 * ((d - delay) / sigma) ** 2) for d in slots]
    total = sum(bell) + 1e-7  # DCLS 0.1.1
    return [(d, value / total) for d, value in zip(slots, bell, strict=True)]


def lif(layer: LIF | CubaLIF, current: Floats) -> tuple[Floats, Floats]:
    """Give spikes and voltages after reset, ``[step, batch, neuron]``, of ``LIF`` and ``CubaLIF``."""
    z, v = np.zeros_like(current), np.zeros_like(current)
    for b, n in np.ndindex(*current.shape[1:]):
        state = (layer.v_leak, 0.0)
        for t in range(len(current)):
            z[t, b, n], state = _neuron(layer, n, float(current[t, b, n]), state)
            v[t, b, n] = state[0]
    return z, v


def _neuron(
    layer: LIF | CubaLIF, n: int, x: float, state: tuple[float, float]
) -> tuple[float, tuple[float, float]]:
    """Compute one step of one neuron: its spike, and voltage and synaptic current after it."""
    options: dict[str, Any] = layer.options
    v, i = state
    if isinstance(layer, CubaLIF):
        x = i + x
        i = x - layer.dt_s / _tau_s(layer.tau_syn, n) * x
    v += layer.dt_s / _tau_s(layer.tau, n) * (layer.v_leak - v + x)
    if not v > options["v_threshold"]:
        return 0.0, (v, i)
    soft = options.get("reset") == "subtract"
    return 1.0, (v - options["v_threshold"] if soft else options["v_reset"], i)


def li(layer: LI, current: Floats) -> Floats:
    """Give the voltages ``[step, batch, neuron]`` of :class:`LI`."""
    v = np.zeros_like(current)
    for b, n in np.ndindex(*current.shape[1:]):
        before = layer.v_leak
        for t in range(len(current)):
            before += layer.dt_s / _tau_s(layer.tau, n) * (layer.v_leak - before + float(current[t, b, n]))
            v[t, b, n] = before
    return v


def recurrent(layer: Recurrent, current: Floats) -> tuple[Floats, Floats]:
    """Give spikes and voltages of :class:`Recurrent`: every step hears all that was sent before it."""
    n_steps, n_batch, size = current.shape
    z, v = np.zeros_like(current), np.zeros_like(current)
    synapses = responses(layer.connection)
    state = dict.fromkeys(np.ndindex(n_batch, size), (layer.neurons.v_leak, 0.0))
    for t in range(n_steps):
        heard = current[t].copy()
        for source, target, later, weight in synapses:
            sent = t - layer.lag_steps - later
            if sent >= 0:
                heard[:, target] += weight * z[sent, :, source]
        for b, n in state:
            z[t, b, n], state[b, n] = _neuron(layer.neurons, n, float(heard[b, n]), state[b, n])
            v[t, b, n] = state[b, n][0]
    return z, v


def _tau_s(tau: TimeConstants, n: int) -> float:
    """Give the time constant of a neuron, in seconds, from what is learned or held."""
    if tau.exact_s is not None:
        return float(tau.exact_s[n])
    if tau.learn == "fixed":
        return float(tau.tau_s[n])
    theta = float(tau.theta.detach()[n if tau.learn == "neuron" else 0]) + float(tau.offset[n])
    return tau.dt_s * (1.0 + math.exp(-theta))


def _array(tensor: Any) -> Floats:
    return np.asarray(tensor.detach().cpu().double().numpy())
