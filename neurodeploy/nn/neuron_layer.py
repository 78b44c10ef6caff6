"""What all neuron layers share: sizes, time constants, and sequences in one piece, in parts or by steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor, nn

from neurodeploy.graph.model import NeuronModel, Population
from neurodeploy.nn.tau import TimeConstants
from neurodeploy.ops.scan.segments import State


class NeuronLayer(nn.Module, ABC):
    """What all neurons share: a size, a step, the membrane's time constants, and how time is cut.

    :meth:`part` carries the state, a pair ``(v, i)`` of tensors ``[batch, neuron]``: the voltage, and the
    synaptic current, None in neurons without a filter. Parts and steps give the numbers of the whole
    sequence, bit for bit.
    """

    def __init__(
        self, size: int, *, tau_s: ArrayLike | TimeConstants, dt_s: float, learn_tau: str, v_leak: float
    ) -> None:
        super().__init__()
        self.size = size
        self.dt_s = dt_s
        self.v_leak = v_leak
        self.tau = time_constants(size, tau_s, dt_s, learn_tau)

    def extra_repr(self) -> str:
        """Give the size and the time constants, for ``repr``."""
        tau = self.tau.seconds()
        return f"{self.size}, tau {tau.min():g}..{tau.max():g} s ({self.tau.learn}), dt {self.dt_s:g} s"

    @abstractmethod
    def part(self, current: Tensor, state: State | None = None) -> tuple[Any, State]:
        """Compute a part of a sequence and say what the next part needs.

        Parameters
        ----------
        current
            ``[step, batch, neuron]``.
        state
            What the last part gave; None begins at rest.

        Returns
        -------
        tuple
            What ``forward`` gives for these steps, and the state.
        """

    def step(self, current: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Compute one step, both ``[batch, neuron]``, as :meth:`part` does."""
        out, after = self.part(current[None], state)
        return out[0], after

    @abstractmethod
    def to_population(self, name: str, *, bias: ArrayLike = 0.0) -> Population:
        """Give the population of a :class:`~neurodeploy.graph.model.Graph` that these neurons are.

        Parameters
        ----------
        name
            Its name.
        bias
            Constant input current, one or ``[neuron]``.
        """

    def _population(self, name: str, model: NeuronModel, bias: ArrayLike, **values: ArrayLike) -> Population:
        """Give a population in full shape; what is not given has no effect in the model."""
        fields = {
            "tau_s": self.tau.seconds(), "v_leak": self.v_leak, "bias": bias, "r": 1.0, "w_in": 1.0,
            "v_threshold": 1.0, "v_reset": 0.0, "tau_syn_s": self.dt_s, **values,
        }  # fmt: skip
        arrays: dict[str, Any] = {key: np.full(self.size, value, np.float64) for key, value in fields.items()}
        return Population(name=name, model=model, **arrays)


class SpikingLayer(NeuronLayer):
    """What neurons that spike share: one scan, over a whole sequence or a part of it.

    Attributes
    ----------
    options
        What the scan takes at every call: threshold, reset, leak and surrogate gradient.
    """

    options: dict[str, Any]

    @abstractmethod
    def rates(self) -> tuple[Tensor, Tensor | None]:
        """Give dt over the time constants of membrane and synaptic current, None without a filter."""

    @abstractmethod
    def _scan(self, current: Tensor, **call: Any) -> Any:
        """Run the scan with the layer's own rates and options, and those of one call."""

    def forward(self, current: Tensor, *, keep: Tensor | None = None, return_v: bool = False) -> Any:
        """Turn currents into spikes, both ``[step, batch, neuron]``; and voltages after reset, if asked.

        ``keep`` ``[batch, neuron]`` multiplies each spike: a dropout mask for the whole sequence.
        """
        return self._scan(current, scale=keep, return_v=return_v)

    def part(
        self,
        current: Tensor,
        state: State | None = None,
        *,
        keep: Tensor | None = None,
        return_v: bool = False,
    ) -> tuple[Any, State]:
        """Go on from a state, see :meth:`NeuronLayer.part`; the rest as in :meth:`forward`."""
        *found, after = self._scan(current, scale=keep, return_v=return_v, state=state, return_state=True)
        return (tuple(found) if return_v else found[0]), after


def time_constants(size: int, tau_s: ArrayLike | TimeConstants, dt_s: float, learn: str) -> TimeConstants:
    """Make the time constants of ``size`` neurons."""
    if isinstance(tau_s, TimeConstants):
        return tau_s
    if learn not in ("fixed", "layer", "neuron"):
        raise ValueError(f"a time constant is learned 'fixed', 'layer' or 'neuron', not {learn!r}")
    values = np.asarray(tau_s, dtype=np.float64)
    if values.shape not in ((), (size,)) or not bool((values >= dt_s).all()):
        raise ValueError(f"time constants are one or [{size}] values of at least dt, {dt_s:g} s (Euler)")
    return TimeConstants(np.broadcast_to(values, (size,)).copy(), dt_s, learn)
