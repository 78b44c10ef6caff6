"""What reaches a node of a NIR graph: sums of weighted, delayed sources and a constant.

Between two populations there may be any chain and any parallel paths of Affine, Linear, Scale and Delay
nodes, convolutions and pools. Each is linear, so what they do together is a list of synapses for each source,
and one constant.
Nothing is as large as source times target but what is in the file, and the work is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import numpy as np

from neurodeploy.findings.codes_network import ARRAY_SHAPE
from neurodeploy.findings.codes_nir import BAD_STRUCTURE, TOO_LARGE
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.lowering import snap
from neurodeploy.graph.model import INPUT
from neurodeploy.nir.matrix import Matrix
from neurodeploy.nir.nodes import NEURONS, FlatGraph, Node
from neurodeploy.nir.raw import shown
from neurodeploy.nir.spatial.shapes import elements, shapes_of
from neurodeploy.nir.spatial.unroll import too_many, unrolled
from neurodeploy.nir.storage import MAX_NEURONS, MAX_SYNAPSES
from neurodeploy.nir.wires import Floats, Wires, identity, joined, product

MAX_KEPT = 2**25
"""Synapses and constants that are kept at one time: some 24 bytes each."""

MAX_MADE = 2**28
"""Synapses and constants that are made in all; it bounds the time."""


@dataclass(frozen=True, slots=True, eq=False)
class Drive:
    """What reaches a node: the synapses from each source and a constant, ``bias``."""

    bias: Floats
    wires: dict[str, Wires] = field(default_factory=dict)

    @property
    def n_kept(self) -> int:
        """Numbers in it, each with its place."""
        return self.bias.size + sum(len(wires.weight) for wires in self.wires.values())


class Linear:
    """Composes the linear nodes of a graph.

    Parameters
    ----------
    flat
        The graph.
    input_shape
        Shape of its input.
    dt_s
        Length of one step, in seconds: delays are snapped to it, see
        :func:`neurodeploy.graph.lowering.snap`. None leaves them alone.

    Raises
    ------
    NeurodeployError
        ND116: more neurons than :data:`neurodeploy.nir.storage.MAX_NEURONS`; and as
        :func:`neurodeploy.nir.spatial.shapes.shapes_of`.
    """

    def __init__(self, flat: FlatGraph, input_shape: tuple[int, ...], dt_s: float | None) -> None:
        self._flat = flat
        self._input_size = input_size = prod(input_shape)
        self._dt_s = dt_s
        self._before: dict[str, list[str]] = {name: [] for name in flat.nodes}
        self._uses = dict.fromkeys(flat.nodes, 0)
        for source, target in flat.edges:
            self._before[target].append(source)
            self._uses[source] += 1
        self._shapes = shapes_of(flat, input_shape)
        n_neurons = input_size + sum(self.size(node.name) for node in flat.of_type(*NEURONS))
        if n_neurons > MAX_NEURONS:
            raise self._too_large(flat.where, f"{n_neurons} inputs and neurons", f"{MAX_NEURONS}")
        self._out: dict[str, Drive] = {}
        self._kept = 0
        self._made = 0

    def size(self, name: str) -> int:
        """Give the number of elements that leave a node; parameters of size 1 stand for any number."""
        return prod(self._shapes.out[name])

    def into(self, name: str) -> Drive:
        """Compose what reaches a node.

        Raises
        ------
        NeurodeployError
            ND105 sizes that do not fit, ND116 more synapses than can be held, ND122 a delayed bias, a loop
            without neurons.
        """
        path, waiting, on_path = [name], [iter(self._before[name])], {name}
        while path:
            following = next((n for n in waiting[-1] if not self._is_known(n)), None)
            if following is None:
                waiting.pop()
                done = path.pop()
                on_path.remove(done)
                if path:
                    with np.errstate(over="ignore", invalid="ignore"):  # check_graph finds what overflows
                        self._keep(done, self._through(self._flat.nodes[done], self._joined(done)))
            elif following in on_path:
                loop = " -> ".join(shown(n) for n in [*path[path.index(following) :][:8], following])
                raise self._unrepresentable(loop, "a loop without neurons")
            else:
                path.append(following)
                on_path.add(following)
                waiting.append(iter(self._before[following]))
        return self._joined(name)

    def _is_source(self, node: Node) -> bool:
        return node.type in NEURONS or (node.type == "Input" and not node.nested)

    def _is_known(self, name: str) -> bool:
        return name in self._out or self._is_source(self._flat.nodes[name])

    def _keep(self, name: str, drive: Drive) -> None:
        self._out[name] = drive
        self._kept += drive.n_kept
        self._count(name, drive.n_kept)

    def _count(self, name: str, n: int) -> None:
        """Count what is made, and refuse what takes too much memory or time."""
        self._made += n
        if self._kept > MAX_KEPT or self._made > MAX_MADE:
            limit = f"{MAX_KEPT} at one time, {MAX_MADE} in all"
            raise self._too_large(
                f"{self._flat.where}: {shown(name)}", "more synapses on the way to the neurons", limit
            )

    def _take(self, name: str) -> Drive:
        """Give what leaves a node, and forget it where nothing else takes it."""
        node = self._flat.nodes[name]
        if self._is_source(node):
            size = self.size(name)
            self._made += size
            return Drive(np.zeros(size), {INPUT if node.type == "Input" else name: identity(size)})
        self._uses[name] -= 1
        if self._uses[name]:
            return self._out[name]
        drive = self._out.pop(name)
        self._kept -= drive.n_kept
        return drive

    def _joined(self, name: str) -> Drive:
        """Add what the nodes before a node give."""
        node = self._flat.nodes[name]
        size = elements(node, self._shapes)
        bias = np.zeros(size)
        parts: dict[str, list[Wires]] = {}
        for before in self._before[name]:
            drive = self._take(before)
            if drive.bias.size != size:
                raise self._misfit(before, name, drive.bias.size, size)
            bias = bias + drive.bias
            for source, wires in drive.wires.items():
                parts.setdefault(source, []).append(wires)
        return Drive(bias, {source: joined((size, self.size_of(source)), p) for source, p in parts.items()})

    def size_of(self, source: str) -> int:
        """Give the number of elements of a population or, by its name in a graph, of the input."""
        return self._input_size if source == INPUT else self.size(source)

    def _through(self, node: Node, drive: Drive) -> Drive:
        """Apply one linear node."""
        n = drive.bias.size if node.weight is None and node.window is None else self.size(node.name)
        p = {}
        for key, value in node.parameters.items():
            own = n if node.window is None else self._shapes.out[node.name][0]  # a bias for each channel
            if value.size not in (1, own):
                raise self._misfit(f"{node.name}.{key}", node.name, value.size, own)
            p[key] = np.repeat(np.broadcast_to(value, (own,)), n // own)
        weight = self._matrix(node)
        if weight is not None:
            bias = p.get("bias", np.zeros(n))
            if drive.bias.any():
                bias = (weight.to_dense() @ drive.bias if node.window is None else weight @ drive.bias) + bias
            where = f"{self._flat.where}: {shown(node.name)}"
            made = {s: product(weight, w, self.size_of(s), where) for s, w in drive.wires.items()}
            return Drive(bias, made)
        if "scale" in p:
            scaled = {s: w._replace(weight=p["scale"][w.post] * w.weight) for s, w in drive.wires.items()}
            return Drive(p["scale"] * drive.bias, scaled)
        if "delay" in p:
            return self._delayed(node, drive, p["delay"])
        return drive

    def _matrix(self, node: Node) -> Matrix | None:
        """Give the weights of a node; None where it has none."""
        if node.window is None:
            return node.weight
        shape = self._shapes.seen.get(node.name)
        where = f"{self._flat.where}: {shown(node.name)}"
        if shape is None:
            raise self._unrepresentable(shown(node.name), "a convolution or pool that nothing leads to")
        if n := too_many(node.window, shape, MAX_SYNAPSES):
            raise self._too_large(where, f"{n} synapses", f"{MAX_SYNAPSES} synapses")
        matrix = unrolled(node.window, shape)
        self._count(node.name, len(matrix.value))
        return matrix

    def _delayed(self, node: Node, drive: Drive, delay_s: Floats) -> Drive:
        """Delay each element; a constant that is delayed is none, because it starts late."""
        if np.any((drive.bias != 0) & (delay_s != 0)):
            raise self._unrepresentable(shown(node.name), "a Delay behind the bias of an Affine")
        later = {}
        for source, wires in drive.wires.items():
            total = wires.delay_s + delay_s[wires.post]
            later[source] = wires._replace(delay_s=total if self._dt_s is None else snap(total, self._dt_s))
        return Drive(drive.bias, later)

    def shown_by(self, drive: Drive) -> str | None:
        """Give the population that an Output shows unchanged; None where it shows something else."""
        if len(drive.wires) == 1 and not drive.bias.any():
            ((source, wires),) = drive.wires.items()
            everyone = np.arange(self.size_of(source))
            if (
                source != INPUT
                and np.array_equal(wires.post, everyone)
                and np.array_equal(wires.pre, everyone)
                and (wires.weight == 1).all()
                and (wires.delay_s == 0).all()
            ):
                return source
        return None

    def _misfit(self, source: str, target: str, found: int, limit: int) -> NeurodeployError:
        return ARRAY_SHAPE.error(
            where=f"{self._flat.where}: {shown(source)} -> {shown(target)}",
            found=f"{found} elements",
            limit=f"{limit} elements",
            help="What leaves a node must have the size that the next one takes.",
        )

    def _unrepresentable(self, where: str, found: str) -> NeurodeployError:
        return BAD_STRUCTURE.error(
            where=f"{self._flat.where}: {where}",
            found=found,
            limit="populations joined by sums of weights, convolutions, pools, Scale and Delay; delays "
            "before biases",
            help="Rewrite the network so.",
        )

    def _too_large(self, where: str, found: str, limit: str) -> NeurodeployError:
        return TOO_LARGE.error(where=where, found=found, limit=limit, help="Split the network.")
