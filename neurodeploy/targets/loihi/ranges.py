"""Run samples and find what they drive beyond what the chip holds; nothing is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_network import ACCUMULATOR, READOUT_SPIKES
from neurodeploy.findings.finding import Finding
from neurodeploy.targets.limits import Limit
from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.loihi.simulate.fast import simulate

CHUNK = 256
"""Samples that are run at once: bounds the memory, whatever the size of the set."""


def range_findings(
    program: FixedGraph, spikes: NDArray[np.integer[Any]], where: str, limits: Mapping[str, Limit]
) -> Iterator[Finding]:
    """Find sums beyond the accumulator and readouts that reach their threshold.

    Parameters
    ----------
    program
        The integer network.
    spikes
        ``[sample, step, source]``; run in chunks.
    where
        Which samples they are, for the findings.
    limits
        Of the chip.

    Yields
    ------
    Finding
        ND216, ND217.
    """
    readout = None if program.readout is None else program.population(program.readout.population)
    watched = readout is not None and not readout.spiking
    largest, reached = 0, False
    for start in range(0, len(spikes), CHUNK):
        # Spikes alone are recorded, one byte a neuron and step, and only where a readout must be watched.
        traces = simulate(program, spikes[start : start + CHUNK], record=("spikes",) if watched else ())
        largest = max(largest, traces.facts["max_abs_accumulator"])
        if watched and readout is not None:
            reached = reached or bool(traces.populations[readout.name].spikes.any())
    limit = limits["accumulator_max"]
    if largest > limit.value:
        yield ACCUMULATOR.finding(
            where=f"{program.name}, {where}",
            found=f"{largest}",
            limit=str(limit),
            help="Train with smaller weights or fewer synapses, or with weight decay.",
        )
    if reached and readout is not None:
        yield READOUT_SPIKES.finding(
            message="the readout reaches its threshold, so it would spike and reset",
            where=f"{program.name}.{readout.name}, {where}",
            found=f"v above {int(readout.vth.max()) << 6}",
            limit=str(limits["vth_max"]),
            help="Give --calibrate samples that drive the readout as far as the real ones do.",
        )
