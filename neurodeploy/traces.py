"""Traces: spikes and state by sample and step, in memory and as npz files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.printable import printable


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

    def __repr__(self) -> str:
        kept = ", ".join(name for name in ("v", "u") if getattr(self, name) is not None)
        return (
            f"PopulationTrace({'x'.join(map(str, self.spikes.shape))}, {int(self.spikes.sum())} spikes"
            f"{', with ' + kept if kept else ''})"
        )


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

    def __repr__(self) -> str:
        shown = list(self.populations.items())[:7]
        lines = [f"Traces of {len(self.populations)} populations [sample x step x neuron]"]
        lines += [f"  {printable(name)}: {trace!r}" for name, trace in shown]
        if len(self.populations) > len(shown):
            lines.append(f"  and {len(self.populations) - len(shown)} more")
        if self.score is not None:
            per_step = "" if self.score_per_step is None else ", and one a step"
            lines.append(f"  score {'x'.join(map(str, self.score.shape))} [sample x class]{per_step}")
        return "\n".join(lines)
