"""A NIR file as plain nodes and edges: flattened and checked, before anything is made of it.

The file is not read with ``nir.read``, which takes memory for whatever the file declares and answers a node
that it does not know, parameters of different shapes, or the type check of an old file with an AssertionError
that names nothing; see :mod:`neurodeploy.nir.storage`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_network import BAD_NAME
from neurodeploy.findings.codes_nir import BAD_PARAMETER, BAD_STRUCTURE, RENAMED_NEURONS, UNSUPPORTED_NODE
from neurodeploy.findings.finding import Finding, NeurodeployError, raise_errors
from neurodeploy.graph.checks.structure import NAMES, name_problem
from neurodeploy.graph.checks.values import finite
from neurodeploy.graph.model import INPUT
from neurodeploy.graph.neurons import NIR_DEFAULTS, NeuronModel
from neurodeploy.nir.matrix import Matrix, of_rows
from neurodeploy.nir.raw import described, help_for, is_integrator, shape_of, shown, text, whole_number
from neurodeploy.nir.spatial.window import CONVOLUTIONS, WINDOWS, Window, window_of
from neurodeploy.nir.storage import MAX_NEURONS, read_tree, unreadable

NEURONS: Mapping[str, tuple[str, ...]] = {
    model.neuron.nir_type: tuple(model.neuron.nir_parameters)
    for model in NeuronModel
    if model.reset == "value"
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
"""Nodes that change no number: those of nested graphs, and a Flatten, whose elements stay in their order."""

_MAX_FINDINGS = 20


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
        Float arrays of one axis by name.
    weight
        Of an Affine or Linear, else None.
    window
        Of a convolution or pool, else None.
    flattened
        First and last axis that a Flatten joins, else None.
    shape
        Of an Input or Output, else that of the largest parameter; empty where there is none.
    nested
        Whether it belongs to a nested graph: an Input or Output there is only a door.
    stepwise
        Whether its r counts in units of 1 / dt, which is not known before dt is.
    absent
        The parameters that the file does not have, and NIR's defaults stand for.
    reset
        ``value`` (v_reset), or what a dialect says: ``subtract`` (v_threshold, at once),
        ``subtract_late`` (the same, in the next step).
    """

    name: str
    type: str
    parameters: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    weight: Matrix | None = None
    window: Window | None = None
    flattened: tuple[int, int] | None = None
    shape: tuple[int, ...] = ()
    nested: bool = False
    stepwise: bool = False
    absent: tuple[str, ...] = ()
    reset: str = "value"


@dataclass(frozen=True, slots=True, eq=False)
class FlatGraph:
    """The nodes of a NIR graph without nesting, by name, the edges between them, and what was changed."""

    where: str
    nodes: Mapping[str, Node]
    edges: tuple[tuple[str, str], ...]
    metadata: Mapping[str, Any]
    notes: tuple[Finding, ...] = ()

    def of_type(self, *types: str) -> list[Node]:
        """Give the nodes of some types, by name."""
        return [self.nodes[name] for name in sorted(self.nodes) if self.nodes[name].type in types]


def load(path: Path) -> dict[str, Any]:
    """Read the tree of a NIR file: groups as dictionaries, the rest as strings and arrays.

    Raises
    ------
    NeurodeployError
        ND001 no such file, ND002 not HDF5, damaged, or without a NIR graph, ND116 too large.
    """
    content = read_tree(path)
    if not _is_graph(content):
        found = text(content.get("type")) or "no group 'node' with a type, nodes and edges"
        raise unreadable(path, shown(found))
    return content


def _is_graph(node: Any) -> bool:
    """Say whether a node is a graph with nodes and pairs of names for edges."""
    if not isinstance(node, Mapping) or text(node.get("type")) != "NIRGraph":
        return False
    edges = np.asarray(node.get("edges", 0), dtype=object)
    return isinstance(node.get("nodes"), Mapping) and (edges.size == 0 or edges.shape[1:] == (2,))


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
        ND101 NaN or infinite, ND106 a name that cannot be used, ND120 a node that is not supported, ND122 an
        edge that cannot be followed, ND124 a parameter that is missing or has an unusable shape. At most 20
        findings.
    """
    nodes: dict[str, Node] = {}
    edges: list[tuple[str, str]] = []
    raise_errors(islice(_collect(content, "", where, nodes, edges), _MAX_FINDINGS))
    metadata = content.get("metadata", {})
    if not isinstance(metadata, Mapping):
        found = unusable(f"{where}: metadata", described(metadata), "a group of numbers and texts")
        raise NeurodeployError(found)
    return _without_input(FlatGraph(where, nodes, tuple(dict.fromkeys(edges)), metadata))


def _without_input(flat: FlatGraph) -> FlatGraph:
    """Give neurons that are called as the network's input another name."""
    node = flat.nodes.get(INPUT)
    if node is None or node.type not in NEURONS:
        return flat
    name = f"{INPUT}_neurons"
    while name in flat.nodes:
        name += "_"
    note = RENAMED_NEURONS.finding(where=flat.where, found=f"{INPUT} -> {name}")
    nodes = {(name if key == INPUT else key): each for key, each in flat.nodes.items()}
    nodes[name] = replace(node, name=name)
    edges = tuple((name if a == INPUT else a, name if b == INPUT else b) for a, b in flat.edges)
    return replace(flat, nodes=nodes, edges=edges, notes=(note,))


def _collect(
    content: Mapping[str, Any], prefix: str, where: str, nodes: dict[str, Node], edges: list[tuple[str, str]]
) -> Iterator[Finding]:
    """Add the nodes and edges of one graph and of the graphs in it; yield what is wrong."""
    doors: dict[str, dict[str, list[str]]] = {}  # the Inputs and Outputs of each nested graph
    for key, raw in content["nodes"].items():
        name = prefix + key
        if _is_graph(raw):
            yield from _collect(raw, f"{name}.", where, nodes, edges)
            kinds = {k: text(n.get("type")) for k, n in raw["nodes"].items() if isinstance(n, Mapping)}
            doors[key] = {t: [f"{name}.{k}" for k in sorted(kinds) if kinds[k] == t] for t in PASS}
            continue
        if name in nodes:
            yield BAD_NAME.finding(
                message="a node of a nested graph has the name of another node",
                where=f"{where}: {shown(name)}",
                limit="unique, with the names of the graphs around it joined by dots",
                help="Rename one of them.",
            )
        yield from _node(name, raw, where, nodes, nested=bool(prefix))
    for source, target in np.asarray(content["edges"], dtype=object).reshape(-1, 2):
        ends = []
        for key, door in ((text(source), "Output"), (text(target), "Input")):
            within = doors.get(key, {door: [prefix + key] if key in content["nodes"] else []})[door]
            if len(within) != 1:
                yield BAD_STRUCTURE.finding(
                    message="an edge of the NIR graph cannot be followed",
                    where=f"{where}: {shown(prefix + text(source))} -> {shown(prefix + text(target))}",
                    found=f"{len(within)} places to attach it to at {shown(prefix + key)!r}",
                    limit="1",
                    help="Name existing nodes; a nested graph needs exactly one Input and one Output.",
                )
            ends += within[:1]
        if len(ends) == 2:
            edges.append((ends[0], ends[1]))


def _node(name: str, raw: Any, where: str, nodes: dict[str, Node], *, nested: bool) -> Iterator[Finding]:
    """Add one node; yield what is wrong with it."""
    here = f"{where}: {shown(name)}"
    kind = text(raw.get("type")) if isinstance(raw, Mapping) else ""
    supported = (*NEURONS, *LINEAR, *WINDOWS, *PASS)
    if kind not in supported:
        yield UNSUPPORTED_NODE.finding(
            where=here,
            found=shown(kind) or "no type",
            limit=", ".join(supported),
            help="Rewrite the network with these nodes.",
        )
        return
    if kind in NEURONS:
        yield from _population_name(name, here)
    stepwise = False
    if kind == "LIF" and is_integrator(raw):
        kind, raw, stepwise = "IF", {**raw, "r": np.ones(np.shape(raw["r"]))}, True
    parameters: dict[str, NDArray[np.float64]] = {}
    weight, window = None, None
    shape: tuple[int, ...] = ()
    if kind in WINDOWS:
        for found in window_of(kind, raw, here):
            if isinstance(found, Finding):
                yield found
            else:
                window = found
    for key in (*NEURONS.get(kind, ()), *LINEAR.get(kind, ()), *(("bias",) if kind in CONVOLUTIONS else ())):
        value = raw.get(key, NIR_DEFAULTS.get(key))
        if key == "weight":
            weight = _weight(value)
            if weight is None:
                yield unusable(f"{here}.{key}", described(value), "numbers, [post, pre]")
            else:
                yield from finite(f"{here}.{key}", weight.value, weight)
            continue
        array = np.asarray(np.nan if value is None else value)
        if value is None or array.dtype.kind not in "fiub" or not 0 < array.size <= MAX_NEURONS:
            limit = f"numbers, one for each neuron or one for all, at most {MAX_NEURONS}"
            yield unusable(f"{here}.{key}", described(value), limit)
            continue
        parameters[key] = array.astype(np.float64).reshape(-1)
        shape = array.shape if array.size > prod(shape) else shape
        yield from finite(f"{here}.{key}", parameters[key], help=help_for(key, parameters[key]))
    yield from _sizes(here, parameters if kind in NEURONS else {})
    if kind in ("Input", "Output"):
        shape = shape_of(raw.get("shape", ())) or ()
        if not shape and (kind == "Input" or "shape" in raw):
            limit = f"whole numbers above 0, at most {MAX_NEURONS} elements"
            yield unusable(f"{here}.shape", described(raw.get("shape")), limit)
    flattened = None
    if kind == "Flatten":
        start, end = whole_number(raw.get("start_dim", 1)), whole_number(raw.get("end_dim", -1))
        given = raw.get("input_type")
        given = given.get("input") if isinstance(given, Mapping) else given  # so in memory
        if start is None or end is None or (given is not None and shape_of(given) is None):
            axes = " to ".join(described(raw.get(key)) for key in ("start_dim", "end_dim"))
            yield unusable(here, f"axes {axes} of {described(given)}", "whole numbers, a shape")
        else:
            flattened = (start, end)
    absent = tuple(key for key in NEURONS.get(kind, ()) if key not in raw)
    nodes[name] = Node(name, kind, parameters, weight, window, flattened, shape, nested, stepwise, absent)


def _population_name(name: str, here: str) -> Iterator[Finding]:
    """ND106: the name of a neuron node cannot be that of a population."""
    problem = name_problem(name)
    if problem:
        yield BAD_NAME.finding(
            message=problem,
            where=here,
            found=shown(name),
            limit=NAMES,
            help="Rename it.",
        )


def _weight(value: Any) -> Matrix | None:
    """Give a weight as a matrix, None where it is none."""
    if isinstance(value, Matrix):
        return value if min(value.shape) > 0 else None
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or array.ndim != 2 or array.size == 0:
        return None
    n_post, n_pre = array.shape
    return of_rows((n_post, n_pre), [(0, array)])


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


def unusable(where: str, found: str, limit: str) -> Finding:
    """ND124: a value of the file cannot be used."""
    return BAD_PARAMETER.finding(
        where=where, found=found, limit=limit, help="Write the node with all of its parameters."
    )
