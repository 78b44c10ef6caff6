"""Project spikes through synapses with delays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from neurodeploy.ops.delays.allowed import check_dilation, check_projection, check_taps
from neurodeploy.ops.spectral.autograd import plan_for, spectral_projection
from neurodeploy.ops.threads import survive_forks
from neurodeploy.ops.uncompiled import uncompiled

TRANSFORM_COST = 50.0
"""What a transform costs for each number it writes, in multiplications inside a matrix product."""


@uncompiled
def delayed_projection(x: Tensor, kernel: Tensor) -> Tensor:
    r"""Convolve along time, causally: :math:`y_t = \sum_d x_{t-d} K_d`, with x = 0 before the start.

    Parameters
    ----------
    x
        Input, [step, batch, source].
    kernel
        Kernel over delay slots, [slot, source, target]; slot d delays by d steps.

    Returns
    -------
    Tensor
        Current, [step, batch, target]; as many steps as the input.

    Notes
    -----
    Takes :func:`~neurodeploy.ops.spectral.autograd.spectral_projection` or :func:`dense_projection`,
    whichever has less arithmetic.
    """
    check_projection(x, kernel)
    kernel = kernel[: len(x)]  # a longer delay never arrives
    return spectral_projection(x, kernel) if _dft_pays(x, kernel) else dense_projection(x, kernel)


@uncompiled
def dense_projection(x: Tensor, kernel: Tensor) -> Tensor:
    """Do what :func:`delayed_projection` does by one matrix product a slot, which rounds the least."""
    check_projection(x, kernel)
    kernel = kernel[: len(x)]
    y: Tensor = _ShiftedSum.apply(x, kernel, tuple(range(len(kernel))))
    return y


@uncompiled
def tap_projection(x: Tensor, weight: Tensor, delay_steps: Tensor) -> Tensor:
    r"""Project through single taps: :math:`y_{t,n} = \sum_{k,j} W_{knj} x_{t-D_{knj},j}`.

    Parameters
    ----------
    x
        Input, [step, batch, source].
    weight
        Weights, [tap, target, source].
    delay_steps
        Delays in whole steps, integers of at least 0, [tap, target, source].

    Returns
    -------
    Tensor
        Current, [step, batch, target].

    Notes
    -----
    Spikes meet weights and nothing else, so in float64 the result differs from any other order of
    summation by rounding alone. The weights are sorted by delay into one matrix for each distinct delay.
    """
    check_taps(x, weight, delay_steps)
    delays = [int(d) for d in torch.unique(delay_steps) if d < len(x)]
    if not delays:
        return x.new_zeros(len(x), x.shape[1], weight.shape[1])
    matrices = torch.stack([(weight * (delay_steps == d)).sum(0).t() for d in delays])
    y: Tensor = _ShiftedSum.apply(x, matrices, tuple(delays))
    return y


@uncompiled
def dilated_projection(x: Tensor, weight: Tensor, dilation: int) -> Tensor:
    r"""Convolve along time with free weights: :math:`y_t = \sum_k W_k x_{t - k\,\text{dilation}}`.

    Parameters
    ----------
    x
        Input, [step, batch, source].
    weight
        Weights, [tap, target, source]; tap k delays by ``k * dilation`` steps.
    dilation
        Steps between two taps, at least 1.

    Returns
    -------
    Tensor
        Current, [step, batch, target].
    """
    check_dilation(dilation)
    delays = tuple(k * dilation for k in range(len(weight)) if k * dilation < len(x))
    kernel = weight[: len(delays)].transpose(1, 2)
    y: Tensor = _ShiftedSum.apply(x, kernel, delays)
    return y


def _dft_pays(x: Tensor, kernel: Tensor) -> bool:
    """Compare the multiplications of one forward and backward pass."""
    (n_steps, batch, n_in), (n_slots, _, n_out) = x.shape, kernel.shape
    plan = plan_for(n_steps, n_slots, x.dtype, x.device)
    rows = plan.n_blocks * batch
    dense = 3.0 * n_slots * n_steps * batch * n_in * n_out
    products = 3.0 * rows * n_in * n_out
    # a number transformed costs about as much as so many multiplications of a matrix product
    transforms = 2.0 * TRANSFORM_COST * (rows * (n_in + n_out) + n_in * n_out)
    dft = plan.n_points * (products + transforms)
    return dft < dense


class _ShiftedSum(torch.autograd.Function):
    """One matrix product for each delay, added in place; weight [tap, source, target]."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, delays: Sequence[int]) -> Tensor:
        survive_forks()
        n_steps, batch, n_in = x.shape
        ctx.delays = delays
        ctx.save_for_backward(x, weight)
        rows = x.reshape(-1, n_in)
        y = x.new_zeros(n_steps * batch, weight.shape[2])
        for d, matrix in zip(delays, weight.unbind(0), strict=True):
            y[d * batch :].addmm_(rows[: (n_steps - d) * batch], matrix)
        return y.view(n_steps, batch, -1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        n_steps, batch, n_in = x.shape
        grad = grads[0].reshape(n_steps * batch, -1)
        d_x = d_weight = None
        if ctx.needs_input_grad[0]:
            d_x = x.new_zeros(n_steps * batch, n_in)
            for d, matrix in zip(ctx.delays, weight.unbind(0), strict=True):
                d_x[: (n_steps - d) * batch].addmm_(grad[d * batch :], matrix.t())
            d_x = d_x.view_as(x)
        if ctx.needs_input_grad[1]:
            rows = x.reshape(-1, n_in)
            d_weight = torch.stack(
                [rows[: (n_steps - d) * batch].t() @ grad[d * batch :] for d in ctx.delays]
            )
        return d_x, d_weight, None
