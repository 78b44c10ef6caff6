"""A temporal convolution between two populations."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurodeploy.nn.synaptic_layer import SynapticLayer
from neurodeploy.ops.delays.projection import dilated_projection


class TemporalConv(SynapticLayer):
    """A causal convolution over time: tap k arrives ``k * dilation`` steps later, with weights of its own.

    Parameters
    ----------
    n_sources, n_targets
        Neurons on either side.
    n_taps
        Taps of the kernel.
    dilation
        Steps between two taps, at least 1.
    density, gain, generator
        As for :class:`~neurodeploy.nn.synaptic_layer.SynapticLayer`.
    """

    def __init__(
        self,
        n_sources: int,
        n_targets: int,
        *,
        n_taps: int,
        dilation: int = 1,
        density: float = 1.0,
        gain: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        if dilation < 1:
            raise ValueError(f"dilation is at least 1, not {dilation}")
        super().__init__(n_sources, n_targets, n_taps=n_taps, density=density, gain=gain, generator=generator)
        self.dilation = dilation

    def extra_repr(self) -> str:
        """Give sizes, taps and dilation, for ``repr``."""
        return f"{super().extra_repr()}, n_taps={self.weight.shape[0]}, dilation={self.dilation}"

    def delay_steps(self) -> NDArray[np.int64]:
        """Give ``k * dilation`` for tap k."""
        steps = np.arange(self.weight.shape[0], dtype=np.int64) * self.dilation
        return np.broadcast_to(steps[:, None, None], tuple(self.weight.shape)).copy()

    def forward(self, x: Tensor) -> Tensor:
        """Turn spikes ``[step, batch, source]`` into input currents ``[step, batch, target]``."""
        return dilated_projection(x, self.synapses(), self.dilation)

    def slots(self) -> Tensor:
        """Give tap k in slot ``k * dilation``; the slots between are empty."""
        taps = self.synapses().transpose(1, 2)
        n_slots = (len(taps) - 1) * self.dilation + 1
        at = torch.arange(len(taps), device=taps.device) * self.dilation
        return taps.new_zeros(n_slots, *taps.shape[1:]).index_copy(0, at, taps)
