"""The largest synaptic input that calibration samples bring to a population in one step."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.model import INPUT, Graph, Projection
from neurodeploy.graph.synapses import SynapseList
from neurodeploy.ops.compiled import compiled
from neurodeploy.traces import PopulationTrace

CHUNK = 16
"""Samples that are looked at together."""

SPARSE = 8
"""Fewer than one pair of neurons in so many with a synapse makes a projection sparse."""


def worst_sum(graph: Graph, name: str, jumps: Mapping[str, NDArray[np.float64]]) -> float:
    """Bound the input of a population: every source sends its largest value in one step, signs aside."""
    total = np.zeros(graph.population(name).size)
    for projection in graph.into(name):
        largest = graph.input_max if projection.source == INPUT else 1
        jump = np.abs(jumps[projection.name])
        total += largest * np.bincount(projection.listed.post, weights=jump, minlength=total.size)
    return float(total.max(initial=0.0))


def peak_sum(
    graph: Graph,
    name: str,
    jumps: Mapping[str, NDArray[np.float64]],
    activity: Mapping[str, PopulationTrace],
) -> float:
    """Give the largest magnitude of a population's input in any step of any calibration sample.

    Parameters
    ----------
    graph
        With whole delays.
    name
        Of the population.
    jumps
        Weights as jumps of v, ``[synapse]`` by projection.
    activity
        What the sources do, ``[sample, step, pre]``.

    Returns
    -------
    float
        In the unit of ``jumps``.
    """
    n_samples, n_steps, _ = activity[INPUT].spikes.shape
    peak = 0.0
    for start in range(0, n_samples, CHUNK):
        chunk = slice(start, start + CHUNK)
        total = np.zeros((len(range(*chunk.indices(n_samples))), n_steps, graph.population(name).size))
        for projection in graph.into(name):
            spikes = activity[projection.source].spikes[chunk].astype(np.float64)
            steps = projection.synapses(graph.dt_s).delay_steps
            jump = jumps[projection.name]
            for d in np.unique(steps[jump != 0]):
                if d < n_steps:
                    here = np.flatnonzero(steps == d)
                    sent = spikes[:, : n_steps - d]
                    total[:, d:] += _arrived(projection, here, jump[here], sent)
        peak = max(peak, float(np.abs(total).max(initial=0.0)))
    return peak


def filled(
    synapses: SynapseList, here: slice | NDArray[np.intp], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give values of some synapses as a matrix ``[post, pre]``, those of the same pair added.

    Where few pairs have a synapse the values stay a list: zeros add nothing to what they are used for.
    """
    _, n_post, n_pre = synapses.shape
    if values.size * SPARSE < n_post * n_pre:
        return values
    matrix = np.zeros((n_post, n_pre))
    np.add.at(matrix, (synapses.post[here], synapses.pre[here]), values)
    return matrix


def _arrived(
    projection: Projection, here: NDArray[np.intp], values: NDArray[np.float64], sent: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give what some synapses bring, ``[sample, step, post]``, of what the sources sent."""
    synapses = projection.listed
    _, n_post, n_pre = synapses.shape
    matrix = filled(synapses, here, values)
    if matrix.ndim == 2:
        return np.asarray(sent @ matrix.T)
    arrived = np.zeros((*sent.shape[:2], n_post))
    flat = np.ascontiguousarray(sent.reshape(-1, n_pre), dtype=np.float64)
    _add_arrivals(values, synapses.post[here], synapses.pre[here], flat, arrived.reshape(-1, n_post))
    return arrived


@compiled()
def _add_arrivals(
    values: NDArray[np.float64],
    post: NDArray[np.int32],
    pre: NDArray[np.int32],
    sent: NDArray[np.float64],
    arrived: NDArray[np.float64],
) -> None:
    """Add what each synapse brings, at every row of ``sent``."""
    for row in range(sent.shape[0]):
        for k in range(values.size):
            value = sent[row, pre[k]]
            if value != 0.0:
                arrived[row, post[k]] += values[k] * value
