"""Quantise a Graph: whole steps, 12-bit decays, 8-bit weights, 17-bit thresholds, 13+3-bit biases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.finding import Finding, raise_errors
from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.interpret import interpret
from neurodeploy.graph.model import INPUT, Graph, Population, Projection
from neurodeploy.quantise.grid import to_grid
from neurodeploy.quantise.groups import Decays, group_by_decay
from neurodeploy.quantise.rounding import round_calibrated
from neurodeploy.targets.limits import Target
from neurodeploy.targets.loihi.lower.delays import deployed_delays, solve_latencies
from neurodeploy.targets.loihi.lower.notes import (
    decay_findings,
    delay_findings,
    deployed_delay_findings,
    population_findings,
)
from neurodeploy.targets.loihi.lower.scale import (
    NETX_BIAS_EXPONENT,
    choose_scale,
    drive_per_step,
    jumps_of_v,
    origin,
    rewound,
)
from neurodeploy.targets.loihi.program import (
    DU_NO_FILTER,
    STATE_SHIFT,
    FixedGraph,
    FixedPopulation,
    FixedProjection,
)
from neurodeploy.traces import PopulationTrace
from neurodeploy.units import DECAY_BITS, delay_to_steps, round_nearest, tau_to_decay

MAX_CALIBRATION = 64
"""At most this many calibration samples are looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantised:
    """What :func:`quantise` gives.

    Attributes
    ----------
    program
        The integer network.
    findings
        Notes and warnings: rounded delays, clipped weights, grouped taus.
    facts
        The same as numbers, by population and projection, for the manifest.
    """

    program: FixedGraph
    findings: tuple[Finding, ...]
    facts: dict[str, Any]


def quantise(graph: Graph, target: Target, *, calibration: NDArray[np.uint8] | None = None) -> Quantised:
    """Turn a float network into integers within a target's limits.

    Parameters
    ----------
    graph
        The network; checked first.
    target
        The chip and its limits.
    calibration
        Input spikes ``[sample, step, source]`` that show how far v moves and which weights act together;
        without them only weights, thresholds and biases limit the scale, and each weight is rounded alone.

    Returns
    -------
    Quantised
        See there. Delays, decays, thresholds and biases are rounded to the nearest, ties away from zero
        (:mod:`neurodeploy.units`); weights so, or together (:mod:`neurodeploy.quantise.rounding`).

    Raises
    ------
    NeurodeployError
        ND1xx for an unsound graph, ND201 a delay above the target's limit, ND304 a loop without delay, ND306
        a tau above 8192 steps.
    """
    raise_errors(check_graph(graph))
    findings: list[Finding] = []
    steps = {p.name: delay_to_steps(p.delay_s, graph.dt_s) for p in graph.projections}
    findings += delay_findings(graph, steps, target) + decay_findings(graph)
    raise_errors(findings)
    latency = solve_latencies(graph, steps)
    activity = _activity(graph, calibration)
    reach = _reach(graph, activity)
    facts: dict[str, Any] = {"populations": {}, "projections": {}}
    populations: list[FixedPopulation] = []
    projections: list[FixedProjection] = []
    grouped = {p.name: _decays(p, graph.dt_s, target) for p in graph.populations}
    chain = all(decays.group.max() == 0 for decays in grouped.values()) and _is_chain(graph)
    for population in graph.populations:
        decays = grouped[population.name]
        jumps = jumps_of_v(graph, population, decays)
        scale, exponent = choose_scale(
            population, decays, jumps, reach=reach.get(population.name), target=target, chain=chain
        )
        fixed, population_facts = _population(
            population,
            decays,
            scale,
            latency_steps=latency[population.name],
            target=target,
            dt_s=graph.dt_s,
            chain=chain,
        )
        populations.append(fixed)
        into = list(graph.into(population.name))
        unit = float(scale.max()) / 2.0 ** (STATE_SHIFT + exponent)
        units = {p.name: jumps[p.name] * unit for p in into}
        source_group = {
            p.name: grouped[p.source].group if p.source in grouped else np.zeros(graph.input_size, np.int64)
            for p in into
        }
        together = {}
        if activity is not None:
            together = round_calibrated(
                units,
                delay_steps=steps,
                spikes={p.name: activity[p.source].spikes for p in into},
                source_group=source_group,
                decays=decays,
            )
        for projection in into:
            fixed_projection, facts["projections"][projection.name] = _projection(
                projection,
                units[projection.name],
                source_group[projection.name],
                decays.group,
                together=together.get(projection.name),
                exponent=exponent,
                deployed=deployed_delays(projection, steps[projection.name], latency),
            )
            projections.append(fixed_projection)
        clipped = sum(facts["projections"][p.name]["clipped"] for p in graph.into(population.name))
        facts["populations"][population.name] = population_facts | {"clipped_weights": clipped}
        findings += population_findings(graph, population, population_facts, clipped, jumps)
    program = FixedGraph(
        name=graph.name,
        dt_s=graph.dt_s,
        input_size=graph.input_size,
        input_max=graph.input_max,
        populations=tuple(populations),
        projections=tuple(projections),
        readout=graph.readout,
    )
    findings += deployed_delay_findings(program, target)
    raise_errors(findings)
    return Quantised(program, tuple(findings), facts)


def _decays(population: Population, dt_s: float, target: Target) -> Decays:
    """Give the decay registers of each neuron; tau = dt needs 4096 and gets the register's maximum."""
    dv = np.minimum(tau_to_decay(population.tau_s, dt_s), target.limit("dv_max").value)
    du = np.full(population.size, DU_NO_FILTER, dtype=np.int64)
    if population.model.filtered:
        du = np.clip(tau_to_decay(population.tau_syn_s, dt_s) - 1, 0, target.limit("du_max").value)
    return group_by_decay(dv, du, target.limit("tau_groups_max").value)


def _population(
    population: Population,
    decays: Decays,
    scale: NDArray[np.float64],
    *,
    latency_steps: int,
    target: Target,
    dt_s: float,
    chain: bool,
) -> tuple[FixedPopulation, dict[str, Any]]:
    """Make the integer population and the facts about it."""
    bias = drive_per_step(population, decays) * scale
    limit = target.limit("bias_mantissa_max").value
    exponent = NETX_BIAS_EXPONENT if chain else 0
    while np.abs(round_nearest(bias / 2.0**exponent)).max(initial=0) > limit:
        exponent += 1
    vth = np.full(population.size, target.limit("vth_max").value, dtype=np.int64)
    if population.model.spiking:
        span = population.v_threshold - population.v_reset
        vth = np.minimum(round_nearest(span * scale / 2.0**STATE_SHIFT), vth)
    mantissa = round_nearest(bias / 2.0**exponent)
    fixed = FixedPopulation(
        name=population.name,
        spiking=population.model.spiking,
        scale=scale,
        origin=origin(population),
        dv=decays.dv.astype(np.int32),
        du=decays.du.astype(np.int32),
        vth=vth.astype(np.int32),
        bias_mantissa=mantissa.astype(np.int32),
        bias_exponent=np.full(population.size, exponent, dtype=np.int32),
        v_initial=rewound(
            (population.v_leak - origin(population)) * scale,
            bias=mantissa << exponent,
            dv=decays.dv,
            latency_steps=latency_steps,
        ),
        group=decays.group.astype(np.int32),
        latency_steps=latency_steps,
    )
    held_tau_s = dt_s * 2.0**DECAY_BITS / np.maximum(decays.dv, 0.5)
    facts = {
        "scale": float(scale.max()),
        "threshold": int(vth.max()),
        "groups": fixed.n_groups,
        "latency_steps": latency_steps,
        "bias_exponent": exponent,
        "worst_tau_error": float(np.abs(held_tau_s / population.tau_s - 1).max()),
    }
    return fixed, facts


def _projection(
    projection: Projection,
    units: NDArray[np.float64],
    source_group: NDArray[np.int64],
    group: NDArray[np.int64],
    *,
    together: NDArray[np.int32] | None,
    exponent: int,
    deployed: NDArray[np.int32],
) -> tuple[FixedProjection, dict[str, Any]]:
    """Make the integer projection from its weights in grid units, and the facts about it."""
    weight, clipped = _grid(units, group, source_group)
    if together is not None:
        weight = together
    fixed = FixedProjection(
        source=projection.source,
        target=projection.target,
        weight=weight,
        exponent=exponent,
        delay_steps=np.where(weight != 0, deployed, 0).astype(np.int32),
    )
    power, error = float((units**2).sum()), float(((weight - units) ** 2).sum())
    facts = {
        "weights": int((projection.weight != 0).sum()),
        "clipped": clipped,
        "rounded_to_zero": int(((projection.weight != 0) & (weight == 0)).sum()),
        "exponent": exponent,
        "weight_snr_db": round(float(10 * np.log10(power / error)), 3) if power and error else None,
        "max_delay_steps": int(fixed.delay_steps.max(initial=0)),
    }
    return fixed, facts


def _grid(
    x: NDArray[np.float64], group: NDArray[np.int64], source_group: NDArray[np.int64]
) -> tuple[NDArray[np.int32], int]:
    """Round ``[tap, post, pre]`` weights to the grid, each chip connection by its own signs."""
    weight = np.zeros(x.shape, dtype=np.int32)
    clipped = 0
    for tap in range(x.shape[0]):
        for n in range(int(group.max()) + 1):
            for j in range(int(source_group.max()) + 1):
                part = np.ix_(np.flatnonzero(group == n), np.flatnonzero(source_group == j))
                weight[tap][part], lost = to_grid(x[tap][part])
                clipped += lost
    return weight, clipped


def _activity(graph: Graph, calibration: NDArray[np.uint8] | None) -> dict[str, PopulationTrace] | None:
    """Give what the input and every population do on the calibration samples; None without samples."""
    if calibration is None or not len(calibration):
        return None
    calibration = calibration[:MAX_CALIBRATION]
    traces = interpret(graph, calibration, record=("spikes", "v"))
    return {INPUT: PopulationTrace(calibration), **traces.populations}


def _reach(graph: Graph, activity: Mapping[str, PopulationTrace] | None) -> dict[str, float]:
    """Give the largest ``|v - origin|`` of each population over the calibration samples, float units."""
    if activity is None:
        return {}
    reach = {}
    for population in graph.populations:
        v = activity[population.name].v
        if v is not None:
            reach[population.name] = float(np.abs(v - origin(population)).max(initial=0.0))
    return reach


def _is_chain(graph: Graph) -> bool:
    """Say whether the graph is input -> p1 -> p2 ... with one tap each: the shape that NetX files hold."""
    names = [INPUT, *(p.name for p in graph.populations)]
    edges = [(p.source, p.target) for p in graph.projections]
    return edges == list(pairwise(names)) and all(p.n_taps == 1 for p in graph.projections)
