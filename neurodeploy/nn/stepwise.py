"""One step a call, with the state as an argument: for loops over time and for Norse's SequentialState."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from neurodeploy.nn.neuron_layer import NeuronLayer
from neurodeploy.nn.recurrent import Recurrent
from neurodeploy.nn.synaptic_layer import SynapticLayer


class Stepwise(nn.Module):
    """A layer that computes one step a call, as Norse's cells do.

    ``norse.torch.SequentialState`` carries the state of modules whose ``forward`` has an argument ``state``
    (norse 1.1.0, ``utils/state.py``, ``_is_module_stateful``). The layers themselves have none: there they
    compute whole sequences, each from rest.

    Parameters
    ----------
    layer
        Synapses or neurons of this package.
    """

    def __init__(self, layer: SynapticLayer | NeuronLayer | Recurrent) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Turn ``[batch, neuron]`` of one step and the last state into the output and the next state."""
        return self.layer.step(x, state)
