"""Torch modules for anyone's training loop: delayed, convolved and dense synapses, and the neurons.

Every module takes plain arguments, spikes or currents ``[step, batch, neuron]``, and gives the same axes.
"""

from neurodeploy.nn.delay_linear import DelayLinear
from neurodeploy.nn.dense import Dense
from neurodeploy.nn.lif import LI, LIF, CubaLIF
from neurodeploy.nn.synaptic_layer import SynapticLayer
from neurodeploy.nn.tau import TimeConstants
from neurodeploy.nn.temporal_conv import TemporalConv

__all__ = ["LI", "LIF", "CubaLIF", "DelayLinear", "Dense", "SynapticLayer", "TemporalConv", "TimeConstants"]
