"""Run populations that hear themselves, forwards and backwards through time on the CPU."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from neurodeploy.ops.delays.projection import delayed_projection
from neurodeploy.ops.scan.autograd import ScanConstants, after_reset, array, rows_of, slope_of
from neurodeploy.ops.scan.loops import backward, box_forward, lif_forward
from neurodeploy.ops.scan.segments import check_lag
from neurodeploy.ops.scan.surrogate import resolve_alpha
from neurodeploy.ops.scan.voltages import check_reset, each_neuron
from neurodeploy.ops.threads import survive_forks
from neurodeploy.ops.uncompiled import uncompiled


@uncompiled
def recurrent_scan(  # noqa: PLR0917
    current: Tensor,
    slots: Tensor,
    alpha: Tensor,
    alpha_syn: Tensor | None = None,
    v_threshold: float | Tensor = 1.0,
    v_reset: float | Tensor = 0.0,
    v_leak: float | Tensor = 0.0,
    *,
    lag_steps: int = 1,
    surrogate: str = "super",
    surrogate_alpha: float | None = None,
    detach_reset: bool = False,
    reset: str = "value",
    scale: Tensor | None = None,
    return_v: bool = False,
) -> Any:
    r"""Run spiking neurons whose spikes come back to them, from rest; on CPUs.

    Parameters
    ----------
    current
        Input current from outside, [step, batch, neuron].
    slots
        Weights over delays, [slot, source, target].
    alpha, alpha_syn, v_threshold, v_reset, v_leak
        As for :func:`~neurodeploy.ops.scan.scans.lif_scan`; without ``alpha_syn`` as for ``lif_box_scan``.
    lag_steps
        Slot d comes back ``lag_steps + d`` steps after the spike; at least 1.
    surrogate, surrogate_alpha, detach_reset, reset, scale, return_v
        As for :func:`~neurodeploy.ops.scan.scans.lif_box_scan`. What comes back are spikes times ``scale``.

    Returns
    -------
    Tensor or tuple[Tensor, Tensor]
        Spikes, [step, batch, neuron], and if asked the voltages after reset.

    Notes
    -----
    ``lag_steps`` steps are computed at once: what comes back in them was sent before. Backwards the same
    holds in reverse, and the gradient of the weights is one correlation over the whole sequence.
    """
    check_reset(reset)
    check_lag(current, slots, lag_steps)
    survive_forks()
    slope = resolve_alpha(surrogate, surrogate_alpha)
    alpha, threshold, floor, leak = each_neuron(current, alpha, v_threshold, v_reset, v_leak)
    synaptic = None if alpha_syn is None else each_neuron(current, alpha_syn)[0]
    soft = reset == "subtract"
    population = ScanConstants(threshold, floor, leak, soft, surrogate, slope, detach_reset)
    mask = None if scale is None else scale.to(current)
    z, v = _Recurrence.apply(current, slots, alpha, synaptic, population, mask, lag_steps, return_v)
    return (z, v) if return_v else z


class _Chunk(NamedTuple):
    """Steps that are computed at once, from ``start`` to before ``stop``."""

    start: int
    stop: int


def _chunks(n_steps: int, lag_steps: int) -> list[_Chunk]:
    return [_Chunk(t, min(t + lag_steps, n_steps)) for t in range(0, n_steps, lag_steps)]


def _windows(kept: Tensor, first: int, n_steps: int, n_slots: int) -> Tensor:
    """Give ``n_slots`` steps from each of some steps on as rows; ``kept`` is [batch, step, neuron]."""
    pieces = [kept[:, t : t + n_slots].flatten(1) for t in range(first, first + n_steps)]
    return pieces[0] if n_steps == 1 else torch.cat(pieces)


class _Recurrence(torch.autograd.Function):
    """Spikes and voltages after reset; saves the voltage before reset and the spikes."""

    @staticmethod
    def forward(  # noqa: PLR0917
        ctx: Any,
        outside: Tensor,
        slots: Tensor,
        alpha: Tensor,
        alpha_syn: Tensor | None,
        population: ScanConstants,
        scale: Tensor | None,
        lag_steps: int,
        return_v: bool,
    ) -> tuple[Tensor, Tensor | None]:
        """Run forwards."""
        n_steps, batch, size = outside.shape
        n_slots = len(slots)
        x, u, z = outside.clone(), torch.empty_like(outside), torch.empty_like(outside)
        drive = x if alpha_syn is None else torch.empty_like(x)
        v = population.leak.expand(batch, size).clone()
        i = torch.zeros_like(v)
        before = lag_steps + n_slots - 1
        sent = x.new_zeros(batch, before + n_steps, size)
        matrix = slots.flip(0).reshape(-1, size)
        fixed: tuple[Any, ...] = tuple(map(array, population[:3]))
        mask = array(x.new_empty(0, 0) if scale is None else scale)
        rates, rows = [array(a) for a in (alpha, alpha_syn) if a is not None], rows_of(size)
        for start, stop in _chunks(n_steps, lag_steps):
            n = stop - start
            x[start:stop] += (_windows(sent, start, n, n_slots) @ matrix).view(n, batch, size)
            xt, ut, zt = (array(a[start:stop]) for a in (x, u, z))
            if alpha_syn is None:
                box_forward(xt, *rates, *fixed, population.soft, mask, array(v), ut, zt, rows, 0, batch)
            else:
                dt = array(drive[start:stop])
                lif_forward(xt, *rates, *fixed, mask, array(v), array(i), ut, dt, zt, rows, 0, batch)
            sent[:, before + start : before + stop] = z[start:stop].transpose(0, 1)
        ctx.save_for_backward(u, z, slots, alpha, alpha_syn, drive, scale)
        ctx.population, ctx.lag_steps = population, lag_steps
        ctx.set_materialize_grads(False)
        return z, after_reset(u, population) if return_v else None

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        """Run backwards."""
        u, z, slots, alpha, alpha_syn, drive, scale = ctx.saved_tensors
        population: ScanConstants = ctx.population
        n_steps, batch, size = u.shape
        n_slots, lag = len(slots), ctx.lag_steps
        gz = torch.zeros_like(u) if grads[0] is None else grads[0].contiguous()
        none, empty = u.new_empty(0, 0), u.new_empty(0, 0, 0)
        learns = ctx.needs_input_grad[2] or ctx.needs_input_grad[3]
        carry_v = torch.zeros_like(u[0])
        carry_i, d_syn = (torch.zeros_like(u[0]) if alpha_syn is not None else none for _ in range(2))
        d_alpha = torch.zeros_like(u[0]) if learns else none
        mode, p, q, given = slope_of(u, population)
        scalar = array(u).dtype.type
        fixed: tuple[Any, ...] = tuple(map(array, population[:3]))
        rates = (array(alpha), array(alpha if alpha_syn is None else alpha_syn))
        mask, v_start = array(none if scale is None else scale), population.leak.expand(batch, size)
        d_x = torch.empty_like(u)
        later = u.new_zeros(batch, n_steps + lag + n_slots - 1, size)  # d_x, with silence after the end
        matrix = slots.transpose(1, 2).reshape(-1, size)
        for start, stop in reversed(_chunks(n_steps, lag)):
            n = stop - start
            back = (_windows(later, start + lag, n, n_slots) @ matrix).view(n, batch, size)
            v0 = v_start if start == 0 else after_reset(u[start - 1], population)
            backward(
                array(back.add_(gz[start:stop])),
                array(empty if grads[1] is None else grads[1][start:stop]),
                *(array(a[start:stop]) for a in (u, drive)),
                *(*rates, *fixed, mask, array(v0), population.soft, population.detach_reset),
                *(mode, scalar(p), scalar(q), array(given[start:stop] if len(given) else given)),
                *map(array, (carry_v, carry_i, d_x[start:stop], d_alpha, d_syn)),
                *(rows_of(size), 0, batch),
            )
            later[:, start:stop] = d_x[start:stop].transpose(0, 1)
        return (
            d_x,
            _to_slots(z, d_x, slots, lag) if ctx.needs_input_grad[1] else None,
            d_alpha.sum(0) if ctx.needs_input_grad[2] else None,
            d_syn.sum(0) if ctx.needs_input_grad[3] else None,
            None,
            None,
            None,
            None,
        )


def _to_slots(z: Tensor, d_x: Tensor, slots: Tensor, lag: int) -> Tensor:
    """Give the gradient of the weights: that of a projection of the spikes, ``lag`` steps later."""
    heard = torch.cat([z.new_zeros(lag, *z.shape[1:]), z])[: len(z)]
    with torch.enable_grad():
        leaf = slots.detach().requires_grad_()
        return torch.autograd.grad(delayed_projection(heard, leaf), leaf, d_x)[0]
