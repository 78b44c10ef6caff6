"""Run a scan over a sequence in one part, or in parts that are computed again in the backward pass."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

State = tuple[Tensor, Tensor | None]
"""Voltage and, for current-based neurons, synaptic current, each [batch, neuron]."""

Segment = Callable[[Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor | None, Tensor, Tensor | None]]
"""From currents, [step, batch, neuron], and a state to spikes, voltages and the last state."""


def in_parts(
    segment: Segment, current: Tensor, state: State, checkpoint_steps: int | None
) -> tuple[Tensor, Tensor | None]:
    """Run a scan; keep the state every ``checkpoint_steps`` steps only, where that is asked for."""
    if checkpoint_steps is None or checkpoint_steps >= len(current):
        return segment(current, *state)[:2]
    outputs, voltages = [], []
    v, i = state
    for part in current.split(checkpoint_steps):
        z, v_seq, v, i = checkpoint(segment, part, v, i, use_reentrant=False, preserve_rng_state=False)
        outputs.append(z)
        voltages.append(v_seq)
    return torch.cat(outputs), None if voltages[0] is None else torch.cat(voltages)
