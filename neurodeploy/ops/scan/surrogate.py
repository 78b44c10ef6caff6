"""Define the spike and the derivatives that stand in for its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from norse.torch.functional.threshold import threshold
from torch import Tensor

NORSE_SURROGATES = ("super", "triangle", "tanh", "circ", "heavi_erfc")
"""Names that Norse 1.1.0's ``threshold`` takes and that have a derivative."""

DEFAULT_ALPHA = {**dict.fromkeys(NORSE_SURROGATES, 100.0), "atan": 5.0, "box": 0.5}
"""``alpha`` where a caller gives none: Norse's ``LIFBoxParameters.alpha``; for ``atan`` the value of
arXiv 2306.17670; for ``box`` the half-width of arXiv 2407.18838."""


def resolve_alpha(surrogate: str, alpha: float | None) -> float:
    """Give ``alpha``, or the surrogate's own; refuse an unknown surrogate."""
    if surrogate not in DEFAULT_ALPHA:
        raise ValueError(f"surrogate is one of {', '.join(DEFAULT_ALPHA)}, not {surrogate!r}")
    return DEFAULT_ALPHA[surrogate] if alpha is None else float(alpha)


def spike_function(surrogate: str, alpha: float) -> Callable[[Tensor], Tensor]:
    """Give the function from distance above threshold to spikes, with the surrogate's gradient.

    Parameters
    ----------
    surrogate
        One of Norse's methods, ``"atan"`` or ``"box"``.
    alpha
        Its parameter; Norse's ``super`` ignores it.
    """
    if surrogate in NORSE_SURROGATES:
        return lambda x: threshold(x, surrogate, alpha)
    own = {"atan": _ATan, "box": _Box}[surrogate]
    return lambda x: own.apply(x, alpha)


def derivative(x: Tensor, surrogate: str, alpha: float) -> Tensor:
    """Give the surrogate's derivative at a distance ``x`` from the threshold, of the shape of ``x``.

    For Norse's surrogates this is what Norse's own backward pass answers to a gradient of 1.
    """
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        spikes = spike_function(surrogate, alpha)(leaf)
        return torch.autograd.grad(spikes, leaf, torch.ones_like(leaf))[0]


class _ATan(torch.autograd.Function):
    r"""Derivative :math:`\frac{\alpha}{2} / (1 + (\frac{\pi}{2} \alpha x)^2)`.

    Source: spikingjelly 0.0.0.0.14, ``activation_based/surrogate.py``, ``atan_backward``.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.alpha = alpha
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return grads[0] * (0.5 * ctx.alpha) / (1.0 + (0.5 * math.pi * ctx.alpha * x).square()), None


class _Box(torch.autograd.Function):
    """Derivative of unit area: ``1 / (2 alpha)`` where ``|x| <= alpha``, 0 elsewhere."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.alpha = alpha
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return grads[0] * ((x.abs() <= ctx.alpha).to(x.dtype) / (2.0 * ctx.alpha)), None
