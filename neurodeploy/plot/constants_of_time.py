"""The time constants of a network: every population's spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodeploy.graph.model import Graph
from neurodeploy.plot.axes import axes_of, literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def tau_spectrum(graph: Graph, *, ax: Axes | None = None) -> Axes:
    """Draw the membrane time constants of each population, sorted, on a logarithmic axis.

    Parameters
    ----------
    graph
        The network.
    ax
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        With a line for each population that leaks: the share of its neurons (0 to 1) against tau in
        milliseconds, and a line at dt, below which an Euler step has no meaning.
    """
    ax = axes_of(ax)
    for p in (p for p in graph.populations if p.model.leaky):
        tau_ms = np.sort(p.tau_s) * 1e3
        share = (np.arange(p.size) + 0.5) / max(p.size, 1)
        ax.plot(share, tau_ms, ".-", label=literal(p.name))
    ax.axhline(graph.dt_s * 1e3, color="black", linewidth=0.8, linestyle=":", label="dt")
    ax.set_yscale("log")
    ax.set_xlim(0, 1)
    ax.set_xlabel("share of the neurons")
    ax.set_ylabel("tau, ms")
    ax.legend()
    return ax
