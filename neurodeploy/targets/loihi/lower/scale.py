"""The scale of a population: how many integer units of v stand for one float unit, and what limits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.model import Graph, Population
from neurodeploy.graph.neurons import rest_v
from neurodeploy.passes.draft import Draft
from neurodeploy.quantise.grid import WeightGrid, best_factor
from neurodeploy.quantise.groups import Grouped
from neurodeploy.targets.loihi.chip import DECAY_BITS, MAX_FALL, STATE_LIMIT, STATE_SHIFT
from neurodeploy.targets.loihi.lower.decays import alpha_syn, into_v
from neurodeploy.targets.loihi.lower.decisions import Decisions
from neurodeploy.targets.loihi.lower.peak import filled, peak_sum, worst_sum
from neurodeploy.units import round_nearest

NETX_BIAS_EXPONENT = 6
"""NetX fixes it. Source: lava-dl 0.6.0, lava/lib/dl/netx/hdf5.py, ``get_neuron_params``."""

LEAST_THRESHOLD = 128
"""Aim at a threshold register of at least this much, so that its rounding moves the threshold by under 0.4 %,
less than the step of a weight; where 8-bit weights alone give less, a positive weight exponent makes room.
Not more: NetX files hold no positive exponent."""

STATE_MARGIN = 2.0
"""v may grow to this many times what the calibration samples reached before it saturates."""


ACCUMULATOR_MARGIN = 1.5
"""A step's input may grow to this many times what the calibration samples brought before it overflows."""


def gains(population: Population, decays: Grouped, dt_s: float) -> NDArray[np.float64]:
    """Give what one unit of synaptic input adds to v at the step it arrives, per neuron.

    ``alpha * r`` for unfiltered models and ``alpha * r * w_in * dt/tau_syn`` for filtered ones, with the
    decays that the registers really hold: alpha = dv / 4096, dt/tau_syn = (du + 1) / 4096. Where nothing
    leaks dt takes the place of alpha.
    """
    gain = into_v(population, decays, dt_s) * population.r
    if population.model.filtered:
        gain = gain * population.w_in * alpha_syn(decays)
    return gain


def relative_scale(population: Population) -> NDArray[np.float64]:
    """Give each neuron's scale relative to the population's largest, so that one threshold serves all."""
    if not population.model.spiking:
        return np.ones(population.size)
    span = threshold_span(population)
    return np.asarray(span.min() / span)


def origin(population: Population) -> NDArray[np.float64]:
    """Give the float v that integer 0 stands for: the chip resets to 0; a readout rests at its leak.

    A soft reset takes off as much as the threshold is above 0, so 0 stands for 0.
    """
    if population.model.reset != "value":
        return np.zeros(population.size)
    return population.v_reset if population.model.spiking else rest_v(population)


def threshold_span(population: Population) -> NDArray[np.float64]:
    """Give what the threshold register stands for: how far the threshold is above integer 0."""
    return population.v_threshold - origin(population)


def drive_per_step(population: Population, decays: Grouped, dt_s: float) -> NDArray[np.float64]:
    """Give the constant that is added to v each step, in float units: bias, and leak seen from the reset."""
    current = population.bias * population.r
    if population.model.filtered:
        current = current * population.w_in
    if not population.model.leaky:
        return np.asarray(current * dt_s)
    return np.asarray((current + population.v_leak - origin(population)) * decays.membrane / 2.0**DECAY_BITS)


def jumps_of_v(graph: Graph, population: Population, decays: Grouped) -> dict[str, NDArray[np.float64]]:
    """Give each projection's weights as jumps of v, relative to the threshold span, ``[synapse]``."""
    gain = gains(population, decays, graph.dt_s) * relative_scale(population)
    return {p.name: p.listed.weight * gain[p.listed.post] for p in graph.into(population.name)}


def weight_unit(decided: Decisions, name: str) -> NDArray[np.float64]:
    """Give the integer of a weight that makes v jump by one float unit, ``[neuron]``."""
    return decided.scale[name] / 2.0 ** (STATE_SHIFT + decided.weight_exponent[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseScale:
    """Choose integer units of v for one float unit, and the exponent of the weights.

    8-bit weights give the unit; threshold, bias and the 24-bit state bound it from above.

    Attributes
    ----------
    grid
        Which weights are legal.
    vth_max, mantissa_max, bias_exponent_max, weight_exponent_max, state_max, accumulator_max
        Largest values of the registers.
    """

    grid: WeightGrid
    vth_max: int
    mantissa_max: int
    bias_exponent_max: int
    weight_exponent_max: int
    state_max: int
    accumulator_max: int

    name = "choose_scale"
    title = "scale of v"

    def __call__(self, draft: Draft[Decisions], /) -> Draft[Decisions]:
        """Give the draft with a scale for every population; its graph stays."""
        graph, decided = draft.graph, draft.decided
        scale: dict[str, NDArray[np.float64]] = {}
        exponent: dict[str, int] = {}
        for population in graph.populations:
            jumps = jumps_of_v(graph, population, decided.decays[population.name])
            chosen, exponent[population.name] = self.choose(
                population,
                decided.decays[population.name],
                _by_tap(graph, jumps),
                _reach(population, decided),
                dt_s=graph.dt_s,
            )
            scale[population.name] = self._within_accumulator(graph, population.name, jumps, chosen, decided)
        return Draft(graph, replace(decided, scale=scale, weight_exponent=exponent))

    def choose(
        self,
        population: Population,
        decays: Grouped,
        matrices: list[NDArray[np.float64]],
        reach: float | None,
        *,
        dt_s: float,
    ) -> tuple[NDArray[np.float64], int]:
        """Give integer units of v for one float unit, per neuron, and the weight exponent."""
        relative = relative_scale(population)
        bounds = []
        drive = float(np.abs(drive_per_step(population, decays, dt_s) * relative).max(initial=0.0))
        if drive > 0:
            bounds.append((self.mantissa_max << self.bias_exponent_max) / drive)
        if reach:
            bounds.append(self.state_max / (STATE_MARGIN * reach * float(relative.max())))
        exponent = 0
        factor = best_factor(matrices, self.grid) * 2.0**STATE_SHIFT
        if population.model.spiking:
            span = float(threshold_span(population).min())
            highest = self.vth_max if population.model.reset == "value" else min(self.vth_max, MAX_FALL)
            bounds.append((highest << STATE_SHIFT) / span)
            wanted = (LEAST_THRESHOLD << STATE_SHIFT) / span
            if not matrices:
                return relative * min([wanted, *bounds]), 0
            while factor * 2.0**exponent < wanted and exponent < self.weight_exponent_max:
                exponent += 1
        return relative * min([factor * 2.0**exponent, *bounds]), exponent

    def _within_accumulator(
        self,
        graph: Graph,
        name: str,
        jumps: Mapping[str, NDArray[np.float64]],
        scale: NDArray[np.float64],
        decided: Decisions,
    ) -> NDArray[np.float64]:
        """Make a scale smaller where the calibration samples' sums would not fit the accumulator."""
        most = self.accumulator_max * 2.0**STATE_SHIFT
        if decided.activity is None or worst_sum(graph, name, jumps) * scale.max() <= most:
            return scale
        peak = peak_sum(graph, name, jumps, decided.activity) * ACCUMULATOR_MARGIN
        return scale * min(1.0, most / (peak * scale.max())) if peak else scale


def _by_tap(graph: Graph, jumps: Mapping[str, NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Give the jumps of each tap: a tap is one connection, or several that have its signs at most."""
    found = []
    for projection in graph.projections:
        if projection.name not in jumps:
            continue
        synapses = projection.listed
        ends = np.searchsorted(synapses.tap, np.arange(projection.n_taps + 1))
        for here in (slice(*pair) for pair in pairwise(ends)):
            values = jumps[projection.name][here]
            if values.any():
                found.append(filled(synapses, here, values))
    return found


def _reach(population: Population, decided: Decisions) -> float | None:
    """Give the largest ``|v - origin|`` over the calibration samples, float units; None without."""
    if decided.activity is None:
        return None
    activity = decided.activity[population.name]
    v = activity.v
    if v is not None and population.model.reset == "subtract":
        v = v + activity.spikes * population.v_threshold  # the chip takes it off a step later
    return None if v is None else float(np.abs(v - origin(population)).max(initial=0.0))


_BEYOND = 2.0**60


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
        v = np.clip(v, -_BEYOND, _BEYOND)  # far more than 24 bits, and still whole numbers of 64
    return np.clip(round_nearest(v), -STATE_LIMIT, STATE_LIMIT).astype(np.int32)
