"""Arrays in frozen nodes: read-only copies of their own, and a short way to describe them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray


class ReadOnlyArrays:
    """Give a frozen dataclass its own, locked copy of every array it is made with.

    A pass that mutates its input fails at once, and no caller's array is touched.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                own = np.array(value, order="C")
                own.setflags(write=False)
                object.__setattr__(self, field.name, own)


def spread(values: NDArray[Any], unit: str = "") -> str:
    """Give the least and the largest of some numbers as text, for short descriptions."""
    if not values.size:
        return "none"
    low, high = float(values.min()), float(values.max())
    text = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return f"{text} {unit}".rstrip()
