"""Convolve along time with three matrix products and their transposes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

LONGEST_BLOCK = 150
"""Sequences up to this many steps are transformed whole; longer ones in blocks."""

BLOCK_STEPS = 100
"""Steps that one block of a longer sequence gives, at least; also four times the kernel's length."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How one block is convolved: ``y = synthesis @ ((analysis @ x) * (kernel_analysis @ k))``.

    Attributes
    ----------
    analysis
        Takes a window of the input to points, [point, window step].
    kernel_analysis
        Takes the kernel to points, [point, slot].
    synthesis
        Takes the products back to time, [block step, point].
    lead
        Steps of the past at the start of each window.
    """

    analysis: Tensor
    kernel_analysis: Tensor
    synthesis: Tensor
    lead: int

    @property
    def n_points(self) -> int:
        """Number of products."""
        return self.analysis.shape[0]

    def blocks(self, n_steps: int) -> Iterator[tuple[int, slice, slice, slice, slice]]:
        """Give for each block its number, the steps read and written, and the columns and rows used.

        The first window starts before the sequence and the last may end after it; the columns of
        ``analysis`` and the rows of ``synthesis`` that fall outside are left out, so nothing is padded.
        """
        step, window = self.synthesis.shape[0], self.analysis.shape[1]
        for index, start in enumerate(range(0, n_steps, step)):
            first = start - self.lead
            read = slice(max(first, 0), min(first + window, n_steps))
            write = slice(start, min(start + step, n_steps))
            yield (
                index,
                read,
                write,
                slice(read.start - first, read.stop - first),
                slice(0, write.stop - write.start),
            )


@lru_cache(maxsize=32)
def plan_for(n_steps: int, n_slots: int, dtype: torch.dtype, device: torch.device) -> Plan:
    r"""Make the matrices for sequences of ``n_steps`` and kernels of ``n_slots``.

    Notes
    -----
    A discrete Fourier transform of even length N, at least window + slots - 1 for a whole sequence and at
    least the window for overlap-save. Each complex product costs three real ones,
    :math:`p_1 = k_r (x_r + x_i)`, :math:`p_2 = x_r (k_i - k_r)`, :math:`p_3 = x_i (k_r + k_i)`,
    :math:`y_r = p_1 - p_3`, :math:`y_i = p_1 + p_2`; the sums are rows of the matrices and cost
    nothing later. Frequencies 0 and N/2 are real and cost one. The matrices are computed in float64.
    """
    if n_steps <= LONGEST_BLOCK:
        lead, window, step = 0, n_steps, n_steps
        length = n_steps + n_slots - 1
    else:
        lead, step = n_slots - 1, max(BLOCK_STEPS, 4 * n_slots)
        window = length = lead + step
    length += length % 2
    inner = torch.arange(1, length // 2, dtype=torch.float64)[:, None]

    def wave(count: int) -> tuple[Tensor, Tensor, Tensor]:
        time = torch.arange(count, dtype=torch.float64)
        # the phase is reduced as an integer, so that it keeps full precision
        phase = (inner * time).remainder(length) * (2.0 * math.pi / length)
        alternating = 1.0 - 2.0 * time.remainder(2)
        return phase.cos(), -phase.sin(), torch.stack([torch.ones_like(time), alternating])

    x_re, x_im, x_real = wave(window)
    k_re, k_im, k_real = wave(n_slots)
    y_re, y_im, y_real = wave(lead + step)
    y_re, y_im = 2.0 * y_re, 2.0 * y_im
    analysis = torch.cat([x_real, x_re + x_im, x_re, x_im])
    kernel_analysis = torch.cat([k_real, k_re, k_im - k_re, k_re + k_im])
    # y = sum_f (y_re Y_r + y_im Y_i) with Y_r = p1 - p3 and Y_i = p1 + p2
    synthesis = torch.cat([y_real, y_re + y_im, y_im, -y_re])[:, lead:].t() / length
    to_points, kernel_to_points, to_time = (
        matrix.to(device=device, dtype=dtype).contiguous()
        for matrix in (analysis, kernel_analysis, synthesis)
    )
    return Plan(to_points, kernel_to_points, to_time, lead)


class SpectralProjection(torch.autograd.Function):
    """The delayed projection through a :class:`Plan`; every gradient is a transposed product."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor) -> Tensor:
        """Transform, multiply, transform back."""
        (n_steps, batch, n_in), (n_slots, _, n_out) = x.shape, kernel.shape
        plan = plan_for(n_steps, n_slots, x.dtype, x.device)
        points = _to_points(x.reshape(n_steps, -1), plan)
        kernel_points = (plan.kernel_analysis @ kernel.reshape(n_slots, -1)).view(-1, n_in, n_out)
        product = torch.bmm(points.view(plan.n_points, -1, n_in), kernel_points)
        ctx.save_for_backward(points if ctx.needs_input_grad[1] else x.new_empty(0), kernel_points)
        ctx.plan, ctx.shapes = plan, (x.shape, kernel.shape)
        return _from_points(product.view(plan.n_points, -1, batch * n_out), plan, n_steps).view(
            n_steps, batch, n_out
        )

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Do the same with the transposed matrices."""
        points, kernel_points = ctx.saved_tensors
        plan: Plan = ctx.plan
        (n_steps, batch, n_in), (n_slots, _, n_out) = ctx.shapes
        grad = _adjoint_from_points(grads[0].reshape(n_steps, -1), plan).view(plan.n_points, -1, n_out)
        d_x = d_kernel = None
        if ctx.needs_input_grad[1]:
            correlation = torch.bmm(points.view(plan.n_points, -1, n_in).transpose(1, 2), grad)
            d_kernel = plan.kernel_analysis.t() @ correlation.view(plan.n_points, -1)
            d_kernel = d_kernel.view(n_slots, n_in, n_out)
            del correlation
        if ctx.needs_input_grad[0]:
            back = torch.bmm(grad, kernel_points.transpose(1, 2))
            d_x = _adjoint_to_points(back.view(plan.n_points, -1, batch * n_in), plan, n_steps)
            d_x = d_x.view(n_steps, batch, n_in)
        return d_x, d_kernel


def _n_blocks(plan: Plan, n_steps: int) -> int:
    """Give the number of blocks that cover ``n_steps``."""
    return -(-n_steps // plan.synthesis.shape[0])


def _to_points(x: Tensor, plan: Plan) -> Tensor:
    """Transform the input, [step, column] to [point, block, column]."""
    points = x.new_empty(plan.n_points, _n_blocks(plan, len(x)), x.shape[1])
    for index, read, _, columns, _ in plan.blocks(len(x)):
        torch.mm(plan.analysis[:, columns], x[read], out=points[:, index])
    return points


def _from_points(points: Tensor, plan: Plan, n_steps: int) -> Tensor:
    """Transform back, [point, block, column] to [step, column]."""
    y = points.new_empty(n_steps, points.shape[2])
    for index, _, write, _, rows in plan.blocks(n_steps):
        torch.mm(plan.synthesis[rows], points[:, index], out=y[write])
    return y


def _adjoint_from_points(grad: Tensor, plan: Plan) -> Tensor:
    """Transpose :func:`_from_points`."""
    points = grad.new_empty(plan.n_points, _n_blocks(plan, len(grad)), grad.shape[1])
    for index, _, write, _, rows in plan.blocks(len(grad)):
        torch.mm(plan.synthesis[rows].t(), grad[write], out=points[:, index])
    return points


def _adjoint_to_points(points: Tensor, plan: Plan, n_steps: int) -> Tensor:
    """Transpose :func:`_to_points`; windows overlap, so blocks add up."""
    if plan.analysis.shape[1] == n_steps:  # one window
        return plan.analysis.t() @ points[:, 0]
    d_x = points.new_zeros(n_steps, points.shape[2])
    for index, read, _, columns, _ in plan.blocks(n_steps):
        d_x[read].addmm_(plan.analysis[:, columns].t(), points[:, index])
    return d_x
