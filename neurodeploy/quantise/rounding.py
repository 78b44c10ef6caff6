"""Round weights so that their errors cancel in v on calibration samples, instead of each one alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from neurodeploy.quantise.grid import WeightGrid
from neurodeploy.units import round_nearest

DAMPING = 0.01
"""Added to the diagonal of the input statistics, as a part of its mean: spikes that never came in the
calibration samples still cost something."""

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
    second = response @ response.T
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
    delay_steps: Mapping[str, NDArray[np.int64]],
    spikes: Mapping[str, NDArray[np.uint8]],
    source_group: Mapping[str, NDArray[np.int64]],
    group: NDArray[np.int64],
    kept_v: NDArray[np.float64],
    kept_u: NDArray[np.float64],
    grid: WeightGrid,
) -> dict[str, NDArray[np.int32]]:
    """Round all synapses into one population, each neuron's together.

    Parameters
    ----------
    units
        Real-valued weights in grid units ``[tap, post, pre]``, by projection.
    delay_steps
        Trained delays, the same shape.
    spikes
        What each projection's source did on the calibration samples, ``[sample, step, pre]``.
    source_group
        Chip process of each source neuron, ``[pre]``: a connection and its signs belong to one of them.
    group
        Chip process of each neuron of the population.
    kept_v, kept_u
        Parts of v and u that stay from one step to the next, ``[neuron]``; ``kept_u`` 0 without a filter.
    grid
        Which integers are legal.

    Returns
    -------
    dict[str, NDArray[np.int32]]
        Legal weights, in the shape of ``units``.
    """
    legal = {name: legal_of(x, group, source_group[name], grid) for name, x in units.items()}
    rounded = {name: np.zeros(x.shape, dtype=np.int32) for name, x in units.items()}
    # Many small matrices: a second BLAS thread gains nothing, and on a busy machine it waits for its core.
    with threadpool_limits(1):
        for v, u in sorted(set(zip(kept_v.tolist(), kept_u.tolist(), strict=True))):
            response = {name: responses(x, kept_v=v, kept_u=u) for name, x in spikes.items()}
            for n in np.flatnonzero((kept_v == v) & (kept_u == u)):
                _round_neuron(int(n), units, legal, response, delay_steps, into=rounded)
    return rounded


def _round_neuron(
    n: int,
    units: Mapping[str, NDArray[np.float64]],
    legal: Mapping[str, NDArray[np.int64]],
    response: Mapping[str, NDArray[np.float64]],
    delay_steps: Mapping[str, NDArray[np.int64]],
    *,
    into: Mapping[str, NDArray[np.int32]],
) -> None:
    """Round the synapses of one neuron together; write them ``into`` the rounded ones."""
    wanted, grid, columns, places = [], [], [], []
    for name, x in units.items():
        tap, pre = np.nonzero(x[:, n])
        if not pre.size:
            continue
        wanted.append(x[tap, n, pre])
        grid.append(legal[name][:, tap, n, pre])
        columns.append(delayed(response[name], pre, delay_steps[name][tap, n, pre]))
        places += [(name, k, j) for k, j in zip(tap, pre, strict=True)]
    if not places:
        return
    step, low, high = np.concatenate(grid, axis=1)
    chosen = round_together(np.concatenate(wanted), Grid(step, low, high), np.concatenate(columns))
    for (name, k, j), weight in zip(places, chosen, strict=True):
        into[name][k, n, j] = weight


def legal_of(
    x: NDArray[np.float64], group: NDArray[np.int64], source_group: NDArray[np.int64], grid: WeightGrid
) -> NDArray[np.int64]:
    """Give step, lowest and highest legal integer of every synapse.

    Parameters
    ----------
    x
        Real-valued weights in grid units, ``[tap, post, pre]``; a connection's signs decide its grid.
    group, source_group
        Chip process of each neuron and of each source: a connection joins one of them with one.
    grid
        Which integers are legal.

    Returns
    -------
    NDArray[np.int64]
        ``[3, tap, post, pre]``.
    """
    grids = np.zeros((3, *x.shape), dtype=np.int64)
    for tap in range(x.shape[0]):
        for n in range(int(group.max()) + 1):
            for j in range(int(source_group.max()) + 1):
                post, pre = np.ix_(group == n, source_group == j)
                grids[:, tap, post, pre] = np.reshape(grid.legal(x[tap][post, pre]), (3, 1, 1))
    return grids
