"""Whole graphs of operators: one step with its state, and whole samples by a Scan over it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurodeploy.targets.integers import IntegerNetwork
from neurodeploy.targets.onnx.neuron_step import BEFORE, Cell, add_step
from neurodeploy.targets.onnx.operators import Operator, Operators

SPIKES = "spikes"
"""Name of the input of both files, as in IN.npz."""

SCORE, SCORE_PER_STEP, SCORE_OF_STEP = "output/score", "output/score_per_step", "output/score_of_step"
"""Names of what a readout says, of a sample, of each of its steps, and of the step that is computed."""

BODY = "body/"
"""Before every name in the body of the Scan."""

BATCH, STEP = "batch", "step"
TRACES = ("spikes", "v", "u")
STEPS_FIRST = [1, 0, 2]
"""From ``[batch, step, neuron]`` to ``[step, batch, neuron]``, and back."""


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
    if network.readout is not None:
        size = network.size_of(network.readout.population)
        _of_step(ops, network, to=SCORE_OF_STEP, real=real)
        ops.outputs.append((SCORE_OF_STEP, real, (BATCH, size)))
    return ops


def sequence_graph(network: IntegerNetwork, parts: Sequence[Cell], *, decay: str, real: type) -> Operators:
    """Give whole samples: ``spikes`` in; aligned traces of every population and the scores out.

    The steps that the last populations need to end come after the input, and the first steps of a population
    that runs late are cut off.
    """
    ops = Operators()
    ops.inputs.append((SPIKES, np.uint8, (BATCH, STEP, network.input_size)))
    late = network.max_latency_steps
    given = ops.add("Transpose", SPIKES, perm=STEPS_FIRST)  # a Scan along another axis is not read everywhere
    if late:
        given = ops.add("Pad", given, _list(ops, 0, 0, 0, late, 0, 0))
    batch = ops.add("Shape", SPIKES, start=0, end=1)
    body = Operators(prefix=BODY)
    body.inputs, states = [], []
    for cell in parts:
        for name, dtype, shape in cell.states():
            start = np.zeros((1, *shape), dtype=dtype)
            if name.endswith("/v"):
                start[:] = cell.neurons.initial
            size = ops.add("Concat", batch, _list(ops, *shape), axis=0)
            states.append(ops.add("Expand", ops.table(start), size))
            body.inputs.append((f"{BODY}{BEFORE}{name}", dtype, (BATCH, *shape)))
            body.outputs.append((f"{BODY}{name}", dtype, (BATCH, *shape)))
    body.inputs.append((BODY + SPIKES, np.uint8, (BATCH, network.input_size)))
    add_step(body, parts, spikes=BODY + SPIKES, prefix=BODY, decay=decay)
    raw, cuts = [], []
    for cell in parts:
        n = cell.neurons
        for key, dtype in zip(TRACES, (np.uint8, np.int32, cell.whole), strict=True):
            told = body.add("Identity", f"{BODY}{n.name}/{key}", to=f"{BODY}told/{n.name}/{key}")
            body.outputs.append((told, dtype, (BATCH, n.size)))
            name = f"{n.name}/{key}"
            first, last = n.latency_steps, late - n.latency_steps
            raw.append(f"raw/{name}")
            cuts.append((raw[-1], name, first, last))
            ops.outputs.append((name, dtype, (BATCH, STEP, n.size)))
    ends = tuple(f"end/{name}" for name, _, _ in body.outputs[: len(states)])
    ops.nodes.append(
        Operator(
            "Scan",
            (*states, given),
            (*ends, *raw),
            {"body": body, "num_scan_inputs": 1},
        )
    )
    for name, aligned, first, last in cuts:
        end = -last if last else np.iinfo(np.int64).max
        whole = ops.add("Slice", name, *(_list(ops, x) for x in (first, end, 0)))
        ops.add("Transpose", whole, to=aligned, perm=STEPS_FIRST)
    _scores(ops, network, real=real)
    return ops


def _list(ops: Operators, *numbers: int) -> str:
    return ops.table(np.array(numbers, dtype=np.int64))


def _of_step(ops: Operators, network: IntegerNetwork, *, to: str, real: type) -> str:
    """Append what one step adds to the score: spikes, v in float units, or its softmax over the classes."""
    readout = network.readout
    assert readout is not None
    name = readout.population
    if readout.score == "spike_count":
        return ops.add("Cast", f"{name}/spikes", to=to, to_type=real)
    neurons = next(one for one in network.neurons if one.name == name)
    v = ops.add("Cast", f"{name}/v", to_type=real)
    v = ops.add("Div", v, ops.constant(neurons.scale, real))
    plain = readout.score in ("last", "max")
    v = ops.add("Add", v, ops.constant(neurons.origin, real), to=to if plain else "")
    return v if plain else ops.add("Softmax", v, to=to, axis=-1)


def _scores(ops: Operators, network: IntegerNetwork, *, real: type) -> None:
    """Append the class scores, as :func:`neurodeploy.score.scores` makes them."""
    if network.readout is None:
        return
    kind, size = network.readout.score, network.size_of(network.readout.population)
    each = _of_step(ops, network, to=SCORE_PER_STEP if kind == "per_step" else "", real=real)
    if kind == "last":
        ops.add("Gather", each, ops.constant(-1, np.int64), to=SCORE, axis=1)
    elif kind in ("max", "per_step"):
        reduce = {"max": "ReduceMax", "per_step": "ReduceMean"}[kind]
        ops.add(reduce, each, to=SCORE, axes=[1], keepdims=0)
    else:
        ops.add("ReduceSum", each, _list(ops, 1), to=SCORE, keepdims=0)
    ops.outputs.append((SCORE, real, (BATCH, size)))
    if kind == "per_step":
        ops.outputs.append((SCORE_PER_STEP, real, (BATCH, STEP, size)))
