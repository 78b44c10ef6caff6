"""Time constants over depth: a layer's own, from the mean and the difference between last and first."""

from __future__ import annotations

import math


def over_depth(
    n_layers: int,
    *,
    tau_s: float,
    dtau_s: float = 0.0,
    shape: str = "tanh",
    centre: float = 0.5,
    steepness: float = 0.5,
) -> tuple[float, ...]:
    """Give a time constant for each hidden layer, in seconds.

    Parameters
    ----------
    n_layers
        Number of hidden layers. A single layer has ``tau_s``.
    tau_s
        At mid-depth, in seconds.
    dtau_s
        Last layer's time constant minus the first's, in seconds; below 0 is reversed.
    shape
        ``"tanh"`` or ``"linear"``.
    centre
        Depth at which tanh is steepest; 0 is the first hidden layer and 1 the last.
    steepness
        Width of the tanh, as a fraction of the depth; above 0.

    Returns
    -------
    tuple[float, ...]
        ``tau_s + dtau_s * h``, with h = tanh((x - centre) / steepness) at equidistant depths x in 0..1,
        rescaled so that it runs from -1/2 (first layer) to 1/2 (last); ``linear`` has h = x - 1/2.

    Raises
    ------
    ValueError
        Another shape.

    Notes
    -----
    Source: arXiv 2407.18838.
    """
    if shape not in ("tanh", "linear"):
        raise ValueError(f"shape is 'tanh' or 'linear', not {shape!r}")
    if n_layers < 2:
        return (tau_s,) * n_layers
    depths = [layer / (n_layers - 1) for layer in range(n_layers)]
    if shape == "tanh":
        curve = [math.tanh((depth - centre) / steepness) for depth in depths]
        rise = curve[-1] - curve[0]
        depths = [(height - curve[0]) / rise for height in curve]
    return tuple(tau_s + dtau_s * (depth - 0.5) for depth in depths)
