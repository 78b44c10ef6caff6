"""Write a Graph as NIR: only nodes that every NIR reader knows, times in seconds, full-shape parameters."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodeploy.files import write_bytes
from neurodeploy.findings.finding import raise_errors
from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.lowering import Branch, canonical
from neurodeploy.graph.lowering import lower as lower_projection
from neurodeploy.graph.model import INPUT, Graph, Population
from neurodeploy.nir.metadata import SOFT_RESETS
from neurodeploy.nir.readers.frameworks import rewritten_for

if TYPE_CHECKING:
    import nir


def write_nir(graph: Graph, path: Path, *, reader: str | None = None) -> Graph:
    """Write a graph to a NIR file: same graph, same bytes. A v_reset of 0 is left out.

    Parameters
    ----------
    graph
        The graph; see :func:`to_nir`.
    path
        The file; written under a temporary name first.
    reader
        Name of a framework of :data:`neurodeploy.nir.readers.frameworks.READERS` that is to read the file:
        the graph is rewritten as that one reads it right. None writes the graph as it is.

    Returns
    -------
    Graph
        What was written.

    Raises
    ------
    NeurodeployError
        As :func:`to_nir`, and ND170, ND171 as :func:`neurodeploy.nir.readers.frameworks.rewritten_for`;
        nothing is written.
    """
    import nir

    if reader is not None:
        raise_errors(check_graph(graph))
        graph = rewritten_for(graph, reader)
    content = _Content(to_nir(graph, explicit_feedback=reader is None))
    memory = io.BytesIO()  # HDF5 itself ends the process where a disk is full
    nir.write(memory, content)
    write_bytes(Path(path), memory.getbuffer())
    return graph


class _Content:
    """What :func:`nir.write` asks of a graph: its content, without each v_reset that is 0 everywhere.

    NIR takes 0 where a file has none, and nir <= 1.0.4 knows no v_reset: it refuses a node that has one
    (nir 1.0.4, nir/ir/node.py, ``NIRNode.from_dict``).
    """

    def __init__(self, graph: nir.NIRGraph) -> None:
        self._graph = graph

    def to_dict(self) -> dict[str, Any]:
        """Give the content of the file."""
        content: dict[str, Any] = self._graph.to_dict()
        for node in content["nodes"].values():
            if "v_reset" in node and not np.any(node["v_reset"]):
                del node["v_reset"]
        return content


def to_nir(graph: Graph, *, explicit_feedback: bool = True) -> nir.NIRGraph:
    """Give a graph as a NIR graph.

    For each projection and distinct delay there is a branch: ``nir.Delay`` (left out where the delay is 0)
    and ``nir.Linear``. The bias of a population rides on the branch with the shortest delay of its first
    projection, which is a ``nir.Affine``; a population without synapses gets an Affine of zeros from the
    input. The readout and every population that feeds no other lead to outputs. What NIR has no place for
    (dt, order, score, and which populations have a soft reset) is in the graph's metadata.

    Parameters
    ----------
    graph
        The graph.
    explicit_feedback
        Whether a population that feeds itself one step later does so through a Delay. Without one it means
        the same to every reader, and readers without nir.Delay can compute it.

    Raises
    ------
    NeurodeployError
        As :func:`neurodeploy.graph.checks.check_graph`.
    """
    import nir

    raise_errors(check_graph(graph))
    graph = canonical(graph)
    nodes: dict[str, nir.NIRNode] = {INPUT: nir.Input(input_type=np.array([graph.input_size]))}
    nodes.update((p.name, _neurons(p)) for p in graph.populations)
    edges: list[tuple[str, str]] = []

    def add(name: str, node: nir.NIRNode) -> str:
        while name in nodes:  # names of branches and outputs have no meaning, populations may have any name
            name += "_"
        nodes[name] = node
        return name

    for population in graph.populations:
        bias: np.ndarray | None = population.bias
        into = graph.into(population.name)
        branches = [(p.source, branch) for p in into for branch in lower_projection(p, graph.dt_s)]
        if not branches:
            branches = [(INPUT, Branch(0.0, np.zeros((population.size, graph.input_size))))]
        for k, (source, branch) in enumerate(branches):
            prefix = f"{source}_to_{population.name}_{k}"
            before = source
            implied = not explicit_feedback and source == population.name and is_one_step(branch, graph.dt_s)
            if branch.delay_s > 0 and not implied:
                before = add(f"{prefix}_delay", nir.Delay(np.full(graph.size_of(source), branch.delay_s)))
                edges.append((source, before))
            weight = np.array(branch.weight)
            linear = nir.Linear(weight) if bias is None else nir.Affine(weight, np.array(bias))
            name = add(f"{prefix}_weight", linear)
            bias = None
            edges += [(before, name), (name, population.name)]

    if not any(source == INPUT for source, _ in edges):  # NIR infers all shapes from the input
        first = graph.populations[0]
        name = add(f"{INPUT}_to_{first.name}", nir.Linear(np.zeros((first.size, graph.input_size))))
        edges += [(INPUT, name), (name, first.name)]
    for name in _outputs(graph):
        is_only = graph.readout is None or name == graph.readout.population
        label = "output" if is_only else f"output_{name}"
        edges.append((name, add(label, nir.Output(output_type=np.array([graph.population(name).size])))))
    return nir.NIRGraph(nodes=nodes, edges=edges, metadata=_metadata(graph))


def is_one_step(branch: Branch, dt_s: float) -> bool:
    """Say whether a branch is delayed by exactly one step."""
    return abs(branch.delay_s - dt_s) <= 1e-6 * dt_s


def _outputs(graph: Graph) -> list[str]:
    """Name the populations that lead to an output: the readout, and every population that feeds no other."""
    fed_on = {p.source for p in graph.projections if p.source != p.target}
    readout = graph.readout.population if graph.readout else None
    ends = [p.name for p in graph.populations if p.name == readout or p.name not in fed_on]
    return ends or [p.name for p in graph.populations[-1:]]


def _metadata(graph: Graph) -> dict[str, float | int | str]:
    """Give what NIR has no place for; HDF5 forgets the order of nodes, so the order is here too."""
    return {
        "dt": float(graph.dt_s),
        "name": graph.name,
        "input_max": int(graph.input_max),
        "populations": "\n".join(p.name for p in graph.populations),
        "readout": graph.readout.population if graph.readout else "",
        "score": graph.readout.score if graph.readout else "",
        **{
            key: "\n".join(names)
            for reset, key in SOFT_RESETS.items()
            if (names := [p.name for p in graph.populations if p.model.reset == reset])
        },
    }


def _neurons(p: Population) -> nir.NIRNode:
    import nir

    neuron = p.model.neuron
    parameters = {key: getattr(p, name) for key, name in neuron.nir_parameters.items()}
    node: nir.NIRNode = getattr(nir, neuron.nir_type)(**parameters)
    return node
