"""Run populations of Norse neurons over a whole sequence."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

import torch
from torch import Tensor

from neurodeploy.ops.scan import naive
from neurodeploy.ops.scan.segments import Segment, State, asked, in_parts, started
from neurodeploy.ops.scan.surrogate import resolve_alpha
from neurodeploy.ops.scan.voltages import Voltages, check_reset, each_neuron
from neurodeploy.ops.uncompiled import uncompiled

P = ParamSpec("P")

LONG_ROW = 512
"""Neurons of a row that rows of smaller populations are joined up to."""


def _compiled_on_cpus(definition: Callable[P, Any]) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Let the definition run where the input lies on another device: the compiled scans know CPUs alone."""

    def decorate(fast: Callable[P, Any]) -> Callable[P, Any]:
        @uncompiled
        @functools.wraps(fast)
        def scan(*arguments: P.args, **keywords: P.kwargs) -> Any:
            current = arguments[0] if arguments else keywords["current"]
            on_cpu = isinstance(current, Tensor) and current.device.type == "cpu"
            return (fast if on_cpu else definition)(*arguments, **keywords)

        return scan

    return decorate


@_compiled_on_cpus(naive.lif_box_scan)
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
        The surrogate's parameter; by default :data:`~neurodeploy.ops.scan.surrogate.DEFAULT_ALPHA`.
    detach_reset
        Whether the reset hides the spike from the gradient. Norse does not detach.
    reset
        ``"value"`` sets the voltage to ``v_reset``; ``"subtract"`` takes the threshold off.
    scale
        What each spike counts, [batch, neuron]: a dropout mask that holds for the whole sequence. It does
        not touch the reset and gets no gradient.
    return_v
        Whether to give the voltages as well.
    checkpoint_steps
        Keep the state every so many steps only, and compute the rest again in the backward pass.
    state
        Where to start: the voltage and, for filtered neurons, the synaptic current, each [batch, neuron]
        (None without a filter). By default at rest.
    return_state
        Whether to give the state after the last step too, from which the next part of the sequence goes on.

    Returns
    -------
    Tensor or tuple
        Spikes, [step, batch, neuron], and if asked the voltages after reset, which is what Norse keeps, and
        the last state.

    Notes
    -----
    :math:`u_t = v_{t-1} + \alpha\,(i_t + v_\text{leak} - v_{t-1})`, :math:`z_t = [u_t > v_\text{th}]`;
    :math:`v_t` is :math:`u_t`, or the reset value where :math:`z_t = 1`. It starts at
    :math:`v_\text{leak}`, as Norse's ``LIFBoxCell`` does. Source: norse 1.1.0,
    ``functional/lif_box.py``, ``lif_box_feed_forward_step``.
    """
    check_reset(reset)
    slope = resolve_alpha(surrogate, surrogate_alpha)
    alpha, *values = each_neuron(current, alpha, v_threshold, v_reset, v_leak)
    voltages = Voltages(*values)
    segment = _fast(
        (alpha, None),
        voltages,
        (surrogate, slope),
        soft=reset == "subtract",
        detach=detach_reset,
        scale=scale,
        return_v=return_v,
    )
    start = started(state, current, voltages.leak, filtered=False)
    z, v, last = in_parts(segment, current, start, checkpoint_steps)
    return asked(z, v, last, return_v=return_v, return_state=return_state)


@_compiled_on_cpus(naive.lif_scan)
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
    r"""Run Norse ``LIF`` neurons, whose input passes a synaptic filter.

    Parameters
    ----------
    current
        Input, [step, batch, neuron].
    alpha, alpha_syn
        ``dt / tau_mem`` and ``dt / tau_syn``, [neuron] or one value for all; may be learned.
    v_threshold, v_reset, v_leak, surrogate, surrogate_alpha, detach_reset, scale, return_v, checkpoint_steps
        As for :func:`lif_box_scan`; so are ``state`` and ``return_state``.

    Returns
    -------
    Tensor or tuple
        Spikes, [step, batch, neuron], and if asked the voltages after reset and the last state.

    Notes
    -----
    :math:`j_t = i_{t-1} + x_t`, :math:`u_t = v_{t-1} + \alpha\,(v_\text{leak} - v_{t-1} + j_t)`,
    :math:`i_t = (1 - \alpha_\text{syn})\,j_t`, then spike and reset as for ``LIFBox``. So an input reaches
    the voltage in its own step. Source: norse 1.1.0, ``functional/lif.py``, ``lif_feed_forward_step``
    (the step of ``LIFCell``), which knows no other reset.
    """
    slope = resolve_alpha(surrogate, surrogate_alpha)
    alpha, alpha_syn, *values = each_neuron(current, alpha, alpha_syn, v_threshold, v_reset, v_leak)
    voltages = Voltages(*values)
    segment = _fast(
        (alpha, alpha_syn),
        voltages,
        (surrogate, slope),
        soft=False,
        detach=detach_reset,
        scale=scale,
        return_v=return_v,
    )
    start = started(state, current, voltages.leak, filtered=True)
    z, v, last = in_parts(segment, current, start, checkpoint_steps)
    return asked(z, v, last, return_v=return_v, return_state=return_state)


@_compiled_on_cpus(naive.li_scan)
def li_scan(
    current: Tensor,
    alpha: Tensor,
    v_leak: float | Tensor = 0.0,
    *,
    checkpoint_steps: int | None = None,
    state: State | None = None,
    return_state: bool = False,
) -> Any:
    r"""Run leaky integrators that never spike (Norse ``LIBox``), for a readout.

    Parameters
    ----------
    current
        Input current, [step, batch, neuron].
    alpha
        ``dt / tau``, [neuron] or one value for all; may be learned.
    v_leak
        Resting voltage, [neuron] or one value for all.
    checkpoint_steps, state, return_state
        As for :func:`lif_box_scan`.

    Returns
    -------
    Tensor or tuple
        Voltages, [step, batch, neuron], and if asked the last state.

    Notes
    -----
    :math:`v_t = v_{t-1} + \alpha\,(v_\text{leak} - v_{t-1} + i_t)`, from :math:`v_\text{leak}`. Source:
    norse 1.1.0, ``functional/leaky_integrator_box.py``, ``li_box_step``. The fast one is a ``LIFBox``
    that cannot reach its threshold.
    """
    alpha, leak = each_neuron(current, alpha, v_leak)
    never = torch.full_like(leak, torch.inf)
    segment = _fast(
        (alpha, None),
        Voltages(never, leak, leak),
        ("box", 0.5),
        soft=False,
        detach=True,
        scale=None,
        return_v=True,
    )
    _, v, last = in_parts(segment, current, started(state, current, leak, filtered=False), checkpoint_steps)
    assert v is not None
    return asked(v, None, last, return_v=False, return_state=return_state)


def _fast(
    alphas: tuple[Tensor, Tensor | None],
    voltages: Voltages,
    surrogate: tuple[str, float],
    *,
    soft: bool,
    detach: bool,
    scale: Tensor | None,
    return_v: bool,
) -> Segment:
    """Make the compiled scan over a part of a sequence.

    Rows of a small population are scanned together as one long row: a loop over ten neurons costs more to
    start than to run.
    """
    from neurodeploy.ops.scan.autograd import Scan, ScanConstants

    def segment(x: Tensor, v: Tensor, i: Tensor | None) -> Any:
        together = _rows_together(*x.shape[1:])
        threshold, floor, leak = (value.repeat(together) for value in voltages)
        population = ScanConstants(threshold, floor, leak, soft, *surrogate, detach)
        alpha, synaptic = (None if a is None else a.repeat(together) for a in alphas)
        start_v, start_i, mask = (
            None if a is None else a.to(x).reshape(-1, together * x.shape[2]) for a in (v, i, scale)
        )
        wide = x.reshape(len(x), -1, together * x.shape[2])
        found = Scan.apply(wide, alpha, synaptic, start_v, start_i, population, mask, return_v)
        z, v_seq, *last = (None if a is None else a.view(*a.shape[:-2], *x.shape[1:]) for a in found)
        return z, v_seq, *last

    return segment


def _rows_together(n_rows: int, n_neurons: int) -> int:
    """Give the most rows that make one row of at most :data:`LONG_ROW` neurons, and leave each thread one."""
    most = min(LONG_ROW // max(n_neurons, 1), n_rows // torch.get_num_threads())
    return max((n for n in range(1, most + 1) if n_rows % n == 0), default=1)
