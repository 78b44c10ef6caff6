"""Round weights so that their errors cancel in v on calibration samples, instead of each one alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from neurodeploy.graph.synapses import SynapseList, Synapses
from neurodeploy.quantise.grid import WeightGrid
from neurodeploy.quantise.shared import Incoming, joined
from neurodeploy.units import round_nearest

DAMPING = 0.01
"""Added to the diagonal of the input statistics, as a part of its mean: spikes that never came in the
calibration samples still cost something."""

MAX_SHARED = 2048
"""More shared weights than this are rounded to the nearest: their statistics would take too long."""

MAX_NEURONS = 64
"""At most so many of the neurons that share their weights make the statistics."""

MAX_COLUMNS = 4096
"""At most this many sample steps make the input statistics of a neuron; more change little."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The legal integers of each synapse of one neuron: multiples of ``step`` from ``low`` to ``high``."""

    step: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]

    def nearest(self, x: float, k: int) -> int:
        """Give the legal integer of synapse ``k`` that is nearest to ``x``, ties away from zero."""
        whole = int(self.step[k]) * int(round_nearest(x / self.step[k]))
        return min(max(whole, int(self.low[k])), int(self.high[k]))


def responses(spikes: NDArray[np.uint8], *, kept_v: float, kept_u: float) -> NDArray[np.float64]:
    """Give what each source's spikes do, over a synapse of weight 1 without delay, to a v that never spikes.

    Parameters
    ----------
    spikes
        ``[sample, step, source]``.
    kept_v, kept_u
        Parts of v and u that stay from one step to the next; ``kept_u`` 0 for unfiltered models.

    Returns
    -------
    NDArray[np.float64]
        ``[source, sample, step]``.
    """
    trace = np.ascontiguousarray(spikes.transpose(1, 2, 0), dtype=np.float64)
    for kept in (kept_u, kept_v):
        if kept:
            for step in range(1, len(trace)):
                trace[step] += kept * trace[step - 1]
    return np.ascontiguousarray(trace.transpose(1, 2, 0))


def delayed(
    response: NDArray[np.float64], source: NDArray[np.int64], delay: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Give the responses of single synapses, ``[synapse, sample step]``, at most :data:`MAX_COLUMNS` of them.

    Parameters
    ----------
    response
        ``[source, sample, step]``, see :func:`responses`.
    source, delay
        Source and steps of each synapse.
    """
    n_steps = response.shape[2]
    late = np.zeros((len(source), *response.shape[1:]))
    for d in np.unique(delay[delay < n_steps]):
        chosen = delay == d
        late[chosen, :, d:] = response[source[chosen], :, : n_steps - d]
    columns = late.reshape(len(source), -1)
    return columns[:, :: max(1, -(-columns.shape[1] // MAX_COLUMNS))]


def round_together(
    wanted: NDArray[np.float64], grid: Grid, response: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Round the weights of one neuron one after the other, each time moving the rest against the error made.

    Parameters
    ----------
    wanted
        Real-valued weights of the neuron's synapses, in grid units.
    grid
        Their legal integers.
    response
        ``[synapse, sample step]``, see :func:`delayed`.

    Returns
    -------
    NDArray[np.int64]
        Legal integers whose squared error in v over the sample steps is at most that of rounding each weight
        to the nearest.

    Notes
    -----
    Optimal brain quantisation in a fixed order, as in GPTQ (Frantar et al., arXiv 2210.17323, algorithm 1):
    with ``H = X X^T + damping`` and the upper Cholesky factor U of its inverse, the error
    ``(w_k - q_k) / U_kk`` of synapse k is taken off the rest along ``U_k``. Synapses with the largest
    response go first, when most others can still make up for them.
    """
    nearest = np.array([grid.nearest(x, k) for k, x in enumerate(wanted)], dtype=np.int64)
    return chosen_of(wanted, grid, response @ response.T, nearest)


def chosen_of(
    wanted: NDArray[np.float64], grid: Grid, second: NDArray[np.float64], nearest: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Choose the integers of :func:`round_together` from the second moments of the responses.

    Parameters
    ----------
    wanted, grid
        As there.
    second
        ``[synapse, synapse]``: sums over the sample steps of products of two responses.
    nearest
        What each weight is rounded to by itself.
    """
    diagonal = np.diag(second)
    if not diagonal.any():
        return nearest
    damped = second + np.eye(len(wanted)) * DAMPING * diagonal.mean()
    order = np.argsort(-diagonal, kind="stable")
    upper = np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T
    moved = wanted[order].copy()
    chosen = np.zeros(len(wanted), dtype=np.int64)
    for k, synapse in enumerate(order):
        chosen[synapse] = grid.nearest(float(moved[k]), int(synapse))
        moved[k:] -= (moved[k] - chosen[synapse]) / upper[k, k] * upper[k, k:]
    error, error_nearest = chosen - wanted, nearest - wanted
    better = error @ second @ error < error_nearest @ second @ error_nearest
    return chosen if better else nearest


def round_calibrated(
    units: Mapping[str, NDArray[np.float64]],
    *,
    synapses: Mapping[str, Synapses],
    spikes: Mapping[str, NDArray[np.uint8]],
    legal: Mapping[str, NDArray[np.int64]],
    kept_v: NDArray[np.float64],
    kept_u: NDArray[np.float64],
) -> dict[str, NDArray[np.int32]]:
    """Round all synapses into one population, each neuron's together.

    Parameters
    ----------
    units
        Real-valued weights in grid units ``[synapse]``, by projection.
    synapses
        Where they stand, and their trained delays.
    spikes
        What each projection's source did on the calibration samples, ``[sample, step, pre]``.
    legal
        Step, lowest and highest legal integer, ``[3, synapse]``; see :func:`legal_of`.
    kept_v, kept_u
        Parts of v and u that stay from one step to the next, ``[neuron]``; ``kept_u`` 0 without a filter.

    Returns
    -------
    dict[str, NDArray[np.int32]]
        Legal weights ``[synapse]``. Where weights are shared (:func:`neurodeploy.quantise.shared.shares`)
        equal ones stay equal: each is rounded once, for all neurons that have it.
    """
    all_synapses = joined(units, synapses, legal, n_neurons=kept_v.size)
    rounded = np.zeros(all_synapses.wanted.size, dtype=np.int32)
    # Many small matrices: a second BLAS thread gains nothing, and on a busy machine it waits for its core.
    with threadpool_limits(1):
        for v, u in sorted(set(zip(kept_v.tolist(), kept_u.tolist(), strict=True))):
            response = [responses(spikes[name], kept_v=v, kept_u=u) for name in units]
            alike = np.flatnonzero((kept_v == v) & (kept_u == u))
            for neurons in all_synapses.together(alike):
                _round_neurons(all_synapses, neurons, response, into=rounded)
    return all_synapses.by_name(rounded)


def _round_neurons(
    incoming: Incoming,
    neurons: NDArray[np.int64],
    response: Sequence[NDArray[np.float64]],
    *,
    into: NDArray[np.int32],
) -> None:
    """Round the weights that some neurons share together; write them ``into`` the rounded ones."""
    every = incoming.of(neurons)
    if not every.size:
        return
    weights, first, which = np.unique(incoming.weight_of[every], return_index=True, return_inverse=True)
    if len(neurons) == 1 and weights.size == every.size:
        first, which = np.arange(every.size), np.arange(every.size)  # in the order of the lists
    one = every[first]
    wanted, grid = incoming.wanted[one], Grid(*incoming.legal[:, one])
    nearest = np.array([grid.nearest(x, k) for k, x in enumerate(wanted)], dtype=np.int64)
    chosen = nearest
    if weights.size <= MAX_SHARED:
        second = np.zeros((weights.size, weights.size))
        looked_at = neurons[:: max(1, -(-neurons.size // MAX_NEURONS))]
        for neuron in looked_at:
            own = incoming.of(np.array([neuron]))
            columns = _responses_of(incoming, own, response)[:, :: looked_at.size]
            of = which[np.searchsorted(every, own)]
            if weights.size < every.size:
                shared = np.zeros((weights.size, columns.shape[1]))
                np.add.at(shared, of, columns)
                columns = shared
            second += columns @ columns.T
        chosen = chosen_of(wanted, grid, second, nearest)
    into[every] = chosen[which]


def _responses_of(
    incoming: Incoming, synapses: NDArray[np.int64], response: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Give the responses of the synapses of one neuron, ``[synapse, sample step]``."""
    parts = []
    for k, each in enumerate(response):
        here = synapses[incoming.projection[synapses] == k]
        if here.size:
            parts.append(delayed(each, incoming.pre[here], incoming.delay_steps[here]))
    return np.concatenate(parts)


def legal_of(
    x: NDArray[np.float64],
    synapses: SynapseList | Synapses,
    group: NDArray[np.int64],
    source_group: NDArray[np.int64],
    grid: WeightGrid,
) -> NDArray[np.int64]:
    """Give step, lowest and highest legal integer of every synapse.

    Parameters
    ----------
    x
        Real-valued weights in grid units, ``[synapse]``; a connection's signs decide its grid.
    synapses
        Where they stand.
    group, source_group
        Chip process of each neuron and of each source: a connection joins one of them with one.
    grid
        Which integers are legal.

    Returns
    -------
    NDArray[np.int64]
        ``[3, synapse]``.
    """
    n_groups, n_sources = int(group.max()) + 1, int(source_group.max()) + 1
    connection = (synapses.tap.astype(np.int64) * n_groups + group[synapses.post]) * n_sources
    connection += source_group[synapses.pre]
    order = np.argsort(connection, kind="stable")
    ends = np.flatnonzero(np.diff(connection[order], prepend=-1, append=-1))
    grids = np.zeros((3, x.size), dtype=np.int64)
    for first, last in pairwise(ends):
        here = order[first:last]
        grids[:, here] = np.reshape(grid.legal(x[here]), (3, 1))
    return grids


def rounded_alone(x: NDArray[np.float64], legal: NDArray[np.int64]) -> NDArray[np.int32]:
    """Round weights in grid units to the nearest legal integer each, ties away from zero.

    Parameters
    ----------
    x
        ``[synapse]``.
    legal
        See :func:`legal_of`.
    """
    step, low, high = legal
    return np.asarray(np.clip(step * round_nearest(x / step), low, high), dtype=np.int32)
