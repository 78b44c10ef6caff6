"""Neurons on the fast scans: a whole sequence of currents in, spikes or voltages out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor, nn

from neurodeploy.nn.tau import TimeConstants
from neurodeploy.ops.scan.scans import li_scan, lif_box_scan, lif_scan


class _Neurons(nn.Module):
    """What all three share: a size, a step and the membrane's time constants."""

    def __init__(self, size: int, *, tau_s: ArrayLike, dt_s: float, learn_tau: str) -> None:
        super().__init__()
        self.size = size
        self.dt_s = dt_s
        self.tau = _tau(size, tau_s, dt_s, learn_tau)

    def extra_repr(self) -> str:
        """Give the size and the time constants, for ``repr``."""
        tau = self.tau.seconds()
        return f"{self.size}, tau {tau.min():g}..{tau.max():g} s ({self.tau.learn}), dt {self.dt_s:g} s"


class LIF(_Neurons):
    """Leaky integrate-and-fire neurons without a synaptic filter (Norse's ``LIFBox``).

    Parameters
    ----------
    size
        Number of neurons.
    tau_s
        Membrane time constants in seconds, one or ``[neuron]``, at least ``dt_s``.
    dt_s
        Length of one step, in seconds.
    learn_tau
        ``"fixed"``, ``"layer"`` (one shift for all) or ``"neuron"``, see
        :class:`~neurodeploy.nn.tau.TimeConstants`.
    v_threshold, v_reset
        A neuron spikes where ``v > v_threshold``; v is then set to ``v_reset``.
    reset
        ``"hard"``, or ``"soft"``: subtract the threshold. Not every target has a soft reset.
    surrogate, surrogate_alpha, detach_reset
        As for :func:`~neurodeploy.ops.scan.scans.lif_box_scan`.
    """

    def __init__(
        self,
        size: int,
        *,
        tau_s: ArrayLike,
        dt_s: float,
        learn_tau: str = "fixed",
        v_threshold: float = 1.0,
        v_reset: float = 0.0,
        reset: str = "hard",
        surrogate: str = "atan",
        surrogate_alpha: float | None = None,
        detach_reset: bool = True,
    ) -> None:
        super().__init__(size, tau_s=tau_s, dt_s=dt_s, learn_tau=learn_tau)
        if reset not in ("hard", "soft"):
            raise ValueError(f"reset is 'hard' or 'soft', not {reset!r}")
        self.options: dict[str, Any] = {
            "v_threshold": v_threshold,
            "v_reset": v_reset,
            "reset": "subtract" if reset == "soft" else "value",
            "surrogate": surrogate,
            "surrogate_alpha": surrogate_alpha,
            "detach_reset": detach_reset,
        }

    def forward(self, current: Tensor, *, keep: Tensor | None = None, return_v: bool = False) -> Any:
        """Turn currents into spikes, both ``[step, batch, neuron]``; and voltages after reset, if asked.

        ``keep`` ``[batch, neuron]`` multiplies each spike: a dropout mask for the whole sequence.
        """
        return lif_box_scan(current, self.tau.alpha(), scale=keep, return_v=return_v, **self.options)


class CubaLIF(_Neurons):
    """Leaky integrate-and-fire neurons whose input passes a synaptic filter (Norse's ``LIF``).

    Parameters
    ----------
    size, tau_s, dt_s, learn_tau, v_threshold, v_reset, surrogate, surrogate_alpha, detach_reset
        As for :class:`LIF`; the reset is always hard.
    tau_syn_s
        Synaptic time constants in seconds, one or ``[neuron]``, at least ``dt_s``.
    learn_tau_syn
        As ``learn_tau``.
    """

    def __init__(
        self,
        size: int,
        *,
        tau_s: ArrayLike,
        tau_syn_s: ArrayLike,
        dt_s: float,
        learn_tau: str = "fixed",
        learn_tau_syn: str = "fixed",
        v_threshold: float = 1.0,
        v_reset: float = 0.0,
        surrogate: str = "atan",
        surrogate_alpha: float | None = None,
        detach_reset: bool = True,
    ) -> None:
        super().__init__(size, tau_s=tau_s, dt_s=dt_s, learn_tau=learn_tau)
        self.tau_syn = _tau(size, tau_syn_s, dt_s, learn_tau_syn)
        self.options: dict[str, Any] = {
            "v_threshold": v_threshold,
            "v_reset": v_reset,
            "surrogate": surrogate,
            "surrogate_alpha": surrogate_alpha,
            "detach_reset": detach_reset,
        }

    def forward(self, current: Tensor, *, keep: Tensor | None = None, return_v: bool = False) -> Any:
        """Turn currents into spikes, as :meth:`LIF.forward` does."""
        alphas = (self.tau.alpha(), self.tau_syn.alpha())
        return lif_scan(current, *alphas, scale=keep, return_v=return_v, **self.options)


class LI(_Neurons):
    """Leaky integrators that never spike (Norse's ``LIBox``), for a readout.

    Parameters
    ----------
    size, tau_s, dt_s, learn_tau
        As for :class:`LIF`.
    """

    def __init__(self, size: int, *, tau_s: ArrayLike, dt_s: float, learn_tau: str = "fixed") -> None:
        super().__init__(size, tau_s=tau_s, dt_s=dt_s, learn_tau=learn_tau)

    def forward(self, current: Tensor) -> Tensor:
        """Turn currents into voltages, both ``[step, batch, neuron]``."""
        return li_scan(current, self.tau.alpha())


def _tau(size: int, tau_s: ArrayLike, dt_s: float, learn: str) -> TimeConstants:
    """Make the time constants of ``size`` neurons."""
    if learn not in ("fixed", "layer", "neuron"):
        raise ValueError(f"a time constant is learned 'fixed', 'layer' or 'neuron', not {learn!r}")
    values = np.asarray(tau_s, dtype=np.float64)
    if values.shape not in ((), (size,)) or not bool((values >= dt_s).all()):
        raise ValueError(f"time constants are one or [{size}] values of at least dt, {dt_s:g} s (Euler)")
    return TimeConstants(np.broadcast_to(values, (size,)).copy(), dt_s, learn)
