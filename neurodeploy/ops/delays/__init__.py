"""Learned delays: the projection over a window of delays, and its kernels."""
