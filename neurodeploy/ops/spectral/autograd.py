"""Convolve along time with one batch of matrix products between two transforms."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from neurodeploy.ops.spectral.any_device import MatrixPlan
from neurodeploy.ops.spectral.cpu import ColumnPlan
from neurodeploy.ops.spectral.plan import SpectralPlan


@lru_cache(maxsize=32)
def plan_for(n_steps: int, n_slots: int, dtype: torch.dtype, device: torch.device) -> SpectralPlan:
    """Make the plan for sequences of ``n_steps`` and kernels of ``n_slots``."""
    if device.type == "cpu":
        return ColumnPlan(n_steps, n_slots, dtype)
    return MatrixPlan(n_steps, n_slots, dtype, device)


def spectral_projection(x: Tensor, kernel: Tensor) -> Tensor:
    """Convolve along time by transforms, as :func:`~neurodeploy.ops.delays.projection.delayed_projection`.

    Parameters
    ----------
    x
        Input, [step, batch, source].
    kernel
        Kernel over delay slots, [slot, source, target].

    Returns
    -------
    Tensor
        Current, [step, batch, target]. It rounds relative to the largest value, not to each.
    """
    kernel = kernel[: len(x)]  # a longer delay never arrives
    y: Tensor = SpectralProjection.apply(x, kernel, plan_for(len(x), len(kernel), x.dtype, x.device))
    return y


class SpectralProjection(torch.autograd.Function):
    """The delayed projection through a :class:`SpectralPlan`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, plan: SpectralPlan) -> Tensor:
        """Transform, multiply, transform back."""
        points, kernel_points = plan.to_points(x), plan.kernel_to_points(kernel)
        ctx.save_for_backward(
            points if ctx.needs_input_grad[1] else None, kernel_points if ctx.needs_input_grad[0] else None
        )
        ctx.plan = plan
        return plan.from_points(plan.multiply(points, kernel_points))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Do the same with everything transposed."""
        points, kernel_points = ctx.saved_tensors
        plan: SpectralPlan = ctx.plan
        grad = plan.from_points_transposed(grads[0])
        d_x = d_kernel = None
        if ctx.needs_input_grad[1]:
            d_kernel = plan.kernel_to_points_transposed(plan.multiply_for_kernel(points, grad))
        if ctx.needs_input_grad[0]:
            d_x = plan.to_points_transposed(plan.multiply_for_input(grad, kernel_points))
        return d_x, d_kernel, None
