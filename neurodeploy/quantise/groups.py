"""Cluster neurons by decay: a chip process holds one pair of decay registers for all of its neurons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """Neurons in groups of equal decays, each array ``[neuron]``.

    Attributes
    ----------
    group
        Number of the group that a neuron belongs to, from 0.
    membrane, current
        Decay registers, constant within a group. A current's register holds one less than its decay.
    """

    group: NDArray[np.int64]
    membrane: NDArray[np.int64]
    current: NDArray[np.int64]


def cover(sorted_logs: NDArray[np.float64], width: float) -> NDArray[np.int64]:
    """Cover sorted points by intervals of a width, from the left; give each point's interval number."""
    group = np.zeros(len(sorted_logs), dtype=np.int64)
    start, number = sorted_logs[0], 0
    for k, x in enumerate(sorted_logs):
        if x - start > width:  # the very differences that the widths were made of
            start, number = x, number + 1
        group[k] = number
    return group


def group_by_decay(membrane: NDArray[np.int64], current: NDArray[np.int64], max_groups: int) -> Grouped:
    """Put neurons into at most ``max_groups`` groups of one pair of registers each.

    The worst ratio between a neuron's decay and its group's is as small as it can be (an optimal cover of the
    logarithms on a line) for each distinct current; where there are several, each gets its share.

    Parameters
    ----------
    membrane, current
        Decay registers ``[neuron]``; a neuron's effective current decay is ``current + 1``.
    max_groups
        At most this many groups; at least the number of distinct currents.

    Returns
    -------
    Grouped
        The registers that the groups hold: the geometric middle of the group's extremes, to the nearest
        integer.
    """
    keys = np.unique(np.stack([current, membrane]), axis=1)
    if keys.shape[1] <= max_groups:
        order = {(int(a), int(b)): k for k, (a, b) in enumerate(keys.T)}
        group = np.array(
            [order[int(a), int(b)] for a, b in zip(current, membrane, strict=True)], dtype=np.int64
        )
        return Grouped(group, membrane.astype(np.int64), current.astype(np.int64))
    blocks = (
        _blocks(current, max(1, max_groups // 2))
        if len(np.unique(current)) > 1
        else np.zeros(len(current), np.int64)
    )
    group, new_membrane, new_current = (
        np.zeros(len(membrane), np.int64),
        membrane.astype(np.int64),
        current.astype(np.int64),
    )
    n_blocks = int(blocks.max()) + 1
    number = 0
    for block in range(n_blocks):
        members = np.flatnonzero(blocks == block)
        new_current[members] = _middle(current[members] + 1) - 1
        inner = _blocks(membrane[members], max_groups // n_blocks)
        for part in range(int(inner.max()) + 1):
            chosen = members[inner == part]
            new_membrane[chosen] = _middle(membrane[chosen])
            group[chosen] = number
            number += 1
    return Grouped(group, new_membrane, new_current)


def _blocks(values: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Split values into at most ``count`` blocks so that the widest is, by ratio, as narrow as it can be."""
    logs = np.log(np.maximum(values, 0.5))
    order = np.argsort(logs, kind="stable")
    line = logs[order]
    # The optimal width is the distance between two of the points: try those, smallest first, by bisection.
    widths = np.unique(np.subtract.outer(line, line))
    widths = widths[widths >= 0]
    low, high = 0, len(widths) - 1
    while low < high:
        middle = (low + high) // 2
        if cover(line, widths[middle]).max() < count:
            high = middle
        else:
            low = middle + 1
    group = np.empty(len(values), dtype=np.int64)
    group[order] = cover(line, widths[low])
    return group


def _middle(values: NDArray[np.int64]) -> int:
    """Give the geometric middle of the extremes, to the nearest integer; exact where all are equal."""
    low, high = int(values.min()), int(values.max())
    if low == high:
        return low
    return int(np.floor(np.sqrt(max(low, 0.5) * high) + 0.5))
