"""The delays of a network as a histogram, with the longest that the target can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodeploy.graph.model import Graph
from neurodeploy.plot.axes import RED, axes_of, literal
from neurodeploy.units import delay_to_steps

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurodeploy.targets.limits import Limit


def delay_histogram(graph: Graph, *, limit: Limit | int | None = None, ax: Axes | None = None) -> Axes:
    """Count synapses by delay, a bar for each whole step and projection.

    Parameters
    ----------
    graph
        The network; synapses of weight 0 do not count.
    limit
        The longest delay in steps, as a number or a target's limit: drawn as a line.
    ax
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        With one container of bars for each projection, stacked.
    """
    ax = axes_of(ax)
    steps = [delay_to_steps(p.listed.delay_s, graph.dt_s) for p in graph.projections]
    longest = max((int(s.max()) for s in steps if s.size), default=0)
    at = np.arange(longest + 1)
    below = np.zeros(len(at), dtype=np.int64)
    for projection, of in zip(graph.projections, steps, strict=True):
        counts = np.bincount(of, minlength=len(at))
        ax.bar(at, counts, bottom=below, width=0.9, label=literal(projection.name))
        below += counts
    if limit is not None:
        value = limit if isinstance(limit, int) else limit.value
        ax.axvline(value + 0.5, color=RED, label=f"limit, {value} steps")
    ax.set_xlabel(f"delay, steps of {graph.dt_s * 1e3:g} ms")
    ax.set_ylabel("synapses")
    if steps or limit is not None:
        ax.legend()
    return ax
