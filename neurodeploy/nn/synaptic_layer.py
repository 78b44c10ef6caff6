"""What every connection between two populations shares: weights ``[tap, target, source]`` and their mask."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurodeploy.graph.model import Projection
from neurodeploy.ops.delays.projection import delayed_projection
from neurodeploy.units import round_nearest, steps_to_delay


class SynapticLayer(nn.Module, ABC):
    """Synapses from one population to the next; a subclass says when their spikes arrive.

    Parameters
    ----------
    n_sources, n_targets
        Neurons on either side.
    n_taps
        Synapses from one source to one target.
    density
        Fraction of the sources that each target listens to, in (0, 1]; which ones is drawn once.
    gain
        Factor on the initial weights, which are uniform with variance ``gain**2 * 2 / fan_in`` (Kaiming's,
        for rectified units).
    generator
        Where the numbers come from; torch's global one by default.

    Attributes
    ----------
    weight
        ``[tap, target, source]``.
    mask
        1 where there is a synapse, else 0, in the shape of ``weight``; None where all exist.
    """

    weight: nn.Parameter
    mask: Tensor | None

    def __init__(
        self,
        n_sources: int,
        n_targets: int,
        *,
        n_taps: int = 1,
        density: float = 1.0,
        gain: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if min(n_sources, n_targets, n_taps) < 1 or not 0.0 < density <= 1.0:
            raise ValueError(
                "sources, targets and taps are at least 1 and density in (0, 1], not "
                f"{n_sources}, {n_targets}, {n_taps} and {density}"
            )
        shape = (n_taps, n_targets, n_sources)
        fan_in = n_taps * n_sources
        mask = None
        if density < 1.0:
            fan_in = max(1, int(round_nearest(density * n_sources))) * n_taps
            order = torch.rand(n_taps * n_targets, n_sources, generator=generator).argsort(dim=1)
            mask = (order < fan_in // n_taps).view(shape).float()
        self.register_buffer("mask", mask)
        bound = gain * math.sqrt(6.0 / fan_in)
        weight = (2.0 * torch.rand(shape, generator=generator) - 1.0) * bound
        self.weight = nn.Parameter(weight if mask is None else weight * mask)

    @property
    def n_sources(self) -> int:
        """Neurons that send."""
        return int(self.weight.shape[2])

    @property
    def n_targets(self) -> int:
        """Neurons that listen."""
        return int(self.weight.shape[1])

    def extra_repr(self) -> str:
        """Give the sizes, for ``repr``."""
        return f"{self.n_sources}, {self.n_targets}"

    def synapses(self) -> Tensor:
        """Give the weights ``[tap, target, source]``, zero where there is no synapse."""
        return self.weight if self.mask is None else self.weight * self.mask

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Turn a sequence of spikes ``[step, batch, source]`` into currents ``[step, batch, target]``."""

    @abstractmethod
    def slots(self) -> Tensor:
        """Give the weights over delays ``[slot, source, target]``, as :meth:`forward` uses them now.

        Slot d delays by d steps. Whoever calls :meth:`part` many times between two steps of an optimiser
        makes them once.
        """

    def part(
        self, x: Tensor, state: Tensor | None = None, *, slots: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Compute a part of a sequence and say what the next part needs.

        Parameters
        ----------
        x
            Spikes of the next steps, ``[step, batch, source]``.
        state
            What the last part gave; None begins a sequence, with silence before it.
        slots
            What :meth:`slots` gives, if it is known.

        Returns
        -------
        tuple[Tensor, Tensor]
            Currents ``[step, batch, target]``, and the state: the last spikes that may still arrive,
            ``[n_slots - 1, batch, source]``.

        Notes
        -----
        The parts of a sequence together are what :meth:`forward` gives for the whole, but for rounding: the
        sums run in another order.
        """
        kernel = self.slots() if slots is None else slots
        n_before = len(kernel) - 1
        before = x.new_zeros(n_before, *x.shape[1:]) if state is None else state
        if before.shape != (n_before, *x.shape[1:]):
            raise ValueError(f"a state is {[n_before, *x.shape[1:]]}, not {list(before.shape)}")
        seen = torch.cat([before, x])
        return arriving(seen, kernel), seen[len(x) :]

    def step(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Compute one step, ``[batch, source]`` to ``[batch, target]``, as :meth:`part` does."""
        y, after = self.part(x[None], state)
        return y[0], after

    def to_projection(self, source: str, target: str, *, dt_s: float, later_steps: int = 0) -> Projection:
        """Give the projection of a :class:`~neurodeploy.graph.model.Graph` that these synapses are.

        Parameters
        ----------
        source, target
            Names of the populations on either side; ``"input"`` is the network's input.
        dt_s
            Length of one step, in seconds.
        later_steps
            Steps that every spike takes beside its delay.

        Returns
        -------
        Projection
            Weights in float64 and whole delays in seconds, those of the evaluation; no synapse, no delay.
        """
        weight = self.synapses().detach().cpu().double().numpy()
        steps = np.where(weight == 0.0, 0, self.delay_steps() + later_steps)
        return Projection(source=source, target=target, weight=weight, delay_s=steps_to_delay(steps, dt_s))

    def delay_steps(self) -> NDArray[np.int64]:
        """Give the whole delays of the evaluation, in steps, ``[tap, target, source]``; 0 by default."""
        return np.zeros(tuple(self.weight.shape), dtype=np.int64)

    def set_sigma(self, sigma: float) -> None:
        """Set the width of the delay kernels, in steps; nothing without delays."""

    def clamp(self) -> None:
        """Bring parameters back into their range after a step of the optimiser; nothing without delays."""


def arriving(seen: Tensor, kernel: Tensor) -> Tensor:
    """Give the currents of the last steps of ``seen``, those that have a whole kernel's past before them.

    Parameters
    ----------
    seen
        Spikes, ``[n_slots - 1 + step, batch, source]``.
    kernel
        ``[slot, source, target]``; slot d delays by d steps.

    Returns
    -------
    Tensor
        ``[step, batch, target]``.
    """
    n_slots, n_sources, n_targets = kernel.shape
    n_steps = len(seen) - (n_slots - 1)
    if n_steps >= n_slots:
        return delayed_projection(seen, kernel)[n_slots - 1 :]
    # One product for all slots: row (step, batch) holds the spikes of the last n_slots steps, oldest first.
    windows = seen.unfold(0, n_slots, 1).movedim(-1, 2)
    rows = windows.reshape(n_steps * seen.shape[1], n_slots * n_sources)
    return (rows @ kernel.flip(0).reshape(-1, n_targets)).view(n_steps, seen.shape[1], n_targets)
