"""Compiled loops of the scans, one row of neurons at a time so that each loop fills the vectors.

Each inner loop writes one array and reads few: a compiler then proves that they do not overlap. The order of
operations is Norse's, and nothing is fused or reordered, so spikes are equal to the bit.
"""

# ruff: noqa: PLR0917 (compiled functions take positional arguments only)

from __future__ import annotations

import numpy as np

from neurodeploy.ops.compiled import compiled

GIVEN, ATAN, BOX, SUPER = range(4)
"""Where a surrogate's derivative comes from: an array, or a formula inside the loop."""

_compile = compiled(error_model="numpy")


@_compile
def _rise_box(x, alpha, leak, v, u):  # type: ignore[no-untyped-def]
    """Norse: ``dv = dt tau_mem_inv (x + v_leak - v)``."""
    for n in range(len(x)):
        u[n] = v[n] + alpha[n] * ((x[n] + leak[n]) - v[n])


@_compile
def _rise(current, alpha, leak, v, u):  # type: ignore[no-untyped-def]
    """Norse: ``dv = dt tau_mem_inv ((v_leak - v) + i_new)``."""
    for n in range(len(current)):
        u[n] = v[n] + alpha[n] * ((leak[n] - v[n]) + current[n])


@_compile
def _fire(u, threshold, z):  # type: ignore[no-untyped-def]
    zero, one = z.dtype.type(0), z.dtype.type(1)
    for n in range(len(u)):
        z[n] = one if u[n] - threshold[n] > zero else zero


@_compile
def _fall(u, threshold, reset, soft, v):  # type: ignore[no-untyped-def]
    zero = v.dtype.type(0)
    if soft:
        for n in range(len(u)):
            over = u[n] - threshold[n]
            v[n] = over if over > zero else u[n]
    else:
        for n in range(len(u)):
            v[n] = reset[n] if u[n] - threshold[n] > zero else u[n]


@_compile
def _times(z, scale):  # type: ignore[no-untyped-def]
    for n in range(len(z)):
        z[n] *= scale[n]


@_compile
def box_forward(x, alpha, threshold, reset, leak, soft, scale, v, u, z, rows, first, last):  # type: ignore[no-untyped-def]
    """Run ``LIFBox`` forwards over the batch rows ``first`` to ``last``."""
    for start in range(first, last, rows):
        for t in range(len(x)):
            for b in range(start, min(start + rows, last)):
                _rise_box(x[t, b], alpha, leak, v[b], u[t, b])
                _fire(u[t, b], threshold, z[t, b])
                _fall(u[t, b], threshold, reset, soft, v[b])
                if len(scale) > 0:
                    _times(z[t, b], scale[b])


@_compile
def _gather(i, x, current):  # type: ignore[no-untyped-def]
    for n in range(len(x)):
        current[n] = i[n] + x[n]


@_compile
def _decay(current, alpha_syn, i):  # type: ignore[no-untyped-def]
    for n in range(len(current)):
        i[n] = current[n] + (-alpha_syn[n] * current[n])


@_compile
def lif_forward(  # type: ignore[no-untyped-def]
    x, alpha, alpha_syn, threshold, reset, leak, scale, v, i, u, currents, z, rows, first, last
):
    """Run ``LIF`` forwards over the batch rows ``first`` to ``last``."""
    one_row = np.empty(x.shape[2], x.dtype)
    for start in range(first, last, rows):
        for t in range(len(x)):
            for b in range(start, min(start + rows, last)):
                current = currents[t, b] if len(currents) > 0 else one_row
                _gather(i[b], x[t, b], current)
                _rise(current, alpha, leak, v[b], u[t, b])
                _decay(current, alpha_syn, i[b])
                _fire(u[t, b], threshold, z[t, b])
                _fall(u[t, b], threshold, reset, False, v[b])
                if len(scale) > 0:
                    _times(z[t, b], scale[b])


@_compile
def _slopes(u, threshold, mode, p, q, given, out):  # type: ignore[no-untyped-def]
    one = out.dtype.type(1)
    if mode == ATAN:
        for n in range(len(u)):
            scaled = q * (u[n] - threshold[n])
            out[n] = p / (one + scaled * scaled)
    elif mode == BOX:
        for n in range(len(u)):
            out[n] = p if abs(u[n] - threshold[n]) <= q else out.dtype.type(0)
    elif mode == SUPER:
        for n in range(len(u)):
            size = abs(u[n] - threshold[n]) + one
            out[n] = one / (size * size)
    else:
        for n in range(len(u)):
            out[n] = given[n]


@_compile
def _add(total, x):  # type: ignore[no-untyped-def]
    for n in range(len(x)):
        total[n] += x[n]


@_compile
def _through_spike(gz, scale, slope):  # type: ignore[no-untyped-def]
    """Turn slopes into ``dz slope``."""
    if len(scale) > 0:
        for n in range(len(gz)):
            slope[n] *= gz[n] * scale[n]
    else:
        for n in range(len(gz)):
            slope[n] *= gz[n]


@_compile
def _through_reset(u, threshold, reset, soft, carry, slope, out):  # type: ignore[no-untyped-def]
    """Add the path from the reset through the spike: ``v = (1 - z) u + z reset``, or ``u - z threshold``."""
    if soft:
        for n in range(len(u)):
            out[n] = -threshold[n] * carry[n] * slope[n]
    else:
        for n in range(len(u)):
            out[n] = (reset[n] - u[n]) * carry[n] * slope[n]


@_compile
def _through_voltage(u, threshold, soft, carry, du):  # type: ignore[no-untyped-def]
    """Add the path from the voltage after the step, where no spike cut it."""
    zero = du.dtype.type(0)
    if soft:
        _add(du, carry)
    else:
        for n in range(len(u)):
            du[n] += zero if u[n] - threshold[n] > zero else carry[n]


@_compile
def _through_rise(du, alpha, carry, dx):  # type: ignore[no-untyped-def]
    for n in range(len(du)):
        dx[n] = du[n] * alpha[n]
        carry[n] = du[n] - dx[n]


@_compile
def _to_alpha(du, drive, leak, before, d_alpha):  # type: ignore[no-untyped-def]
    for n in range(len(du)):
        d_alpha[n] += du[n] * ((drive[n] + leak[n]) - before[n])


@_compile
def _through_current(dx, alpha_syn, carry):  # type: ignore[no-untyped-def]
    for n in range(len(dx)):
        dx[n] += carry[n] - alpha_syn[n] * carry[n]
        carry[n] = dx[n]


@_compile
def _to_alpha_syn(carry, drive, d_alpha_syn):  # type: ignore[no-untyped-def]
    for n in range(len(carry)):
        d_alpha_syn[n] -= carry[n] * drive[n]


@_compile
def backward(  # type: ignore[no-untyped-def]
    gz, gv, u, drive, alpha, alpha_syn, threshold, reset, leak, scale, v0, soft, detach, mode, p, q, given,
    carry_v, carry_i, dx, d_alpha, d_alpha_syn, rows, first, last,
):  # fmt: skip
    """Run either backwards over the batch rows ``first`` to ``last``."""
    n_steps, _, n_neurons = u.shape
    du, extra = np.empty(n_neurons, dx.dtype), np.empty(n_neurons, dx.dtype)
    no_scale = scale[0] if len(scale) > 0 else extra[:0]
    for start in range(first, last, rows):
        for t in range(n_steps - 1, -1, -1):
            for b in range(start, min(start + rows, last)):
                ut, carry = u[t, b], carry_v[b]
                if len(gv) > 0:
                    _add(carry, gv[t, b])
                _slopes(ut, threshold, mode, p, q, given[t, b] if mode == GIVEN else du, du)
                if not detach:
                    _through_reset(ut, threshold, reset, soft, carry, du, extra)
                if len(gz) > 0:
                    _through_spike(gz[t, b], scale[b] if len(scale) > 0 else no_scale, du)
                else:
                    du[:] = 0
                if not detach:
                    _add(du, extra)
                _through_voltage(ut, threshold, soft, carry, du)
                _through_rise(du, alpha, carry, dx[t, b])
                if len(d_alpha) > 0:
                    before = v0[b]
                    if t > 0:
                        before = extra
                        _fall(u[t - 1, b], threshold, reset, soft, extra)
                    _to_alpha(du, drive[t, b], leak, before, d_alpha[b])
                if len(carry_i) > 0:
                    if len(d_alpha) > 0:
                        _to_alpha_syn(carry_i[b], drive[t, b], d_alpha_syn[b])
                    _through_current(dx[t, b], alpha_syn, carry_i[b])
