"""Convolution over time by transforms of 16 columns at once."""

from neurodeploy.ops.spectral.autograd import spectral_projection
from neurodeploy.ops.spectral.multiply import multiply
from neurodeploy.ops.spectral.transform import analyse, good_length, synthesise

__all__ = ["analyse", "good_length", "multiply", "spectral_projection", "synthesise"]
