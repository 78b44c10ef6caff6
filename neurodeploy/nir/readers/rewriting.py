"""Rewrite a network without changing what it computes, so that a narrower reader can hold it.

Each step is algebra on the equation of ``docs/explanation/numerics.md`` and exact in real numbers; in float64
it costs a rounding or two for each number. A step that has nothing to do gives the same objects back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from neurodeploy.graph.model import Floats, Graph, NeuronModel, Population, Projection

NEVER = 1e30
"""A threshold that no v reaches; the largest number that our own reader takes, and finite in float32."""

HARDLY_LEAKS = 2.0**60
"""A time constant in steps of which nothing is left in float64: 1 - 1 / this is 1."""

WITH_THRESHOLD = {
    NeuronModel.LI: NeuronModel.LIF,
    NeuronModel.CUBA_LI: NeuronModel.CUBA_LIF,
    NeuronModel.I: NeuronModel.IF,
}
"""Which spiking model computes the same v as an integrator, until it reaches the threshold."""


def with_step(graph: Graph, dt_s: float) -> Graph:
    """Give a network whose step is called ``dt_s`` long: all times in proportion, the same in steps.

    Parameters
    ----------
    graph
        The network.
    dt_s
        Length of a step, in seconds.
    """
    ratio = dt_s / graph.dt_s
    if ratio == 1.0:
        return graph

    def timed(p: Population) -> Population:
        if not p.model.leaky:  # dt r is what reaches v in a step
            return replace(p, r=p.r / ratio)
        return replace(p, tau_s=p.tau_s * ratio, tau_syn_s=p.tau_syn_s * ratio)

    populations = tuple(timed(p) for p in graph.populations)
    projections = tuple(p.with_values(delay_s=p.listed.delay_s * ratio) for p in graph.projections)
    return replace(graph, dt_s=dt_s, populations=populations, projections=projections)


def with_zero(graph: Graph, zero: Callable[[Population], Floats]) -> Graph:
    """Move the voltages of spiking populations so that what ``zero`` names is 0.

    ``v' = v - zero``: threshold, leak and reset move with it, and so does the v that a sample starts from.
    Nobody else sees a spiking population's v. Integrators, whose v is the answer, stay as they are, and so do
    neurons without leak, which start from 0 whatever they reset to.

    Parameters
    ----------
    graph
        The network.
    zero
        Which voltage of a population becomes 0, ``[neuron]``.
    """

    def moved(p: Population) -> Population:
        by = zero(p)
        if not p.model.spiking or not p.model.leaky or not by.any():
            return p
        return replace(p, v_threshold=p.v_threshold - by, v_leak=p.v_leak - by, v_reset=p.v_reset - by)

    return replace(graph, populations=tuple(moved(p) for p in graph.populations))


def with_gain(graph: Graph, r: Callable[[Population], Floats], w_in: Callable[[Population], Floats]) -> Graph:
    """Give populations other gains ``r`` and ``w_in``, and take what that changes into weights and biases.

    Parameters
    ----------
    graph
        The network.
    r, w_in
        The gain of v, and that of the synaptic current where there is one; ``[neuron]``.
    """
    scale = {}
    populations = []
    for p in graph.populations:
        by = p.r / r(p)
        changed = replace(p, r=r(p))
        if p.model.filtered:
            by = by * (p.w_in / w_in(p))
            changed = replace(changed, w_in=w_in(p))
        scale[p.name] = by
        populations.append(replace(changed, bias=p.bias * by))
    return _driven(replace(graph, populations=tuple(populations)), scale)


def with_one_threshold(graph: Graph) -> Graph:
    """Measure the v of each neuron in another unit, so that a population has one threshold.

    ``v' = v * threshold[0] / threshold``, with weights, bias, leak and reset alike. Only where thresholds of
    a population differ, and only where all are above 0.
    """
    scale = {p.name: _unit(p) for p in graph.populations}
    populations = tuple(
        p
        if (scale[p.name] == 1.0).all()
        else replace(
            p,
            v_threshold=np.full(p.size, p.v_threshold[0]),
            v_leak=p.v_leak * scale[p.name],
            v_reset=p.v_reset * scale[p.name],
            bias=p.bias * scale[p.name],
        )
        for p in graph.populations
    )
    return _driven(replace(graph, populations=populations), scale)


def _unit(p: Population) -> Floats:
    """Give what the v of each neuron is multiplied with."""
    if not p.model.spiking or np.unique(p.v_threshold).size == 1 or (p.v_threshold <= 0).any():
        return np.ones(p.size)
    return p.v_threshold[0] / p.v_threshold


def with_thresholds_to_reach(graph: Graph) -> Graph:
    """Give thresholds for a reader that fires at ``v >= threshold`` and computes in float32.

    ``v > threshold`` is ``v >= t`` where t is the smallest float32 above the threshold.
    """

    def reached(p: Population) -> Population:
        nearest = p.v_threshold.astype(np.float32)
        above = np.where(nearest > p.v_threshold, nearest, np.nextafter(nearest, np.float32(np.inf)))
        above = np.where(p.v_threshold >= NEVER, p.v_threshold, above.astype(np.float64))
        return replace(p, v_threshold=above) if p.model.spiking else p

    return replace(graph, populations=tuple(reached(p) for p in graph.populations))


def with_thresholds_everywhere(graph: Graph) -> Graph:
    """Give integrators a threshold that they never reach (:data:`NEVER`); their v stays the same."""

    def spiking(p: Population) -> Population:
        model = WITH_THRESHOLD.get(p.model)
        if model is None:
            return p
        return replace(p, model=model, v_threshold=np.full(p.size, NEVER), v_reset=np.zeros(p.size))

    return replace(graph, populations=tuple(spiking(p) for p in graph.populations))


def with_leaks_everywhere(graph: Graph) -> Graph:
    """Write neurons without leak as ones whose time constant is too long to matter in float64."""

    def leaking(p: Population) -> Population:
        if p.model is not NeuronModel.IF:
            return p
        tau_s = HARDLY_LEAKS * graph.dt_s
        return replace(p, model=NeuronModel.LIF, tau_s=np.full(p.size, tau_s), r=p.r * tau_s)

    return replace(graph, populations=tuple(leaking(p) for p in graph.populations))


def _driven(graph: Graph, scale: dict[str, Floats]) -> Graph:
    """Scale the weights into each neuron of a population, ``scale[population][neuron]``."""

    def scaled(p: Projection) -> Projection:
        by = scale[p.target]
        if (by == 1.0).all():
            return p
        return p.with_values(weight=p.listed.weight * by[p.listed.post])

    return replace(graph, projections=tuple(scaled(p) for p in graph.projections))
