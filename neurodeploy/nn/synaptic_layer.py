"""What every connection between two populations shares: weights ``[tap, target, source]`` and their mask."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurodeploy.units import round_nearest


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
        """Turn spikes ``[step, batch, source]`` into input currents ``[step, batch, target]``."""

    def delay_steps(self) -> NDArray[np.int64]:
        """Give the whole delays of the evaluation, in steps, ``[tap, target, source]``; 0 by default."""
        return np.zeros(tuple(self.weight.shape), dtype=np.int64)

    def set_sigma(self, sigma: float) -> None:
        """Set the width of the delay kernels, in steps; nothing without delays."""

    def clamp(self) -> None:
        """Bring parameters back into their range after a step of the optimiser; nothing without delays."""
