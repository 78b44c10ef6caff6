"""Transforms and products along time, compiled for the CPU."""

from __future__ import annotations

import torch
from torch import Tensor

from neurodeploy.ops.spectral.multiply import TILE, multiply
from neurodeploy.ops.spectral.plan import SpectralPlan
from neurodeploy.ops.spectral.transform import analyse, good_length, synthesise, tables_for
from neurodeploy.ops.threads import share


class ColumnPlan(SpectralPlan):
    """Compiled transforms and products.

    The points are [block and batch or source, point, column], those of a row together in memory:
    frequency 0, frequency N/2, the real parts of those between, their imaginary parts. The third factors
    of the products are made on the way.
    """

    def __init__(self, n_steps: int, n_slots: int, dtype: torch.dtype) -> None:
        super().__init__(n_steps, n_slots)
        example = torch.empty(0, dtype=dtype).numpy()
        self.tables = tables_for(self.length, example.dtype)
        self.scalar = example.dtype.type

    @staticmethod
    def good_length(least: int) -> int:  # noqa: D102
        return good_length(least)

    def _analyse(self, x: Tensor, points: Tensor, offset: int, inner: float = 1.0, ends: float = 1.0) -> None:
        """Transform [step, row, column] into points."""
        scales = self.scalar(inner), self.scalar(ends)
        arguments = (x.detach().numpy(), points.numpy(), *scales, self.tables, offset)
        share(lambda first, last: analyse(*arguments, first, last), x.shape[1])

    def _synthesise(
        self, points: Tensor, y: Tensor, offset: int, inner: float, ends: float, *, add: bool = False
    ) -> None:
        """Transform points into [step, row, column]."""
        scales = self.scalar(inner), self.scalar(ends)
        arguments = (points.numpy(), y.numpy(), *scales, self.tables, offset, add)
        share(lambda first, last: synthesise(*arguments, first, last), y.shape[1])

    def _multiply(
        self, a: Tensor, b: Tensor, y: Tensor, inner: int, *, rows: tuple[bool, bool], signs: tuple[int, int]
    ) -> Tensor:
        """Multiply at every frequency, see :func:`~neurodeploy.ops.spectral.multiply.multiply`."""
        signs_ = [self.scalar(sign) for sign in signs]
        arguments = (a.numpy(), b.numpy(), y.numpy(), inner, *rows, *signs_)
        share(lambda first, last: multiply(*arguments, first, last), self.length // 2)
        return y

    def _empty(self, like: Tensor, n_rows: int, n_columns: int) -> Tensor:
        """Make room for points, with room after the last column for a whole tile."""
        room = -(-n_columns // TILE) * TILE
        # one point more: rows a power of two apart would share few places of the cache
        return like.new_empty(n_rows, self.length + 1, room)[:, : self.length, :n_columns]

    def to_points(self, x: Tensor) -> Tensor:  # noqa: D102
        x = x.contiguous()
        points = self._empty(x, self.n_blocks * x.shape[1], x.shape[2])
        for (read, at, _, _), part in zip(self.blocks(), points.chunk(self.n_blocks), strict=True):
            self._analyse(x[read], part, at)
        return points

    def from_points_transposed(self, grad: Tensor) -> Tensor:  # noqa: D102
        grad = grad.contiguous()
        points = self._empty(grad, self.n_blocks * grad.shape[1], grad.shape[2])
        for (_, _, write, at), part in zip(self.blocks(), points.chunk(self.n_blocks), strict=True):
            self._analyse(grad[write], part, at, 2.0 / self.length, 1.0 / self.length)
        return points

    def kernel_to_points(self, kernel: Tensor) -> Tensor:  # noqa: D102
        points = self._empty(kernel, kernel.shape[1], kernel.shape[2])
        self._analyse(kernel.contiguous(), points, 0)
        return points

    def from_points(self, points: Tensor) -> Tensor:  # noqa: D102
        y = points.new_empty(self.n_steps, len(points) // self.n_blocks, points.shape[2])
        for (_, _, write, at), part in zip(self.blocks(), points.chunk(self.n_blocks), strict=True):
            self._synthesise(part, y[write], at, 1.0 / self.length, 1.0 / self.length)
        return y

    def to_points_transposed(self, points: Tensor) -> Tensor:  # noqa: D102
        d_x = points.new_zeros(self.n_steps, len(points) // self.n_blocks, points.shape[2])
        for (read, at, _, _), part in zip(self.blocks(), points.chunk(self.n_blocks), strict=True):
            self._synthesise(part, d_x[read], at, 0.5, 1.0, add=self.n_blocks > 1)
        return d_x

    def kernel_to_points_transposed(self, points: Tensor) -> Tensor:  # noqa: D102
        d_kernel = points.new_empty(self.n_slots, len(points), points.shape[2])
        self._synthesise(points, d_kernel, 0, 0.5, 1.0)
        return d_kernel

    def multiply(self, points: Tensor, kernel_points: Tensor) -> Tensor:  # noqa: D102
        y = self._empty(points, len(points), kernel_points.shape[2])
        return self._multiply(points, kernel_points, y, points.shape[2], rows=(True, True), signs=(1, 1))

    def multiply_for_kernel(self, points: Tensor, grad: Tensor) -> Tensor:  # noqa: D102
        y = self._empty(points, points.shape[2], grad.shape[2])
        return self._multiply(points, grad, y, len(points), rows=(False, True), signs=(-1, 1))

    def multiply_for_input(self, grad: Tensor, kernel_points: Tensor) -> Tensor:  # noqa: D102
        y = self._empty(grad, len(grad), len(kernel_points))
        return self._multiply(grad, kernel_points, y, grad.shape[2], rows=(True, False), signs=(-1, -1))
