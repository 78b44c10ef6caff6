"""A program in plain integers, for targets that write Loihi's numbers down for other software."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurodeploy.targets.integers import IntegerNetwork, IntegerNeurons, IntegerSynapses
from neurodeploy.targets.loihi.chip import DECAY_BITS, STATE_LIMIT, STATE_SHIFT
from neurodeploy.targets.loihi.program import FixedGraph, FixedPopulation

CURRENT_WRAP = 2 * (STATE_LIMIT + 1)
"""u has 24 bits. Source: lava-nc 0.10.0, lava/proc/lif/models.py, ``subthr_dynamics`` (``wrapped_curr``)."""


def integers(program: FixedGraph) -> IntegerNetwork:
    """Give what :func:`neurodeploy.targets.loihi.simulate.naive.simulate_reference` computes, as numbers."""
    synapses: list[IntegerSynapses] = []
    for number, projection in enumerate(program.projections):
        parts: dict[tuple[int, int], int] = {}
        for c in replace(program, projections=(projection,)).connections():
            synapses.append(
                IntegerSynapses(
                    projection=number,
                    source=c.source,
                    target=c.target,
                    part=parts.setdefault((c.tap, c.source_group), len(parts)),
                    pre=c.pre,
                    post=c.post,
                    weight=c.weight.astype(np.int64),
                    delay_steps=c.delay_steps.astype(np.int64),
                    exponent=c.exponent,
                )
            )
    return IntegerNetwork(
        name=program.name,
        dt_s=program.dt_s,
        input_size=program.input_size,
        input_max=program.input_max,
        neurons=tuple(_neurons(p) for p in program.populations),
        synapses=tuple(synapses),
        readout=program.readout,
    )


def _neurons(p: FixedPopulation) -> IntegerNeurons:
    whole = 1 << DECAY_BITS
    threshold = p.vth.astype(np.int64) << STATE_SHIFT
    return IntegerNeurons(
        name=p.name,
        spiking=p.spiking,
        current_keep=whole - 1 - p.du.astype(np.int64),
        voltage_keep=whole - p.dv.astype(np.int64),
        keep_one=whole,
        arrival_factor=1 << STATE_SHIFT,
        current_wrap=CURRENT_WRAP,
        voltage_limit=STATE_LIMIT,
        threshold=threshold - p.soft,  # a soft one spikes at the threshold itself
        bias=p.bias,
        initial=p.v_initial.astype(np.int64),
        soft=p.soft,
        fall=p.fall.astype(np.int64),
        told_fall=threshold if p.reset == "subtract" else np.zeros_like(threshold),
        scale=p.scale,
        origin=p.origin,
        latency_steps=p.latency_steps,
    )
