"""What the machine can do at best: a bare scatter-add of the same synaptic events, with nothing around it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit
from numpy.typing import NDArray

from neurodeploy.graph.model import INPUT
from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.traces import Traces


@njit(nogil=True, cache=True)
def scatter(  # noqa: PLR0917 -- compiled functions are called by position
    step_start: NDArray,
    sources: NDArray,
    offset: NDArray,
    weight: NDArray,
    sums: NDArray,
    first: int,
    last: int,
) -> None:
    """Add the weights of every listed spike; ``step_start[sample, step]`` indexes ``sources``."""
    size = offset.shape[1]
    n_steps = step_start.shape[1] - 1
    for sample in range(first, last):
        for step in range(n_steps):
            row = sums[step * size :]
            for k in range(step_start[sample, step], step_start[sample, step + 1]):
                j = sources[k]
                for n in range(size):
                    row[offset[j, n]] += weight[j, n]


class BareScatter:
    """The spikes of a simulated network, ready to be scattered again in the smallest, fastest types.

    Parameters
    ----------
    program
        Dense projections of one tap, weights within 8 bits, targets times delays within 16.
    spikes, traces
        The input, and the spikes that the simulator recorded for it.
    """

    def __init__(self, program: FixedGraph, spikes: NDArray[np.uint8], traces: Traces) -> None:
        self._jobs = []
        self.events = 0
        for projection in program.projections:
            fired = spikes if projection.source == INPUT else traces.populations[projection.source].spikes
            counts = fired.sum(axis=2, dtype=np.int64)
            start = np.zeros((fired.shape[0], fired.shape[1] + 1), dtype=np.int64)
            ends = np.cumsum(counts).reshape(counts.shape)
            start[:, 1:] = ends
            start[:, 0] = ends[:, 0] - counts[:, 0]
            sources = np.nonzero(fired)[2].astype(np.int32)
            weight = projection.weight[0].T
            delay = projection.delay_steps[0].T
            size = weight.shape[1]
            offset = np.ascontiguousarray(delay * size + np.arange(size), dtype=np.uint16)
            n_sums = (fired.shape[1] + int(delay.max()) + 1) * size
            self._jobs.append((start, sources, offset, np.ascontiguousarray(weight, np.int8), n_sums))
            self.events += sources.size * size
        self._n_samples = spikes.shape[0]

    def run(self, threads: int) -> float:
        """Scatter every event; give the seconds it took."""
        edges = [self._n_samples * k // threads for k in range(threads + 1)]
        buffers = [[np.zeros(n_sums, np.int16) for *_, n_sums in self._jobs] for _ in range(threads)]

        def work(thread: int) -> None:
            for (start, sources, offset, weight, _), sums in zip(self._jobs, buffers[thread], strict=True):
                scatter(start, sources, offset, weight, sums, edges[thread], edges[thread + 1])

        with ThreadPoolExecutor(threads) as pool:
            started = time.perf_counter()
            list(pool.map(work, range(threads)))
            return time.perf_counter() - started
