"""Run a scan over a sequence in one part, or in parts that are computed again in the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

State = tuple[Tensor, Tensor | None]
"""Voltage and, for current-based neurons, synaptic current, each [batch, neuron]."""

Segment = Callable[[Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor | None, Tensor, Tensor | None]]
"""From currents, [step, batch, neuron], and a state to spikes, voltages and the last state."""


def in_parts(
    segment: Segment, current: Tensor, state: State, checkpoint_steps: int | None
) -> tuple[Tensor, Tensor | None, State]:
    """Run a scan; keep the state every ``checkpoint_steps`` steps only, where that is asked for."""
    v, i = state
    if checkpoint_steps is None or checkpoint_steps >= len(current):
        z, v_seq, v, i = segment(current, v, i)
        return z, v_seq, (v, i)
    outputs, voltages = [], []
    for part in current.split(checkpoint_steps):
        z, v_seq, v, i = checkpoint(segment, part, v, i, use_reentrant=False, preserve_rng_state=False)
        outputs.append(z)
        voltages.append(v_seq)
    return torch.cat(outputs), None if voltages[0] is None else torch.cat(voltages), (v, i)


def started(state: State | None, current: Tensor, leak: Tensor, *, filtered: bool) -> State:
    """Give the state that a scan starts from: what is given, else rest (v at its leak, no current)."""
    shape = current.shape[1:]
    if state is None:
        return leak.expand(shape), current.new_zeros(shape) if filtered else None
    v, i = state
    if v.shape != shape or (i is None) == filtered or (i is not None and i.shape != shape):
        given = [None if a is None else list(a.shape) for a in state]
        raise ValueError(f"a state is v and {'i' if filtered else 'None'}, each {list(shape)}, not {given}")
    return v.to(current), None if i is None else i.to(current)


def asked(z: Tensor, v: Tensor | None, state: State, *, return_v: bool, return_state: bool) -> Any:
    """Give a scan's output alone, or with what else is asked for."""
    found = (z, *((v,) if return_v else ()), *((state,) if return_state else ()))
    return found if len(found) > 1 else z


def check_lag(current: Tensor, slots: Tensor, lag_steps: int) -> None:
    """Refuse synapses that do not lead from the neurons to themselves, or spikes that come back at once."""
    size = current.shape[-1]
    if lag_steps < 1 or slots.dim() != 3 or slots.shape[1:] != (size, size) or not len(current):
        raise ValueError(
            f"slots are [slot, {size}, {size}], at least 1 step later, of at least 1 step, not "
            f"{list(slots.shape)}, {lag_steps} later, of {len(current)}"
        )
