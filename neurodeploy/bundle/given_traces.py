"""Traces of any framework in an npz file: inputs, and what every population did there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.samples import ARRAYS, Samples
from neurodeploy.files import NUMBERS_AND_TEXTS, load_npz
from neurodeploy.findings.codes_module import BAD_TRACES
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.model import Graph, Population
from neurodeploy.graph.observed import Observed
from neurodeploy.score import scores
from neurodeploy.traces import PopulationTrace, Traces

FRAMEWORK = "framework"
"""The array that may say who computed the traces, as a text."""

V_KINDS = ("float32", "float64")


def observed_of(graph: Graph, path: Path) -> Observed:
    """Read traces of a network and hold them against it.

    Parameters
    ----------
    graph
        What they must be traces of.
    path
        An npz file with

        * ``spikes``: the inputs, ``[sample, step, source]``; ``labels`` and ``mask`` as for samples;
        * ``<population>/spikes``: 0 and 1, ``[sample, step, neuron]``, of every population that spikes;
        * ``<population>/v``: float64 or float32 in the same shape, after reset; of what never spikes, and
          of spiking populations where it was recorded;
        * ``framework``: a text, if it is there.

    Returns
    -------
    Observed
        With the file's inputs for samples.

    Raises
    ------
    NeurodeployError
        ND144 with a finding for each array that does not fit; ND010 to ND015 for the inputs; ND001 to ND003
        for the file.
    """
    arrays = load_npz(path, required=ARRAYS[:1], kinds=NUMBERS_AND_TEXTS)
    readout = graph.readout
    spikes, labels, mask = (arrays.pop(name, None) for name in ARRAYS)
    assert spikes is not None, "it was required"
    samples = Samples(
        spikes,
        labels,
        mask,
        n_classes=None if readout is None else graph.population(readout.population).size,
        size=graph.input_size,
        maximum=graph.input_max,
        where=str(path),
    )
    framework = str(arrays.pop(FRAMEWORK, np.array(""))).strip()
    problems = [
        BAD_TRACES.finding(where=f"{path}: {key}", found=found, limit=limit, help=way_out)
        for key, found, limit, way_out in _misfits(graph, arrays, samples.spikes.shape[:2])
    ]
    if problems:
        raise NeurodeployError(problems)
    populations = {p.name: _trace(p, arrays, samples.spikes.shape[:2]) for p in graph.populations}
    witness = f"the traces in {path.name}{f' ({framework})' if framework else ''}"
    return Observed(graph, samples, samples.spikes, _scored(graph, populations), witness)


def _trace(
    population: Population, arrays: Mapping[str, NDArray[Any]], shape: tuple[int, ...]
) -> PopulationTrace:
    spikes = arrays.get(f"{population.name}/spikes", np.zeros((*shape, population.size)))
    return PopulationTrace(spikes.astype(np.uint8), arrays.get(f"{population.name}/v"))


def _scored(graph: Graph, populations: dict[str, PopulationTrace]) -> Traces:
    """Score traces as the graph's readout says, where what it needs was recorded."""
    readout = graph.readout
    last = None if readout is None else populations[readout.population]
    if readout is None or last is None or (last.v is None and readout.score != "spike_count"):
        return Traces(populations)
    v = np.zeros(last.spikes.shape) if last.v is None else last.v.astype(np.float64)
    return Traces(populations, *scores(readout.score, v, last.spikes))


def _misfits(
    graph: Graph, arrays: Mapping[str, NDArray[Any]], shape: tuple[int, ...]
) -> Iterator[tuple[str, str, str, str]]:
    """Yield array, what is found, what must be, and help."""
    known: set[str] = set()
    for p in graph.populations:
        wanted = (*shape, p.size)
        keys = {kind: f"{p.name}/{kind}" for kind in ("spikes", "v")}
        known |= set(keys.values())
        needed = "spikes" if p.model.spiking else "v"
        if keys[needed] not in arrays:
            record = f"Record it in the framework: {needed} of {p.name!r} at every step."
            yield keys[needed], "no such array", f"{list(wanted)}", record
        for kind, key in keys.items():
            if key in arrays:
                yield from _array_misfits(key, arrays[key], kind, wanted, spiking=p.model.spiking)
    for key in sorted(set(arrays) - known):
        names = ", ".join(p.name for p in graph.populations)
        yield (
            key,
            "an array that belongs to no population",
            f"<population>/spikes, <population>/v of {names}",
            "",
        )


def _array_misfits(
    key: str, array: NDArray[Any], kind: str, wanted: tuple[int, ...], *, spiking: bool
) -> Iterator[tuple[str, str, str, str]]:
    """Yield what is wrong with one array."""
    if array.shape != wanted:
        yield key, f"{list(array.shape)}", f"{list(wanted)}, [sample, step, neuron]", "Put the samples first."
    elif kind == "spikes":
        if array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
            yield key, f"{array.dtype} with values other than 0 and 1", "0 and 1", "Store spikes, not v."
        elif not spiking and array.any():
            yield key, "spikes of a population that never spikes", "0", "Leave the array out."
    elif array.dtype.name not in V_KINDS:
        yield key, f"{array.dtype}", " or ".join(V_KINDS), "Store v as the framework computes it."
    elif not np.isfinite(array).all():
        yield key, "NaN or infinity", "finite numbers", "The network has diverged where the traces were made."
