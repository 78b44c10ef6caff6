"""The definitions of the scans: Norse's own functions, one step at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from norse.torch.functional.leaky_integrator_box import LIBoxParameters, LIBoxState, li_box_step
from norse.torch.functional.lif import LIFFeedForwardState, LIFParameters, lif_feed_forward_step
from norse.torch.functional.lif_box import LIFBoxFeedForwardState, LIFBoxParameters, lif_box_feed_forward_step
from norse.torch.functional.reset import reset_subtract, reset_value
from torch import Tensor

from neurodeploy.ops.scan.segments import Segment, State, asked, check_lag, in_parts, started
from neurodeploy.ops.scan.surrogate import NORSE_SURROGATES, resolve_alpha, spike_function
from neurodeploy.ops.scan.voltages import Voltages, check_reset, each_neuron

Step = Callable[[Tensor, State], tuple[Tensor, State]]
"""From an input of one step, [batch, neuron], and a state to spikes (or voltages) and the next state."""

RESETS = {"value": reset_value, "subtract": reset_subtract}
"""Norse's ways to reset a voltage."""


def lif_box_scan(
    current: Tensor,
    alpha: Tensor,
    v_threshold: float | Tensor = 1.0,
    v_reset: float | Tensor = 0.0,
    v_leak: float | Tensor = 0.0,
    *,
    surrogate: str = "super",
    surrogate_alpha: float | None = None,
    detach_reset: bool = False,
    reset: str = "value",
    scale: Tensor | None = None,
    return_v: bool = False,
    checkpoint_steps: int | None = None,
    state: State | None = None,
    return_state: bool = False,
) -> Any:
    """Define :func:`neurodeploy.ops.scan.scans.lif_box_scan`."""
    check_reset(reset)
    slope = resolve_alpha(surrogate, surrogate_alpha)
    alpha, *values = each_neuron(current, alpha, v_threshold, v_reset, v_leak)
    voltages = Voltages(*values)
    step = lif_box_step(alpha, voltages, surrogate, slope, detach=detach_reset, reset=reset)
    start = started(state, current, voltages.leak, filtered=False)
    z, v, last = in_parts(stepping(step, scale), current, start, checkpoint_steps)
    return asked(z, v, last, return_v=return_v, return_state=return_state)


def lif_scan(  # noqa: PLR0917
    current: Tensor,
    alpha: Tensor,
    alpha_syn: Tensor,
    v_threshold: float | Tensor = 1.0,
    v_reset: float | Tensor = 0.0,
    v_leak: float | Tensor = 0.0,
    *,
    surrogate: str = "super",
    surrogate_alpha: float | None = None,
    detach_reset: bool = False,
    scale: Tensor | None = None,
    return_v: bool = False,
    checkpoint_steps: int | None = None,
    state: State | None = None,
    return_state: bool = False,
) -> Any:
    """Define :func:`neurodeploy.ops.scan.scans.lif_scan`."""
    slope = resolve_alpha(surrogate, surrogate_alpha)
    alpha, alpha_syn, *values = each_neuron(current, alpha, alpha_syn, v_threshold, v_reset, v_leak)
    voltages = Voltages(*values)
    step = lif_step(alpha, alpha_syn, voltages, surrogate, slope, detach=detach_reset)
    start = started(state, current, voltages.leak, filtered=True)
    z, v, last = in_parts(stepping(step, scale), current, start, checkpoint_steps)
    return asked(z, v, last, return_v=return_v, return_state=return_state)


def li_scan(
    current: Tensor,
    alpha: Tensor,
    v_leak: float | Tensor = 0.0,
    *,
    checkpoint_steps: int | None = None,
    state: State | None = None,
    return_state: bool = False,
) -> Any:
    """Define :func:`neurodeploy.ops.scan.scans.li_scan`."""
    alpha, leak = each_neuron(current, alpha, v_leak)
    start = started(state, current, leak, filtered=False)
    _, v, last = in_parts(stepping(li_step(alpha, leak)), current, start, checkpoint_steps)
    assert v is not None
    return asked(v, None, last, return_v=False, return_state=return_state)


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
    """Define :func:`neurodeploy.ops.scan.recurrence.recurrent_scan`, a step and a slot at a time."""
    check_reset(reset)
    check_lag(current, slots, lag_steps)
    slope = resolve_alpha(surrogate, surrogate_alpha)
    alpha, *values = each_neuron(current, alpha, v_threshold, v_reset, v_leak)
    voltages = Voltages(*values)
    if alpha_syn is None:
        step = lif_box_step(alpha, voltages, surrogate, slope, detach=detach_reset, reset=reset)
    else:
        synaptic = each_neuron(current, alpha_syn)[0]
        step = lif_step(alpha, synaptic, voltages, surrogate, slope, detach=detach_reset)
    state = started(None, current, voltages.leak, filtered=alpha_syn is not None)
    spikes: list[Tensor] = []
    kept: list[Tensor] = []
    for t, x in enumerate(current.unbind(0)):
        for d, matrix in enumerate(slots.unbind(0)):
            if t - lag_steps - d >= 0:
                x = x + spikes[t - lag_steps - d] @ matrix  # noqa: PLW2901
        z, state = step(x, state)
        spikes.append(z if scale is None else z * scale)
        kept.append(state[0])
    return (torch.stack(spikes), torch.stack(kept)) if return_v else torch.stack(spikes)


def stepping(step: Step, scale: Tensor | None = None) -> Segment:
    """Make a scan over a part of a sequence from one step."""

    def segment(x: Tensor, v: Tensor, i: Tensor | None) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        out, voltages = [], []
        state: State = (v, i)
        for xt in x.unbind(0):  # indexing x would cost a gradient of the whole sequence each step
            z, state = step(xt, state)
            out.append(z if scale is None else z * scale)
            voltages.append(state[0])
        return torch.stack(out), torch.stack(voltages), *state

    return segment


def lif_box_step(
    alpha: Tensor, voltages: Voltages, surrogate: str, slope: float, *, detach: bool, reset: str
) -> Step:
    """Make one step of ``LIFBox``: Norse's, or its equation where Norse lacks the surrogate."""
    threshold, floor, leak = voltages
    fall = _detached(RESETS[reset], detach)
    if surrogate in NORSE_SURROGATES:
        p = LIFBoxParameters(alpha, leak, threshold, floor, surrogate, slope, fall)

        def norse(x: Tensor, state: State) -> tuple[Tensor, State]:
            z, after = lif_box_feed_forward_step(x, LIFBoxFeedForwardState(v=state[0]), p, dt=1.0)
            return z, (after.v, None)

        return norse
    spike = spike_function(surrogate, slope)

    def own(x: Tensor, state: State) -> tuple[Tensor, State]:
        u = state[0] + alpha * (x + leak - state[0])
        z = spike(u - threshold)
        return z, (fall(z, u, floor, threshold), None)

    return own


def lif_step(
    alpha: Tensor, alpha_syn: Tensor, voltages: Voltages, surrogate: str, slope: float, *, detach: bool
) -> Step:
    """Make one step of ``LIF``: Norse's, or its equation where Norse lacks the surrogate or detaching."""
    threshold, floor, leak = voltages
    if surrogate in NORSE_SURROGATES and not detach:
        p = LIFParameters(alpha_syn, alpha, leak, threshold, floor, surrogate, slope)

        def norse(x: Tensor, state: State) -> tuple[Tensor, State]:
            z, after = lif_feed_forward_step(x, LIFFeedForwardState(*state), p, dt=1.0)
            return z, (after.v, after.i)

        return norse
    spike, fall = spike_function(surrogate, slope), _detached(reset_value, detach)

    def own(x: Tensor, state: State) -> tuple[Tensor, State]:
        v, i = state
        current = x if i is None else i + x
        u = v + alpha * ((leak - v) + current)
        z = spike(u - threshold)
        return z, (fall(z, u, floor, threshold), current - alpha_syn * current)

    return own


def li_step(alpha: Tensor, leak: Tensor) -> Step:
    """Make one step of ``LIBox``: Norse's, with weights of one."""
    p = LIBoxParameters(tau_mem_inv=alpha, v_leak=leak)
    weight = torch.eye(len(leak), dtype=leak.dtype, device=leak.device)

    def norse(x: Tensor, state: State) -> tuple[Tensor, State]:
        v, _ = li_box_step(x, LIBoxState(v=state[0]), weight, p, dt=1.0)
        return v, (v, None)

    return norse


def _detached(reset: Callable[..., Tensor], detach: bool) -> Callable[..., Tensor]:
    """Hide the spike from the gradient of a reset, if asked."""
    return (lambda z, v, floor, threshold: reset(z.detach(), v, floor, threshold)) if detach else reset
