"""The state of one neuron in two traces, around the step where they part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodeploy.plot.axes import BLUE, GREY, RED, axes_of, literal
from neurodeploy.traces import Traces

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def membrane(
    traces: Traces,
    against: Traces | None = None,
    *,
    population: str,
    neuron: int = 0,
    sample: int = 0,
    step: int | None = None,
    width: int = 20,
    threshold: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw v of one neuron in one or two traces, and a line at the step that matters.

    Parameters
    ----------
    traces, against
        Traces that recorded ``v``, in the same units.
    population, neuron, sample
        Whose v.
    step
        The middle. By default the first step where the two differ; where nothing differs, or there is one
        trace only, every step is drawn.
    width
        Steps on either side of ``step``.
    threshold
        Draw it as a line.
    ax
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        With the lines ``first`` and ``second``, ``[step, v]``.

    Raises
    ------
    ValueError
        v was not recorded; KeyError for an unknown population.
    """
    ax = axes_of(ax)
    lines = {"first": traces} if against is None else {"first": traces, "second": against}
    values = {}
    for label, of in lines.items():
        v = of.populations[population].v
        if v is None:
            raise ValueError(f"v of {population!r} was not recorded")
        values[label] = np.asarray(v[sample, :, neuron], dtype=np.float64)
    n_steps = min(len(v) for v in values.values())
    if step is None and against is not None:
        differing = np.flatnonzero(values["first"][:n_steps] != values["second"][:n_steps])
        step = int(differing[0]) if differing.size else None
    start, stop = (0, n_steps) if step is None else (max(0, step - width), min(n_steps, step + width + 1))
    for (label, v), colour, style in zip(values.items(), (BLUE, RED), ("-", "--"), strict=False):
        ax.plot(np.arange(start, stop), v[start:stop], style, color=colour, marker=".", label=label)
    if step is not None:
        ax.axvline(step, color=GREY, linewidth=0.8, label=f"step {step}")
    if threshold is not None:
        ax.axhline(threshold, color=GREY, linestyle=":", label="threshold")
    ax.set_xlabel("step")
    ax.set_ylabel("v")
    ax.set_title(literal(f"{population}, neuron {neuron}, sample {sample}"))
    ax.legend()
    return ax
