"""What the user says of a file that does not say it: how the network decides, and what it eats."""

from __future__ import annotations

from dataclasses import replace

from neurodeploy.findings.codes_program import WITHOUT_EFFECT
from neurodeploy.findings.finding import NeurodeployError, raise_errors
from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.model import Graph
from neurodeploy.nir.nodes import FlatGraph


def with_told(graph: Graph, flat: FlatGraph, *, score: str | None, input_max: int | None) -> Graph:
    """Give a network that was read as the user says that it decides, and with the inputs that it takes.

    Raises
    ------
    NeurodeployError
        ND110 no such score, or one of spikes that never come; ND112 a maximum that no input can have; ND096
        what the file records itself, or a score where there is not one output.
    """
    if input_max is not None:
        if "input_max" in flat.metadata:
            raise _idle(flat, "input-max", f"records {graph.input_max}")
        graph = replace(graph, input_max=input_max)
    if score is not None:
        if flat.metadata.get("readout") is not None:
            raise _idle(flat, "score", "records how it decides")
        if graph.readout is None:
            raise _idle(flat, "score", "has no single output of neurons to decide by")
        graph = replace(graph, readout=replace(graph.readout, score=score))
    if score is not None or input_max is not None:
        raise_errors(replace(x, where=f"{flat.where}: {x.where}") for x in check_graph(graph))
    return graph


def _idle(flat: FlatGraph, option: str, why: str) -> NeurodeployError:
    return WITHOUT_EFFECT.error(
        where=f"--{option}", found=f"given with {flat.where}, which {why}", help=f"Leave --{option} out."
    )
