"""Convolve along time with one batch of matrix products between two transforms."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from neurodeploy.training.fourier import analyse, good_length, synthesise, tables_for
from neurodeploy.training.threads import share

LONGEST_BLOCK = 150
"""Sequences up to this many steps are transformed whole; longer ones in blocks."""

BLOCK_STEPS = 100
"""Steps that one block of a longer sequence gives, at least; also four times the kernel's length."""


class Plan(ABC):
    r"""How sequences of a length meet kernels of a length; one subclass for each way to transform.

    Parameters
    ----------
    n_steps, n_slots
        Length of the sequence and of the kernel.

    Attributes
    ----------
    lead
        Steps of the past at the start of each window.
    step
        Steps that one window gives.
    length
        Length N of the transform.
    n_points
        Number of products.

    Notes
    -----
    The Fourier transform of length N, at least window + slots - 1 where a sequence is taken whole and
    at least the window in overlap-save. Each complex product costs three real ones,
    :math:`p_1 = k_r (x_r + x_i)`, :math:`p_2 = x_r (k_i - k_r)`, :math:`p_3 = x_i (k_r + k_i)`,
    :math:`y_r = p_1 - p_3`, :math:`y_i = p_1 + p_2`; the sums ride on the transforms. Frequencies 0 and
    N/2 are real and cost one. So the points are: frequency 0, frequency N/2, then three runs of all
    frequencies between. Every gradient is a transform too: the transpose of one of the three.
    """

    def __init__(self, n_steps: int, n_slots: int) -> None:
        self.n_steps, self.n_slots = n_steps, n_slots
        if n_steps <= LONGEST_BLOCK:
            self.lead, self.step = 0, n_steps
            least = n_steps + n_slots - 1
        else:
            self.lead, self.step = n_slots - 1, max(BLOCK_STEPS, 4 * n_slots)
            least = self.lead + self.step
        self.length = self.good_length(least)
        if self.lead:
            self.step = self.length - self.lead
        self.n_blocks = -(-n_steps // self.step)
        self.n_points = 2 + 3 * (self.length // 2 - 1)

    @staticmethod
    def good_length(least: int) -> int:
        """Give an even length of at least ``least``."""
        return least + least % 2

    def blocks(self) -> Iterator[tuple[slice, int, slice, int]]:
        """Give for each block the steps it reads and their first time, the steps it writes and theirs.

        The first window starts before the sequence and the last may end after it; nothing is padded.
        """
        for start in range(0, self.n_steps, self.step):
            first = start - self.lead
            read = slice(max(first, 0), min(start + self.step, self.n_steps))
            yield read, read.start - first, slice(start, read.stop), self.lead

    @abstractmethod
    def to_points(self, x: Tensor) -> Tensor:
        """Transform the input, [step, batch, source] to [point, block and batch, source]."""

    @abstractmethod
    def from_points_transposed(self, grad: Tensor) -> Tensor:
        """Transpose :meth:`from_points`."""

    @abstractmethod
    def kernel_to_points(self, kernel: Tensor) -> Tensor:
        """Transform the kernel, [slot, source, target] to [point, source, target]."""

    @abstractmethod
    def from_points(self, points: Tensor) -> Tensor:
        """Transform products to the output, [step, batch, target]."""

    @abstractmethod
    def to_points_transposed(self, points: Tensor) -> Tensor:
        """Transpose :meth:`to_points`."""

    @abstractmethod
    def kernel_to_points_transposed(self, points: Tensor) -> Tensor:
        """Transpose :meth:`kernel_to_points`."""


class MatrixPlan(Plan):
    """Transforms as matrix products, for any device."""

    def __init__(self, n_steps: int, n_slots: int, dtype: torch.dtype, device: torch.device) -> None:
        super().__init__(n_steps, n_slots)
        inner = torch.arange(1, self.length // 2, dtype=torch.float64)[:, None]

        def wave(count: int) -> tuple[Tensor, Tensor, Tensor]:
            time = torch.arange(count, dtype=torch.float64)
            # the phase is reduced as an integer, so that it keeps full precision
            phase = (inner * time).remainder(self.length) * (2.0 * math.pi / self.length)
            alternating = 1.0 - 2.0 * time.remainder(2)
            return phase.cos(), -phase.sin(), torch.stack([torch.ones_like(time), alternating])

        x_re, x_im, x_ends = wave(self.lead + self.step)
        k_re, k_im, k_ends = wave(n_slots)
        self.analysis = torch.cat([x_ends, x_re + x_im, x_re, x_im]).to(device, dtype)
        self.kernel_analysis = torch.cat([k_ends, k_re, k_im - k_re, k_re + k_im]).to(device, dtype)
        y_rows = torch.cat([x_ends, 2.0 * (x_re + x_im), 2.0 * x_im, -2.0 * x_re])
        self.synthesis = (y_rows.t() / self.length).to(device, dtype).contiguous()

    def to_points(self, x: Tensor) -> Tensor:  # noqa: D102
        parts = [
            torch.tensordot(self.analysis[:, at : at + read.stop - read.start], x[read], 1)
            for read, at, _, _ in self.blocks()
        ]
        return torch.cat(parts, 1)

    def from_points_transposed(self, grad: Tensor) -> Tensor:  # noqa: D102
        parts = [
            torch.tensordot(self.synthesis[at : at + write.stop - write.start].t(), grad[write], 1)
            for _, _, write, at in self.blocks()
        ]
        return torch.cat(parts, 1)

    def kernel_to_points(self, kernel: Tensor) -> Tensor:  # noqa: D102
        return torch.tensordot(self.kernel_analysis, kernel, 1)

    def from_points(self, points: Tensor) -> Tensor:  # noqa: D102
        parts = [
            torch.tensordot(self.synthesis[at : at + write.stop - write.start], part, 1)
            for (_, _, write, at), part in zip(self.blocks(), points.chunk(self.n_blocks, 1), strict=True)
        ]
        return torch.cat(parts)

    def to_points_transposed(self, points: Tensor) -> Tensor:  # noqa: D102
        batch = points.shape[1] // self.n_blocks
        d_x = points.new_zeros(self.n_steps, batch, points.shape[2])
        for (read, at, _, _), part in zip(self.blocks(), points.chunk(self.n_blocks, 1), strict=True):
            d_x[read] += torch.tensordot(self.analysis[:, at : at + read.stop - read.start].t(), part, 1)
        return d_x

    def kernel_to_points_transposed(self, points: Tensor) -> Tensor:  # noqa: D102
        return torch.tensordot(self.kernel_analysis.t(), points, 1)


class ColumnPlan(Plan):
    """Compiled transforms, a few columns at a time in the cache; for the CPU."""

    def __init__(self, n_steps: int, n_slots: int, dtype: torch.dtype) -> None:
        super().__init__(n_steps, n_slots)
        example = torch.empty(0, dtype=dtype).numpy()
        self.tables = tables_for(self.length, example.dtype)
        self.scalar = example.dtype.type
        whole = 1.0 / self.length

        def mix(scale: float, *rows: tuple[int, int]) -> tuple[Any, Any]:
            # a transform that doubles frequencies between the ends halves its own sum over both signs
            return torch.tensor(rows, dtype=dtype).mul_(scale).numpy(), self.scalar(1.0)

        self.x_mix = mix(1.0, (1, 1), (1, 0), (0, 1))[0], self.scalar(1.0)
        self.x_back = mix(0.5, (1, 1), (1, 0), (0, 1))[0], self.scalar(1.0)
        self.k_mix = mix(1.0, (1, 0), (-1, 1), (1, 1))[0], self.scalar(1.0)
        self.k_back = mix(0.5, (1, 0), (-1, 1), (1, 1))[0], self.scalar(1.0)
        self.y_mix = mix(whole, (1, 1), (0, 1), (-1, 0))[0], self.scalar(whole)
        self.y_back = mix(2.0 * whole, (1, 1), (0, 1), (-1, 0))[0], self.scalar(whole)

    @staticmethod
    def good_length(least: int) -> int:  # noqa: D102
        return good_length(least)

    def _analyse(self, x: Tensor, points: Tensor, mix: tuple[Any, Any], offset: int) -> None:
        """Transform [step, row, column] into points stored as [row, point, column]."""
        arguments = (x.detach().numpy(), points.numpy(), *mix, self.tables, offset)
        share(lambda first, last: analyse(*arguments, first, last), x.shape[1])

    def _synthesise(
        self, points: Tensor, y: Tensor, mix: tuple[Any, Any], offset: int, *, add: bool = False
    ) -> None:
        """Transform points stored as [point, row, column] into [step, row, column]."""
        arguments = (points.numpy(), y.numpy(), *mix, self.tables, offset, add)
        share(lambda first, last: synthesise(*arguments, first, last), y.shape[1])

    def _empty(self, like: Tensor, n_rows: int, n_columns: int) -> Tensor:
        """Make room for points as [point, row, column], stored row by row."""
        return like.new_empty(n_rows, self.n_points, n_columns).transpose(0, 1)

    def to_points(self, x: Tensor) -> Tensor:  # noqa: D102
        x = x.contiguous()
        points = self._empty(x, self.n_blocks * x.shape[1], x.shape[2])
        for (read, at, _, _), part in zip(self.blocks(), points.chunk(self.n_blocks, 1), strict=True):
            self._analyse(x[read], part.transpose(0, 1), self.x_mix, at)
        return points

    def from_points_transposed(self, grad: Tensor) -> Tensor:  # noqa: D102
        grad = grad.contiguous()
        points = self._empty(grad, self.n_blocks * grad.shape[1], grad.shape[2])
        for (_, _, write, at), part in zip(self.blocks(), points.chunk(self.n_blocks, 1), strict=True):
            self._analyse(grad[write], part.transpose(0, 1), self.y_back, at)
        return points

    def kernel_to_points(self, kernel: Tensor) -> Tensor:  # noqa: D102
        kernel = kernel.contiguous()
        points = self._empty(kernel, kernel.shape[1], kernel.shape[2])
        self._analyse(kernel, points.transpose(0, 1), self.k_mix, 0)
        return points

    def from_points(self, points: Tensor) -> Tensor:  # noqa: D102
        y = points.new_empty(self.n_steps, points.shape[1] // self.n_blocks, points.shape[2])
        for (_, _, write, at), part in zip(self.blocks(), points.chunk(self.n_blocks, 1), strict=True):
            self._synthesise(part, y[write], self.y_mix, at)
        return y

    def to_points_transposed(self, points: Tensor) -> Tensor:  # noqa: D102
        shape = (self.n_steps, points.shape[1] // self.n_blocks, points.shape[2])
        alone = self.n_blocks == 1
        d_x = points.new_empty(shape) if alone else points.new_zeros(shape)
        for (read, at, _, _), part in zip(self.blocks(), points.chunk(self.n_blocks, 1), strict=True):
            self._synthesise(part, d_x[read], self.x_back, at, add=not alone)
        return d_x

    def kernel_to_points_transposed(self, points: Tensor) -> Tensor:  # noqa: D102
        d_kernel = points.new_empty(self.n_slots, points.shape[1], points.shape[2])
        self._synthesise(points, d_kernel, self.k_back, 0)
        return d_kernel


@lru_cache(maxsize=32)
def plan_for(n_steps: int, n_slots: int, dtype: torch.dtype, device: torch.device) -> Plan:
    """Make the plan for sequences of ``n_steps`` and kernels of ``n_slots``."""
    if device.type == "cpu":
        return ColumnPlan(n_steps, n_slots, dtype)
    return MatrixPlan(n_steps, n_slots, dtype, device)


class SpectralProjection(torch.autograd.Function):
    """The delayed projection through a :class:`Plan`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, plan: Plan) -> Tensor:
        """Transform, multiply, transform back."""
        points, kernel_points = plan.to_points(x), plan.kernel_to_points(kernel)
        ctx.save_for_backward(
            points if ctx.needs_input_grad[1] else None, kernel_points if ctx.needs_input_grad[0] else None
        )
        ctx.plan = plan
        return plan.from_points(torch.bmm(points, kernel_points))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Do the same with everything transposed."""
        points, kernel_points = ctx.saved_tensors
        plan: Plan = ctx.plan
        grad = plan.from_points_transposed(grads[0])
        d_x = d_kernel = None
        if ctx.needs_input_grad[1]:
            d_kernel = plan.kernel_to_points_transposed(torch.bmm(points.transpose(1, 2), grad))
        if ctx.needs_input_grad[0]:
            d_x = plan.to_points_transposed(torch.bmm(grad, kernel_points.transpose(1, 2)))
        return d_x, d_kernel, None
