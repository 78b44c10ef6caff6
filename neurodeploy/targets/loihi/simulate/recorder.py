"""Hold the traces of a simulation while the compiled kernel writes them, and score them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from neurodeploy.targets.loihi.simulate.naive import readout_scores
from neurodeploy.targets.loihi.simulate.tables import Record
from neurodeploy.targets.loihi.simulate.wiring import Plan
from neurodeploy.traces import PopulationTrace, Traces

QUANTITIES = ("spikes", "u", "v")

Score = tuple["NDArray[np.float64] | None", "NDArray[np.float64] | None"]
"""The class scores of some samples, and by step where the readout decides each step."""


class Recorder:
    """Allocate the traces that are asked for, and those that the scores need; give them back as Traces."""

    def __init__(self, plan: Plan, n_samples: int, n_steps: int, wanted: frozenset[str]) -> None:
        self._program = program = plan.program
        self._wanted = wanted
        needed: dict[str, set[str]] = {p.name: set(wanted) for p in program.populations}
        if program.readout is not None:
            kind = "spikes" if program.readout.score == "spike_count" else "v"
            needed[program.readout.population].add(kind)
        self._shape = {p.name: (n_samples, n_steps, p.size) for p in program.populations}
        self._kept: dict[str, dict[str, NDArray]] = {p.name: {} for p in program.populations}
        flat: dict[str, NDArray] = {}
        at: dict[str, NDArray[np.int64]] = {}
        for quantity in QUANTITIES:
            kept = [p for p in program.populations if quantity in needed[p.name]]
            lengths = [math.prod(self._shape[p.name]) for p in kept]
            ends = np.cumsum([0, *lengths])
            flat[quantity] = np.empty(ends[-1], np.uint8 if quantity == "spikes" else np.int32)
            start = {p.name: int(end) for p, end in zip(kept, ends, strict=False)}
            at[quantity] = np.array(
                [-1, *(start.get(p.name, -1) for p in program.populations)], dtype=np.int64
            )
            for p, end, length in zip(kept, ends, lengths, strict=False):
                part = flat[quantity][end : end + length]
                self._kept[p.name][quantity] = part.reshape(self._shape[p.name])
        latency = np.array([0, *(p.latency_steps for p in program.populations)], dtype=np.int64)
        self.record = Record(flat["spikes"], flat["u"], flat["v"], at["spikes"], at["u"], at["v"], latency)

    def score(self, first: int, last: int) -> Score:
        """Score samples ``first..last-1``, which must have been run; none depends on another."""
        readout = self._program.readout
        if readout is None:
            return None, None
        arrays = self._kept[readout.population]
        v = {readout.population: arrays["v"][first:last]} if "v" in arrays else {}
        spikes = {readout.population: arrays.get("spikes", self._nothing(readout.population))[first:last]}
        return readout_scores(self._program, v, spikes)

    def traces(self, scores: Sequence[Score], facts: Mapping[str, int]) -> Traces:
        """Give what was recorded, with the scores of all samples in order."""
        populations = {}
        for name, arrays in self._kept.items():
            shown = {q: a for q, a in arrays.items() if q in self._wanted}
            spikes = shown.get("spikes", self._nothing(name))
            populations[name] = PopulationTrace(spikes, shown.get("v"), shown.get("u"))
        parts = [[part for part in some if part is not None] for some in zip(*scores, strict=True)]
        score, per_step = (np.concatenate(some) if some else None for some in parts)
        return Traces(populations, score, per_step, facts)

    def _nothing(self, name: str) -> NDArray[np.uint8]:
        n_samples, _, n_neurons = self._shape[name]
        return np.zeros((n_samples, 0, n_neurons), dtype=np.uint8)
