"""What a program takes of a Loihi chip: neurons, synapses, bytes, and the least number of cores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurodeploy.targets.limits import Limit
from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.loihi.soft_reset import self_inhibition
from neurodeploy.targets.target import Resources


def resources(program: FixedGraph, limits: Mapping[str, Limit]) -> Resources:
    """Count what a program takes; see :func:`cores_at_least` for what the counts leave out."""
    populations: dict[str, dict[str, float]] = {
        p.name: {"neurons": p.size, "groups": p.n_groups, "synapses": 0, "synapse_bytes": 0}
        for p in program.populations
    }
    n_connections = 0
    for c in program.connections():
        n_connections += 1
        n_synapses = int(np.count_nonzero(c.weight))
        delayed = bool((c.delay_steps[c.weight != 0] > 0).any())
        populations[c.target]["synapses"] += n_synapses
        populations[c.target]["synapse_bytes"] += n_synapses * (2 if delayed else 1)
    for p in program.populations:  # what subtracts the threshold
        own = [len(self_inhibition(int(fall))) for fall in p.fall]
        n_connections += max(own) * p.n_groups
        populations[p.name]["synapses"] += sum(own)
        populations[p.name]["synapse_bytes"] += sum(own)
    names = ("neurons", "synapses", "synapse_bytes")
    totals = {name: sum(p[name] for p in populations.values()) for name in names}
    totals |= {"connections": n_connections, "cores_at_least": cores_at_least(program, limits)}
    return Resources(
        totals=totals,
        populations=populations,
        note="one byte a weight and one a delay; indices and headers of the chip come on top",
    )


def cores_at_least(program: FixedGraph, limits: Mapping[str, Limit]) -> int:
    """Give a lower bound on the cores that a program needs.

    Notes
    -----
    The larger of two counts: groups cut into cores by ``neurons_per_core``; and synapses at one byte of
    weight and, where a connection has delays, one byte of delay, by ``synapse_bytes_per_core``. What the
    chip spends on indices and headers comes on top, so a network within the bound may still not fit.
    """
    per_core = limits["neurons_per_core"].value
    by_neurons = sum(-(-int(n) // per_core) for p in program.populations for n in np.bincount(p.group))
    n_bytes = sum(
        np.count_nonzero(c.weight) * (2 if (c.delay_steps[c.weight != 0] > 0).any() else 1)
        for c in program.connections()
    ) + sum(len(self_inhibition(int(fall))) for p in program.populations for fall in p.fall)
    return max(by_neurons, -(-int(n_bytes) // limits["synapse_bytes_per_core"].value))
