"""The float interpreter, written to be read: it *is* the meaning of a Graph.

It follows the equation of :class:`neurodeploy.graph.model.Projection` line by line, in float64, and takes the
steps of :mod:`neurodeploy.graph.neurons`. Its fast twin,
:mod:`neurodeploy.graph.interpret.fast`, has the same signature and shares no logic with it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.samples import check_spikes
from neurodeploy.findings.finding import raise_errors
from neurodeploy.graph.checks.structure import check_structure
from neurodeploy.graph.model import INPUT, Graph
from neurodeploy.graph.neurons import rest
from neurodeploy.score import scores
from neurodeploy.traces import PopulationTrace, Traces
from neurodeploy.units import delay_to_steps


def interpret_reference(graph: Graph, spikes: NDArray[np.generic]) -> Traces:
    """Compute samples one after the other, each from a fresh state: v = v_leak, no current, no spikes before.

    Parameters
    ----------
    graph
        The network. Delays are rounded to whole steps.
    spikes
        ``[sample, step, source]`` input values, whole numbers; above 1 they multiply.

    Returns
    -------
    Traces
        Spikes (uint8) and v (float64, after reset) of every population, scores, and in ``facts`` the number
        of ``synaptic_events``: non-zero synapses behind each non-zero source value.

    Raises
    ------
    NeurodeployError
        As :func:`neurodeploy.graph.checks.check_structure` and
        :func:`neurodeploy.data.samples.check_spikes`.
    """
    raise_errors(check_structure(graph))
    spikes = check_spikes(spikes, size=graph.input_size)
    n_samples, n_steps, _ = spikes.shape
    delays = {
        p.name: delay_to_steps(np.where(p.weight != 0, p.delay_s, 0), graph.dt_s) for p in graph.projections
    }
    out_spikes = {p.name: np.zeros((n_samples, n_steps, p.size), dtype=np.uint8) for p in graph.populations}
    out_v = {p.name: np.zeros((n_samples, n_steps, p.size)) for p in graph.populations}
    events = 0

    for sample in range(n_samples):
        # sent[name][step, neuron]: what a source has sent; a step that has not been computed yet is still 0
        sent = {INPUT: spikes[sample], **{name: array[sample] for name, array in out_spikes.items()}}
        state = {p.name: rest(p) for p in graph.populations}
        for step in range(n_steps):
            for p in graph.populations:
                i = p.bias.copy()
                for projection in graph.into(p.name):
                    pre = np.arange(graph.size_of(projection.source))
                    for weight, delay in zip(projection.weight, delays[projection.name], strict=True):
                        when = step - delay  # [post, pre]
                        value = np.where(when >= 0, sent[projection.source][np.maximum(when, 0), pre], 0)
                        i = i + (weight * value).sum(axis=1)
                state[p.name], z = p.model.neuron.step(p, state[p.name], i, graph.dt_s)
                out_spikes[p.name][sample, step] = z
                out_v[p.name][sample, step] = state[p.name].v
        for projection in graph.projections:
            synapses = (projection.weight != 0).sum(axis=(0, 1))  # [pre]
            events += int(((sent[projection.source] != 0) * synapses).sum())

    score, per_step = None, None
    if graph.readout is not None:
        name = graph.readout.population
        score, per_step = scores(graph.readout.score, out_v[name], out_spikes[name])
    return Traces(
        {p.name: PopulationTrace(out_spikes[p.name], out_v[p.name]) for p in graph.populations},
        score,
        per_step,
        {"synaptic_events": events},
    )
