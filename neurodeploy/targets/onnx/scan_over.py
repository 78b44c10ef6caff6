"""Whole samples from one step: a Scan over the steps, with the states that go from each to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.targets.onnx.neuron_step import BEFORE
from neurodeploy.targets.onnx.operators import Operator, Operators

SPIKES = "spikes"
"""Name of the input of every file, as in IN.npz."""

BODY = "body/"
"""Before every name in the body of the Scan."""

BATCH, STEP = "batch", "step"
STEPS_FIRST = [1, 0, 2]
"""From ``[batch, step, neuron]`` to ``[step, batch, neuron]``, and back."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """What is told of every step: its name, type and size, and how many steps late it is."""

    name: str
    dtype: type[np.generic]
    size: int
    late: int = 0


def scan_over(
    ops: Operators,
    *,
    n_sources: int,
    starts: Sequence[tuple[str, NDArray[Any]]],
    told: Sequence[Told],
    step: Callable[[Operators], None],
) -> None:
    """Append a Scan: ``spikes`` ``[batch, step, source]`` in, what is told of every step out, aligned.

    The steps that the latest needs to end come after the input, and the first steps of what is late are cut
    off.

    Parameters
    ----------
    ops
        Where to.
    n_sources
        Size of the input.
    starts
        Names of the states, and what each is before the first step, without the batch.
    told
        What goes out.
    step
        Appends one step to the body: reads :data:`SPIKES` and states, all under :data:`BODY`.
    """
    ops.inputs.append((SPIKES, np.uint8, (BATCH, STEP, n_sources)))
    late = max((one.late for one in told), default=0)
    given = ops.add("Transpose", SPIKES, perm=STEPS_FIRST)  # a Scan along another axis is not read everywhere
    if late:
        given = ops.add("Pad", given, numbers(ops, 0, 0, 0, late, 0, 0))
    batch = ops.add("Shape", SPIKES, start=0, end=1)
    body = Operators(prefix=BODY)
    states = []
    for name, start in starts:
        size = ops.add("Concat", batch, numbers(ops, *start.shape), axis=0)
        states.append(ops.add("Expand", ops.table(start[None]), size))
        body.inputs.append((f"{BODY}{BEFORE}{name}", start.dtype, (BATCH, *start.shape)))
        body.outputs.append((f"{BODY}{name}", start.dtype, (BATCH, *start.shape)))
    body.inputs.append((BODY + SPIKES, np.uint8, (BATCH, n_sources)))
    step(body)
    for one in told:
        name = body.add("Identity", f"{BODY}{one.name}", to=f"{BODY}told/{one.name}")
        body.outputs.append((name, one.dtype, (BATCH, one.size)))
    ends = tuple(f"end/{name}" for name, _ in starts)
    raw = tuple(f"raw/{one.name}" for one in told)
    attributes = {"body": body, "num_scan_inputs": 1}
    ops.nodes.append(Operator("Scan", (*states, given), (*ends, *raw), attributes))
    for one in told:
        end = one.late - late if late > one.late else np.iinfo(np.int64).max
        cut = (numbers(ops, x) for x in (one.late, end, 0))
        ops.add("Transpose", ops.add("Slice", f"raw/{one.name}", *cut), to=one.name, perm=STEPS_FIRST)
        ops.outputs.append((one.name, one.dtype, (BATCH, STEP, one.size)))


def numbers(ops: Operators, *values: int) -> str:
    """Give the name of a constant list of whole numbers."""
    return ops.table(np.array(values, dtype=np.int64))
