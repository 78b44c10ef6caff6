"""The ladder as a waterfall: what each rounding costs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from neurodeploy.plot.axes import BLUE, GREEN, GREY, RED, axes_of, literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurodeploy.verify.ladder import Rung


def ladder(rungs: Sequence[Rung], *, ax: Axes | None = None) -> Axes:
    """Draw the accuracy of the first and last rung as bars, and each step between as a gain or a loss.

    Parameters
    ----------
    rungs
        From the trained floats to the integers, as of one set of a verification. Without labels the share
        of decisions that agree with the trained network takes the place of the accuracy.
    ax
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        With a bar for the first rung, one for each following from the rung before to it (red where it
        lost, green where it gained), and one for the last value.

    Raises
    ------
    ValueError
        There are no rungs, or they measured neither accuracy nor agreement.
    """
    if not rungs:
        raise ValueError("no rungs: the bundle was exported without measuring")
    with_labels = all(rung.accuracy is not None for rung in rungs)
    found = [rung.accuracy if with_labels else rung.agreement for rung in rungs]
    values = [value for value in found if value is not None]
    if len(values) < len(rungs):
        raise ValueError("the rungs have no accuracy and no agreement: the network has no readout")
    ax = axes_of(ax, width=8.0)
    titles = [rung.title for rung in rungs]
    ax.bar(0, values[0], color=BLUE)
    for number, (before, after) in enumerate(pairwise(values), start=1):
        colour = RED if after < before else GREEN if after > before else GREY
        ax.bar(number, after - before, bottom=before, color=colour)
        ax.annotate(f"{after - before:+.2f}", (number, max(before, after)), ha="center", va="bottom")
        ax.plot([number - 1.4, number + 0.4], [before, before], color=GREY, linewidth=0.8)
    ax.bar(len(values), values[-1], color=BLUE)
    ax.set_xticks(range(len(values) + 1), [*map(literal, titles), "deployed"], rotation=30, ha="right")
    margin = max(1.0, max(values) - min(values))
    ax.set_ylim(max(0.0, min(values) - margin), min(100.0, max(values)) + 0.3 * margin)
    ax.set_ylabel("accuracy, %" if with_labels else "agreement with the trained network, %")
    return ax
