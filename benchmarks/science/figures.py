"""Figures of the result pages: small SVG files, the same bytes from the same numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from study import RESULTS

from neurodeploy.files import atomic_file
from neurodeploy.sweep.table import Row

mpl.use("svg")
mpl.rcParams.update(
    {"svg.hashsalt": "neurodeploy", "svg.fonttype": "none", "font.size": 8, "axes.spines.top": False,
     "axes.spines.right": False, "figure.constrained_layout.use": True}
)  # fmt: skip


def figure(columns: int = 1, *, width: float = 3.4, height: float = 2.6) -> tuple[Any, Any]:
    """Give a figure with its axes in a row."""
    from matplotlib import pyplot as plt

    return plt.subplots(1, columns, figsize=(width * columns, height), squeeze=False)


def save(fig: Any, name: str) -> None:
    """Write a figure as SVG without a date, so that it changes only with its numbers."""
    from matplotlib import pyplot as plt

    with atomic_file(RESULTS / name) as temporary:
        fig.savefig(temporary, format="svg", metadata={"Date": None})
    plt.close(fig)


def strip(axes: Any, rows: Sequence[Row], names: Sequence[str], kind: str, title: str) -> None:
    """Draw every seed as a dot and the mean as a line, one column for each point."""
    for place, name in enumerate(names):
        values = [100 * row.accuracy[kind] for row in rows if row.point == name and kind in row.accuracy]
        if not values:
            continue
        axes.plot([place] * len(values), values, "o", ms=3, alpha=0.5, color="C0")
        mean = sum(values) / len(values)
        axes.plot([place - 0.3, place + 0.3], [mean, mean], "-", lw=2, color="C1")
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
    axes.set_ylabel("accuracy, %")
    axes.set_title(title)


def lines(axes: Any, xs: Sequence[float], series: Mapping[str, Sequence[float]]) -> None:
    """Draw lines with a legend."""
    for name, ys in series.items():
        axes.plot(xs, ys, "o-", ms=3, label=name)
    axes.legend(frameon=False)
