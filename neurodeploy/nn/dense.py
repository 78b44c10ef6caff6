"""Synapses without delays."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from neurodeploy.nn.synaptic_layer import SynapticLayer


class Dense(SynapticLayer):
    """Synapses whose spikes arrive in their own step: ``y = x W^T``, for one tap.

    Parameters as for :class:`~neurodeploy.nn.synaptic_layer.SynapticLayer`; ``n_taps`` is 1.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Turn spikes ``[step, batch, source]`` into input currents ``[step, batch, target]``."""
        return functional.linear(x, self.synapses()[0])

    def slots(self) -> Tensor:
        """Give the weights in the one slot that there is."""
        return self.synapses().transpose(1, 2)
