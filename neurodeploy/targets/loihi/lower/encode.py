"""Write a finished draft as a program: every number stands on its register's grid already."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.model import Graph, Population, Projection
from neurodeploy.passes.draft import Draft
from neurodeploy.targets.loihi.chip import STATE_SHIFT
from neurodeploy.targets.loihi.lower.decisions import Decisions
from neurodeploy.targets.loihi.lower.delays import deployed_delays
from neurodeploy.targets.loihi.lower.scale import drive_per_step, gains, origin, threshold_span, weight_unit
from neurodeploy.targets.loihi.program import FixedGraph, FixedPopulation, FixedProjection
from neurodeploy.units import round_nearest

OFF_GRID = 1e-5
"""How far float64 arithmetic may have moved an integer; more is a pass that did not round."""


def encode(draft: Draft[Decisions], *, vth_max: int) -> FixedGraph:
    """Give the integers of a draft that every pass for Loihi has been over.

    Parameters
    ----------
    draft
        Its graph holds the real numbers that the integers stand for, its decisions the rest.
    vth_max
        What the threshold register of a readout holds.

    Raises
    ------
    AssertionError
        A number does not stand on its grid: a bug of a pass.
    """
    graph, decided = draft.graph, draft.decided
    return FixedGraph(
        name=graph.name,
        dt_s=graph.dt_s,
        input_size=graph.input_size,
        input_max=graph.input_max,
        populations=tuple(_population(p, decided, vth_max, graph.dt_s) for p in graph.populations),
        projections=tuple(
            _projection(graph, projection, decided)
            for population in graph.populations
            for projection in graph.into(population.name)
        ),
        readout=graph.readout,
    )


def _population(population: Population, decided: Decisions, vth_max: int, dt_s: float) -> FixedPopulation:
    name = population.name
    decays, scale, exponent = decided.decays[name], decided.scale[name], decided.bias_exponent[name]
    vth = np.full(population.size, vth_max, dtype=np.int64)
    if population.model.spiking:
        vth = _whole(threshold_span(population) * scale / 2.0**STATE_SHIFT, name)
    return FixedPopulation(
        name=name,
        spiking=population.model.spiking,
        scale=scale,
        origin=origin(population),
        dv=decays.membrane.astype(np.int32),
        du=decays.current.astype(np.int32),
        vth=vth.astype(np.int32),
        bias_mantissa=_whole(drive_per_step(population, decays, dt_s) * scale / 2.0**exponent, name).astype(
            np.int32
        ),
        bias_exponent=np.full(population.size, exponent, dtype=np.int32),
        v_initial=decided.v_initial[name],
        group=decays.group.astype(np.int32),
        latency_steps=decided.latency_steps[name],
        reset="zero" if population.model.reset == "value" else population.model.reset,
    )


def _projection(graph: Graph, projection: Projection, decided: Decisions) -> FixedProjection:
    target = graph.population(projection.target)
    unit = weight_unit(decided, target.name) * gains(target, decided.decays[target.name], graph.dt_s)
    synapses = projection.synapses(graph.dt_s)
    at = synapses.tap, synapses.post, synapses.pre
    weight, delay = np.zeros((2, *synapses.shape), dtype=np.int32)
    weight[at] = _whole(synapses.weight * unit[synapses.post], projection.name)
    delay[at] = deployed_delays(projection, synapses.delay_steps, decided.latency_steps)
    delay[weight == 0] = 0
    return FixedProjection(
        source=projection.source,
        target=projection.target,
        weight=weight,
        exponent=decided.weight_exponent[target.name],
        delay_steps=delay,
    )


def _whole(x: NDArray[np.float64], where: str) -> NDArray[np.int64]:
    """Give the integers that floats stand for."""
    whole = round_nearest(x)
    far = float(np.abs(x - whole).max(initial=0.0))
    assert far <= OFF_GRID * max(1.0, float(np.abs(whole).max(initial=0))), f"{where}: {far} off its grid"
    return whole
