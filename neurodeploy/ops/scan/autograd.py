"""Run populations through time on the CPU, forwards and backwards, a few rows at a time."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor

from neurodeploy.ops.scan.loops import ATAN, BOX, GIVEN, SUPER, backward, box_forward, lif_forward
from neurodeploy.ops.scan.surrogate import derivative
from neurodeploy.ops.threads import share

_COLUMNS = 4096
"""Neurons whose state stays in the first-level cache while time runs."""

_INLINE = {"atan": ATAN, "box": BOX, "super": SUPER}
"""Surrogates computed inside the backward loop; the others are computed for all steps at once."""


class ScanConstants(NamedTuple):
    """What does not change with time.

    Attributes
    ----------
    threshold, reset, leak
        Voltages, [neuron].
    soft
        Whether a spike subtracts the threshold instead of setting the voltage to ``reset``.
    surrogate, surrogate_alpha
        The spike's stand-in derivative.
    detach_reset
        Whether the reset passes no gradient to the spike.
    """

    threshold: Tensor
    reset: Tensor
    leak: Tensor
    soft: bool
    surrogate: str
    surrogate_alpha: float
    detach_reset: bool


def array(x: Tensor) -> NDArray[Any]:
    """Look at a contiguous tensor as an array."""
    return x.detach().contiguous().numpy()


def rows_of(n_neurons: int) -> int:
    """Give the number of batch rows whose state fits the cache."""
    return max(1, _COLUMNS // max(n_neurons, 1))


class Scan(torch.autograd.Function):
    """Spikes, voltages after reset and the last state; saves the voltage before reset."""

    @staticmethod
    def forward(  # noqa: PLR0917
        ctx: Any,
        x: Tensor,
        alpha: Tensor,
        alpha_syn: Tensor | None,
        v0: Tensor,
        i0: Tensor | None,
        population: ScanConstants,
        scale: Tensor | None,
        return_v: bool,
    ) -> tuple[Tensor, Tensor | None, Tensor, Tensor | None]:
        """Run forwards."""
        x = x.contiguous()
        learns_tau = ctx.needs_input_grad[1] or ctx.needs_input_grad[2]
        u, z = torch.empty_like(x), torch.empty_like(x)
        v, i = v0.clone(), None if i0 is None else i0.clone()
        drive = x if alpha_syn is None else torch.empty_like(x)
        if not learns_tau and alpha_syn is not None:
            drive = x.new_empty(0, 0, 0)
        fixed: tuple[Any, ...] = tuple(map(array, population[:3]))
        none = x.new_empty(0, 0)
        scale_ = array(none if scale is None else scale)
        v_, u_, z_, rows = array(v), array(u), array(z), rows_of(x.shape[2])
        if alpha_syn is None or i is None:
            box = (array(x), array(alpha), *fixed, population.soft, scale_, v_, u_, z_, rows)
            share(lambda first, last: box_forward(*box, first, last), x.shape[1])
        else:
            rates = (array(alpha), array(alpha_syn))
            lif = (array(x), *rates, *fixed, scale_, v_, array(i), u_, array(drive), z_, rows)
            share(lambda first, last: lif_forward(*lif, first, last), x.shape[1])
        ctx.save_for_backward(u, alpha, alpha_syn, v0, drive if learns_tau else None, scale)
        ctx.population = population
        ctx.set_materialize_grads(False)
        v_seq = after_reset(u, population) if return_v else None
        return z, v_seq, v, i

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        """Run backwards."""
        u, alpha, alpha_syn, v0, drive, scale = ctx.saved_tensors
        population: ScanConstants = ctx.population
        gz, gv, g_last, gi_last = grads
        none, empty = u.new_empty(0, 0), u.new_empty(0, 0, 0)
        d_x = torch.empty_like(u)
        carry_v = torch.zeros_like(v0) if g_last is None else g_last.clone()
        carry_i = none
        if alpha_syn is not None:
            carry_i = torch.zeros_like(v0) if gi_last is None else gi_last.clone()
        d_alpha = torch.zeros_like(v0) if ctx.needs_input_grad[1] or ctx.needs_input_grad[2] else none
        d_syn = torch.zeros_like(v0) if alpha_syn is not None else none
        mode, p, q, given = slope_of(u, population)
        scalar = array(u).dtype.type
        arguments = (
            *map(array, (empty if gz is None else gz, empty if gv is None else gv, u)),
            *map(array, (empty if drive is None else drive, alpha)),
            *map(array, (alpha if alpha_syn is None else alpha_syn, *population[:3])),
            *map(array, (none if scale is None else scale, v0)),
            *(population.soft, population.detach_reset, mode, scalar(p), scalar(q)),
            *map(array, (given, carry_v, carry_i, d_x, d_alpha, d_syn)),
            rows_of(u.shape[2]),
        )
        share(lambda first, last: backward(*arguments, first, last), u.shape[1])
        return (
            d_x,
            d_alpha.sum(0) if ctx.needs_input_grad[1] else None,
            d_syn.sum(0) if ctx.needs_input_grad[2] else None,
            carry_v if ctx.needs_input_grad[3] else None,
            carry_i if ctx.needs_input_grad[4] else None,
            None,
            None,
            None,
        )


def after_reset(u: Tensor, population: ScanConstants) -> Tensor:
    """Give the voltage that the next step starts from."""
    fallen = u - population.threshold if population.soft else population.reset
    return torch.where(u - population.threshold > 0, fallen, u)


def slope_of(u: Tensor, population: ScanConstants) -> tuple[int, float, float, Tensor]:
    """Say how the loop gets the surrogate's derivative: a mode, two numbers, or all values."""
    alpha = population.surrogate_alpha
    mode = _INLINE.get(population.surrogate, GIVEN)
    p, q = {
        ATAN: (0.5 * alpha, 0.5 * math.pi * alpha),
        BOX: (0.5 / alpha, alpha),
    }.get(mode, (0.0, 0.0))
    given = u.new_empty(0, 0, 0)
    if mode == GIVEN:
        given = derivative(u - population.threshold, population.surrogate, alpha)
    return mode, p, q, given
