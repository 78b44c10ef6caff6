"""Inward: what neurodeploy makes of the files that a framework wrote, against what the framework computed."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import neurodeploy as nd
from neurodeploy.graph.model import Graph

MAX_SHIFT = 3
"""Steps by which a population may be late or early and count as shifted."""

V_WITHIN = 1e-4
"""Part of the largest v by which a readout may differ: frameworks compute in float32."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One answer of the matrix.

    Attributes
    ----------
    verdict
        ``equal``, ``shifted``, ``decisions``, ``refused``, ``not written``, ``silent`` (a population of the
        framework's own network never spikes: the case shows nothing) or ``wrong``.
    detail
        In how many spikes, by how many steps, or the reason.
    """

    verdict: str
    detail: str = ""

    @property
    def fine(self) -> bool:
        """Whether nobody is misled: the same numbers, or a refusal that says why."""
        return self.verdict in ("equal", "refused", "not written")


def judged(expected: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray]) -> Cell:
    """Compare spikes population by population and step by step.

    Parameters
    ----------
    expected, found
        Spikes of spiking populations by name, ``[sample, step, neuron]``; the last is the output.
    """
    missing = sorted(expected.keys() - found.keys())
    if missing:
        return Cell("wrong", f"no population {', '.join(missing)}")
    shapes = [
        f"{n} {expected[n].shape} {found[n].shape}" for n in expected if expected[n].shape != found[n].shape
    ]
    if shapes:
        return Cell("wrong", f"other shapes: {', '.join(shapes)}")
    silent = [name for name, spikes in expected.items() if not spikes.any()]
    if silent:
        return Cell("silent", f"{', '.join(silent)} never spikes in the framework")
    differs = {name: int((expected[name] != found[name]).sum()) for name in expected}
    n_spikes = sum(int(spikes.sum()) for spikes in expected.values())
    if not any(differs.values()):
        return Cell("equal", f"{n_spikes} spikes")
    shifts = {name: _shift(expected[name], found[name]) for name in expected}
    if all(shift is not None for shift in shifts.values()):
        return Cell("shifted", ", ".join(f"{name} by {shift}" for name, shift in shifts.items()))
    told = ", ".join(f"{name} {n}" for name, n in differs.items())
    told = f"{sum(differs.values())} of {n_spikes} spikes differ ({told})"
    last = list(expected)[-1]
    same = [expected[last].sum(1).argmax(-1), found[last].sum(1).argmax(-1)]
    return Cell("decisions" if np.array_equal(*same) else "wrong", told)


def _shift(expected: np.ndarray, found: np.ndarray) -> int | None:
    """Give by how many steps the found spikes are late (above 0) or early; None where they are others."""
    for k in sorted(range(-MAX_SHIFT, MAX_SHIFT + 1), key=abs):
        late, early = max(k, 0), max(-k, 0)
        n = expected.shape[1] - abs(k)
        if np.array_equal(expected[:, early : early + n], found[:, late : late + n]):
            return k
    return None


def read_back(path: Path, answer: Mapping[str, Any], dialect: str | None) -> Cell:
    """Read one of a framework's files, compute it and compare; ``dialect`` names its writer."""
    if "refused" in answer:
        return Cell("not written", answer["refused"])
    options: dict[str, Any] = {"dt_s": answer["dt"]}
    if dialect is not None:
        said = answer["dialect"]
        options["dialect"] = f"{dialect}:{said}" if said else dialect
    with np.load(path.with_suffix(".npz")) as file:
        arrays = {name: file[name] for name in file.files}
    expected, readouts = recorded_in(arrays)
    spikes = arrays["spikes"].reshape(*arrays["spikes"].shape[:2], -1)
    try:
        graph = nd.read_nir(path, **options)
        traces = nd.simulate(graph, spikes)
    except nd.NeurodeployError as error:
        first = error.findings[0]
        return Cell("refused", f"{first.code}: {first.found or first.message}")
    names = matched([*expected, *readouts], graph)
    found = {name: traces.populations[ours].spikes for name, ours in names.items()}
    cell = judged(expected, found)
    for name, v in readouts.items():
        if cell.verdict != "equal":
            break
        ours = traces.populations[names[name]].v if name in names else None
        if ours is None or np.abs(ours - v).max() > V_WITHIN * np.abs(v).max():
            cell = Cell("wrong", f"v of the readout {name} differs")
    return cell


def recorded_in(arrays: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Give the spikes of spiking populations, and the v of readouts, from a framework's file of traces."""
    by_name: dict[str, dict[str, np.ndarray]] = {}
    for key, array in arrays.items():
        if key.startswith("expected/"):
            _, name, what = key.split("/")
            by_name.setdefault(name, {})[what] = array
    spiking = {name: kept["spikes"] for name, kept in by_name.items() if "spikes" in kept}
    return spiking, {name: kept["v"] for name, kept in by_name.items() if name not in spiking}


def matched(names: list[str], graph: Graph) -> dict[str, str]:
    """Find the population that a framework's module became: of its name, or inside a graph of its name."""
    ours = [p.name for p in graph.populations]
    found = {}
    for name in names:
        inside = [each for each in ours if each == name or each.split(".")[0] == name]
        if len(inside) == 1:
            found[name] = inside[0]
    return found


def takes_dialects() -> bool:
    """Say whether the reader can be told who wrote a file."""
    return "dialect" in inspect.signature(nd.read_nir).parameters
