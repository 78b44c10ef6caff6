"""The float meaning of a Graph: a readable reference and a fast twin, float64 both."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.interpret.naive import interpret_reference
from neurodeploy.graph.model import Graph
from neurodeploy.traces import Traces

__all__ = ["interpret", "interpret_chunks", "interpret_reference"]


def interpret(
    graph: Graph,
    spikes: NDArray[np.generic],
    *,
    record: Collection[str] = ("spikes", "v"),
    threads: int | None = None,
) -> Traces:
    """Compute samples as :func:`interpret_reference` does, some tens of times faster on one thread.

    A network with a neuron model that is not compiled (:attr:`neurodeploy.graph.neurons.Neuron.compiled`) is
    computed by the reference itself.

    Parameters
    ----------
    graph, spikes
        As for :func:`interpret_reference`.
    record
        ``spikes`` is always recorded (the next population needs it); without ``v`` no v is kept, which saves
        eight bytes for each sample, step and neuron. Scores are made in either case.
    threads
        How many threads share the samples; by default as many as the process may use. The result does not
        depend on it.

    Returns
    -------
    Traces
        As :func:`interpret_reference`. The inputs of a step are added in another order, so v differs in the
        last digits (within 1e-9 for networks in use) and spikes are equal but for exact ties with the
        threshold.

    Raises
    ------
    NeurodeployError
        As :func:`interpret_reference`.
    """
    if not all(p.model.neuron.compiled for p in graph.populations):
        return interpret_reference(graph, spikes)
    from neurodeploy.graph.interpret.fast import interpret_fast  # numba takes a second to import

    return interpret_fast(graph, spikes, record=record, threads=threads)


def interpret_chunks(
    graph: Graph,
    spikes: NDArray[np.generic],
    *,
    samples: int,
    record: Collection[str] = ("spikes", "v"),
    threads: int | None = None,
) -> Iterator[Traces]:
    """Compute samples as :func:`interpret` does, a few at a time, so that memory does not grow with a set.

    Parameters
    ----------
    graph, spikes, record, threads
        As for :func:`interpret`. The graph is prepared once.
    samples
        How many samples at a time, at least 1. A chunk takes some ``samples * steps * neurons`` bytes for the
        spikes and eight times that where ``v`` is recorded.

    Yields
    ------
    Traces
        Of the next ``samples`` samples, the last time of what is left; together they are what
        :func:`interpret` gives, ``facts`` added.

    Raises
    ------
    NeurodeployError
        As :func:`interpret`; a value that no network takes is found in its chunk.
    """
    if samples < 1:
        raise ValueError(f"{samples} samples at a time")
    if not all(p.model.neuron.compiled for p in graph.populations):
        return (interpret_reference(graph, spikes[k : k + samples]) for k in range(0, len(spikes), samples))
    from neurodeploy.graph.interpret.fast import interpret_fast_chunks  # numba takes a second to import

    return interpret_fast_chunks(graph, spikes, samples=samples, record=record, threads=threads)
