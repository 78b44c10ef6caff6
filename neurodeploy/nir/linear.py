"""What reaches a node of a NIR graph: sums of weighted, delayed sources and a constant.

Between two populations there may be any chain and any parallel paths of Affine, Linear, Scale and Delay
nodes. Each is linear, so what they do together is, for each source and delay, one matrix, and one constant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_network import ARRAY_SHAPE, BAD_STRUCTURE
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.lowering import Branch, snap
from neurodeploy.graph.model import INPUT
from neurodeploy.nir.nodes import NEURONS, FlatGraph, Node

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Drive:
    """What reaches a node: ``sum over (source, delay) of weight @ source(t - delay)`` and ``bias``."""

    bias: Floats
    weights: dict[tuple[str, float], Floats] = field(default_factory=dict)

    def branches(self) -> Iterator[tuple[str, list[Branch]]]:
        """Iterate over the sources and their branches, in no order that matters."""
        for source in dict.fromkeys(source for source, _ in self.weights):
            yield source, [Branch(delay, w) for (name, delay), w in self.weights.items() if name == source]


def _product(weight: Floats, inner: Floats) -> Floats:
    """Multiply two matrices; a diagonal one, which stands for a source by itself, without the zeros."""
    diagonal = inner.diagonal()
    if inner.shape == (diagonal.size,) * 2 and np.count_nonzero(inner) == np.count_nonzero(diagonal):
        return weight * diagonal
    return weight @ inner


class Linear:
    """Composes the linear nodes of a graph.

    Parameters
    ----------
    flat
        The graph.
    input_size
        Number of elements of its input.
    dt_s
        Length of one step, in seconds: delays are snapped to it, see
        :func:`neurodeploy.graph.lowering.snap`.
    """

    def __init__(self, flat: FlatGraph, input_size: int, dt_s: float) -> None:
        self._flat = flat
        self._input_size = input_size
        self._dt_s = dt_s
        self._out: dict[str, Drive] = {}
        self._open: list[str] = []  # the nodes that are being composed, to notice a loop without neurons

    def size(self, name: str) -> int:
        """Give the number of elements that leave a node; parameters of size 1 stand for any number."""
        return self._size(name, frozenset()) or 1

    def _size(self, name: str, seen: frozenset[str]) -> int:
        node = self._flat.nodes[name]
        if node.type == "Input" and not node.nested:
            return self._input_size
        if "weight" in node.parameters:
            return int(node.parameters["weight"].shape[0])
        own = max((p.size for p in node.parameters.values()), default=1)
        if own > 1 or name in seen:
            return own if own > 1 else 0
        return max((self._size(before, seen | {name}) for before in self._flat.before(name)), default=own)

    def into(self, name: str) -> Drive:
        """Compose what reaches a node.

        Raises
        ------
        NeurodeployError
            ND105 sizes that do not fit, ND122 a delayed bias, a loop without neurons.
        """
        node = self._flat.nodes[name]
        size = node.parameters["weight"].shape[1] if "weight" in node.parameters else self.size(name)
        total = Drive(np.zeros(size))
        for before in self._flat.before(name):
            drive = self._out_of(before)
            if drive.bias.size != size:
                raise self._misfit(before, name, drive.bias.size, size)
            total = Drive(total.bias + drive.bias, dict(total.weights))
            for key, weight in drive.weights.items():
                total.weights[key] = total.weights[key] + weight if key in total.weights else weight
        return total

    def _out_of(self, name: str) -> Drive:
        """Compose what leaves a node."""
        node = self._flat.nodes[name]
        if name not in self._out:
            if node.type in NEURONS or (node.type == "Input" and not node.nested):
                size = self.size(name)
                source = INPUT if node.type == "Input" else name
                self._out[name] = Drive(np.zeros(size), {(source, 0.0): np.eye(size)})
            else:
                if name in self._open:
                    raise self._unrepresentable(" -> ".join([*self._open, name]), "a loop without neurons")
                self._open.append(name)
                self._out[name] = self._through(node, self.into(name))
                self._open.pop()
        return self._out[name]

    def _through(self, node: Node, drive: Drive) -> Drive:
        """Apply one linear node."""
        p = {key: value for key, value in node.parameters.items() if key == "weight"}
        for key, value in node.parameters.items():
            n = p["weight"].shape[0] if "weight" in p else drive.bias.size
            if key != "weight":
                if value.size not in (1, n):
                    raise self._misfit(f"{node.name}.{key}", node.name, value.size, n)
                p[key] = np.broadcast_to(value, (n,))
        if "weight" in p:
            weights = {key: _product(p["weight"], w) for key, w in drive.weights.items()}
            return Drive(p["weight"] @ drive.bias + p.get("bias", 0.0), weights)
        if "scale" in p:
            weights = {key: p["scale"][:, None] * w for key, w in drive.weights.items()}
            return Drive(p["scale"] * drive.bias, weights)
        if "delay" in p:
            return self._delayed(node, drive, p["delay"])
        return drive

    def _delayed(self, node: Node, drive: Drive, delay_s: Floats) -> Drive:
        """Delay each element; a constant that is delayed is none, because it starts late."""
        if np.any((drive.bias != 0) & (delay_s != 0)):
            raise self._unrepresentable(node.name, "a Delay behind the bias of an Affine")
        weights: dict[tuple[str, float], Floats] = {}
        for (source, before), weight in drive.weights.items():
            total = snap(before + delay_s, self._dt_s)
            for delay in np.unique(total):
                kept = np.where((total == delay)[:, None], weight, 0.0)
                key = (source, float(delay))
                weights[key] = weights[key] + kept if key in weights else kept
        return Drive(drive.bias, weights)

    def population_at(self, output: str) -> str:
        """Give the population that an Output shows, unchanged.

        Raises
        ------
        NeurodeployError
            ND122 where it shows several, none, or a weighted one.
        """
        drive = self.into(output)
        if len(drive.weights) == 1 and not drive.bias.any():
            (((source, delay), weight),) = drive.weights.items()
            if source != INPUT and delay == 0 and np.array_equal(weight, np.eye(len(weight))):
                return source
        found = ", ".join(sorted({source for source, _ in drive.weights})) or "nothing"
        raise self._unrepresentable(output, f"an Output that mixes, weights or delays {found}")

    def _misfit(self, source: str, target: str, found: int, limit: int) -> NeurodeployError:
        return ARRAY_SHAPE.error(
            where=f"{self._flat.where}: {source} -> {target}",
            found=f"{found} elements",
            limit=f"{limit} elements",
            help="What leaves a node must have the size that the next one takes.",
        )

    def _unrepresentable(self, where: str, found: str) -> NeurodeployError:
        return BAD_STRUCTURE.error(
            where=f"{self._flat.where}: {where}",
            found=found,
            limit="populations joined by sums of Affine, Linear, Scale and Delay; delays before biases; "
            "outputs that show one population",
            help="Rewrite the network so, or end it in a leaky integrator.",
        )
