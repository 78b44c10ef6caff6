"""A NIR file as plain nodes and edges: read, flattened and checked, before anything is made of it.

The file is read with h5py and not with ``nir.read``, which answers a node that it does not know, parameters
of different shapes, or the type check of an old file with an AssertionError that names nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_network import BAD_PARAMETER, BAD_STRUCTURE, UNSUPPORTED_NODE
from neurodeploy.findings.codes_usage import NO_SUCH_PATH, UNREADABLE_FILE
from neurodeploy.findings.finding import Finding, NeurodeployError, raise_errors
from neurodeploy.graph.checks.values import finite
from neurodeploy.graph.neurons import NIR_DEFAULTS, NeuronModel

NEURONS: Mapping[str, tuple[str, ...]] = {
    model.neuron.nir_type: tuple(model.neuron.nir_parameters) for model in NeuronModel
}
"""The neurons that can be read, and their parameters."""

LINEAR: Mapping[str, tuple[str, ...]] = {
    "Affine": ("weight", "bias"),
    "Linear": ("weight",),
    "Scale": ("scale",),
    "Delay": ("delay",),
}
"""The nodes between neurons that can be read, and their parameters."""

PASS = ("Input", "Output", "Flatten")
"""Nodes that change nothing: those of nested graphs, and a Flatten of one axis or of all."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One node of a NIR graph that is not itself a graph.

    Attributes
    ----------
    name
        With the names of the graphs around it, joined by dots.
    type
        As in the file: ``LIF``, ``Affine``, ...
    parameters
        Float arrays by name.
    shape
        Of an Input or Output, else empty.
    nested
        Whether it belongs to a nested graph: an Input or Output there is only a door.
    """

    name: str
    type: str
    parameters: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    shape: tuple[int, ...] = ()
    nested: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FlatGraph:
    """The nodes of a NIR graph without nesting, by name, and the edges between them."""

    where: str
    nodes: Mapping[str, Node]
    edges: tuple[tuple[str, str], ...]
    metadata: Mapping[str, Any]

    def before(self, name: str) -> list[str]:
        """Give the nodes with an edge to a node, in the order of the edges."""
        return [source for source, target in self.edges if target == name]

    def of_type(self, *types: str) -> list[Node]:
        """Give the nodes of some types, by name."""
        return [self.nodes[name] for name in sorted(self.nodes) if self.nodes[name].type in types]


def load(path: Path) -> dict[str, Any]:
    """Read the tree of a NIR file: groups as dictionaries, the rest as strings and arrays.

    Raises
    ------
    NeurodeployError
        ND001 no such file, ND002 not HDF5, damaged, or without a NIR graph.
    """
    import h5py

    if not path.is_file():
        raise NO_SUCH_PATH.error(where=str(path), help="Check the path.")

    def tree(group: Any) -> dict[str, Any]:
        return {k: tree(item) if isinstance(item, h5py.Group) else item[()] for k, item in group.items()}

    try:
        with h5py.File(path, "r") as file:
            node = file.get("node")
            content = tree(node) if isinstance(node, h5py.Group) else {}
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise NeurodeployError(_unreadable(path, str(error).splitlines()[0] if str(error) else "")) from None
    if not _is_graph(content):
        found = text(content.get("type")) or "no group 'node' with a type, nodes and edges"
        raise NeurodeployError(_unreadable(path, found))
    return content


def _is_graph(node: Any) -> bool:
    """Say whether a node is a graph with nodes and pairs of names for edges."""
    if not isinstance(node, Mapping) or text(node.get("type")) != "NIRGraph":
        return False
    edges = np.asarray(node.get("edges", 0), dtype=object)
    return isinstance(node.get("nodes"), Mapping) and (edges.size == 0 or edges.shape[1:] == (2,))


def _unreadable(path: Path, found: str) -> Finding:
    return UNREADABLE_FILE.finding(
        where=str(path),
        found=found,
        limit="an HDF5 file that holds a NIR graph",
        help="Write it with nir.write(path, graph); if it was copied, copy it again.",
    )


def flatten(content: Mapping[str, Any], where: str) -> FlatGraph:
    """Take nested graphs apart and check every node by itself.

    Parameters
    ----------
    content
        What :func:`load` gives, or ``nir.NIRGraph.to_dict()``.
    where
        The file, for messages.

    Raises
    ------
    NeurodeployError
        ND101 NaN or infinite, ND120 a node that is not supported, ND122 an edge that cannot be followed,
        ND124 a parameter that is missing or has an unusable shape.
    """
    nodes: dict[str, Node] = {}
    edges: list[tuple[str, str]] = []
    findings = list(_collect(content, "", where, nodes, edges))
    raise_errors(findings)
    return FlatGraph(where, nodes, tuple(dict.fromkeys(edges)), content.get("metadata") or {})


def _collect(
    content: Mapping[str, Any], prefix: str, where: str, nodes: dict[str, Node], edges: list[tuple[str, str]]
) -> Iterator[Finding]:
    """Add the nodes and edges of one graph and of the graphs in it; yield what is wrong."""
    doors: dict[str, dict[str, list[str]]] = {}  # the Inputs and Outputs of each nested graph
    for key, raw in content["nodes"].items():
        name = prefix + key
        kind = text(raw.get("type")) if isinstance(raw, Mapping) else ""
        if _is_graph(raw):
            yield from _collect(raw, f"{name}.", where, nodes, edges)
            kinds = {k: text(n.get("type")) for k, n in raw["nodes"].items() if isinstance(n, Mapping)}
            doors[key] = {t: [f"{name}.{k}" for k in sorted(kinds) if kinds[k] == t] for t in PASS}
        else:
            yield from _node(name, kind, raw, where, nodes, nested=bool(prefix))
    for source, target in np.asarray(content["edges"], dtype=object).reshape(-1, 2):
        ends = []
        for key, door in ((text(source), "Output"), (text(target), "Input")):
            within = doors.get(key, {door: [prefix + key] if key in content["nodes"] else []})[door]
            if len(within) != 1:
                yield BAD_STRUCTURE.finding(
                    message="an edge of the NIR graph cannot be followed",
                    where=f"{where}: {prefix}{text(source)} -> {prefix}{text(target)}",
                    found=f"{len(within)} places to attach it to at {prefix + key!r}",
                    limit="1",
                    help="Name existing nodes; a nested graph needs exactly one Input and one Output.",
                )
            ends += within[:1]
        if len(ends) == 2:
            edges.append((ends[0], ends[1]))


def _node(
    name: str, kind: str, raw: Mapping[str, Any], where: str, nodes: dict[str, Node], *, nested: bool
) -> Iterator[Finding]:
    """Add one node; yield what is wrong with it."""
    here = f"{where}: {name}"
    supported = (*NEURONS, *LINEAR, *PASS)
    if kind not in supported:
        yield UNSUPPORTED_NODE.finding(
            where=here,
            found=kind or "no type",
            limit=", ".join(supported),
            help="Rewrite the network with these nodes; unroll convolutions and pools into Affine.",
        )
        return
    parameters: dict[str, NDArray[np.float64]] = {}
    for key in (*NEURONS.get(kind, ()), *LINEAR.get(kind, ())):
        value = raw.get(key, NIR_DEFAULTS.get(key))
        array = np.asarray(np.nan if value is None else value)
        two_axes = key == "weight"
        usable = array.dtype.kind in "fiub" and array.size > 0 and (array.ndim == 2 or not two_axes)
        if value is None or not usable:
            yield BAD_PARAMETER.finding(
                where=f"{here}.{key}",
                found="nothing" if value is None else f"{array.dtype} {list(array.shape)}",
                limit="numbers, [post, pre]" if two_axes else "numbers, one for each neuron or one for all",
                help="Write the node with all of its parameters.",
            )
            continue
        parameters[key] = array.astype(np.float64) if two_axes else array.astype(np.float64).reshape(-1)
        yield from finite(f"{here}.{key}", parameters[key])
    yield from _sizes(here, parameters if kind in NEURONS else {})
    shape = tuple(int(n) for n in np.asarray(raw.get("shape", ())).reshape(-1))
    if kind == "Input" and not shape:
        yield BAD_PARAMETER.finding(
            where=f"{here}.shape",
            found="nothing",
            limit="the shape of the input",
            help="Write the node with all of its parameters.",
        )
    if kind == "Flatten" and not _flattens_to_one_axis(raw):
        yield UNSUPPORTED_NODE.finding(
            where=here,
            found=f"Flatten of axes {raw.get('start_dim')} to {raw.get('end_dim')} that leaves several axes",
            limit="Flatten into one axis",
            help="Flatten the whole input: start_dim=0, end_dim=-1.",
        )
    nodes[name] = Node(name, kind, parameters, shape, nested)


def _sizes(here: str, parameters: Mapping[str, NDArray[np.float64]]) -> Iterator[Finding]:
    """Check that the parameters of a neuron have one size; size 1 stands for all (norse issue 412)."""
    sizes = {key: array.size for key, array in parameters.items() if array.size > 1}
    if len(set(sizes.values())) > 1:
        yield BAD_PARAMETER.finding(
            where=here,
            found=", ".join(f"{key} of {size}" for key, size in sizes.items()),
            limit="one value for each neuron, or one for all",
            help="Write every parameter with the shape of the population.",
        )


def _flattens_to_one_axis(raw: Mapping[str, Any]) -> bool:
    """Say whether a Flatten gives a vector in the order that the elements already have."""
    shape = raw.get("input_type")
    if isinstance(shape, Mapping):  # a dictionary in memory, an array in a file
        shape = shape.get("input")
    n_axes = len(np.asarray(shape).reshape(-1)) if shape is not None else None
    start, end = int(raw.get("start_dim", 1)), int(raw.get("end_dim", -1))
    return n_axes == 1 or (start == 0 and (end == -1 or end == (n_axes or 0) - 1))


def text(value: Any) -> str:
    """Give a string of an HDF5 file, which holds bytes, as str; anything else as an empty string."""
    if isinstance(value, bytes):
        return value.decode("utf8", "replace")
    return value if isinstance(value, str) else ""
