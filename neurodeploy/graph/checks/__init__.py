"""What every Graph must satisfy before anything is computed from it or written (ND1xx)."""

from __future__ import annotations

from collections.abc import Iterator

from neurodeploy.findings.finding import Finding
from neurodeploy.graph.checks.structure import check_structure
from neurodeploy.graph.checks.values import check_values
from neurodeploy.graph.model import Graph

__all__ = ["check_graph", "check_structure", "check_values"]


def check_graph(graph: Graph, *, on_grid: bool = False) -> Iterator[Finding]:
    """Say everything that is wrong with a graph.

    Parameters
    ----------
    graph
        The graph.
    on_grid
        Whether a delay between two steps is an error. Networks that we trained have none; files of others
        may, and the quantiser rounds them and says so.

    Yields
    ------
    Finding
        As :func:`check_structure` and, where that found nothing, :func:`check_values`.
    """
    sound = True
    for finding in check_structure(graph):
        sound = False
        yield finding
    if sound:
        yield from check_values(graph, on_grid=on_grid)
