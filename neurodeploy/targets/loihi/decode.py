"""Decode a program into the float networks between it and the trained one: one more rounding on each rung."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.model import INPUT, Graph, Population, Projection
from neurodeploy.targets.loihi.chip import CONNECTION_STEP, DECAY_BITS, STATE_SHIFT
from neurodeploy.targets.loihi.program import FixedGraph, FixedPopulation, FixedProjection
from neurodeploy.targets.target import LadderGraph
from neurodeploy.units import decay_to_tau, steps_to_delay

NO_LEAK_STEPS = 2.0**60
"""A time constant, in steps, that stands for a decay register of 0: ``1 - 2**-60`` is 1 in float64."""


def float_rungs(graph: Graph, program: FixedGraph) -> list[LadderGraph]:
    """Build the float networks of the ladder, in order.

    Parameters
    ----------
    graph
        The network as trained.
    program
        What it was quantised to; the populations and projections are those of ``graph``, in its order.

    Returns
    -------
    list of LadderGraph
        ``float``, ``delays``, ``decays``, ``weights``, ``thresholds``. Each network holds the roundings of
        all before it, as the real numbers that the integers stand for. What the last one still lacks against
        the integers is their arithmetic: truncation, saturation, wrap, and the floor of negative exponents.

    Notes
    -----
    With ``alpha = dv / 4096``, ``beta = (du + 1) / 4096`` (1 without a synaptic filter), and
    ``gain = alpha * r * beta * w_in`` (``w_in`` only with a filter), integer v is
    ``(v - origin) * scale``, and an integer weight stands for
    ``weight_int * 2**exponent * 2**6 / (scale * gain)`` (where nothing leaks, dt takes the place of alpha and
    v_leak that of the origin); a threshold for ``vth * 2**6 / scale + origin``; a
    bias for ``(bias_int / (scale * alpha) + origin - v_leak) / (r * w_in)``. Behind a filter the chip adds
    the bias to v at once and the float network does not (ND305): that is left to the last rung.
    """
    steps: list[tuple[str, str, Callable[[Graph, FixedGraph], Graph]]] = [
        ("delays", "integer delays", _with_delays),
        ("decays", "12-bit decays", _with_decays),
        ("weights", "8-bit weights", _with_weights),
        ("thresholds", "integer threshold and bias", _with_thresholds),
    ]
    rungs = [LadderGraph("float", "float, as trained", graph)]
    for key, title, step in steps:
        rungs.append(LadderGraph(key, title, step(rungs[-1].graph, program)))
    return rungs


def _with_delays(graph: Graph, program: FixedGraph) -> Graph:
    """Give every synapse the delay that the program holds, latencies and connection step taken off."""

    def change(projection: Projection, fixed: FixedProjection) -> Projection:
        synapses = projection.synapses(graph.dt_s)
        at = synapses.tap, synapses.post, synapses.pre
        steps = fixed.delay_steps[at] - _shift(program, fixed)
        # A synapse rounded to nothing has no deployed delay: it leaves with its weight, two rungs on.
        # A delay that is a whole step already keeps its very number, so that equal networks look equal.
        kept = (fixed.weight[at] == 0) | (synapses.delay_steps == steps)
        moved = steps_to_delay(steps, graph.dt_s)
        return projection.with_values(delay_s=np.where(kept, projection.listed.delay_s, moved))

    return _each_projection(graph, program, change)


def _with_decays(graph: Graph, program: FixedGraph) -> Graph:
    """Give every neuron the time constants that its decay registers stand for."""

    def tau(decay: NDArray[np.integer]) -> NDArray[np.float64]:
        return np.minimum(decay_to_tau(decay, graph.dt_s, bits=DECAY_BITS), NO_LEAK_STEPS * graph.dt_s)

    def change(population: Population, fixed: FixedPopulation) -> Population:
        changed = replace(population, tau_s=tau(fixed.dv)) if population.model.leaky else population
        return replace(changed, tau_syn_s=tau(fixed.du + 1)) if population.model.filtered else changed

    return _each_population(graph, program, change)


def _with_weights(graph: Graph, program: FixedGraph) -> Graph:
    """Give every synapse the weight that its integer stands for."""

    def change(projection: Projection, fixed: FixedProjection) -> Projection:
        target = program.population(fixed.target)
        unit = target.scale * gain(graph.population(fixed.target), target, program.dt_s)
        synapses = projection.listed
        at = synapses.tap, synapses.post, synapses.pre
        of_post = unit[synapses.post]
        with np.errstate(divide="ignore", invalid="ignore"):
            weight = fixed.weight[at] * 2.0 ** (fixed.exponent + STATE_SHIFT) / of_post
        # Where the gain is 0 no input reaches v, so the weight means nothing and may stay.
        known = projection.with_values(weight=np.where(of_post == 0, synapses.weight, weight))
        stray = fixed.weight != 0
        stray[at] = False
        return _with_strays(known, fixed, stray, unit, program) if stray.any() else known

    return _each_projection(graph, program, change)


def _shift(program: FixedGraph, fixed: FixedProjection) -> int:
    """Give how many steps a register holds more than the trained delay."""
    source = 0 if fixed.source == INPUT else program.population(fixed.source).latency_steps
    return program.population(fixed.target).latency_steps - source - CONNECTION_STEP


def _with_strays(
    known: Projection,
    fixed: FixedProjection,
    stray: NDArray[np.bool_],
    unit: NDArray[np.float64],
    program: FixedGraph,
) -> Projection:
    """Add synapses that the program has and the network has not: the artefact counts, whoever wrote it."""
    tap, post, pre = np.nonzero(stray & (unit != 0)[None, :, None])
    at = (tap, post, pre)
    weight = fixed.weight[at] * 2.0 ** (fixed.exponent + STATE_SHIFT) / unit[post]
    delay_s = steps_to_delay(fixed.delay_steps[at] - _shift(program, fixed), program.dt_s)
    lists = known.listed
    return Projection.from_synapses(
        source=known.source,
        target=known.target,
        shape=(lists.shape[1], lists.shape[2]),
        tap=np.concatenate([lists.tap, tap]),
        post=np.concatenate([lists.post, post]),
        pre=np.concatenate([lists.pre, pre]),
        weight=np.concatenate([lists.weight, weight]),
        delay_s=np.concatenate([lists.delay_s, delay_s]),
    )


def _with_thresholds(graph: Graph, program: FixedGraph) -> Graph:
    """Give every neuron the threshold and the bias that its integers stand for."""

    def change(population: Population, fixed: FixedPopulation) -> Population:
        alpha = into_v(population, fixed, program.dt_s)
        gain_of_bias = population.r * population.w_in if population.model.filtered else population.r
        with np.errstate(divide="ignore", invalid="ignore"):
            drive = fixed.bias / (fixed.scale * alpha)
            if population.model.leaky:
                drive = drive + fixed.origin - population.v_leak
            bias = drive / gain_of_bias
        bias = np.where(np.isfinite(bias), bias, population.bias)
        if not population.model.spiking:
            return replace(population, bias=bias)
        threshold = fixed.vth * 2.0**STATE_SHIFT / fixed.scale + fixed.origin
        return replace(population, bias=bias, v_threshold=threshold)

    return _each_population(graph, program, change)


def into_v(population: Population, fixed: FixedPopulation, dt_s: float) -> NDArray[np.float64]:
    """Give what a step multiplies ``r * i`` by: dt/tau as the registers hold it, dt where nothing leaks."""
    return np.full(fixed.size, dt_s) if not population.model.leaky else fixed.dv / 2.0**DECAY_BITS


def gain(population: Population, fixed: FixedPopulation, dt_s: float) -> NDArray[np.float64]:
    """Give what one unit of synaptic input adds to v, per neuron, with the decays of the registers."""
    through = into_v(population, fixed, dt_s) * population.r
    if population.model.filtered:
        through = through * population.w_in * (fixed.du + 1) / 2.0**DECAY_BITS
    return np.asarray(through)


def _each_population(
    graph: Graph, program: FixedGraph, change: Callable[[Population, FixedPopulation], Population]
) -> Graph:
    """Change every population by its integer counterpart."""
    return replace(graph, populations=tuple(change(p, program.population(p.name)) for p in graph.populations))


def _each_projection(
    graph: Graph, program: FixedGraph, change: Callable[[Projection, FixedProjection], Projection]
) -> Graph:
    """Change every projection by its integer counterpart, the n-th of a name by the n-th of that name."""
    left = list(program.projections)
    changed = []
    for projection in graph.projections:
        index = [p.name for p in left].index(projection.name)
        changed.append(change(projection, left.pop(index)))
    return replace(graph, projections=tuple(changed))
