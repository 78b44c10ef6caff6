"""Run populations of Norse neurons over a whole sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from norse.torch.functional.leaky_integrator_box import LIBoxParameters, LIBoxState, li_box_step
from norse.torch.functional.lif import LIFFeedForwardState, LIFParameters, lif_feed_forward_step
from norse.torch.functional.lif_box import LIFBoxFeedForwardState, LIFBoxParameters, lif_box_feed_forward_step
from norse.torch.functional.reset import reset_subtract, reset_value
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from neurodeploy.training.surrogate import NORSE_SURROGATES, resolve_alpha, spike_function

State = tuple[Tensor, Tensor | None]
"""Voltage and, for current-based neurons, synaptic current, each [batch, neuron]."""

Step = Callable[[Tensor, State], tuple[Tensor, State]]
Segment = Callable[[Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor | None, Tensor, Tensor | None]]


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
    return_v: bool = False,
    implementation: str = "fast",
    checkpoint_steps: int | None = None,
) -> Any:
    r"""Run Norse ``LIFBox`` neurons, which have no synaptic filter.

    Parameters
    ----------
    current
        Input current, [step, batch, neuron].
    alpha
        ``dt / tau``, [neuron] or one value for all; may be learned.
    v_threshold, v_reset, v_leak
        Voltages, [neuron] or one value for all; they get no gradient.
    surrogate
        ``"super"``, ``"triangle"``, ``"tanh"``, ``"circ"``, ``"heavi_erfc"`` (Norse's own), ``"atan"`` or
        ``"box"``.
    surrogate_alpha
        The surrogate's parameter; by default :data:`~neurodeploy.training.surrogate.DEFAULT_ALPHA`.
    detach_reset
        Whether the reset hides the spike from the gradient. Norse does not detach.
    reset
        ``"value"`` sets the voltage to ``v_reset``; ``"subtract"`` takes the threshold off.
    return_v
        Whether to give the voltages as well.
    implementation
        ``"fast"`` (compiled for the CPU; on other devices the reference runs) or ``"reference"`` (Norse's
        step function, step by step).
    checkpoint_steps
        Keep the state every so many steps only, and compute the rest again in the backward pass.

    Returns
    -------
    Tensor or tuple[Tensor, Tensor]
        Spikes, [step, batch, neuron], and if asked the voltages after reset, which is what Norse keeps.

    Notes
    -----
    :math:`u_t = v_{t-1} + \alpha\,(i_t + v_\text{leak} - v_{t-1})`, :math:`z_t = [u_t > v_\text{th}]`;
    :math:`v_t` is :math:`u_t`, or the reset value where :math:`z_t = 1`. It starts at
    :math:`v_\text{leak}`, as Norse's ``LIFBoxCell`` does. Source: norse 1.1.0,
    ``functional/lif_box.py``, ``lif_box_feed_forward_step``.
    """
    if reset not in ("value", "subtract"):
        raise ValueError(f"reset is 'value' or 'subtract', not {reset!r}")
    slope = resolve_alpha(surrogate, surrogate_alpha)
    alpha, *voltages = _each_neuron(current, alpha, v_threshold, v_reset, v_leak)
    if _is_fast(current, implementation):
        segment = _fast(alpha, None, voltages, reset == "subtract", surrogate, slope, detach_reset, return_v)
    else:
        threshold, floor, leak = voltages
        fall = reset_value if reset == "value" else reset_subtract
        step = _lif_box_step(alpha, threshold, floor, leak, surrogate, slope, _detached(fall, detach_reset))
        segment = _stepping(step)
    z, v = _run(segment, current, (voltages[2].expand(current.shape[1:]), None), checkpoint_steps)
    return (z, v) if return_v else z


def lif_scan(
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
    return_v: bool = False,
    implementation: str = "fast",
    checkpoint_steps: int | None = None,
) -> Any:
    r"""Run Norse ``LIF`` neurons, whose input passes a synaptic filter.

    Parameters
    ----------
    current
        Input, [step, batch, neuron].
    alpha, alpha_syn
        ``dt / tau_mem`` and ``dt / tau_syn``, [neuron] or one value for all; may be learned.
    v_threshold, v_reset, v_leak, surrogate, surrogate_alpha, detach_reset, return_v, implementation, \
    checkpoint_steps
        As for :func:`lif_box_scan`.

    Returns
    -------
    Tensor or tuple[Tensor, Tensor]
        Spikes, [step, batch, neuron], and if asked the voltages after reset.

    Notes
    -----
    :math:`j_t = i_{t-1} + x_t`, :math:`u_t = v_{t-1} + \alpha\,(v_\text{leak} - v_{t-1} + j_t)`,
    :math:`i_t = (1 - \alpha_\text{syn})\,j_t`, then spike and reset as for ``LIFBox``. So an input reaches
    the voltage in its own step. Source: norse 1.1.0, ``functional/lif.py``, ``lif_feed_forward_step``
    (the step of ``LIFCell``), which knows no other reset.
    """
    slope = resolve_alpha(surrogate, surrogate_alpha)
    alpha, alpha_syn, *voltages = _each_neuron(current, alpha, alpha_syn, v_threshold, v_reset, v_leak)
    if _is_fast(current, implementation):
        segment = _fast(alpha, alpha_syn, voltages, False, surrogate, slope, detach_reset, return_v)
    else:
        threshold, floor, leak = voltages
        step = _lif_step(alpha, alpha_syn, threshold, floor, leak, surrogate, slope, detach_reset)
        segment = _stepping(step)
    start = (voltages[2].expand(current.shape[1:]), current.new_zeros(current.shape[1:]))
    z, v = _run(segment, current, start, checkpoint_steps)
    return (z, v) if return_v else z


def li_scan(
    current: Tensor,
    alpha: Tensor,
    v_leak: float | Tensor = 0.0,
    *,
    implementation: str = "fast",
    checkpoint_steps: int | None = None,
) -> Tensor:
    r"""Run leaky integrators that never spike (Norse ``LIBox``), for a readout.

    Parameters
    ----------
    current
        Input current, [step, batch, neuron].
    alpha
        ``dt / tau``, [neuron] or one value for all; may be learned.
    v_leak
        Resting voltage, [neuron] or one value for all.
    implementation, checkpoint_steps
        As for :func:`lif_box_scan`.

    Returns
    -------
    Tensor
        Voltages, [step, batch, neuron].

    Notes
    -----
    :math:`v_t = v_{t-1} + \alpha\,(v_\text{leak} - v_{t-1} + i_t)`, from :math:`v_\text{leak}`. Source:
    norse 1.1.0, ``functional/leaky_integrator_box.py``, ``li_box_step``. The fast one is a ``LIFBox``
    that cannot reach its threshold.
    """
    alpha, leak = _each_neuron(current, alpha, v_leak)
    if _is_fast(current, implementation):
        never = torch.full_like(leak, torch.inf)
        segment = _fast(alpha, None, [never, leak, leak], False, "box", 0.5, True, True)
    else:
        parameters = LIBoxParameters(tau_mem_inv=alpha, v_leak=leak)
        weight = torch.eye(current.shape[2], dtype=current.dtype, device=current.device)

        def step(x: Tensor, state: State) -> tuple[Tensor, State]:
            v, _ = li_box_step(x, LIBoxState(v=state[0]), weight, parameters, dt=1.0)
            return v, (v, None)

        segment = _stepping(step)
    v: Tensor = _run(segment, current, (leak.expand(current.shape[1:]), None), checkpoint_steps)[1]
    return v


def _each_neuron(current: Tensor, *values: float | Tensor) -> list[Tensor]:
    """Give every value as [neuron], in the current's type."""
    if current.dim() != 3:
        raise ValueError(f"current is [step, batch, neuron], not {tuple(current.shape)}")
    like = {"dtype": current.dtype, "device": current.device}
    return [torch.as_tensor(value, **like).expand(current.shape[2]) for value in values]


def _is_fast(current: Tensor, implementation: str) -> bool:
    """Say whether the compiled scan runs."""
    if implementation not in ("fast", "reference"):
        raise ValueError(f"implementation is 'fast' or 'reference', not {implementation!r}")
    return implementation == "fast" and current.device.type == "cpu"


def _fast(
    alpha: Tensor,
    alpha_syn: Tensor | None,
    voltages: list[Tensor],
    soft: bool,
    surrogate: str,
    slope: float,
    detach_reset: bool,
    return_v: bool,
) -> Segment:
    """Make the compiled scan over a part of a sequence."""
    from neurodeploy.training.scan import Population, Scan

    population = Population(*(v.contiguous() for v in voltages), soft, surrogate, slope, detach_reset)
    alpha = alpha.contiguous()
    synaptic = None if alpha_syn is None else alpha_syn.contiguous()

    def segment(x: Tensor, v: Tensor, i: Tensor | None) -> Any:
        return Scan.apply(x, alpha, synaptic, v, i, population, return_v)  # type: ignore[no-untyped-call]

    return segment


def _stepping(step: Step) -> Segment:
    """Make a scan over a part of a sequence from one step."""

    def segment(x: Tensor, v: Tensor, i: Tensor | None) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        out, voltages, state = [], [], (v, i)
        for xt in x.unbind(0):  # indexing x would cost a gradient of the whole sequence each step
            z, state = step(xt, state)
            out.append(z)
            voltages.append(state[0])
        return torch.stack(out), torch.stack(voltages), *state

    return segment


def _run(
    segment: Segment, current: Tensor, state: State, checkpoint_steps: int | None
) -> tuple[Tensor, Tensor | None]:
    """Run a scan in one part, or in parts that are computed again in the backward pass."""
    if checkpoint_steps is None or checkpoint_steps >= len(current):
        return segment(current, *state)[:2]
    outputs, voltages = [], []
    v, i = state
    for part in current.split(checkpoint_steps):
        z, v_seq, v, i = checkpoint(segment, part, v, i, use_reentrant=False, preserve_rng_state=False)
        outputs.append(z)
        voltages.append(v_seq)
    return torch.cat(outputs), None if voltages[0] is None else torch.cat(voltages)


def _detached(reset: Callable[..., Tensor], detach: bool) -> Callable[..., Tensor]:
    """Hide the spike from the gradient of a reset, if asked."""
    return (lambda z, v, floor, threshold: reset(z.detach(), v, floor, threshold)) if detach else reset


def _lif_box_step(
    alpha: Tensor,
    threshold: Tensor,
    floor: Tensor,
    leak: Tensor,
    surrogate: str,
    slope: float,
    reset: Callable[..., Tensor],
) -> Step:
    """Make one step of ``LIFBox``: Norse's, or its equation where Norse lacks the surrogate."""
    if surrogate in NORSE_SURROGATES:
        p = LIFBoxParameters(alpha, leak, threshold, floor, surrogate, slope, reset)

        def norse(x: Tensor, state: State) -> tuple[Tensor, State]:
            z, after = lif_box_feed_forward_step(x, LIFBoxFeedForwardState(v=state[0]), p, dt=1.0)
            return z, (after.v, None)

        return norse
    spike = spike_function(surrogate, slope)

    def own(x: Tensor, state: State) -> tuple[Tensor, State]:
        u = state[0] + alpha * (x + leak - state[0])
        z = spike(u - threshold)
        return z, (reset(z, u, floor, threshold), None)

    return own


def _lif_step(
    alpha: Tensor,
    alpha_syn: Tensor,
    threshold: Tensor,
    floor: Tensor,
    leak: Tensor,
    surrogate: str,
    slope: float,
    detach_reset: bool,
) -> Step:
    """Make one step of ``LIF``: Norse's, or its equation where Norse lacks the surrogate or detaching."""
    if surrogate in NORSE_SURROGATES and not detach_reset:
        p = LIFParameters(alpha_syn, alpha, leak, threshold, floor, surrogate, slope)

        def norse(x: Tensor, state: State) -> tuple[Tensor, State]:
            z, after = lif_feed_forward_step(x, LIFFeedForwardState(*state), p, dt=1.0)
            return z, (after.v, after.i)

        return norse
    spike, reset = spike_function(surrogate, slope), _detached(reset_value, detach_reset)

    def own(x: Tensor, state: State) -> tuple[Tensor, State]:
        current = state[1] + x
        u = state[0] + alpha * ((leak - state[0]) + current)
        z = spike(u - threshold)
        return z, (reset(z, u, floor, threshold), current - alpha_syn * current)

    return own
