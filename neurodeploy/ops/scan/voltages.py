"""What the scans and their definitions take: values for each neuron, and which resets there are."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Voltages(NamedTuple):
    """The threshold, the voltage after a spike, and the voltage at rest, each [neuron]."""

    threshold: Tensor
    reset: Tensor
    leak: Tensor


def each_neuron(current: Tensor, *values: float | Tensor) -> list[Tensor]:
    """Give every value as [neuron], in the current's type."""
    if current.dim() != 3:
        raise ValueError(f"current is [step, batch, neuron], not {tuple(current.shape)}")
    n, dtype, device = current.shape[2], current.dtype, current.device
    return [torch.as_tensor(value, dtype=dtype, device=device).expand(n) for value in values]


def check_reset(reset: str) -> None:
    """Refuse a reset that Norse does not have."""
    if reset not in ("value", "subtract"):
        raise ValueError(f"reset is 'value' or 'subtract', not {reset!r}")
