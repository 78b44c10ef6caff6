"""Neurons on the fast scans: currents in, spikes or voltages out, in one piece, in parts or step by step."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike
from torch import Tensor

from neurodeploy.graph.model import NeuronModel, Population
from neurodeploy.nn.neuron_layer import NeuronLayer, SpikingLayer, time_constants
from neurodeploy.nn.tau import TimeConstants
from neurodeploy.ops.scan.scans import li_scan, lif_box_scan, lif_scan
from neurodeploy.ops.scan.segments import State


class LIF(SpikingLayer):
    """Leaky integrate-and-fire neurons without a synaptic filter (Norse's ``LIFBox``).

    Parameters
    ----------
    size
        Number of neurons.
    tau_s
        Membrane time constants in seconds, one or ``[neuron]``, at least ``dt_s``; or
        :class:`~neurodeploy.nn.tau.TimeConstants`, which then say how they are learned.
    dt_s
        Length of one step, in seconds.
    learn_tau
        ``"fixed"``, ``"layer"`` (one shift for all) or ``"neuron"``, see
        :class:`~neurodeploy.nn.tau.TimeConstants`.
    v_threshold, v_reset, v_leak
        A neuron spikes where ``v > v_threshold``; v is then set to ``v_reset``. Without input v decays to
        ``v_leak``, where it starts.
    reset
        ``"hard"``, or ``"soft"``: subtract the threshold. In a Graph that is ``LIF_SUBTRACT``.
    surrogate, surrogate_alpha, detach_reset
        As for :func:`~neurodeploy.ops.scan.scans.lif_box_scan`.
    """

    def __init__(
        self,
        size: int,
        *,
        tau_s: ArrayLike | TimeConstants,
        dt_s: float,
        learn_tau: str = "fixed",
        v_threshold: float = 1.0,
        v_reset: float = 0.0,
        v_leak: float = 0.0,
        reset: str = "hard",
        surrogate: str = "atan",
        surrogate_alpha: float | None = None,
        detach_reset: bool = True,
    ) -> None:
        super().__init__(size, tau_s=tau_s, dt_s=dt_s, learn_tau=learn_tau, v_leak=v_leak)
        if reset not in ("hard", "soft"):
            raise ValueError(f"reset is 'hard' or 'soft', not {reset!r}")
        self.reset = reset
        self.options = {
            "v_threshold": v_threshold,
            "v_reset": v_reset,
            "v_leak": v_leak,
            "reset": "subtract" if reset == "soft" else "value",
            "surrogate": surrogate,
            "surrogate_alpha": surrogate_alpha,
            "detach_reset": detach_reset,
        }

    def rates(self) -> tuple[Tensor, Tensor | None]:
        """Give dt over the time constants of membrane and (None) synaptic current."""
        return self.tau.alpha(), None

    def _scan(self, current: Tensor, **call: Any) -> Any:
        return lif_box_scan(current, self.tau.alpha(), **self.options, **call)

    def to_population(self, name: str, *, bias: ArrayLike = 0.0) -> Population:
        """Give the LIF population, see :meth:`NeuronLayer.to_population`."""
        spike = {key: self.options[key] for key in ("v_threshold", "v_reset")}
        model = NeuronModel.LIF_SUBTRACT if self.reset == "soft" else NeuronModel.LIF
        return self._population(name, model, bias, **spike)


class CubaLIF(SpikingLayer):
    """Leaky integrate-and-fire neurons whose input passes a synaptic filter (Norse's ``LIF``).

    Parameters
    ----------
    size, tau_s, dt_s, learn_tau, v_threshold, v_reset, v_leak, surrogate, surrogate_alpha, detach_reset
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
        tau_s: ArrayLike | TimeConstants,
        tau_syn_s: ArrayLike | TimeConstants,
        dt_s: float,
        learn_tau: str = "fixed",
        learn_tau_syn: str = "fixed",
        v_threshold: float = 1.0,
        v_reset: float = 0.0,
        v_leak: float = 0.0,
        surrogate: str = "atan",
        surrogate_alpha: float | None = None,
        detach_reset: bool = True,
    ) -> None:
        super().__init__(size, tau_s=tau_s, dt_s=dt_s, learn_tau=learn_tau, v_leak=v_leak)
        self.tau_syn = time_constants(size, tau_syn_s, dt_s, learn_tau_syn)
        self.options = {
            "v_threshold": v_threshold,
            "v_reset": v_reset,
            "v_leak": v_leak,
            "surrogate": surrogate,
            "surrogate_alpha": surrogate_alpha,
            "detach_reset": detach_reset,
        }

    def rates(self) -> tuple[Tensor, Tensor]:
        """Give dt over the time constants of membrane and synaptic current."""
        return self.tau.alpha(), self.tau_syn.alpha()

    def _scan(self, current: Tensor, **call: Any) -> Any:
        return lif_scan(current, self.tau.alpha(), self.tau_syn.alpha(), **self.options, **call)

    def to_population(self, name: str, *, bias: ArrayLike = 0.0) -> Population:
        """Give the CUBA_LIF population, see :meth:`NeuronLayer.to_population`.

        Notes
        -----
        Norse's LIF (1.1.0, ``lif_feed_forward_step``) adds the input to its current, moves v by that new
        current, and lets the current decay afterwards: ``j = i + x; v += dt/tau (v_leak - v + j);
        i = j (1 - dt/tau_syn)``. The j of two steps obey ``j[t] = (1 - dt/tau_syn) j[t-1] + x[t]``, which is
        ``CUBA_LIF``'s ``c += dt/tau_syn (w_in x - c)`` for ``w_in = tau_syn / dt``: the same step, no delay
        to add, and the bias enters both alike from step 0.
        """
        tau_syn_s = self.tau_syn.seconds()
        spike = {key: self.options[key] for key in ("v_threshold", "v_reset")}
        filtered = {"tau_syn_s": tau_syn_s, "w_in": tau_syn_s / self.dt_s}
        return self._population(name, NeuronModel.CUBA_LIF, bias, **spike, **filtered)


class LI(NeuronLayer):
    """Leaky integrators that never spike (Norse's ``LIBox``), for a readout.

    Parameters
    ----------
    size, tau_s, dt_s, learn_tau, v_leak
        As for :class:`LIF`.
    """

    def __init__(
        self,
        size: int,
        *,
        tau_s: ArrayLike | TimeConstants,
        dt_s: float,
        learn_tau: str = "fixed",
        v_leak: float = 0.0,
    ) -> None:
        super().__init__(size, tau_s=tau_s, dt_s=dt_s, learn_tau=learn_tau, v_leak=v_leak)

    def forward(self, current: Tensor) -> Any:
        """Turn currents into voltages, both ``[step, batch, neuron]``."""
        return li_scan(current, self.tau.alpha(), self.v_leak)

    def part(self, current: Tensor, state: State | None = None) -> tuple[Any, State]:
        """Go on from a state, see :meth:`NeuronLayer.part`."""
        v, after = li_scan(current, self.tau.alpha(), self.v_leak, state=state, return_state=True)
        return v, after

    def to_population(self, name: str, *, bias: ArrayLike = 0.0) -> Population:
        """Give the LI population, see :meth:`NeuronLayer.to_population`."""
        return self._population(name, NeuronModel.LI, bias)
