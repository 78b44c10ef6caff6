"""Hold integer weights against trained ones: their gain, and what rounding leaves over.

Weights are rounded together on calibration samples, so that a single one may be many steps from its own
nearest integer. What no rounding does: change the gain of a projection or of one neuron in it, put synapses
where there are none, or leave more over than a few parts of a step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_parity import WEIGHTS_WRONG
from neurodeploy.findings.finding import Finding
from neurodeploy.graph.model import Graph, Population, Projection
from neurodeploy.targets.loihi.chip import DECAY_BITS, STATE_SHIFT
from neurodeploy.targets.loihi.program import FixedGraph, FixedPopulation, FixedProjection

MOST_MOVED = 64
"""Steps of the grid that rounding together moves a single weight by, at most; 27 were seen."""

LEFT_OVER = 2.0
"""Root mean square of what rounding leaves over in a projection, in steps of its grid; rounding each weight
alone leaves 0.29, together 0.28 to 0.5 was seen."""

SIGMAS = 6.0
"""How many standard errors a gain may be from 1, beside :data:`GAIN_SLACK`."""

GAIN_SLACK = 0.003
"""How far a gain may be from 1 besides: rounding together lets errors follow the weights a little."""

FEWEST = 12
"""Synapses of one neuron that show a gain."""

Floats = NDArray[np.float64]


def weight_findings(graph: Graph, program: FixedGraph) -> Iterator[Finding]:
    """Yield what no rounding of the weights gives, at most one finding a projection.

    Parameters
    ----------
    graph, program
        With the same populations and projections, in the same order.
    """
    for projection, fixed in zip(graph.projections, program.projections, strict=True):
        wanted = wanted_weights(
            projection,
            fixed,
            graph.population(fixed.target),
            program.population(fixed.target),
            dt_s=graph.dt_s,
        )
        problem = _problem(wanted, fixed)
        if problem is not None:
            where, found, limit = problem
            yield WEIGHTS_WRONG.finding(
                where=f"{graph.name}.{projection.name}{where}", found=found, limit=limit
            )


def wanted_weights(
    projection: Projection,
    fixed: FixedProjection,
    real: Population,
    target: FixedPopulation,
    *,
    dt_s: float,
) -> Floats:
    """Give the weights ``[tap, post, pre]`` in units of the grid: what an exact chip would hold."""
    one = 2.0**DECAY_BITS
    into_v = real.r * (target.dv / one if real.model.leaky else dt_s)
    if real.model.filtered:
        into_v = into_v * real.w_in * (target.du + 1) / one
    unit = into_v * target.scale / 2.0 ** (STATE_SHIFT + fixed.exponent)
    return np.asarray(projection.weight * unit[None, :, None])


@dataclass(frozen=True, slots=True)
class _Line:
    """A least-squares line through 0: found = gain * wanted, with its standard error and what is left."""

    gain: float
    error: float
    left_over: float

    @property
    def off(self) -> bool:
        return not abs(self.gain - 1.0) <= SIGMAS * self.error + GAIN_SLACK


def _line(wanted: Floats, found: Floats) -> _Line:
    power = float((wanted**2).sum())
    gain = float((wanted * found).sum()) / power
    rest = found - gain * wanted
    return _Line(gain, float(np.sqrt((rest**2).sum() / power / rest.size)), float(np.sqrt((rest**2).mean())))


def _problem(wanted: Floats, fixed: FixedProjection) -> tuple[str, str, str] | None:
    """Find the first thing that rounding does not do: where, what was found, what is allowed."""
    found = fixed.weight.astype(np.float64)
    if (stray := (wanted == 0) & (found != 0)).any():
        return _at(stray), f"{int(stray.sum())} synapses that the network does not have", "none"
    mixed = bool((wanted > 0).any() and (wanted < 0).any())
    step = 2.0 if mixed else 1.0
    end = 254.0 if mixed else 255.0
    held = np.clip(wanted, -end - (2 if mixed else 0), end)
    inside = (wanted != 0) & (np.abs(wanted) < end - step)
    if inside.sum() >= 2:
        line = _line(wanted[inside], found[inside])
        if line.off:
            limit = f"1 within {SIGMAS:g} standard errors of {line.error:.2g} and {GAIN_SLACK:g}"
            return "", f"a gain of {line.gain:.5f} over {int(inside.sum())} synapses", limit
        if line.left_over > LEFT_OVER * step:
            limit = f"{LEFT_OVER:g} steps of {step:g}, root mean square"
            return "", f"{line.left_over / step:.3g} steps that the trained weights do not explain", limit
    away = np.abs(found - held) * (wanted != 0)
    if away.max(initial=0.0) > MOST_MOVED * step:
        worst = np.unravel_index(int(np.argmax(away)), away.shape)
        numbers = f"{int(found[worst])}, wanted {held[worst]:.4g}"
        return _at(away == away.max()), numbers, f"at most {MOST_MOVED} steps of {step:g} away"
    return _neuron_problem(wanted, found, inside, step)


def _neuron_problem(
    wanted: Floats, found: Floats, inside: NDArray[np.bool_], step: float
) -> tuple[str, str, str] | None:
    """Find a neuron whose own synapses have another gain, or leave far more over than rounding does."""
    for post in range(wanted.shape[1]):
        own = inside[:, post]
        if own.sum() < FEWEST:
            continue
        line = _line(wanted[:, post][own], found[:, post][own])
        # one neuron among many is further off by chance, and has fewer synapses to show it
        if abs(line.gain - 1.0) > 2 * (SIGMAS * line.error + GAIN_SLACK):
            where = f", neuron {post}"
            return where, f"a gain of {line.gain:.4f} over {int(own.sum())} synapses", "1, as trained"
        if line.left_over > 4 * LEFT_OVER * step:
            where = f", neuron {post}"
            return where, f"{line.left_over / step:.3g} steps left over", f"{4 * LEFT_OVER:g}"
    return None


def _at(where: NDArray[np.bool_]) -> str:
    tap, post, pre = (int(k) for k in np.argwhere(where)[0])
    return f", tap {tap}, neuron {post}, source {pre}"
