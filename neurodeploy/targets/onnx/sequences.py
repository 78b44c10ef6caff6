"""Whole graphs of operators: one step with its state, and whole samples by a Scan over it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.model import Readout
from neurodeploy.targets.integers import IntegerNetwork
from neurodeploy.targets.onnx.neuron_step import BEFORE, Cell, add_step
from neurodeploy.targets.onnx.operators import Operators
from neurodeploy.targets.onnx.scan_over import BATCH, BODY, SPIKES, STEP, Told, numbers, scan_over

SCORE, SCORE_PER_STEP, SCORE_OF_STEP = "output/score", "output/score_per_step", "output/score_of_step"
"""Names of what a readout says, of a sample, of each of its steps, and of the step that is computed."""

TRACES = ("spikes", "v", "u")
Linear = tuple[NDArray[np.float64], NDArray[np.float64]]


def step_graph(network: IntegerNetwork, parts: Sequence[Cell], *, decay: str, real: type) -> Operators:
    """Give one step: ``spikes`` and ``before/...`` in; spikes, state and the readout's score of it out.

    Parameters
    ----------
    network
        What is written.
    parts
        Its populations, from :func:`neurodeploy.targets.onnx.neuron_step.cells`.
    decay
        How decays are computed, see there.
    real
        numpy type of scores.
    """
    ops = Operators()
    ops.inputs.append((SPIKES, np.uint8, (BATCH, network.input_size)))
    for cell in parts:
        ops.inputs += [(BEFORE + name, dtype, (BATCH, *shape)) for name, dtype, shape in cell.states()]
    add_step(ops, parts, spikes=SPIKES, prefix="", decay=decay)
    for cell in parts:
        n = cell.neurons
        ops.outputs.append((f"{n.name}/spikes", np.uint8, (BATCH, n.size)))
        ops.outputs += [(name, dtype, (BATCH, *shape)) for name, dtype, shape in cell.states()]
        if not cell.filters:
            ops.outputs.append((f"{n.name}/u", cell.whole, (BATCH, n.size)))
        if cell.held != f"{n.name}/v":
            ops.outputs.append((f"{n.name}/v", np.int32, (BATCH, n.size)))
    if network.readout is not None:
        neurons = next(n for n in network.neurons if n.name == network.readout.population)
        linear = (neurons.scale, neurons.origin)
        of_step(ops, network.readout, linear=linear, to=SCORE_OF_STEP, real=real)
        ops.outputs.append((SCORE_OF_STEP, real, (BATCH, neurons.size)))
    return ops


def sequence_graph(network: IntegerNetwork, parts: Sequence[Cell], *, decay: str, real: type) -> Operators:
    """Give whole samples: ``spikes`` in; aligned traces of every population and the scores out.

    The steps that the last populations need to end come after the input, and the first steps of a population
    that runs late are cut off.
    """
    ops = Operators()
    starts = []
    for cell in parts:
        for name, dtype, shape in cell.states():
            start = np.zeros(shape, dtype=dtype)
            if name == cell.held:
                start[:] = cell.neurons.initial
            starts.append((name, start))
    told = [
        Told(name=f"{n.name}/{key}", dtype=dtype, size=n.size, late=n.latency_steps)
        for n, whole in ((cell.neurons, cell.whole) for cell in parts)
        for key, dtype in zip(TRACES, (np.uint8, np.int32, whole), strict=True)
    ]

    def step(body: Operators) -> None:
        add_step(body, parts, spikes=BODY + SPIKES, prefix=BODY, decay=decay)

    scan_over(ops, n_sources=network.input_size, starts=starts, told=told, step=step)
    if network.readout is not None:
        neurons = next(n for n in network.neurons if n.name == network.readout.population)
        linear = (neurons.scale, neurons.origin)
        add_scores(ops, network.readout, linear=linear, size=neurons.size, real=real)
    return ops


def of_step(ops: Operators, readout: Readout, *, linear: Linear | None, to: str, real: type) -> str:
    """Append what one step adds to the score: spikes, v in float units, or its softmax over the classes.

    ``linear`` is scale and origin of v, or None where it is in float units.
    """
    name = readout.population
    if readout.score == "spike_count":
        return ops.add("Cast", f"{name}/spikes", to=to, to_type=real)
    plain = readout.score in ("last", "max")
    v = f"{name}/v"
    if linear is None:
        v = ops.add("Identity", v, to=to) if plain else v
    else:
        v = ops.add("Div", ops.add("Cast", v, to_type=real), ops.constant(linear[0], real))
        v = ops.add("Add", v, ops.constant(linear[1], real), to=to if plain else "")
    return v if plain else ops.add("Softmax", v, to=to, axis=-1)


def add_scores(ops: Operators, readout: Readout, *, linear: Linear | None, size: int, real: type) -> None:
    """Append the class scores, as :func:`neurodeploy.score.scores` makes them."""
    kind = readout.score
    to = SCORE_PER_STEP if kind == "per_step" else ""
    each = of_step(ops, readout, linear=linear, to=to, real=real)
    if kind == "last":
        ops.add("Gather", each, ops.constant(-1, np.int64), to=SCORE, axis=1)
    elif kind in ("max", "per_step"):
        reduce = {"max": "ReduceMax", "per_step": "ReduceMean"}[kind]
        ops.add(reduce, each, to=SCORE, axes=[1], keepdims=0)
    else:
        ops.add("ReduceSum", each, numbers(ops, 1), to=SCORE, keepdims=0)
    ops.outputs.append((SCORE, real, (BATCH, size)))
    if kind == "per_step":
        ops.outputs.append((SCORE_PER_STEP, real, (BATCH, STEP, size)))
