"""Transforms along time as matrix products, for any device."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from neurodeploy.ops.spectral.plan import SpectralPlan


class MatrixPlan(SpectralPlan):
    """Transforms as matrix products.

    The points are [point, block and batch, column]: frequency 0, frequency N/2, then for each of the three
    real products all frequencies between; the sums that make the factors ride on the transforms.
    """

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

    def multiply(self, points: Tensor, kernel_points: Tensor) -> Tensor:  # noqa: D102
        return torch.bmm(points, kernel_points)

    def multiply_for_kernel(self, points: Tensor, grad: Tensor) -> Tensor:  # noqa: D102
        return torch.bmm(points.transpose(1, 2), grad)

    def multiply_for_input(self, grad: Tensor, kernel_points: Tensor) -> Tensor:  # noqa: D102
        return torch.bmm(grad, kernel_points.transpose(1, 2))
