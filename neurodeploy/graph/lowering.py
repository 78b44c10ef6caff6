"""Delay lowering: per-synapse delays become branches that each have one delay, and back.

NIR has no delay per synapse. A projection therefore becomes, for each distinct delay, one branch: the whole
source delayed by it, followed by only the weights that have this delay. The branches add at the target.
Raising is the inverse. Several ways of spreading synapses over taps mean the same; :func:`canonical` chooses
one of them, and raising what was lowered gives exactly that one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.arrays import ReadOnlyArrays
from neurodeploy.graph.model import INPUT, Graph, Population, Projection
from neurodeploy.graph.neurons import PARAMETERS, ignored_value
from neurodeploy.units import delay_to_steps, off_grid, steps_to_delay


@dataclass(frozen=True, slots=True, eq=False)
class Branch(ReadOnlyArrays):
    """The synapses of one projection that share a delay.

    Attributes
    ----------
    delay_s
        The delay of all of them, in seconds.
    weight
        ``[post, pre]``; 0 is no synapse.
    """

    delay_s: float
    weight: NDArray[np.float64]


def lower(projection: Projection, dt_s: float) -> tuple[Branch, ...]:
    """Split a projection into branches of one delay each, by rising delay.

    Parameters
    ----------
    projection
        Its delays are first snapped as by :func:`snap`.
    dt_s
        Length of one step, in seconds.

    Returns
    -------
    tuple[Branch, ...]
        Branches with at least one synapse; weights of taps that share synapse and delay are added. Empty
        where the projection has no synapse.
    """
    used = projection.weight != 0
    delay_s = snap(np.where(used, projection.delay_s, 0.0), dt_s)
    branches = []
    for delay in np.unique(delay_s[used]):
        weight = np.where(used & (delay_s == delay), projection.weight, 0.0).sum(axis=0)
        if weight.any():  # taps of opposite weight cancel
            branches.append(Branch(float(delay), weight))
    return tuple(branches)


def raise_branches(
    source: str, target: str, branches: Iterable[Branch], shape: tuple[int, int]
) -> Projection:
    """Join branches into one projection with as few taps as possible.

    Parameters
    ----------
    source, target
        Names of the projection's ends.
    branches
        In any order; branches with equal delays add.
    shape
        ``(post, pre)``, needed where there are no branches.

    Returns
    -------
    Projection
        Tap k holds the k-th shortest delay of each synapse. Weight and delay are 0 where a synapse has fewer
        delays than there are taps; there is at least one tap.
    """
    by_delay: dict[float, NDArray[np.float64]] = {}
    for branch in branches:
        by_delay[branch.delay_s] = by_delay.get(branch.delay_s, np.zeros(shape)) + branch.weight
    n_delays = sum(((weight != 0).astype(int) for weight in by_delay.values()), np.zeros(shape, dtype=int))
    n_taps = max(1, int(n_delays.max(initial=0)))
    weight, delay_s = np.zeros((n_taps, *shape)), np.zeros((n_taps, *shape))
    tap = np.zeros(shape, dtype=int)  # the next free tap of each synapse
    for delay in sorted(by_delay):
        post, pre = np.nonzero(by_delay[delay])
        weight[tap[post, pre], post, pre] = by_delay[delay][post, pre]
        delay_s[tap[post, pre], post, pre] = delay
        tap[post, pre] += 1
    return Projection(source=source, target=target, weight=weight, delay_s=delay_s)


def snap(delay_s: NDArray[np.float64], dt_s: float) -> NDArray[np.float64]:
    """Move delays that lie on a whole step but for float error exactly onto it; leave the others alone.

    Seconds that went through float32, or sums of several delays, differ in the last digits from
    ``steps * dt`` and would otherwise make branches of their own.
    """
    return np.where(off_grid(delay_s, dt_s), delay_s, steps_to_delay(delay_to_steps(delay_s, dt_s), dt_s))


def canonical(graph: Graph) -> Graph:
    """Give the graph that writing to NIR and reading back gives; it means the same.

    Projections have as few taps as possible, ordered by delay; synapses of weight 0 have delay 0; delays are
    snapped (:func:`snap`); projections without any synapse are left out; they are ordered by target, then
    source, in the order of the populations. Parameters that a population's model ignores have fixed values.
    """
    names = [INPUT, *(p.name for p in graph.populations)]
    projections = (canonical_projection(p, graph.dt_s) for p in graph.projections)
    return replace(
        graph,
        populations=tuple(canonical_population(p, graph.dt_s) for p in graph.populations),
        projections=tuple(
            sorted(
                (p for p in projections if p.weight.any()),
                key=lambda p: (names.index(p.target), names.index(p.source)),
            )
        ),
    )


def canonical_projection(projection: Projection, dt_s: float) -> Projection:
    """Give a projection with as few taps as possible; see :func:`canonical`."""
    _, post, pre = projection.weight.shape
    return raise_branches(projection.source, projection.target, lower(projection, dt_s), (post, pre))


def canonical_population(population: Population, dt_s: float) -> Population:
    """Give a population whose ignored parameters have fixed values.

    See :func:`neurodeploy.graph.neurons.ignored_value`.
    """
    ignored = [name for name in PARAMETERS if name not in population.model.parameters]
    fixed: dict[str, Any] = {name: np.full(population.size, ignored_value(name, dt_s)) for name in ignored}
    return replace(population, **fixed) if fixed else population
