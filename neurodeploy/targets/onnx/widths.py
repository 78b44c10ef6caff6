"""How wide a population's sums can become: whether 32 bits hold them for every input there is."""

from __future__ import annotations

import numpy as np

from neurodeploy.graph.model import INPUT
from neurodeploy.targets.integers import IntegerNetwork, IntegerNeurons, Whole

INT32 = 2**31 - 1


def largest_arrivals(network: IntegerNetwork, name: str) -> Whole:
    """Give, for each neuron, the most that can arrive at one step in absolute value, whatever is sent.

    All sources send their largest value so that everything arrives at once.
    """
    neurons = next(one for one in network.neurons if one.name == name)
    most = np.abs(neurons.fall)
    for one in network.synapses:
        if one.target != name:
            continue
        value = network.input_max if one.source == INPUT else 1
        total = value * np.abs(one.weight).sum(axis=1)
        if one.exponent >= 0:
            most[one.post] += total << one.exponent
        else:  # rounded down: a sum below 0 becomes at most one larger in size, for each delay
            n_delays = len(np.unique(one.delay_steps))
            most[one.post] += (total >> -one.exponent) + n_delays
    return most


def fits_32_bits(network: IntegerNetwork, neurons: IntegerNeurons) -> bool:
    """Say whether no sum of a population can leave 32 bits.

    Notes
    -----
    u is wrapped once a step. With half the wrap ``h`` and an addition of at most ``A``, ``|u| <= h`` holds
    for ever where ``A <= 2 h``. Above it ``|u| <= max(h, (A - 2 h) / (1 - keep))``.
    """
    half = neurons.current_wrap / 2
    added = largest_arrivals(network, neurons.name) * float(neurons.arrival_factor)
    left = 1 - neurons.current_keep / neurons.keep_one
    u = np.maximum(half, (added - 2 * half) / left)
    v = neurons.voltage_limit + u + np.abs(neurons.bias)
    return bool((u + added <= INT32).all() and (v <= INT32).all())
