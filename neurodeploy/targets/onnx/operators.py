"""A list of ONNX operators being written: names, constants and attributes, without the package onnx."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Operator:
    """One node.

    Attributes
    ----------
    kind
        As in the standard: ``Add``.
    inputs, outputs
        Names; an empty input is left out.
    attributes
        Numbers, lists, a type, or another :class:`Operators` as a body.
    """

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(slots=True)
class Operators:
    """Nodes in the order in which they run.

    Attributes
    ----------
    prefix
        Before every name that is made here: a body must not use a name of what is around it.
    inputs, outputs
        ``(name, type, shape)``; a text in a shape is a size that is free.
    """

    prefix: str = ""
    nodes: list[Operator] = field(default_factory=list)
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)
    inputs: list[tuple[str, Any, tuple[int | str, ...]]] = field(default_factory=list)
    outputs: list[tuple[str, Any, tuple[int | str, ...]]] = field(default_factory=list)

    def add(self, kind: str, *inputs: str, to: str = "", **attributes: Any) -> str:
        """Append a node with one output and give that one's name."""
        name = to or f"{self.prefix}:{len(self.nodes)}"
        self.nodes.append(Operator(kind, inputs, (name,), attributes))
        return name

    def constant(self, values: Any, dtype: Any) -> str:
        """Give the name of a constant; equal numbers become one, and equal constants are kept once."""
        array = np.asarray(values, dtype=dtype)
        if array.ndim and array.size and (array == array.reshape(-1)[0]).all() and array.ndim == 1:
            array = array.reshape(-1)[0]
        return self.table(array)

    def table(self, array: NDArray[Any]) -> str:
        """Give the name of a constant of exactly this shape."""
        array = np.asarray(array)
        for name, known in self.constants.items():
            if known.dtype == array.dtype and known.shape == array.shape and np.array_equal(known, array):
                return name
        name = f"{self.prefix}={len(self.constants)}"
        self.constants[name] = array
        return name

    @property
    def n_operators(self) -> int:
        """How many nodes there are, those of bodies included."""
        bodies = [x for n in self.nodes for x in n.attributes.values() if isinstance(x, Operators)]
        return len(self.nodes) + sum(body.n_operators for body in bodies)

    @property
    def n_bytes(self) -> int:
        """Bytes of all constants, those of bodies included."""
        bodies = [x for n in self.nodes for x in n.attributes.values() if isinstance(x, Operators)]
        own = sum(array.nbytes for array in self.constants.values())
        return own + sum(body.n_bytes for body in bodies)

    @property
    def kinds(self) -> set[str]:
        """Which operators there are."""
        bodies = [x for n in self.nodes for x in n.attributes.values() if isinstance(x, Operators)]
        return {node.kind for node in self.nodes}.union(*(body.kinds for body in bodies))
