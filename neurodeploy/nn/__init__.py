"""Torch modules for anyone's training loop: delayed, convolved and dense synapses, and the neurons.

Every module takes plain arguments, spikes or currents ``[step, batch, neuron]``, and gives the same axes.
"""

from neurodeploy.nn.connection import Connection
from neurodeploy.nn.delay_linear import DelayLinear
from neurodeploy.nn.dense import Dense
from neurodeploy.nn.lif import LI, LIF, CubaLIF
from neurodeploy.nn.tau import Tau
from neurodeploy.nn.temporal_conv import TemporalConv

__all__ = ["LI", "LIF", "Connection", "CubaLIF", "DelayLinear", "Dense", "Tau", "TemporalConv"]
