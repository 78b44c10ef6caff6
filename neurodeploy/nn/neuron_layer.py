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
    def part(
        self,
        current: Tensor,
        state: State | None = None,
        *,
        keep: Tensor | None = None,
        return_v: bool = False,
    ) -> tuple[Any, State]:
        """Compute a part of a sequence and say what the next part needs.

        Parameters
        ----------
        current
            ``[step, batch, neuron]``.
        state
            What the last part gave; None begins at rest.
        keep
            ``[batch, neuron]``, multiplies each spike: a dropout mask for the whole sequence.
        return_v
            Whether to give the voltages after reset beside the spikes.

        Returns
        -------
        tuple
            What :meth:`forward` gives for these steps, and the state.
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


def with_state(found: tuple[Any, ...]) -> tuple[Any, State]:
    """Part the state from what a scan gives beside it."""
    *outputs, state = found
    return (outputs[0] if len(outputs) == 1 else tuple(outputs)), state


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
