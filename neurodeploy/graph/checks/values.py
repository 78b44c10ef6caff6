"""Which parameters of a structurally sound graph are wrong: NaN, time constants, delays, thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_network import (
    DELAY_OFF_GRID,
    DELAY_TOO_LARGE,
    NEGATIVE_DELAY,
    NO_GAIN,
    NOT_FINITE,
    NUMBER_TOO_LARGE,
    TAU_TOO_SHORT,
    THRESHOLD_BELOW_RESET,
)
from neurodeploy.findings.finding import Finding
from neurodeploy.graph.model import Graph, Population, Projection
from neurodeploy.units import off_grid

MAX_DELAY_STEPS = 2**30
"""The longest delay that is counted: what is added to it on the way to a chip still fits 32 bits."""

MAX_NUMBER = 1e30
"""The largest weight or parameter: products of a few of them still are float64."""

MIN_GAIN = 1e-30
"""The smallest r or w_in: what a weight is divided by still gives a float64."""

_TIME_CONSTANTS = ("tau_s", "tau_syn_s")


class InLists(Protocol):
    """Elements as lists, which know where each of them stands."""

    def where(self, k: int, /) -> tuple[int, ...]:
        """Give the indices of one element."""
        ...


def check_values(graph: Graph, *, on_grid: bool = False) -> Iterator[Finding]:
    """Say which parameters of a structurally sound graph are wrong.

    Yields
    ------
    Finding
        ND101 NaN or infinite, ND102 a time constant below dt, ND104 a delay off the grid (where ``on_grid``),
        ND109 a threshold that is not above the reset, ND115 a neuron whose input has no effect, ND117 a
        number that is too large.
    """
    for population in graph.populations:
        for name in population.model.parameters:
            yield from _usable(f"{graph.name}: {population.name}.{name}", getattr(population, name))
        yield from _taus(graph, population)
        yield from _threshold(graph, population)
        yield from _gain(graph, population)
    for projection in graph.projections:
        where = f"{graph.name}: {projection.name}"
        yield from _usable(f"{where}.weight", projection.listed.weight, projection.listed)
        if on_grid:
            yield from _off_grid(graph, projection)


def _element(bad: NDArray[np.bool_], where: str, at: int, which: str, lists: InLists | None = None) -> str:
    """Name the element ``at`` (a flat index) of an array or of lists, and how many elements are as bad."""
    place = np.unravel_index(at, bad.shape) if lists is None else lists.where(at)
    index = ", ".join(str(int(i)) for i in place)
    n = int(bad.sum())
    return f"{where}[{index}]" + (f", {which} of {n}" if n > 1 else "")


def finite(
    where: str, array: NDArray[np.float64], lists: InLists | None = None, *, help: str = ""
) -> Iterator[Finding]:
    """ND101: an element of an array, or of a column of lists, is NaN or infinite; names the first one."""
    bad = ~np.isfinite(array)
    if bad.any():
        first = int(bad.argmax())
        yield NOT_FINITE.finding(
            where=_element(bad, where, first, "first", lists),
            found=f"{array.flat[first]}",
            limit="finite numbers",
            help=help
            or "The training diverged or the file is damaged: train again with a lower learning rate, "
            "or take an earlier checkpoint.",
        )


def _usable(where: str, array: NDArray[np.float64], lists: InLists | None = None) -> Iterator[Finding]:
    """ND101, ND117: an element is NaN, infinite, or so large that what is computed from it is infinite."""
    yield from finite(where, array, lists)
    large = np.isfinite(array) & (np.abs(array) > MAX_NUMBER)
    if large.any():
        at = int(np.where(large, np.abs(array), 0.0).argmax())
        yield NUMBER_TOO_LARGE.finding(
            where=_element(large, where, at, "worst", lists),
            found=f"{array.flat[at]:g}",
            limit=f"{MAX_NUMBER:g} in magnitude",
            help="The training diverged or the file is damaged: train again with a lower learning rate, "
            "or take an earlier checkpoint.",
        )


def _taus(graph: Graph, population: Population) -> Iterator[Finding]:
    for name in (name for name in population.model.parameters if name in _TIME_CONSTANTS):
        tau = getattr(population, name)
        # A tau that went through float32 may lie 1e-7 below the dt that it was trained to equal.
        low = tau < graph.dt_s * (1 - 1e-6)
        if low.any():
            at = int(np.where(low, tau, np.inf).argmin())
            yield TAU_TOO_SHORT.finding(
                where=_element(low, f"{graph.name}: {population.name}.{name}", at, "worst"),
                found=f"{tau.flat[at]:g} s",
                limit=f">= {graph.dt_s:g} s, one step: an Euler step must not overshoot",
                help="Train with a longer time constant or a shorter dt.",
            )


def _threshold(graph: Graph, population: Population) -> Iterator[Finding]:
    if "v_threshold" not in population.model.parameters:
        return
    if population.model.reset != "value":
        yield from _threshold_to_subtract(graph, population)
        return
    low = population.v_threshold <= population.v_reset
    if low.any():
        gap = np.where(low, population.v_threshold - population.v_reset, np.inf)
        at = int(gap.argmin())
        yield THRESHOLD_BELOW_RESET.finding(
            message="a threshold is not above the reset value, so the neuron never comes to rest",
            where=_element(low, f"{graph.name}: {population.name}.v_threshold", at, "worst"),
            found=f"v_threshold {population.v_threshold[at]:g}, v_reset {population.v_reset[at]:g}",
            limit="v_threshold > v_reset",
            help="Raise v_threshold or lower v_reset.",
        )


def _threshold_to_subtract(graph: Graph, population: Population) -> Iterator[Finding]:
    """ND109: taking the threshold off does not lower v."""
    low = population.v_threshold <= 0
    if low.any():
        at = int(np.where(low, population.v_threshold, np.inf).argmin())
        yield THRESHOLD_BELOW_RESET.finding(
            message="a threshold that a spike subtracts is not above 0, so the neuron never comes to rest",
            where=_element(low, f"{graph.name}: {population.name}.v_threshold", at, "worst"),
            found=f"v_threshold {population.v_threshold[at]:g}",
            limit="v_threshold > 0",
            help="Raise v_threshold.",
        )


def _gain(graph: Graph, population: Population) -> Iterator[Finding]:
    """ND115: what arrives at a neuron is multiplied by 0."""
    for name in ("r", "w_in"):
        none = np.abs(getattr(population, name)) < MIN_GAIN
        if name in population.model.parameters and none.any():
            yield NO_GAIN.finding(
                where=_element(none, f"{graph.name}: {population.name}.{name}", int(none.argmax()), "first"),
                found=f"{getattr(population, name)[none][0]:g}",
                limit=f"{MIN_GAIN:g} in magnitude",
                help="Take the neuron out, or give its synapses the weight 0 instead.",
            )


def delays(graph: Graph, projection: Projection) -> Iterator[Finding]:
    """ND101, ND103, ND114: a delay is NaN or infinite, or, where there is a synapse, negative or endless."""
    where = f"{graph.name}: {projection.name}.delay_s"
    synapses = projection.listed
    if not projection.holds_lists:
        yield from finite(where, projection.delay_s)
    elif not np.isfinite(synapses.delay_s).all():
        yield from finite(where, synapses.delay_s, synapses)
    negative = synapses.delay_s < 0
    if negative.any():
        at = int(np.where(negative, synapses.delay_s, np.inf).argmin())
        yield NEGATIVE_DELAY.finding(
            where=_element(negative, where, at, "worst", synapses),
            found=f"{synapses.delay_s[at]:g} s",
            limit=">= 0 s",
            help="A spike cannot arrive before it is sent: bound the delays below by 0 in training.",
        )
    endless = np.isfinite(synapses.delay_s) & (synapses.delay_s > MAX_DELAY_STEPS * graph.dt_s)
    if endless.any():
        at = int(np.where(endless, synapses.delay_s, 0.0).argmax())
        yield DELAY_TOO_LARGE.finding(
            where=_element(endless, where, at, "worst", synapses),
            found=f"{synapses.delay_s[at]:g} s",
            limit=f"{MAX_DELAY_STEPS} steps of {graph.dt_s:g} s",
            help="Look at the file's delays, which are in seconds, and at dt.",
        )


def _off_grid(graph: Graph, projection: Projection) -> Iterator[Finding]:
    synapses = projection.listed
    off = off_grid(synapses.delay_s, graph.dt_s)
    if off.any():
        at = int(off.argmax())
        delay_s = float(synapses.delay_s[at])
        yield DELAY_OFF_GRID.finding(
            where=_element(off, f"{graph.name}: {projection.name}.delay_s", at, "first", synapses),
            found=f"{delay_s:g} s, {delay_s / graph.dt_s:g} steps",
            limit=f"multiples of dt, {graph.dt_s:g} s",
            help="Round the delays to the grid, or give the dt that the file was made for.",
        )
