"""Weights: as a matrix of post and pre, and as trained against as deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neurodeploy.plot.axes import BLUE, GREY, axes_of, literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Weighted(Protocol):
    """A projection of floats or of integers: anything with weights ``[tap, post, pre]``."""

    @property
    def name(self) -> str:
        """``source->target``."""

    @property
    def weight(self) -> NDArray[Any]:
        """``[tap, post, pre]``."""


def weight_matrix(projection: Weighted, *, tap: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw the weights of a projection as an image, post down and pre to the right.

    Parameters
    ----------
    projection
        Of a graph, or of a program's integers.
    tap
        One tap; by default the sum of all.
    ax
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        With one image ``[post, pre]``, red above 0 and blue below.
    """
    ax = axes_of(ax)
    weight = np.asarray(projection.weight, dtype=np.float64)
    shown = weight.sum(axis=0) if tap is None else weight[tap]
    largest = float(np.abs(shown).max(initial=0.0)) or 1.0
    image = ax.imshow(shown, cmap="RdBu_r", vmin=-largest, vmax=largest, aspect="auto", interpolation="none")
    figure: Any = ax.figure
    figure.colorbar(image, ax=ax, label="weight")
    ax.set_xlabel("pre")
    ax.set_ylabel("post")
    ax.set_title(literal(projection.name))
    return ax


def weight_grid(trained: Weighted, deployed: Weighted, *, ax: Axes | None = None) -> Axes:
    """Draw each synapse's deployed weight over its trained one: a staircase whose steps are the grid.

    Parameters
    ----------
    trained
        Of the float network.
    deployed
        Of the same shape: the target's integers, or the real numbers that they stand for.
    ax
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        With one point for each synapse ``[trained, deployed]``, and a horizontal line for each value that
        occurs where these are 64 at most.

    Raises
    ------
    ValueError
        The shapes differ.
    """
    if trained.weight.shape != deployed.weight.shape:
        raise ValueError(f"weights {trained.weight.shape} against {deployed.weight.shape}")
    ax = axes_of(ax)
    kept = (trained.weight != 0) | (deployed.weight != 0)
    x, y = trained.weight[kept], deployed.weight[kept]
    values = np.unique(y)
    if len(values) <= 64:
        ax.hlines(values, x.min(initial=0.0), x.max(initial=0.0), color=GREY, linewidth=0.4)
    ax.plot(x, y, ".", color=BLUE, markersize=3)
    ax.set_xlabel("trained")
    ax.set_ylabel("deployed")
    ax.set_title(literal(f"{trained.name}, {len(values)} values"))
    return ax
