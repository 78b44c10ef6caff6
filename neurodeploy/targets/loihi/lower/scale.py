"""The scale of a population: how many integer units of v stand for one float unit, and what limits it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.model import Graph, Population
from neurodeploy.quantise.grid import best_factor
from neurodeploy.quantise.groups import Decays
from neurodeploy.targets.limits import Target
from neurodeploy.targets.loihi.program import STATE_LIMIT, STATE_SHIFT
from neurodeploy.units import DECAY_BITS, round_nearest

NETX_BIAS_EXPONENT = 6
"""NetX fixes it. Source: lava-dl 0.6.0, lava/lib/dl/netx/hdf5.py, ``get_neuron_params``."""

LEAST_THRESHOLD = 128
"""Aim at a threshold register of at least this much, so that its rounding moves the threshold by under 0.4 %,
less than the step of a weight; where 8-bit weights alone give less, a positive weight exponent makes room.
Not more: NetX files hold no positive exponent."""

STATE_MARGIN = 2.0
"""v may grow to this many times what the calibration samples reached before it saturates."""


def gains(population: Population, decays: Decays) -> NDArray[np.float64]:
    """Give what one unit of synaptic input adds to v at the step it arrives, per neuron.

    ``alpha * r`` for unfiltered models and ``alpha * r * w_in * dt/tau_syn`` for filtered ones, with the
    decays that the registers really hold: alpha = dv / 4096, dt/tau_syn = (du + 1) / 4096.
    """
    gain = decays.dv / 2.0**DECAY_BITS * population.r
    if population.model.filtered:
        gain = gain * population.w_in * (decays.du + 1) / 2.0**DECAY_BITS
    return gain


def relative_scale(population: Population) -> NDArray[np.float64]:
    """Give each neuron's scale relative to the population's largest, so that one threshold serves all."""
    if not population.model.spiking:
        return np.ones(population.size)
    span = population.v_threshold - population.v_reset
    return np.asarray(span.min() / span)


def origin(population: Population) -> NDArray[np.float64]:
    """Give the float v that integer 0 stands for: the chip resets to 0; a readout rests at its leak."""
    return population.v_reset if population.model.spiking else population.v_leak


def drive_per_step(population: Population, decays: Decays) -> NDArray[np.float64]:
    """Give the constant that is added to v each step, in float units: bias, and leak seen from the reset."""
    current = population.bias * population.r
    if population.model.filtered:
        current = current * population.w_in
    return np.asarray((current + population.v_leak - origin(population)) * decays.dv / 2.0**DECAY_BITS)


def jumps_of_v(graph: Graph, population: Population, decays: Decays) -> dict[str, NDArray[np.float64]]:
    """Give each projection's weights as jumps of v, relative to the neuron's threshold span."""
    gain = gains(population, decays) * relative_scale(population)
    return {p.name: p.weight * gain[None, :, None] for p in graph.into(population.name)}


def choose_scale(
    population: Population,
    decays: Decays,
    jumps: Mapping[str, NDArray[np.float64]],
    *,
    reach: float | None,
    target: Target,
    chain: bool,
) -> tuple[NDArray[np.float64], int]:
    """Choose integer units of v for one float unit, per neuron, and the weight exponent.

    8-bit weights give the unit; threshold, bias and the 24-bit state bound it from above.
    """
    # One array for each tap: a tap is one connection, or several that have its signs at most.
    matrices = [tap for weight in jumps.values() for tap in weight if tap.any()]
    relative = relative_scale(population)
    bounds = []
    drive = float(np.abs(drive_per_step(population, decays) * relative).max(initial=0.0))
    if drive > 0:
        largest = NETX_BIAS_EXPONENT if chain else target.limit("bias_exponent_max").value
        bounds.append((target.limit("bias_mantissa_max").value << largest) / drive)
    if reach:
        bounds.append(target.limit("state_max").value / (STATE_MARGIN * reach * float(relative.max())))
    exponent = 0
    factor = best_factor(matrices) * 2.0**STATE_SHIFT
    if population.model.spiking:
        span = float((population.v_threshold - population.v_reset).min())
        bounds.append((target.limit("vth_max").value << STATE_SHIFT) / span)
        wanted = (LEAST_THRESHOLD << STATE_SHIFT) / span
        if not matrices:
            return relative * min([wanted, *bounds]), 0
        largest_exponent = target.limit("weight_exponent_max").value
        while factor * 2.0**exponent < wanted and exponent < largest_exponent:
            exponent += 1
    return relative * min([factor * 2.0**exponent, *bounds]), exponent


def rewound(
    start: NDArray[np.float64], *, bias: NDArray[np.int64], dv: NDArray[np.int64], latency_steps: int
) -> NDArray[np.int32]:
    """Give the v from which a late population arrives at ``start`` when its first input does.

    A population that runs late has its bias from the chip's first step on, before its own time begins.
    Started at 0 it would be ahead by that bias, for about tau.

    Parameters
    ----------
    start
        v that the trained population starts with, in integer units.
    bias
        What is added to v at each step.
    dv
        Decay registers.
    latency_steps
        How many steps to go back.

    Returns
    -------
    NDArray[np.int32]
        ``start`` taken ``latency_steps`` steps back, to the nearest; clipped where 24 bits do not hold it,
        which happens only for taus of about a step, that forget it at once.
    """
    v = np.asarray(start, dtype=np.float64)
    for _ in range(latency_steps):
        v = (v - bias) * 2.0**DECAY_BITS / (2.0**DECAY_BITS - dv)
    return np.clip(round_nearest(v), -STATE_LIMIT, STATE_LIMIT).astype(np.int32)
