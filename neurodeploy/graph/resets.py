"""Turn the two soft resets into each other: subtract at once, or one step late, with the same spikes.

With ``a = 1 - dt/tau``, the v of ``subtract_late`` obeys ``v <- a v + drive - T z`` where z is the spike
before. The v of ``subtract``, taken before its reset, obeys ``w <- a w + drive - a T' z``. Where ``T = a
T'`` both take off the same; a constant ``T' - T`` added to leak, start and threshold then makes the
thresholds meet as well. So the two are one neuron, described twice; where nothing
leaks (a = 1), with the very same numbers. The shift changes v, by a constant and
by T' in the step of a spike.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurodeploy.graph.model import Population
from neurodeploy.graph.neurons import Floats, rest_v, with_reset


def subtract_at_once(population: Population, dt_s: float) -> Population | None:
    """Give the ``subtract`` neuron that spikes as a ``subtract_late`` one does.

    Parameters
    ----------
    population
        Of a model whose reset is ``subtract_late``.
    dt_s
        Length of one step, in seconds.

    Returns
    -------
    Population
        Threshold ``T / a``, leak moved by ``T / a - T``. Exact in real numbers; in float64, v moves in its
        last digits. None where there is no such neuron: tau = dt (a = 0), or a start above the threshold,
        which lowers ``subtract_late`` in its first step.
    """
    kept = _kept(population, dt_s)
    return None if kept is None else _moved(population, "subtract", population.v_threshold / kept)


def subtract_one_step_late(population: Population, dt_s: float) -> Population | None:
    """Give the ``subtract_late`` neuron that spikes as a ``subtract`` one does; see :func:`subtract_at_once`.

    Its threshold is ``a T'``, its leak moved by ``a T' - T'``.
    """
    kept = _kept(population, dt_s)
    return None if kept is None else _moved(population, "subtract_late", population.v_threshold * kept)


def _kept(population: Population, dt_s: float) -> Floats | None:
    """Give what a step leaves of v, None where a neuron has no twin."""
    kept = 1.0 - dt_s / population.tau_s if population.model.leaky else np.ones(population.size)
    above = rest_v(population) > population.v_threshold
    return None if (kept <= 0).any() or above.any() else kept


def _moved(population: Population, reset: str, threshold: Floats) -> Population:
    model = with_reset(population.model, reset)
    if model is None or population.model.reset not in {"subtract", "subtract_late"} - {reset}:
        raise ValueError(f"{population.name}: {population.model.value} has no such twin")
    shift = threshold - population.v_threshold
    return replace(population, model=model, v_threshold=threshold, v_leak=population.v_leak + shift)
