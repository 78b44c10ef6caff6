"""What the delay operators and their definitions refuse."""

from __future__ import annotations

from torch import Tensor

SMALLEST_SIGMA = 0.01
"""Narrowest Gaussian besides 0, in steps. Beyond it lies a step function, whose squares leave float32."""


def check_kernel(weight: Tensor, delay: Tensor, sigma: float, n_slots: int, shape: str) -> None:
    """Refuse arguments that have no meaning."""
    if shape not in ("gauss", "triangle"):
        raise ValueError(f"shape is 'gauss' or 'triangle', not {shape!r}")
    if weight.shape != delay.shape or weight.dim() != 2:
        raise ValueError(
            f"weight and delay are both [target, source], not {tuple(weight.shape)} and {tuple(delay.shape)}"
        )
    narrow = shape == "gauss" and 0.0 < sigma < SMALLEST_SIGMA
    if not sigma >= 0.0 or narrow or n_slots < 1:
        raise ValueError(
            f"sigma is 0 or (gauss) at least {SMALLEST_SIGMA} and n_slots at least 1, "
            f"not {sigma} and {n_slots}"
        )


def check_projection(x: Tensor, kernel: Tensor) -> None:
    """Refuse an input and a kernel that do not fit each other."""
    if x.dim() != 3 or kernel.dim() != 3 or x.shape[2] != kernel.shape[1]:
        raise ValueError(
            "x is [step, batch, source] and kernel [slot, source, target], not "
            f"{tuple(x.shape)} and {tuple(kernel.shape)}"
        )


def check_dilation(dilation: int) -> None:
    """Refuse taps that do not follow each other."""
    if dilation < 1:
        raise ValueError(f"dilation is at least 1, not {dilation}")


def check_taps(x: Tensor, weight: Tensor, delay_steps: Tensor) -> None:
    """Refuse taps of unequal shapes and delays that are not whole steps."""
    if weight.dim() != 3 or weight.shape != delay_steps.shape or x.shape[2] != weight.shape[2]:
        raise ValueError(
            "weight and delay_steps are [tap, target, source] and x [step, batch, source], not "
            f"{tuple(weight.shape)}, {tuple(delay_steps.shape)} and {tuple(x.shape)}"
        )
    if delay_steps.is_floating_point() or bool((delay_steps < 0).any()):
        raise ValueError("delays are whole steps of at least 0; round them first")
