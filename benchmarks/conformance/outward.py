"""Outward: who reads the files that neurodeploy writes, and computes the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import neurodeploy as nd
from benchmarks.conformance.environments import Framework, call
from benchmarks.conformance.inward import V_WITHIN, Cell, judged, recorded_in
from benchmarks.conformance.our_networks import given
from neurodeploy.graph.model import Graph


def read_by(
    framework: Framework, graphs: dict[str, Graph], folder: Path, *, rewritten: bool
) -> dict[str, Cell]:
    """Let a framework read networks and compare what it computes.

    Parameters
    ----------
    framework
        Its environment is ready.
    graphs
        Networks by name.
    folder
        Where the files go; new.
    rewritten
        Whether the files are written for the framework (``--for``) or as they are (``model.nir``).
    """
    folder.mkdir(parents=True)
    cells: dict[str, Cell] = {}
    files = {}
    for k, (name, graph) in enumerate(graphs.items()):
        try:
            nd.write_nir(graph, folder / f"{k}.nir", reader=framework.name if rewritten else None)
        except nd.NeurodeployError as error:
            first = error.findings[0]
            cells[name] = Cell("refused", f"{first.code}: {first.found}; {first.limit}")
            continue
        files[name] = folder / f"{k}.nir"
        np.savez(folder / f"{k}.npz", spikes=given(graph))
    answers = call(framework, "read", folder)["cases"] if files else {}
    for name, path in files.items():
        answer = answers[path.stem]
        if "refused" in answer:
            cells[name] = Cell("refused", answer["refused"])
        elif not answer["populations"]:
            cells[name] = Cell("read", "")
        else:
            cells[name] = compared(graphs[name], path.with_suffix(".out.npz"))
    return {name: cells[name] for name in graphs}


def compared(graph: Graph, path: Path) -> Cell:
    """Hold a framework's traces against ours, spikes step by step and the v of the readout."""
    traces = nd.simulate(graph, given(graph)).populations
    with np.load(path) as file:
        arrays = {key: file[key] for key in file.files}
    theirs, _ = recorded_in(arrays)
    expected = {p.name: traces[p.name].spikes for p in graph.populations if p.model.spiking}
    cell = judged(expected, theirs)
    for p in graph.populations:
        v = arrays.get(f"expected/{p.name}/v")
        if cell.verdict != "equal" or p.model.spiking or v is None:
            continue
        ours = traces[p.name].v
        assert ours is not None
        if np.abs(ours - v).max() > V_WITHIN * np.abs(ours).max():
            return Cell("wrong", f"v of the readout {p.name} differs")
    return cell
