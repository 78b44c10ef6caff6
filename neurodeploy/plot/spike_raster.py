"""The raster: every spike of one sample, and those in which two traces differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.plot.axes import BLUE, GREY, RED, axes_of, literal
from neurodeploy.traces import Traces

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Spikes = Mapping[str, NDArray[Any]]


def raster(
    traces: Traces | Spikes,
    *,
    against: Traces | Spikes | None = None,
    sample: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """Draw the spikes of one sample, a band for each population, time to the right.

    Parameters
    ----------
    traces
        What a simulation gives, or spikes ``[sample, step, neuron]`` by name. Populations without a spike
        in either trace (readouts) are left out.
    against
        The same of another simulation: spikes that only ``traces`` has are drawn in red, those that only
        ``against`` has in grey.
    sample
        Which one.
    ax
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        With one line of markers labelled ``spikes`` or, with ``against``, three: ``in both``, ``only in the
        first``, ``only in the second``. x is the step, y the neuron, counted over the bands.

    Raises
    ------
    ValueError
        The two traces have other populations or shapes; IndexError where there is no such sample.
    """
    ax = axes_of(ax, width=8.0, height=5.0)
    first = _spikes(traces, sample)
    second = first if against is None else _spikes(against, sample)
    _same_shapes(first, second)
    names = [name for name in first if first[name].any() or second[name].any()] or list(first)
    parts: dict[str, list[NDArray[np.int64]]] = {"both": [], "first": [], "second": []}
    base, ticks = 0, []
    for name in names:
        one, other = first[name] != 0, second[name] != 0
        for key, where in (("both", one & other), ("first", one & ~other), ("second", other & ~one)):
            parts[key].append(np.argwhere(where) + np.array([0, base]))
        ticks.append(base + (one.shape[1] - 1) / 2)
        base += one.shape[1]
        ax.axhline(base - 0.5, color=GREY, linewidth=0.5)
    labels = {"both": "spikes"} if against is None else {
        "both": "in both", "first": "only in the first", "second": "only in the second"
    }  # fmt: skip
    for key, label in labels.items():
        points = np.concatenate(parts[key]) if parts[key] else np.zeros((0, 2), np.int64)
        colour = {"both": BLUE, "first": RED, "second": GREY}[key]
        ax.plot(points[:, 0], points[:, 1], "|", color=colour, markersize=4, label=label)
    ax.set_yticks(ticks, [literal(name) for name in names])
    ax.set_ylim(base - 0.5, -0.5)
    ax.set_xlim(-0.5, max(1, next(iter(first.values())).shape[0] if first else 1) - 0.5)
    ax.set_xlabel("step")
    if against is not None:
        ax.legend(loc="upper right")
    return ax


def _spikes(of: Traces | Spikes, sample: int) -> dict[str, NDArray[Any]]:
    """Give one sample's spikes ``[step, neuron]`` by name."""
    if isinstance(of, Traces):
        return {name: trace.spikes[sample] for name, trace in of.populations.items()}
    return {name: np.asarray(spikes)[sample] for name, spikes in of.items()}


def _same_shapes(first: Mapping[str, NDArray[Any]], second: Mapping[str, NDArray[Any]]) -> None:
    one = {name: spikes.shape for name, spikes in first.items()}
    other = {name: spikes.shape for name, spikes in second.items()}
    if one != other:
        raise ValueError(f"the traces are not of the same network and samples: {one} against {other}")
