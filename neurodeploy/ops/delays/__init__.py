"""Learned delays: the projection over a window of delays, and its kernels."""

from neurodeploy.ops.delays.bell import gaussian_kernel
from neurodeploy.ops.delays.projection import (
    delayed_projection,
    dense_projection,
    dilated_projection,
    tap_projection,
)

__all__ = [
    "delayed_projection",
    "dense_projection",
    "dilated_projection",
    "gaussian_kernel",
    "tap_projection",
]
