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
from neurodeploy.graph.checks.values import MAX_DELAY_STEPS
from neurodeploy.graph.model import INPUT, Graph, Population, Projection
from neurodeploy.graph.neurons import PARAMETERS, ignored_value
from neurodeploy.graph.synapses import Floats, Indices, stacked, summed
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
    shape = (projection.shape[1], projection.shape[2])
    branches = []
    synapses = _snapped(projection, dt_s)
    order = np.argsort(synapses[2], kind="stable")
    post, pre, delay_s, w = (array[order] for array in synapses)
    for delay in np.unique(delay_s):
        here = slice(*np.searchsorted(delay_s, [delay, np.nextafter(delay, np.inf)]))
        weight = np.zeros(shape)
        weight[post[here], pre[here]] = w[here]
        branches.append(Branch(float(delay), weight))
    return tuple(branches)


def _snapped(projection: Projection, dt_s: float) -> tuple[Indices, Indices, Floats, Floats]:
    """Give post, pre, delay and weight of each synapse; taps that share all but the weight are added."""
    synapses = projection.listed
    shape = (synapses.shape[1], synapses.shape[2])
    return summed(shape, synapses.post, synapses.pre, snap(synapses.delay_s, dt_s), synapses.weight)


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
    given = list(branches)
    at = [np.nonzero(branch.weight) for branch in given]
    post, pre, delay_s, weight = summed(
        shape,
        np.concatenate([np.zeros(0, np.int64), *(post for post, _ in at)]),
        np.concatenate([np.zeros(0, np.int64), *(pre for _, pre in at)]),
        np.concatenate(
            [np.zeros(0), *(np.full(len(p), b.delay_s) for b, (p, _) in zip(given, at, strict=True))]
        ),
        np.concatenate([np.zeros(0), *(b.weight[p] for b, p in zip(given, at, strict=True))]),
    )
    return Projection.of_list(source, target, stacked(shape, post, pre, delay_s, weight))


def snap(delay_s: NDArray[np.float64], dt_s: float) -> NDArray[np.float64]:
    """Move delays that lie on a whole step but for float error exactly onto it; leave the others alone.

    Seconds that went through float32, or sums of several delays, differ in the last digits from
    ``steps * dt`` and would otherwise make branches of their own.
    """
    near = np.abs(delay_s) <= MAX_DELAY_STEPS * dt_s  # what lies beyond is no delay, as the checks say
    kept = np.where(near, delay_s, 0.0)
    on_grid = near & ~off_grid(kept, dt_s)
    return np.where(on_grid, steps_to_delay(delay_to_steps(kept, dt_s), dt_s), delay_s)


def canonical(graph: Graph) -> Graph:
    """Give the graph that writing to NIR and reading back gives; it means the same.

    Projections have as few taps as possible, ordered by delay; synapses of weight 0 have delay 0; delays are
    snapped (:func:`snap`); projections without any synapse are left out; they are ordered by target, then
    source, in the order of the populations. Parameters that a population's model ignores have fixed values.
    """
    rank = {name: k for k, name in enumerate([INPUT, *(p.name for p in graph.populations)])}
    projections = (canonical_projection(p, graph.dt_s) for p in graph.projections)
    return replace(
        graph,
        populations=tuple(canonical_population(p, graph.dt_s) for p in graph.populations),
        projections=tuple(
            sorted(
                (p for p in projections if len(p.listed)),
                key=lambda p: (rank[p.target], rank[p.source]),
            )
        ),
    )


def canonical_projection(projection: Projection, dt_s: float) -> Projection:
    """Give a projection with as few taps as possible; see :func:`canonical`."""
    shape = (projection.shape[1], projection.shape[2])
    return Projection.of_list(
        projection.source, projection.target, stacked(shape, *_snapped(projection, dt_s))
    )


def canonical_population(population: Population, dt_s: float) -> Population:
    """Give a population whose ignored parameters have fixed values.

    See :func:`neurodeploy.graph.neurons.ignored_value`.
    """
    ignored = [name for name in PARAMETERS if name not in population.model.parameters]
    fixed: dict[str, Any] = {name: np.full(population.size, ignored_value(name, dt_s)) for name in ignored}
    return replace(population, **fixed) if fixed else population
