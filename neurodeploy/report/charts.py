"""Charts as inline SVG: no script, no network, colours from the page's style sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape as escape_markup
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.printable import printable

ROW_HEIGHT, ROW_GAP, LABEL_WIDTH, SCALE_WIDTH, VALUE_WIDTH = 20, 8, 210, 380, 70

MAX_MARKS = 20_000
"""Spikes that one raster draws at most; beyond, its last steps are left out and the caption says so."""


def escape(text: str) -> str:
    """Escape what is markup, and what no XML can hold."""
    return escape_markup(printable(text))


def dots(labels: Sequence[str], values: Sequence[float], *, title: str, unit: str, low: float = 0.0) -> str:
    """Draw values as dots on a common scale, which need not start at 0 as the length of a bar would.

    Parameters
    ----------
    labels, values
        One of each for a dot.
    title
        What a screen reader says.
    unit
        Printed after each value.
    low
        The value at the left end, which is printed.
    """
    high = max([*values, low + 1e-9])
    height = len(values) * (ROW_HEIGHT + ROW_GAP) + 20
    width = LABEL_WIDTH + SCALE_WIDTH + VALUE_WIDTH
    parts = [_open(width, height, title)]
    for number, (label, value) in enumerate(zip(labels, values, strict=True)):
        y = number * (ROW_HEIGHT + ROW_GAP)
        length = SCALE_WIDTH * max(0.0, value - low) / (high - low)
        middle = y + ROW_HEIGHT * 0.72
        parts.append(f'<text x="{LABEL_WIDTH - 8}" y="{middle:.1f}" text-anchor="end">{escape(label)}</text>')
        x, centre = LABEL_WIDTH + length, y + ROW_HEIGHT / 2
        parts.append(f'<path class="stem" d="M{LABEL_WIDTH} {centre}H{x:.1f}"/>')
        parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{centre}" r="5"/>')
        parts.append(f'<text x="{x + 10:.1f}" y="{middle:.1f}">{value:.2f} {escape(unit)}</text>')
    y = height - 4
    parts.append(f'<text class="axis" x="{LABEL_WIDTH}" y="{y}">{low:g} {escape(unit)}</text>')
    return "".join([*parts, "</svg>"])


def raster(
    rows: Mapping[str, NDArray[np.uint8]], *, title: str, mark: Mapping[str, Any] | None = None
) -> str:
    """Draw the spikes of one sample, a band for each source or population.

    Parameters
    ----------
    rows
        uint8 ``[step, neuron]`` by name, the input first.
    title
        What a screen reader says.
    mark
        ``population``, ``neuron`` and ``step`` of a difference to circle.
    """
    n_steps = next(iter(rows.values())).shape[0] if rows else 0
    step_width = min(8.0, 560 / max(n_steps, 1))
    parts, y = [], 16.0
    for name, spikes in rows.items():
        n = spikes.shape[1]
        pitch = min(4.0, 180 / max(n, 1))
        step, neuron = np.nonzero(spikes)
        step, neuron = step[:MAX_MARKS], neuron[:MAX_MARKS]
        left_out = int(np.count_nonzero(spikes)) - len(step)
        caption = f"{name} ({n} neurons{f', {left_out} later spikes not drawn' if left_out else ''})"
        parts.append(f'<text x="0" y="{y - 4:.1f}">{escape(caption)}</text>')
        size = f'width="{n_steps * step_width:.1f}" height="{n * pitch:.1f}"'
        parts.append(f'<rect class="band" x="0" y="{y:.1f}" {size}/>')
        dashes = "".join(
            f"M{s * step_width:.1f} {y + k * pitch + pitch / 2:.1f}h{max(step_width * 0.8, 0.8):.1f}"
            for s, k in zip(step.tolist(), neuron.tolist(), strict=True)
        )
        parts.append(f'<path class="spike" stroke-width="{max(pitch * 0.7, 0.6):.2f}" d="{dashes}"/>')
        if mark and mark["population"] == name:
            x = (mark["step"] + 0.4) * step_width
            parts.append(
                f'<circle class="mark" cx="{x:.1f}" cy="{y + (mark["neuron"] + 0.5) * pitch:.1f}" r="7"/>'
            )
        y += n * pitch + 24
    parts.append(
        f'<text class="axis" x="0" y="{y - 8:.1f}">step 0 to {max(n_steps - 1, 0)}, left to right</text>'
    )
    return "".join([_open(int(n_steps * step_width) + 20, int(y), title), *parts, "</svg>"])


def _open(width: int, height: int, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'style="max-width:{width}px"><title>{escape(title)}</title>'
    )
