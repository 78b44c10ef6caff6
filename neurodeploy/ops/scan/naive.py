"""Step neurons one at a time with Norse's own functions: the meaning of every scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from norse.torch.functional.leaky_integrator_box import LIBoxParameters, LIBoxState, li_box_step
from norse.torch.functional.lif import LIFFeedForwardState, LIFParameters, lif_feed_forward_step
from norse.torch.functional.lif_box import LIFBoxFeedForwardState, LIFBoxParameters, lif_box_feed_forward_step
from norse.torch.functional.reset import reset_subtract, reset_value
from torch import Tensor

from neurodeploy.ops.scan.surrogate import NORSE_SURROGATES, spike_function

State = tuple[Tensor, Tensor | None]
"""Voltage and, for current-based neurons, synaptic current, each [batch, neuron]."""

Step = Callable[[Tensor, State], tuple[Tensor, State]]
"""From an input of one step, [batch, neuron], and a state to spikes (or voltages) and the next state."""

RESETS = {"value": reset_value, "subtract": reset_subtract}
"""Norse's ways to reset a voltage."""


class Voltages(NamedTuple):
    """The threshold, the voltage after a spike, and the voltage at rest, each [neuron]."""

    threshold: Tensor
    reset: Tensor
    leak: Tensor


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
