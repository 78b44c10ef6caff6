"""The integer simulator, written to be read: it *is* the meaning of a FixedGraph.

One neuron at a time, in Python's unbounded integers, so that an overflow cannot hide in a machine word. The
twins in this package have the same signature and share no logic with it. Source of every rule: lava-nc
0.10.0, ``lava/proc/lif/models.py`` (``AbstractPyLifModelFixed.subthr_dynamics``, ``PyLifModelBitAcc``) and
``lava/proc/dense/models.py`` (``PyDelayDenseModelBitAcc.run_spk``); for soft resets
``lava/proc/atrlif/models.py`` (``PyATRLIFModelFixed``) with a self-inhibiting connection, see
:mod:`neurodeploy.targets.loihi.soft_reset`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.model import INPUT
from neurodeploy.score import scores
from neurodeploy.targets.loihi.chip import DECAY_BITS, STATE_LIMIT, STATE_SHIFT
from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.traces import PopulationTrace, Traces

CONNECTION_STEP = 1
"""A connection sends at step t what it accumulated at t-1, so a spike with delay d arrives at t + 1 + d."""


def decayed(x: int, lost: int) -> int:
    """Keep ``(4096 - lost) / 4096`` of ``x``, rounded toward zero."""
    size = abs(x) * ((1 << DECAY_BITS) - lost) >> DECAY_BITS
    return size if x >= 0 else -size


def wrapped(u: int) -> int:
    """Wrap a 24-bit current once, into ``-2**23 + 1 .. 2**23`` (Lava keeps +2**23 and moves -2**23 there)."""
    if u > 1 << 23:
        return u - (1 << 24)
    if u <= -(1 << 23):
        return u + (1 << 24)
    return u


def saturated(v: int) -> int:
    """Clip a voltage at ``+-(2**23 - 1)``."""
    return max(-STATE_LIMIT, min(STATE_LIMIT, v))


def shifted(total: int, exponent: int) -> int:
    """Shift a sum of arrivals by the weight exponent; a right shift floors."""
    return total << exponent if exponent > 0 else total >> -exponent


def simulate_reference(program: FixedGraph, spikes: NDArray[np.integer]) -> Traces:
    """Simulate samples one after the other, each from a fresh state.

    Parameters
    ----------
    program
        The integer network.
    spikes
        ``[sample, step, source]`` input values, integers >= 0; above 1 they are graded and multiply.

    Returns
    -------
    Traces
        Spikes (uint8), u and v (int32, after reset), aligned: population latencies are removed.
    """
    n_samples, n_steps, _ = spikes.shape
    shape = {p.name: (n_samples, n_steps, p.size) for p in program.populations}
    out_spikes = {name: np.zeros(s, dtype=np.uint8) for name, s in shape.items()}
    out_u = {name: np.zeros(s, dtype=np.int32) for name, s in shape.items()}
    out_v = {name: np.zeros(s, dtype=np.int32) for name, s in shape.items()}
    facts = {"max_abs_accumulator": 0, "synaptic_events": 0}
    connections = tuple(program.connections())

    for sample in range(n_samples):
        # arrivals[population][step, neuron]: what reaches the accumulator of a neuron at a step
        arrivals: dict[str, defaultdict[tuple[int, int], int]] = {
            p.name: defaultdict(int) for p in program.populations
        }
        u = {p.name: [0] * p.size for p in program.populations}
        v = {p.name: [int(x) for x in p.v_initial] for p in program.populations}
        spiked = {p.name: [0] * p.size for p in program.populations}  # in the step before
        for step in range(n_steps + program.max_latency_steps):
            sent: dict[str, list[int]] = {
                INPUT: [int(x) for x in spikes[sample, step]] if step < n_steps else [0] * program.input_size
            }
            for p in program.populations:
                sent[p.name] = [0] * p.size
                for n in range(p.size):
                    a = arrivals[p.name].pop((step, n), 0)
                    if p.soft and spiked[p.name][n]:
                        a -= int(p.fall[n])
                    facts["max_abs_accumulator"] = max(facts["max_abs_accumulator"], abs(a))
                    u_n = wrapped(decayed(u[p.name][n], int(p.du[n]) + 1) + (a << STATE_SHIFT))
                    v_n = saturated(decayed(v[p.name][n], int(p.dv[n])) + u_n + int(p.bias[n]))
                    threshold = int(p.vth[n]) << STATE_SHIFT
                    if p.soft:
                        sent[p.name][n] = int(v_n >= threshold)
                    elif v_n > threshold:
                        sent[p.name][n] = 1
                        v_n = 0
                    u[p.name][n], v[p.name][n] = u_n, v_n
                    if p.reset == "subtract" and sent[p.name][n]:
                        v_n -= threshold  # recorded after the reset
                    aligned = step - p.latency_steps
                    if 0 <= aligned < n_steps:
                        out_spikes[p.name][sample, aligned, n] = sent[p.name][n]
                        out_u[p.name][sample, aligned, n] = u_n
                        out_v[p.name][sample, aligned, n] = v_n
            spiked = sent
            for c in connections:
                totals: defaultdict[tuple[int, int], int] = defaultdict(int)  # by delay and target neuron
                for j, pre in enumerate(c.pre):
                    value = sent[c.source][pre]
                    if value == 0:
                        continue
                    for i, post in enumerate(c.post):
                        if c.weight[i, j] != 0:
                            totals[int(c.delay_steps[i, j]), int(post)] += value * int(c.weight[i, j])
                            facts["synaptic_events"] += 1
                for (delay, post), total in totals.items():
                    arrivals[c.target][step + CONNECTION_STEP + delay, post] += shifted(total, c.exponent)

    return Traces(
        {
            p.name: PopulationTrace(out_spikes[p.name], out_v[p.name], out_u[p.name])
            for p in program.populations
        },
        *readout_scores(program, out_v, out_spikes),
        facts,
    )


def simulate(
    program: FixedGraph,
    spikes: NDArray[np.integer],
    *,
    record: Collection[str] = ("spikes", "v"),
    threads: int | None = None,
) -> Traces:
    """Give what :func:`simulate_reference` computes to whoever calls the fast twin.

    Parameters
    ----------
    program, spikes
        As there.
    record
        Which of ``u`` and ``v`` are kept; spikes always are.
    threads
        Taken because the fast twin takes it: the definition runs on one.
    """
    del threads
    whole = simulate_reference(program, spikes)
    kept = {
        name: PopulationTrace(
            trace.spikes, trace.v if "v" in record else None, trace.u if "u" in record else None
        )
        for name, trace in whole.populations.items()
    }
    return Traces(kept, whole.score, whole.score_per_step, whole.facts)


def readout_scores(
    program: FixedGraph, v: dict[str, NDArray[np.int32]], spikes: dict[str, NDArray[np.uint8]]
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Make the class scores of the program's readout from integer traces; see :func:`scores`.

    A spike count needs no ``v``.
    """
    if program.readout is None:
        return None, None
    name = program.readout.population
    v_float = program.population(name).v_float(v[name]) if name in v else None
    return scores(program.readout.score, v_float, spikes[name])
