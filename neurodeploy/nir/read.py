"""Read NIR: our own files and those of others. What cannot be represented is a finding, never a change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neurodeploy.findings.codes_network import BAD_PARAMETER, BAD_STRUCTURE, NO_DT, OTHER_DT
from neurodeploy.findings.finding import raise_errors
from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.checks.structure import immediate
from neurodeploy.graph.lowering import raise_branches
from neurodeploy.graph.model import INPUT, Graph, Population, Projection, Readout
from neurodeploy.graph.neurons import PARAMETERS, ignored_value, of_nir_type
from neurodeploy.nir.linear import Drive, Linear
from neurodeploy.nir.nodes import NEURONS, FlatGraph, Node, flatten, load, text

if TYPE_CHECKING:
    import nir


def read_nir(path: Path, dt_s: float | None = None) -> Graph:
    """Read a NIR file.

    Parameters
    ----------
    path
        The file.
    dt_s
        Length of one step, in seconds; needed where the file does not record it (only ours do).

    Returns
    -------
    Graph
        In the form of :func:`neurodeploy.graph.lowering.canonical`. A file of others that has one output gets
        a readout there: ``spike_count`` of spiking neurons, ``softmax_sum`` of leaky integrators.

    Raises
    ------
    NeurodeployError
        ND001 no such file, ND002 unreadable, ND101 NaN, ND120 a node that is not supported, ND121 dt unknown,
        ND122 a structure that a Graph cannot represent, ND124 an unusable parameter, ND125 a dt that
        contradicts the file's; and as :func:`neurodeploy.graph.checks.check_graph`.

    Notes
    -----
    A population that feeds itself without an explicit Delay does so one step later: all frameworks that write
    recurrent networks as NIR compute them so. A longer loop needs an explicit Delay.
    """
    path = Path(path)
    return _graph(flatten(load(path), str(path)), path.stem, dt_s)


def from_nir(graph: nir.NIRGraph, dt_s: float | None = None) -> Graph:
    """Make a Graph of a NIR graph in memory; see :func:`read_nir`."""
    return _graph(flatten(graph.to_dict(), "NIR graph"), "nir", dt_s)


def _graph(flat: FlatGraph, name: str, dt_s: float | None) -> Graph:
    """Put populations and projections together."""
    dt_s = _dt(flat, dt_s)
    input_size = _input_size(flat)
    linear = Linear(flat, input_size, dt_s)
    neurons = {node.name: node for node in flat.of_type(*NEURONS)}
    drives = {name: linear.into(name) for name in neurons}
    projections = {name: _projections(name, drive, dt_s) for name, drive in drives.items()}
    order = _order(flat, [p for found in projections.values() for p in found], list(neurons), dt_s)
    sources = [INPUT, *order]
    graph = Graph(
        name=text(flat.metadata.get("name")) or name,
        dt_s=dt_s,
        input_size=input_size,
        input_max=int(_recorded(flat, "input_max") or 1),
        populations=tuple(_population(neurons[n], drives[n], linear.size(n), dt_s) for n in order),
        projections=tuple(
            p for n in order for p in sorted(projections[n], key=lambda p: sources.index(p.source))
        ),
    )
    graph = replace(graph, readout=_readout(flat, graph, linear))
    raise_errors(replace(finding, where=f"{flat.where}: {finding.where}") for finding in check_graph(graph))
    return graph


def _dt(flat: FlatGraph, given: float | None) -> float:
    recorded = _recorded(flat, "dt")
    if recorded is None and given is None:
        raise NO_DT.error(
            where=flat.where,
            found="no dt in its metadata",
            limit="NIR is in continuous time; a step has a length",
            help="Give the dt that the network was trained with: --dt SECONDS.",
        )
    if recorded is None:
        assert given is not None
        return float(given)
    # within what a dt that was typed or went through float32 differs by
    if given is not None and abs(given - recorded) > 1e-6 * recorded:
        raise OTHER_DT.error(
            where=flat.where,
            found=f"{given:g} s",
            limit=f"{recorded:g} s, recorded in the file",
            help="Leave --dt out.",
        )
    return recorded


def _recorded(flat: FlatGraph, key: str) -> float | None:
    """Give a number of the file's metadata, None where it has none."""
    value = flat.metadata.get(key)
    array = np.asarray(value)
    if value is None:
        return None
    if array.size != 1 or array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise BAD_PARAMETER.error(
            where=f"{flat.where}: metadata.{key}",
            found=text(value) or f"{array.dtype} {list(array.shape)}",
            limit="one number",
            help="Correct the metadata, or leave the key out.",
        )
    return float(array.reshape(-1)[0])


def _input_size(flat: FlatGraph) -> int:
    inputs = [node for node in flat.of_type("Input") if not node.nested]
    if len(inputs) != 1:
        raise BAD_STRUCTURE.error(
            where=flat.where,
            found=f"{len(inputs)} Input nodes",
            limit="exactly one",
            help="Join the inputs into one.",
        )
    return int(np.prod(inputs[0].shape, dtype=np.int64))


def _population(node: Node, drive: Drive, size: int, dt_s: float) -> Population:
    model = of_nir_type(node.type)
    assert model is not None  # flatten refuses other types
    given = {name: node.parameters[key] for key, name in model.neuron.nir_parameters.items()}
    values = {
        name: given[name] if name in given else np.array([ignored_value(name, dt_s)])
        for name in PARAMETERS
        if name != "bias"
    }
    full = {name: np.broadcast_to(value, (size,)).astype(np.float64) for name, value in values.items()}
    return Population(name=node.name, model=model, bias=drive.bias, **full)


def _projections(target: str, drive: Drive, dt_s: float) -> list[Projection]:
    """Raise what arrives at a population; a spike that would act on its own neuron's step waits for one."""
    found = []
    for source, given in drive.branches():
        branches = [replace(b, delay_s=dt_s) if source == target and b.delay_s == 0 else b for b in given]
        post, pre = given[0].weight.shape
        projection = raise_branches(source, target, branches, (post, pre))
        if projection.weight.any():
            found.append(projection)
    return found


def _order(flat: FlatGraph, projections: list[Projection], names: list[str], dt_s: float) -> list[str]:
    """Order populations so that they can be computed: as recorded, else by distance from the input."""
    recorded = text(flat.metadata.get("populations")).split("\n")
    if sorted(recorded) == sorted(names):
        return recorded
    distance = {INPUT: 0}
    reached = [INPUT]
    for source in reached:
        for p in projections:
            if p.source == source and p.target not in distance:
                distance[p.target] = distance[source] + 1
                reached.append(p.target)
    left = sorted(names, key=lambda name: (distance.get(name, 0), name))
    waits = {(p.source, p.target) for p in projections if p.source != INPUT and immediate(p, dt_s)}
    order: list[str] = []
    while left:
        ready = [name for name in left if not any(t == name and s in left for s, t in waits)]
        order.append((ready or left)[0])  # in a loop without delay any order is wrong: check_graph says so
        left.remove(order[-1])
    return order


def _readout(flat: FlatGraph, graph: Graph, linear: Linear) -> Readout | None:
    """Take the recorded readout; else, where there is one output, the population that leads to it."""
    if "readout" in flat.metadata:
        name = text(flat.metadata["readout"])
        return Readout(population=name, score=text(flat.metadata.get("score"))) if name else None
    outputs = [node.name for node in flat.of_type("Output") if not node.nested]
    sources = [linear.population_at(name) for name in outputs]
    if len(sources) != 1:
        return None
    spiking = graph.population(sources[0]).model.spiking
    return Readout(population=sources[0], score="spike_count" if spiking else "softmax_sum")
