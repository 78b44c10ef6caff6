"""A base for frozen nodes that own read-only copies of their arrays."""

from __future__ import annotations

from dataclasses import fields

import numpy as np


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
