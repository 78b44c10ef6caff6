"""What a user should know of a quantisation: delays, clipped weights, moved time constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_network import (
    BIAS_BEHIND_FILTER,
    DELAY_TOO_LONG,
    DELAYS_ROUNDED,
    TAU_TOO_LONG,
    TAUS_MOVED,
    WEIGHTS_CLIPPED,
)
from neurodeploy.findings.finding import Finding
from neurodeploy.graph.model import INPUT, Graph, Population, Projection
from neurodeploy.targets.limits import Limit
from neurodeploy.targets.loihi.chip import CONNECTION_STEP, DECAY_BITS
from neurodeploy.units import off_grid, tau_to_decay

At = Callable[[int], tuple[int, int, int]]

MOVED_TAU = 0.01
"""Time constants that move by less than this part of themselves are not worth a note."""


def delay_findings(
    graph: Graph, steps: Mapping[str, NDArray[np.int64]], latency: Mapping[str, int], limit: Limit
) -> list[Finding]:
    """Find delays that the registers cannot hold and delays that are not whole steps."""
    findings = []
    for projection in graph.projections:
        synapses, whole = projection.listed, steps[projection.name]
        where, shift = f"{graph.name}.{projection.name}", register_shift(projection, latency)
        findings += too_long(where, whole, graph.dt_s, limit, shift=shift, at=synapses.where)
        rounded = off_grid(synapses.delay_s, graph.dt_s)
        if rounded.any():
            error = np.abs(synapses.delay_s / graph.dt_s - whole)[rounded].max()
            findings.append(
                DELAYS_ROUNDED.finding(
                    where=where,
                    found=f"{int(rounded.sum())} of {len(synapses)}, by up to {error:.3g} steps",
                    limit="nearest, ties up",
                    help="Train with delays rounded at evaluation to see this in the accuracy.",
                )
            )
    return findings


def register_shift(projection: Projection, latency: Mapping[str, int]) -> int:
    """Give how many steps a register holds more than the trained delay: ``L[target] - L[source] - 1``."""
    source = 0 if projection.source == INPUT else latency[projection.source]
    return latency[projection.target] - source - CONNECTION_STEP


def decay_findings(graph: Graph) -> list[Finding]:
    """Find time constants so long that their decay register would hold 0, which is no leak and no input."""
    findings = []
    for population in graph.populations:
        taus = [("tau", population.tau_s)] if population.model.leaky else []
        if population.model.filtered:
            taus.append(("tau_syn", population.tau_syn_s))
        for name, tau_s in taus:
            lost = tau_to_decay(tau_s, graph.dt_s, bits=DECAY_BITS) == 0
            if lost.any():
                findings.append(
                    TAU_TOO_LONG.finding(
                        where=f"{graph.name}.{population.name}.{name}, worst of {int(lost.sum())}",
                        found=f"{float(tau_s.max()):g} s",
                        limit=f"at most {2 ** (DECAY_BITS + 1) * graph.dt_s:g} s (8192 steps: 12 bits)",
                        help="Train with shorter time constants, or with a longer dt.",
                    )
                )
    return findings


def too_long(
    where: str,
    steps: NDArray[np.integer[Any]],
    dt_s: float,
    limit: Limit,
    *,
    at: At,
    shift: int = 0,
) -> list[Finding]:
    """Give ND201 for the longest of the delays that a register cannot hold; none if all fit.

    Parameters
    ----------
    where
        Of the projection.
    steps
        ``[synapse]``: what is no synapse has no delay, whatever the latencies.
    dt_s
        Length of a step, in seconds.
    limit
        What the register holds.
    shift
        Steps that the register holds more than ``steps`` say: the latencies of both ends, less the step that
        the connection takes by itself.
    at
        Gives tap, target and source of a synapse.
    """
    over = steps + shift > limit.value
    n_over = int(over.sum())
    if not n_over:
        return []
    first = int(steps.argmax())
    worst, (tap, post, pre) = int(steps[first]), at(first)
    most = limit.value - shift
    held = f", {worst + shift} in the register" if shift else ""
    return [
        DELAY_TOO_LONG.finding(
            where=f"{where}, tap {tap}, neuron {post}, source {pre}: worst of {n_over}",
            found=f"{worst} steps ({worst * dt_s:g} s at dt {dt_s:g} s){held}",
            limit=f"{limit.value} {limit.unit} ({limit.source})",
            help=f"Train with a maximum delay of {most * dt_s:g} s, or with a longer dt; "
            f"`--pass clamp_delays:max_steps={most}` moves longer ones there.",
        )
    ]


def clipped_findings(where: str, clipped: int, total: int) -> list[Finding]:
    """Say how many weights of a population were clipped; nothing where none were."""
    if not clipped:
        return []
    return [
        WEIGHTS_CLIPPED.finding(
            where=where,
            found=f"{clipped} of {total}",
            limit="the clipping that gives the least squared error of all weights",
            help="The ladder of `neurodeploy verify` shows what it costs.",
        )
    ]


def moved_tau_findings(where: str, worst: float, groups: int) -> list[Finding]:
    """Say by how much time constants were moved; nothing up to 1 %."""
    if worst <= MOVED_TAU:
        return []
    return [
        TAUS_MOVED.finding(
            where=where,
            found=f"by up to {100 * worst:.2g} % in {groups} group(s)",
            help="The ladder of `neurodeploy verify` shows what it costs.",
        )
    ]


def filtered_bias_findings(where: str, population: Population) -> list[Finding]:
    """Say that a bias acts at once where the trained one goes through a synaptic filter."""
    if not (population.model.filtered and population.bias.any()):
        return []
    return [
        BIAS_BEHIND_FILTER.finding(
            where=where,
            found="the chip adds a bias to v; the trained current reaches it after some tau_syn",
            help="The first steps of a sample differ; the ladder shows what it costs.",
        )
    ]
