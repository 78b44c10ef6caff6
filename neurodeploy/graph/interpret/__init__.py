"""The float meaning of a Graph: a readable reference and a fast twin, float64 both."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.interpret.naive import interpret_reference
from neurodeploy.graph.model import Graph
from neurodeploy.traces import Traces

__all__ = ["interpret", "interpret_reference"]


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
