"""The fast twin of the reference: the same bits, compiled, event-driven, batched over samples and threads."""

from __future__ import annotations

import os
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.trace import PopulationTrace, Traces
from neurodeploy.quantise.fixed import FixedGraph
from neurodeploy.simulate.kernel import run
from neurodeploy.simulate.limits import check_facts, check_input, kernel_input
from neurodeploy.simulate.plan import Plan, make_plan
from neurodeploy.simulate.reference import readout_scores
from neurodeploy.simulate.stream import Stream, StreamStep
from neurodeploy.simulate.tables import Record, make_state

__all__ = ["Stream", "StreamStep", "simulate"]

CHUNKS_PER_THREAD = 8
"""Samples differ in cost, so each thread takes several chunks of them."""

QUANTITIES = ("spikes", "u", "v")


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
    plan = make_plan(program)
    recorder = _Recorder(plan, spikes.shape[0], spikes.shape[1], frozenset(record))
    facts, widest = _run(plan, kernel_input(program, spikes), recorder.record, threads)
    check_facts(program, facts, widest)
    return recorder.traces(facts)


class _Recorder:
    """Allocate the traces that are asked for, and those that the scores need; give them back as Traces."""

    def __init__(self, plan: Plan, n_samples: int, n_steps: int, wanted: frozenset[str]) -> None:
        self._program = program = plan.program
        self._wanted = wanted
        needed: dict[str, set[str]] = {p.name: set(wanted) for p in program.populations}
        if program.readout is not None:
            kind = "spikes" if program.readout.score == "spike_count" else "v"
            needed[program.readout.population].add(kind)
        self._shape = {p.name: (n_samples, n_steps, p.size) for p in program.populations}
        flat: dict[str, NDArray] = {}
        at: dict[str, NDArray[np.int64]] = {}
        for quantity in QUANTITIES:
            starts, total = [-1], 0
            for p in program.populations:
                recorded = quantity in needed[p.name]
                starts.append(total if recorded else -1)
                total += n_samples * n_steps * p.size if recorded else 0
            flat[quantity] = np.empty(total, np.uint8 if quantity == "spikes" else np.int32)
            at[quantity] = np.array(starts, dtype=np.int64)
        self._flat, self._at = flat, at
        latency = np.array([0, *(p.latency_steps for p in program.populations)], dtype=np.int64)
        self.record = Record(flat["spikes"], flat["u"], flat["v"], at["spikes"], at["u"], at["v"], latency)

    def _array(self, quantity: str, number: int, name: str) -> NDArray | None:
        start = int(self._at[quantity][number])
        if start < 0:
            return None
        shape = self._shape[name]
        return self._flat[quantity][start : start + int(np.prod(shape))].reshape(shape)

    def traces(self, facts: dict[str, int]) -> Traces:
        """Give what was recorded."""
        kept: dict[str, dict[str, NDArray]] = {p.name: {} for p in self._program.populations}
        for number, p in enumerate(self._program.populations, start=1):
            for quantity in QUANTITIES:
                array = self._array(quantity, number, p.name)
                if array is not None:
                    kept[p.name][quantity] = array
        score = readout_scores(
            self._program,
            {name: arrays["v"] for name, arrays in kept.items() if "v" in arrays},
            {name: arrays.get("spikes", self._nothing(name)) for name, arrays in kept.items()},
        )
        populations = {}
        for name, arrays in kept.items():
            shown = {q: a for q, a in arrays.items() if q in self._wanted}
            spikes = shown.get("spikes", self._nothing(name))
            populations[name] = PopulationTrace(spikes, shown.get("v"), shown.get("u"))
        return Traces(populations, *score, facts)

    def _nothing(self, name: str) -> NDArray[np.uint8]:
        n_samples, _, n_neurons = self._shape[name]
        return np.zeros((n_samples, 0, n_neurons), dtype=np.uint8)


def _run(
    plan: Plan, x: NDArray[np.integer], record: Record, threads: int | None
) -> tuple[dict[str, int], int]:
    """Run every sample, in chunks over threads; give the facts and the largest ``|u|``."""
    n_samples = x.shape[0]
    n_raw = x.shape[1] + plan.program.max_latency_steps
    n_threads = max(1, min(threads or available_cores(), n_samples))
    n_chunks = min(n_samples, n_threads * CHUNKS_PER_THREAD) if n_threads > 1 else min(n_samples, 1)
    edges = [n_samples * k // n_chunks for k in range(n_chunks + 1)] if n_chunks else []
    states = [make_state(plan.tables, plan.window) for _ in range(n_threads)]
    idle = list(states)  # append and pop are atomic

    def work(chunk: int) -> None:
        state = idle.pop()
        run(x, edges[chunk], edges[chunk + 1], n_raw, True, 0, plan.window, plan.tables, state, record)
        idle.append(state)

    if n_threads == 1:
        for chunk in range(n_chunks):
            work(chunk)
    else:
        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(work, range(n_chunks)))
    facts = {
        "max_abs_accumulator": max(int(state.facts[0]) for state in states),
        "synaptic_events": sum(int(state.facts[1]) for state in states),
    }
    return facts, max(int(state.facts[2]) for state in states)


def available_cores() -> int:
    """Give how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
