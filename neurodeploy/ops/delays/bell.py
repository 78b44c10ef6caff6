"""Turn weights and real-valued delays into a dense kernel over delay slots."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from neurodeploy.ops.delays.allowed import check_kernel
from neurodeploy.ops.threads import survive_forks
from neurodeploy.ops.uncompiled import uncompiled

DCLS_SIGMA_OFFSET = 0.27
"""What DCLS adds to ``|SIG|`` (DCLS 0.1.1, ``construct/modules.py``, ``forward_vgauss``)."""

NORMALISER = 1e-7
"""What DCLS adds to the sum over the slots (same source)."""

NARROW_SIGMA = 0.2
"""Below it the largest slot may be small beside :data:`NORMALISER`, so every bell is first divided by it: the
sum is then at least 1 and keeps the whole weight. From it on a delay between two slots loses 1e-6 of the
weight, and DCLS's formula stays as it is."""

SMALLEST = 1e-30
"""Bell values below this are zero: products with a subnormal number are many times slower on a CPU."""


@uncompiled
def gaussian_kernel(
    weight: Tensor, delay: Tensor, sigma: float, n_slots: int, *, shape: str = "gauss"
) -> Tensor:
    r"""Spread every synapse over the delay slots around its real-valued delay.

    Parameters
    ----------
    weight
        Synaptic weights, [target, source].
    delay
        Delays in steps, real, within 0 .. ``n_slots - 1``, [target, source].
    sigma
        Width in steps. For ``"gauss"`` the standard deviation that is really used, DCLS's
        ``|SIG| + 0.27``: 0, or at least 0.01. For ``"triangle"`` the triangle's half-base is ``1 + sigma``,
        DCLS's ``1 + |SIG|``. At 0 a Gaussian is one tap in the nearest slot (half rounds up) and the delays
        get no gradient.
    n_slots
        Number of slots D. Slot ``d`` delays by ``d`` steps; slot 0 does not delay.
    shape
        ``"gauss"`` (DCLS version ``gauss``) or ``"triangle"`` (DCLS version ``max``).

    Returns
    -------
    Tensor
        Kernel, [slot, source, target].

    Notes
    -----
    :math:`K_d = w X_d / S` with :math:`X_d = e^{-a^2/2}`, :math:`a = (d - p)/\sigma` and
    :math:`S = 10^{-7} + \sum_d X_d`. The gradients are closed forms, with :math:`X' = dX/dp`:
    :math:`\dot w = \sum_d \dot K_d X_d / S` and
    :math:`\dot p = w / S\,(\sum_d \dot K_d X'_d - \dot w \sum_d X'_d)`.

    Below :data:`NARROW_SIGMA` X is divided by its largest slot and the constant left out, since the bell of a
    delay between two slots would vanish beside it and take the weight along (at sigma 0.05 all of it).

    The sum runs over the slots that exist, as in DCLS 0.1.1. So a wide bell near a border is cut and its
    mean delay is pulled inwards; the pull vanishes as sigma falls.

    DCLS keeps a kernel for a correlation whose last tap is "now", with centred positions: its tap
    ``c`` is our slot ``D - 1 - c``, and its ``P`` is our ``(D - 1) - D // 2 - delay``.
    """
    check_kernel(weight, delay, sigma, n_slots, shape)
    survive_forks()
    if shape == "gauss" and sigma == 0.0:
        return _nearest(weight, delay, n_slots)
    kernel: Tensor = _BellKernel.apply(weight, delay, float(sigma), n_slots, shape)
    return kernel


def _nearest(weight: Tensor, delay: Tensor, n_slots: int) -> Tensor:
    """Put the whole weight into the nearest slot; half rounds up."""
    slot = torch.arange(n_slots, dtype=weight.dtype, device=weight.device)[:, None, None]
    rounded = torch.floor(delay.detach() + 0.5).clamp(0, n_slots - 1)
    return (weight * (slot == rounded)).transpose(1, 2)


class _BellKernel(torch.autograd.Function):
    """The kernel with closed-form gradients and no subnormal numbers."""

    @staticmethod
    def forward(  # noqa: PLR0917
        ctx: Any, weight: Tensor, delay: Tensor, sigma: float, n_slots: int, shape: str
    ) -> Tensor:
        weight_t, delay_t = weight.t().contiguous(), delay.t().contiguous()
        bell = _bell(delay_t, sigma, n_slots, shape)
        total = bell.sum(0)
        if shape == "triangle" or sigma >= NARROW_SIGMA:
            total.add_(NORMALISER)
        ctx.save_for_backward(weight_t, delay_t, bell, total)
        ctx.sigma, ctx.shape = sigma, shape
        return bell * (weight_t / total)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        weight_t, delay_t, bell, total = ctx.saved_tensors
        product = grads[0] * bell
        d_weight = product.sum(0).div_(total)
        d_delay = None
        if ctx.needs_input_grad[1]:
            offset = _offset(delay_t, len(bell))
            if ctx.shape == "gauss":
                # dX/dp = X (d - p) / sigma^2
                first = product.mul_(offset).sum(0)
                second = offset.mul_(bell).sum(0)
                scale = weight_t / (total * ctx.sigma**2)
            else:
                slope = offset.sign_().mul_(bell > 0)
                second = slope.sum(0)
                first = slope.mul_(grads[0]).sum(0)
                scale = weight_t / total
            d_delay = ((first - d_weight * second) * scale).t()
        return d_weight.t(), d_delay, None, None, None


def _offset(delay: Tensor, n_slots: int) -> Tensor:
    """Give slot minus delay, [slot, source, target]."""
    slot = torch.arange(n_slots, dtype=delay.dtype, device=delay.device)
    return slot[:, None, None] - delay


def _bell(delay: Tensor, sigma: float, n_slots: int, shape: str) -> Tensor:
    """Give the bell before it is normalised, [slot, source, target]."""
    bell = _offset(delay, n_slots)
    if shape == "triangle":
        return bell.abs_().neg_().add_(1.0 + sigma).relu_()
    bell.square_()
    if sigma < NARROW_SIGMA:
        bell.sub_(bell.amin(0))
    bell.mul_(-0.5 / sigma**2).clamp_(min=-80.0).exp_()
    return torch.threshold_(bell, SMALLEST, 0.0)
