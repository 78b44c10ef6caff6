"""Axes to draw into, made without pyplot, so that no figure is kept behind the caller's back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodeploy.extras import package_missing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, RED, GREY, GREEN = "#2463a6", "#c0392b", "#8a8f98", "#2e8b57"
"""Blue for what is expected, red for what differs or exceeds, grey for what is beside the point."""


def axes_of(ax: Axes | None, *, width: float = 6.4, height: float = 4.0) -> Axes:
    """Give the caller's axes, or those of a new figure of its own.

    Parameters
    ----------
    ax
        Where to draw; None makes a figure, which is ``result.figure``.
    width, height
        Of a new figure, in inches.

    Raises
    ------
    NeurodeployError
        ND082: matplotlib is not installed.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise package_missing(error) from None
    made: Any = Figure(figsize=(width, height), layout="constrained").subplots()
    return made


def literal(text: str) -> str:
    """Keep a name as it is: matplotlib reads what stands between two dollar signs as mathematics."""
    return text.replace("$", r"\$")
