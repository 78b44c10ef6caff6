"""Convolution over time by transforms of 16 columns at once."""
