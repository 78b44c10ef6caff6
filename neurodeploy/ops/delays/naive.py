"""The definitions of the delay operators: as the formulas read, one step and one synapse at a time."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from neurodeploy.ops.delays.allowed import check_dilation, check_kernel, check_projection, check_taps

NORMALISER = 1e-7
"""What DCLS adds to the sum over the slots (DCLS 0.1.1, ``construct/modules.py``, ``forward_vgauss``)."""


def gaussian_kernel(
    weight: Tensor, delay: Tensor, sigma: float, n_slots: int, *, shape: str = "gauss"
) -> Tensor:
    """Define :func:`neurodeploy.ops.delays.bell.gaussian_kernel`, with automatic gradients."""
    check_kernel(weight, delay, sigma, n_slots, shape)
    slot = torch.arange(n_slots, dtype=weight.dtype, device=weight.device)[:, None, None]
    if shape == "triangle":
        bell = torch.relu(1.0 + sigma - (slot - delay).abs())
    elif sigma == 0.0:
        nearest = torch.floor(delay.detach() + 0.5).clamp(0, n_slots - 1)
        return (weight * (slot == nearest)).transpose(1, 2)
    else:
        exponent = -0.5 * ((slot - delay) / sigma) ** 2
        if sigma < 0.2:
            return (weight * torch.softmax(exponent, 0)).transpose(1, 2)
        bell = torch.exp(exponent)
    return (weight * bell / (bell.sum(0) + NORMALISER)).transpose(1, 2)


def delayed_projection(x: Tensor, kernel: Tensor) -> Tensor:
    """Define :func:`neurodeploy.ops.delays.projection.delayed_projection`, a step and a slot at a time."""
    check_projection(x, kernel)
    steps = []
    for t in range(len(x)):
        current = x.new_zeros(x.shape[1], kernel.shape[2])
        for d in range(min(len(kernel), t + 1)):
            current = current + x[t - d] @ kernel[d]
        steps.append(current)
    return torch.stack(steps)


def dense_projection(x: Tensor, kernel: Tensor) -> Tensor:
    """Define :func:`neurodeploy.ops.delays.projection.dense_projection`: no more than the one above."""
    return delayed_projection(x, kernel)


def tap_projection(x: Tensor, weight: Tensor, delay_steps: Tensor) -> Tensor:
    """Define :func:`neurodeploy.ops.delays.projection.tap_projection`: one synapse at a time."""
    check_taps(x, weight, delay_steps)
    y = x.new_zeros(len(x), x.shape[1], weight.shape[1])
    for k, n, j in torch.cartesian_prod(*(torch.arange(size) for size in weight.shape)).tolist():
        d = int(delay_steps[k, n, j])
        if d < len(x):
            arriving = torch.cat([x.new_zeros(d, x.shape[1]), x[: len(x) - d, :, j]])
            only_n = functional.one_hot(torch.tensor(n), y.shape[2])
            y = y + only_n * (weight[k, n, j] * arriving[:, :, None])
    return y


def dilated_projection(x: Tensor, weight: Tensor, dilation: int) -> Tensor:
    """Define :func:`neurodeploy.ops.delays.projection.dilated_projection`: taps at its multiples."""
    check_dilation(dilation)
    steps = (torch.arange(len(weight)) * dilation)[:, None, None].expand(weight.shape)
    return tap_projection(x, weight, steps)
