"""The largest synaptic input that calibration samples bring to a population in one step."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.model import INPUT, Graph
from neurodeploy.traces import PopulationTrace
from neurodeploy.units import delay_to_steps

CHUNK = 16
"""Samples that are looked at together."""


def worst_sum(graph: Graph, name: str, jumps: Mapping[str, NDArray[np.float64]]) -> float:
    """Bound the input of a population: every source sends its largest value in one step, signs aside."""
    total = np.zeros(graph.population(name).size)
    for projection in graph.into(name):
        largest = graph.input_max if projection.source == INPUT else 1
        total += largest * np.abs(jumps[projection.name]).sum(axis=(0, 2))
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
        Weights as jumps of v, ``[tap, post, pre]`` by projection.
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
            steps = delay_to_steps(projection.delay_s, graph.dt_s)
            jump = jumps[projection.name]
            for d in np.unique(steps[jump != 0]):
                if d < n_steps:
                    weight = np.where(steps == d, jump, 0.0).sum(axis=0)
                    total[:, d:] += spikes[:, : n_steps - d] @ weight.T
        peak = max(peak, float(np.abs(total).max(initial=0.0)))
    return peak
