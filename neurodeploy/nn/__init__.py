"""Torch modules for anyone's training loop: delayed, convolved and dense synapses, and the neurons.

Every module takes plain arguments, spikes or currents ``[step, batch, neuron]``, and gives the same axes. The
same numbers come in parts, ``y, state = layer.part(x, state)``, and step by step, ``y, state =
layer.step(x, state)`` with ``[batch, neuron]``; state None begins a sequence.
"""

from neurodeploy.hierarchy import over_depth
from neurodeploy.nn.delay_linear import DelayLinear
from neurodeploy.nn.dense import Dense
from neurodeploy.nn.lif import LI, LIF, CubaLIF
from neurodeploy.nn.neuron_layer import NeuronLayer, SpikingLayer
from neurodeploy.nn.recurrent import Recurrent
from neurodeploy.nn.stepwise import Stepwise
from neurodeploy.nn.synaptic_layer import SynapticLayer
from neurodeploy.nn.tau import TimeConstants, spread
from neurodeploy.nn.temporal_conv import TemporalConv

__all__ = [
    "LI",
    "LIF",
    "CubaLIF",
    "DelayLinear",
    "Dense",
    "NeuronLayer",
    "Recurrent",
    "SpikingLayer",
    "Stepwise",
    "SynapticLayer",
    "TemporalConv",
    "TimeConstants",
    "over_depth",
    "spread",
]
