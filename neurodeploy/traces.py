"""Traces: spikes and state by sample and step, in memory and as npz files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class PopulationTrace:
    """What one population did, latencies already removed.

    Attributes
    ----------
    spikes
        uint8 ``[sample, step, neuron]``; all zero for a readout.
    v
        State after the step (after reset), float64 (float twin) or int32 (integer twins)
        ``[sample, step, neuron]``, or None where it was not recorded.
    u
        Synaptic current, int32, or None.
    """

    spikes: NDArray[np.uint8]
    v: NDArray[Any] | None = None
    u: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Traces:
    """What every population did.

    Attributes
    ----------
    populations
        By name, in the order of the graph.
    score
        ``[sample, class]`` float64 or None where the network has no readout.
    score_per_step
        ``[sample, step, class]`` float64 for readouts that decide each step, else None.
    facts
        Measured on the way, e.g. ``max_abs_accumulator`` (largest ``|a|``) and ``synaptic_events``.
    """

    populations: Mapping[str, PopulationTrace]
    score: NDArray[np.float64] | None = None
    score_per_step: NDArray[np.float64] | None = None
    facts: Mapping[str, int] = field(default_factory=dict)
