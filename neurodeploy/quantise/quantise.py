"""Quantise a Graph: whole steps, 12-bit decays, 8-bit weights, 17-bit thresholds, 13+3-bit biases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Finding, Severity, raise_errors
from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.interpret import interpret
from neurodeploy.graph.model import INPUT, Graph, Population
from neurodeploy.quantise.fixed import (
    DU_NO_FILTER,
    STATE_SHIFT,
    FixedGraph,
    FixedPopulation,
    FixedProjection,
)
from neurodeploy.quantise.groups import group_by_decay
from neurodeploy.quantise.latency import deployed_delays, solve_latencies
from neurodeploy.quantise.weights import best_factor, to_grid
from neurodeploy.targets import Target
from neurodeploy.units import DECAY_BITS, delay_to_steps, off_grid, round_nearest, tau_to_decay

NETX_BIAS_EXPONENT = 6
"""NetX fixes it. Source: lava-dl 0.6.0, lava/lib/dl/netx/hdf5.py, ``get_neuron_params``."""

FINEST_THRESHOLD = 1024
"""Aim at a threshold register of at least this much, so that its rounding moves the threshold by under 0.05 %;
where 8-bit weights alone give less, a positive weight exponent makes room."""

STATE_MARGIN = 2.0
"""v may grow to this many times what the calibration samples reached before it saturates."""


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


def quantise(
    graph: Graph, target: Target, *, calibration: NDArray[np.uint8] | None = None
) -> Quantised:
    """Turn a float network into integers within a target's limits.

    Parameters
    ----------
    graph
        The network; checked first.
    target
        The chip and its limits.
    calibration
        Input spikes ``[sample, step, source]`` that show how far v moves; without them only the weights,
        thresholds and biases limit the scale.

    Returns
    -------
    Quantised
        See there. Delays, decays, weights, thresholds and biases are rounded to the nearest, ties away from
        zero (:mod:`neurodeploy.units`).

    Raises
    ------
    NeurodeployError
        ND1xx for an unsound graph, ND201 a delay above the target's limit, ND304 a loop without delay.
    """
    raise_errors(check_graph(graph))
    findings: list[Finding] = []
    steps = {p.name: delay_to_steps(p.delay_s, graph.dt_s) for p in graph.projections}
    findings += _delay_findings(graph, steps, target)
    raise_errors(findings)
    latency = solve_latencies(graph, steps)
    reach = _reach(graph, calibration)
    facts: dict[str, Any] = {"populations": {}, "projections": {}}
    populations: list[FixedPopulation] = []
    projections: list[FixedProjection] = []
    grouped = {p.name: _decays(p, graph.dt_s, target) for p in graph.populations}
    chain = all(group.max() == 0 for group, _, _ in grouped.values()) and _is_chain(graph)
    for population in graph.populations:
        group, dv, du = grouped[population.name]
        jumps = _jumps(graph, population, dv, du)
        scale, exponent = _scale(population, dv, du, jumps, reach.get(population.name), target, chain)
        fixed, population_facts = _population(
            population, group, dv, du, scale, latency[population.name], target, graph.dt_s, chain
        )
        populations.append(fixed)
        clipped_here = 0
        source_groups = {name: grouped[name][0] for name in grouped}
        for projection in graph.into(population.name):
            unit = float(scale.max()) / 2.0 ** (STATE_SHIFT + exponent)
            source_group = source_groups.get(projection.source, np.zeros(graph.input_size, np.int64))
            weight, clipped = _grid(jumps[projection.name] * unit, group, source_group)
            deployed = deployed_delays(projection, steps[projection.name], latency)
            projections.append(
                FixedProjection(
                    source=projection.source,
                    target=projection.target,
                    weight=weight,
                    exponent=exponent,
                    delay_steps=np.where(weight != 0, deployed, 0).astype(np.int32),
                )
            )
            error = weight / unit - jumps[projection.name]
            power = float((jumps[projection.name] ** 2).sum())
            facts["projections"][projection.name] = {
                "weights": int((projection.weight != 0).sum()),
                "clipped": clipped,
                "rounded_to_zero": int(((projection.weight != 0) & (weight == 0)).sum()),
                "exponent": exponent,
                "weight_snr_db": round(10 * np.log10(power / float((error**2).sum())), 3)
                if power and error.any()
                else None,
                "max_delay_steps": int(deployed.max(initial=0)),
            }
            clipped_here += clipped
        facts["populations"][population.name] = population_facts | {"clipped_weights": clipped_here}
        findings += _population_findings(graph, population, population_facts, clipped_here, jumps)
    program = FixedGraph(
        name=graph.name,
        dt_s=graph.dt_s,
        input_size=graph.input_size,
        input_max=graph.input_max,
        populations=tuple(populations),
        projections=tuple(projections),
        readout=graph.readout,
    )
    findings += _deployed_delay_findings(program, target)
    raise_errors(findings)
    return Quantised(program, tuple(findings), facts)


def gains(population: Population, dv: NDArray[np.int64], du: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give what one unit of synaptic input adds to v at the step it arrives, per neuron.

    ``alpha * r`` for unfiltered models and ``alpha * r * w_in * dt/tau_syn`` for filtered ones, with the decays
    that the registers really hold: alpha = dv / 4096, dt/tau_syn = (du + 1) / 4096.
    """
    gain = dv / 2.0**DECAY_BITS * population.r
    if population.model.filtered:
        gain = gain * population.w_in * (du + 1) / 2.0**DECAY_BITS
    return gain


def _decays(
    population: Population, dt_s: float, target: Target
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give group, dv and du of each neuron; tau = dt needs 4096 and gets the register's maximum."""
    dv = np.minimum(tau_to_decay(population.tau_s, dt_s), target.limit("dv_max").value)
    du = np.full(population.size, DU_NO_FILTER, dtype=np.int64)
    if population.model.filtered:
        du = np.clip(tau_to_decay(population.tau_syn_s, dt_s) - 1, 0, target.limit("du_max").value)
    return group_by_decay(dv, du, target.limit("tau_groups_max").value)


def _jumps(
    graph: Graph, population: Population, dv: NDArray[np.int64], du: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """Give each projection's weights as jumps of v, relative to the neuron's threshold span."""
    gain = gains(population, dv, du) * _relative_scale(population)
    return {p.name: p.weight * gain[None, :, None] for p in graph.into(population.name)}


def _relative_scale(population: Population) -> NDArray[np.float64]:
    """Give each neuron's scale relative to the population's largest, so that one threshold serves all."""
    if not population.model.spiking:
        return np.ones(population.size)
    span = population.v_threshold - population.v_reset
    return np.asarray(span.min() / span)


def _scale(
    population: Population,
    dv: NDArray[np.int64],
    du: NDArray[np.int64],
    jumps: Mapping[str, NDArray[np.float64]],
    reach: float | None,
    target: Target,
    chain: bool,
) -> tuple[NDArray[np.float64], int]:
    """Choose integer units of v for one float unit, per neuron, and the weight exponent.

    8-bit weights give the unit; threshold, bias and the 24-bit state bound it from above.
    """
    # One array for each tap: a tap is one connection, or several that have its signs at most.
    matrices = [tap for weight in jumps.values() for tap in weight if tap.any()]
    relative = _relative_scale(population)
    bounds = []
    drive = float(np.abs(_drive(population, dv) * relative).max(initial=0.0))
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
        wanted = (FINEST_THRESHOLD << STATE_SHIFT) / span
        if not matrices:
            return relative * min([wanted, *bounds]), 0
        largest_exponent = target.limit("weight_exponent_max").value
        while factor * 2.0**exponent < wanted and exponent < largest_exponent:
            exponent += 1
    return relative * min([factor * 2.0**exponent, *bounds]), exponent


def _drive(population: Population, dv: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the constant that is added to v each step, in float units: bias, and leak seen from the reset."""
    current = population.bias * population.r
    if population.model.filtered:
        current = current * population.w_in
    return np.asarray((current + population.v_leak - _origin(population)) * dv / 2.0**DECAY_BITS)


def _origin(population: Population) -> NDArray[np.float64]:
    """Give the float v that integer 0 stands for: the chip resets to 0; a readout rests at its leak."""
    return population.v_reset if population.model.spiking else population.v_leak


def _population(
    population: Population,
    group: NDArray[np.int64],
    dv: NDArray[np.int64],
    du: NDArray[np.int64],
    scale: NDArray[np.float64],
    latency_steps: int,
    target: Target,
    dt_s: float,
    chain: bool,
) -> tuple[FixedPopulation, dict[str, Any]]:
    """Make the integer population and the facts about it."""
    bias = _drive(population, dv) * scale
    limit = target.limit("bias_mantissa_max").value
    exponent = NETX_BIAS_EXPONENT if chain else 0
    while np.abs(round_nearest(bias / 2.0**exponent)).max(initial=0) > limit:
        exponent += 1
    vth = np.full(population.size, target.limit("vth_max").value, dtype=np.int64)
    if population.model.spiking:
        span = population.v_threshold - population.v_reset
        vth = np.minimum(round_nearest(span * scale / 2.0**STATE_SHIFT), vth)
    fixed = FixedPopulation(
        name=population.name,
        spiking=population.model.spiking,
        scale=scale,
        origin=_origin(population),
        dv=dv.astype(np.int32),
        du=du.astype(np.int32),
        vth=vth.astype(np.int32),
        bias_mantissa=round_nearest(bias / 2.0**exponent).astype(np.int32),
        bias_exponent=np.full(population.size, exponent, dtype=np.int32),
        v_initial=round_nearest((population.v_leak - _origin(population)) * scale).astype(np.int32),
        group=group.astype(np.int32),
        latency_steps=latency_steps,
    )
    held_tau_s = dt_s * 2.0**DECAY_BITS / np.maximum(dv, 0.5)
    facts = {
        "scale": float(scale.max()),
        "threshold": int(vth.max()),
        "groups": fixed.n_groups,
        "latency_steps": latency_steps,
        "bias_exponent": exponent,
        "worst_tau_error": float(np.abs(held_tau_s / population.tau_s - 1).max()),
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


def _reach(graph: Graph, calibration: NDArray[np.uint8] | None) -> dict[str, float]:
    """Give the largest ``|v - origin|`` of each population over the calibration samples, float units."""
    if calibration is None or not len(calibration):
        return {}
    traces = interpret(graph, calibration, record=("v",))
    reach = {}
    for population in graph.populations:
        v = traces.populations[population.name].v
        if v is not None:
            reach[population.name] = float(np.abs(v - _origin(population)).max(initial=0.0))
    return reach


def _is_chain(graph: Graph) -> bool:
    """Say whether the graph is input -> p1 -> p2 ... with one tap each: the shape that NetX files hold."""
    names = [INPUT, *(p.name for p in graph.populations)]
    edges = [(p.source, p.target) for p in graph.projections]
    return edges == list(zip(names, names[1:], strict=False)) and all(
        p.n_taps == 1 for p in graph.projections
    )


def _delay_findings(
    graph: Graph, steps: Mapping[str, NDArray[np.int64]], target: Target
) -> list[Finding]:
    """Find delays above the limit and delays that are not whole steps."""
    limit = target.limit("max_delay_steps")
    findings = []
    for projection in graph.projections:
        present = projection.weight != 0
        whole = np.where(present, steps[projection.name], 0)
        if whole.max(initial=0) > limit.value:
            findings.append(_too_long(f"{graph.name}.{projection.name}", whole, graph.dt_s, limit))
        rounded = present & off_grid(projection.delay_s, graph.dt_s)
        if rounded.any():
            error = np.abs(projection.delay_s / graph.dt_s - whole)[rounded].max()
            findings.append(
                Finding(
                    code="ND301",
                    message="delays were rounded to whole steps",
                    where=f"{graph.name}.{projection.name}",
                    found=f"{int(rounded.sum())} of {int(present.sum())}, by up to {error:.3g} steps",
                    limit="nearest, ties up",
                    help="Train with delays rounded at evaluation to see this in the accuracy.",
                    severity=Severity.NOTE,
                )
            )
    return findings


def _deployed_delay_findings(program: FixedGraph, target: Target) -> list[Finding]:
    """Find delays that fit as trained but not with the latencies that the chip adds."""
    limit = target.limit("max_delay_steps")
    return [
        _too_long(f"{program.name}.{p.name}, latencies included", p.delay_steps, program.dt_s, limit)
        for p in program.projections
        if p.delay_steps.max(initial=0) > limit.value
    ]


def _too_long(where: str, steps: NDArray[Any], dt_s: float, limit: Any) -> Finding:
    """Make the finding for a delay above the limit."""
    tap, post, pre = np.unravel_index(int(steps.argmax()), steps.shape)
    worst = int(steps.max())
    return Finding(
        code="ND201",
        message="a delay is longer than the target can hold",
        where=f"{where}, tap {tap}, neuron {post}, source {pre}: worst of {int((steps > limit.value).sum())}",
        found=f"{worst} steps ({worst * dt_s:g} s at dt {dt_s:g} s)",
        limit=f"{limit.value} {limit.unit} ({limit.source})",
        help=f"Train with a maximum delay of {limit.value * dt_s:g} s, or with a longer dt.",
    )


def _population_findings(
    graph: Graph,
    population: Population,
    facts: Mapping[str, Any],
    clipped: int,
    jumps: Mapping[str, NDArray[np.float64]],
) -> list[Finding]:
    """Report what a user should know of a population: clipped weights, moved taus, filtered biases."""
    where = f"{graph.name}.{population.name}"
    findings = []
    if clipped:
        total = sum(int((weight != 0).sum()) for weight in jumps.values())
        findings.append(
            Finding(
                code="ND302",
                message="weights were clipped to the 8-bit grid",
                where=where,
                found=f"{clipped} of {total}",
                limit="the clipping that gives the least squared error of all weights",
                help="The ladder of `neurodeploy verify` shows what it costs.",
                severity=Severity.NOTE,
            )
        )
    if facts["worst_tau_error"] > 0.01:
        findings.append(
            Finding(
                code="ND303",
                message="time constants were moved to fit decay registers",
                where=where,
                found=f"by up to {100 * facts['worst_tau_error']:.2g} % in {facts['groups']} group(s)",
                help="The ladder of `neurodeploy verify` shows what it costs.",
                severity=Severity.NOTE,
            )
        )
    if population.model.filtered and population.bias.any():
        findings.append(
            Finding(
                code="ND305",
                message="a bias behind a synaptic filter acts at once on the chip",
                where=where,
                found="the chip adds a bias to v; the trained current reaches it after some tau_syn",
                help="The first steps of a sample differ; the ladder shows what it costs.",
                severity=Severity.NOTE,
            )
        )
    return findings
