"""Neurons that hear themselves."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from neurodeploy.graph.model import Population, Projection
from neurodeploy.nn.lif import LIF, CubaLIF
from neurodeploy.nn.synaptic_layer import SynapticLayer, arriving
from neurodeploy.ops.scan.recurrence import recurrent_scan
from neurodeploy.ops.scan.segments import State


class RecurrentState(NamedTuple):
    """What a recurrent layer carries.

    Attributes
    ----------
    neurons
        As of the neurons themselves.
    spikes
        Those that may still arrive, ``[lag_steps + n_slots - 1, batch, neuron]``.
    """

    neurons: State
    spikes: Tensor


class Recurrent(nn.Module):
    """Spiking neurons and synapses from them back to them, at least one step later.

    Parameters
    ----------
    neurons
        Who spikes and listens.
    connection
        From them to them. A delay of d steps in it arrives ``lag_steps + d`` steps after the spike.
    lag_steps
        The shortest way round, at least 1. So many steps are computed at once, so a longer one is faster.

    Notes
    -----
    ``z[t] = neurons(current[t] + sum_d K[d] z[t - lag_steps - d])``; what is heard are spikes after ``keep``.
    """

    def __init__(self, neurons: LIF | CubaLIF, connection: SynapticLayer, *, lag_steps: int = 1) -> None:
        super().__init__()
        size = neurons.size
        if lag_steps < 1 or (connection.n_sources, connection.n_targets) != (size, size):
            raise ValueError(
                f"a recurrent connection is from {size} neurons to themselves, at least 1 step later, not "
                f"{connection.n_sources} to {connection.n_targets}, {lag_steps} later"
            )
        self.neurons = neurons
        self.connection = connection
        self.lag_steps = lag_steps

    @property
    def size(self) -> int:
        """Number of neurons."""
        return self.neurons.size

    @property
    def dt_s(self) -> float:
        """Length of one step, in seconds."""
        return self.neurons.dt_s

    def extra_repr(self) -> str:
        """Give the shortest way round, for ``repr``."""
        return f"lag_steps={self.lag_steps}"

    def forward(
        self,
        current: Tensor,
        *,
        keep: Tensor | None = None,
        return_v: bool = False,
        gain: Tensor | None = None,
    ) -> Any:
        """Turn currents from outside into spikes, as :meth:`neurodeploy.nn.lif.LIF.forward` does.

        ``gain`` ``[neuron]`` multiplies what each neuron hears of the others and of itself.
        """
        if current.device.type != "cpu":
            return self.part(current, keep=keep, return_v=return_v, gain=gain)[0]
        slots = self.connection.slots()
        return recurrent_scan(
            current,
            slots if gain is None else slots * gain,
            *self.neurons.rates(),
            lag_steps=self.lag_steps,
            scale=keep,
            return_v=return_v,
            **self.neurons.options,
        )

    def part(
        self,
        current: Tensor,
        state: RecurrentState | None = None,
        *,
        keep: Tensor | None = None,
        return_v: bool = False,
        gain: Tensor | None = None,
    ) -> tuple[Any, RecurrentState]:
        """Go on from a state, see :meth:`neurodeploy.nn.neuron_layer.NeuronLayer.part`; ``gain`` as above."""
        slots = self.connection.slots()
        slots = slots if gain is None else slots * gain
        neurons, sent = (None, self._silence(current, len(slots))) if state is None else state
        spikes, voltages = [], []
        for outside in current.split(self.lag_steps):
            heard = sent[: len(slots) - 1 + len(outside)]
            inside = arriving(heard, slots)
            (z, v), neurons = self.neurons.part(outside + inside, neurons, keep=keep, return_v=True)
            sent = torch.cat([sent, z])[len(outside) :]
            spikes.append(z)
            voltages.append(v)
        assert neurons is not None, "a part has at least one step"
        found = torch.cat(spikes)
        return ((found, torch.cat(voltages)) if return_v else found), RecurrentState(neurons, sent)

    def step(self, current: Tensor, state: RecurrentState | None = None) -> tuple[Tensor, RecurrentState]:
        """Compute one step, both ``[batch, neuron]``, as :meth:`part` does."""
        out, after = self.part(current[None], state)
        return out[0], after

    def _silence(self, current: Tensor, n_slots: int) -> Tensor:
        return current.new_zeros(self.lag_steps + n_slots - 1, *current.shape[1:])

    def to_population(self, name: str, *, bias: ArrayLike = 0.0) -> Population:
        """Give the neurons' population, see :meth:`neurodeploy.nn.neuron_layer.NeuronLayer.to_population`."""
        return self.neurons.to_population(name, bias=bias)

    def to_projection(self, name: str) -> Projection:
        """Give the projection from the population ``name`` to itself; the lag is part of its delays."""
        return self.connection.to_projection(name, name, dt_s=self.dt_s, later_steps=self.lag_steps)
