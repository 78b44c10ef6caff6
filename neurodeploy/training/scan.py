"""Run populations through time on the CPU, forwards and backwards, a few rows at a time."""

# ruff: noqa: PLR0917 (compiled functions and autograd take positional arguments only)

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurodeploy.training.surrogate import derivative
from neurodeploy.training.threads import share

_COLUMNS = 4096
"""Neurons whose state stays in the first-level cache while time runs."""

_GIVEN, _ATAN, _BOX, _SUPER = range(4)
_INLINE = {"atan": _ATAN, "box": _BOX, "super": _SUPER}
"""Surrogates computed inside the backward loop; the others are computed for all steps at once."""


class Population(NamedTuple):
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


_compile = numba.njit(nogil=True, cache=True, error_model="numpy")


@_compile
def _box_forward(x, alpha, threshold, reset, leak, soft, v, u, z, rows, first, last):  # type: ignore[no-untyped-def]
    n_steps, _, n_neurons = x.shape
    zero, one = z.dtype.type(0), z.dtype.type(1)
    for start in range(first, last, rows):
        for t in range(n_steps):
            for b in range(start, min(start + rows, last)):
                for n in range(n_neurons):
                    # Norse: dv = dt tau_mem_inv (x + v_leak - v)
                    risen = v[b, n] + alpha[n] * ((x[t, b, n] + leak[n]) - v[b, n])
                    fired = risen - threshold[n] > zero
                    u[t, b, n] = risen
                    z[t, b, n] = one if fired else zero
                    fallen = risen - threshold[n] if soft else reset[n]
                    v[b, n] = fallen if fired else risen


@_compile
def _lif_forward(  # type: ignore[no-untyped-def]
    x, alpha, alpha_syn, threshold, reset, leak, v, i, u, currents, z, rows, first, last
):
    n_steps, _, n_neurons = x.shape
    zero, one = z.dtype.type(0), z.dtype.type(1)
    keep = len(currents) > 0
    for start in range(first, last, rows):
        for t in range(n_steps):
            for b in range(start, min(start + rows, last)):
                for n in range(n_neurons):
                    # Norse: i_new = i + x; dv = dt tau_mem_inv ((v_leak - v) + i_new)
                    current = i[b, n] + x[t, b, n]
                    risen = v[b, n] + alpha[n] * ((leak[n] - v[b, n]) + current)
                    i[b, n] = current + (-alpha_syn[n] * current)
                    fired = risen - threshold[n] > zero
                    u[t, b, n] = risen
                    if keep:
                        currents[t, b, n] = current
                    z[t, b, n] = one if fired else zero
                    v[b, n] = reset[n] if fired else risen


@_compile
def _slopes(u, threshold, mode, p, q, given, out):  # type: ignore[no-untyped-def]
    one = out.dtype.type(1)
    if mode == _ATAN:
        for n in range(len(u)):
            scaled = q * (u[n] - threshold[n])
            out[n] = p / (one + scaled * scaled)
    elif mode == _BOX:
        for n in range(len(u)):
            out[n] = p if abs(u[n] - threshold[n]) <= q else out.dtype.type(0)
    elif mode == _SUPER:
        for n in range(len(u)):
            size = abs(u[n] - threshold[n]) + one
            out[n] = one / (size * size)
    else:
        for n in range(len(u)):
            out[n] = given[n]


@_compile
def _backward(  # type: ignore[no-untyped-def]
    gz, gv, u, drive, alpha, alpha_syn, threshold, reset, leak, v0, soft, detach, mode, p, q, given,
    carry_v, carry_i, dx, d_alpha, d_alpha_syn, rows, first, last,
):  # fmt: skip
    n_steps, _, n_neurons = gz.shape
    zero, one = dx.dtype.type(0), dx.dtype.type(1)
    slope = np.empty(n_neurons, dx.dtype)
    with_gv, with_alpha, synaptic = len(gv) > 0, len(d_alpha) > 0, len(carry_i) > 0
    for start in range(first, last, rows):
        for t in range(n_steps - 1, -1, -1):
            for b in range(start, min(start + rows, last)):
                _slopes(u[t, b], threshold, mode, p, q, given[t, b] if mode == _GIVEN else slope, slope)
                if with_gv:
                    for n in range(n_neurons):
                        carry_v[b, n] += gv[t, b, n]
                for n in range(n_neurons):
                    # v = (1 - z) u + z reset, or u - z threshold
                    fired = u[t, b, n] - threshold[n] > zero
                    jump = -threshold[n] if soft else reset[n] - u[t, b, n]
                    dz = gz[t, b, n] + (zero if detach else jump * carry_v[b, n])
                    kept = zero if fired and not soft else carry_v[b, n]
                    du = kept + dz * slope[n]
                    carry_v[b, n] = du * (one - alpha[n])
                    dx[t, b, n] = du * alpha[n]
                    slope[n] = du
                if with_alpha:
                    for n in range(n_neurons):
                        if t == 0:
                            before = v0[b, n]
                        else:
                            before = u[t - 1, b, n]
                            if before - threshold[n] > zero:
                                before = before - threshold[n] if soft else reset[n]
                        d_alpha[b, n] += slope[n] * ((drive[t, b, n] + leak[n]) - before)
                if synaptic:
                    for n in range(n_neurons):
                        if with_alpha:
                            d_alpha_syn[b, n] -= carry_i[b, n] * drive[t, b, n]
                        carry_i[b, n] = dx[t, b, n] + (one - alpha_syn[n]) * carry_i[b, n]
                        dx[t, b, n] = carry_i[b, n]


def _array(x: Tensor) -> NDArray[Any]:
    """Look at a contiguous tensor as an array."""
    return x.detach().contiguous().numpy()


def _rows(n_neurons: int) -> int:
    """Give the number of batch rows whose state fits the cache."""
    return max(1, _COLUMNS // max(n_neurons, 1))


class Scan(torch.autograd.Function):
    """Spikes, voltages after reset and the last state; saves the voltage before reset."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        alpha: Tensor,
        alpha_syn: Tensor | None,
        v0: Tensor,
        i0: Tensor | None,
        population: Population,
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
        fixed: tuple[Any, ...] = tuple(map(_array, population[:3]))
        v_, u_, z_, rows = _array(v), _array(u), _array(z), _rows(x.shape[2])
        if alpha_syn is None or i is None:
            box = (_array(x), _array(alpha), *fixed, population.soft, v_, u_, z_, rows)
            share(lambda first, last: _box_forward(*box, first, last), x.shape[1])
        else:
            lif = (
                _array(x),
                _array(alpha),
                _array(alpha_syn),
                *fixed,
                v_,
                _array(i),
                u_,
                _array(drive),
                z_,
                rows,
            )
            share(lambda first, last: _lif_forward(*lif, first, last), x.shape[1])
        ctx.save_for_backward(u, alpha, alpha_syn, v0, drive if learns_tau else None)
        ctx.population = population
        ctx.set_materialize_grads(False)
        v_seq = _after_reset(u, z, population) if return_v else None
        return z, v_seq, v, i

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        """Run backwards."""
        u, alpha, alpha_syn, v0, drive = ctx.saved_tensors
        population: Population = ctx.population
        gz, gv, g_last, gi_last = grads
        gz = torch.zeros_like(u) if gz is None else gz
        none = u.new_empty(0, 0)
        d_x = torch.empty_like(u)
        carry_v = torch.zeros_like(v0) if g_last is None else g_last.clone()
        carry_i = none
        if alpha_syn is not None:
            carry_i = torch.zeros_like(v0) if gi_last is None else gi_last.clone()
        d_alpha = torch.zeros_like(v0) if ctx.needs_input_grad[1] or ctx.needs_input_grad[2] else none
        d_syn = torch.zeros_like(v0) if alpha_syn is not None else none
        mode, p, q, given = _slope_of(u, population)
        scalar = _array(u).dtype.type
        arguments = (
            *map(_array, (gz, u.new_empty(0, 0, 0) if gv is None else gv, u)),
            *map(_array, (u.new_empty(0, 0, 0) if drive is None else drive, alpha)),
            *map(_array, (alpha if alpha_syn is None else alpha_syn, *population[:3], v0)),
            *(population.soft, population.detach_reset, mode, scalar(p), scalar(q)),
            *map(_array, (given, carry_v, carry_i, d_x, d_alpha, d_syn)),
            _rows(u.shape[2]),
        )
        share(lambda first, last: _backward(*arguments, first, last), u.shape[1])
        return (
            d_x,
            d_alpha.sum(0) if ctx.needs_input_grad[1] else None,
            d_syn.sum(0) if ctx.needs_input_grad[2] else None,
            carry_v if ctx.needs_input_grad[3] else None,
            carry_i if ctx.needs_input_grad[4] else None,
            None,
            None,
        )


def _after_reset(u: Tensor, z: Tensor, population: Population) -> Tensor:
    """Give the voltage that the next step starts from."""
    fallen = u - population.threshold if population.soft else population.reset
    return torch.where(z > 0, fallen, u)


def _slope_of(u: Tensor, population: Population) -> tuple[int, float, float, Tensor]:
    """Say how the loop gets the surrogate's derivative: a mode, two numbers, or all values."""
    alpha = population.surrogate_alpha
    mode = _INLINE.get(population.surrogate, _GIVEN)
    p, q = {
        _ATAN: (0.5 * alpha, 0.5 * math.pi * alpha),
        _BOX: (0.5 / alpha, alpha),
    }.get(mode, (0.0, 0.0))
    given = u.new_empty(0, 0, 0)
    if mode == _GIVEN:
        given = derivative(u - population.threshold, population.surrogate, alpha)
    return mode, p, q, given
