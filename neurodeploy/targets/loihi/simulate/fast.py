"""The fast twin of the reference: the same bits, compiled, event-driven, batched over samples and threads."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neurodeploy.machine import available_cores
from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.loihi.simulate.bounds import check_facts, check_input, kernel_input
from neurodeploy.targets.loihi.simulate.kernel import run
from neurodeploy.targets.loihi.simulate.recorder import QUANTITIES, Recorder, Score
from neurodeploy.targets.loihi.simulate.stream import Stream, StreamStep
from neurodeploy.targets.loihi.simulate.tables import make_state
from neurodeploy.targets.loihi.simulate.wiring import Plan, plan_of
from neurodeploy.traces import Traces

__all__ = ["Stream", "StreamStep", "simulate"]

CHUNKS_PER_THREAD = 8
"""Samples differ in cost, so each thread takes several chunks of them."""

CHUNK_SAMPLES = 64
"""A chunk is scored when it has run: its readout's v in float64 is then small and still near."""


def simulate(
    program: FixedGraph,
    spikes: NDArray[np.integer],
    *,
    record: Collection[str] = ("spikes", "v"),
    threads: int | None = None,
) -> Traces:
    """Simulate samples, each from a fresh state, to the same bits as the reference.

    Parameters
    ----------
    program
        The integer network.
    spikes
        ``[sample, step, source]`` input values, 0..``input_max``.
    record
        Any of ``spikes``, ``u`` and ``v``. Spikes that were not recorded have no steps
        (``[sample, 0, neuron]``), u and v are None. Scores need no record.
    threads
        How many to use; by default every core this process may use. The result does not depend on it.

    Returns
    -------
    Traces
        Spikes (uint8), u and v (int32, after reset), aligned: population latencies are removed.

    Raises
    ------
    NeurodeployError
        ND460, ND461, ND462 for the input; ND463 where a sum leaves 32-bit state.
    ValueError
        For an unknown name in ``record``.
    """
    if unknown := set(record) - set(QUANTITIES):
        raise ValueError(f"record: {sorted(unknown)} not in {QUANTITIES}")
    spikes = np.asarray(spikes)
    check_input(program, spikes, n_axes=3)
    plan = plan_of(program)
    recorder = Recorder(plan, spikes.shape[0], spikes.shape[1], frozenset(record))
    scores, facts, widest = _run(plan, kernel_input(program, spikes), recorder, threads)
    check_facts(program, facts, widest)
    return recorder.traces(scores, facts)


def _run(
    plan: Plan, x: NDArray[np.integer], recorder: Recorder, threads: int | None
) -> tuple[list[Score], dict[str, int], int]:
    """Run and score every sample, in chunks over threads; give scores, facts and the largest ``|u|``."""
    n_samples = x.shape[0]
    n_raw = x.shape[1] + plan.program.max_latency_steps
    n_threads = max(1, min(threads or available_cores(), n_samples))
    n_chunks = max(1, min(n_samples, max(n_threads * CHUNKS_PER_THREAD, n_samples // CHUNK_SAMPLES)))
    edges = [n_samples * k // n_chunks for k in range(n_chunks + 1)]
    states = [make_state(plan.tables, plan.window) for _ in range(n_threads)]
    idle = list(states)  # append and pop are atomic

    def work(first: int, last: int) -> Score:
        state = idle.pop()
        run(x, first, last, n_raw, True, 0, plan.window, plan.tables, state, recorder.record)
        idle.append(state)
        return recorder.score(first, last)

    if n_threads == 1:
        scores = [work(first, last) for first, last in pairwise(edges)]
    else:
        with ThreadPoolExecutor(n_threads) as pool:
            scores = list(pool.map(work, edges[:-1], edges[1:]))
    facts = {
        "max_abs_accumulator": max(int(state.facts[0]) for state in states),
        "synaptic_events": sum(int(state.facts[1]) for state in states),
    }
    return scores, facts, max(int(state.facts[2]) for state in states)
