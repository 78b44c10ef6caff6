"""The accuracy ladder: what each step from the trained floats to the integers costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.samples import Samples, predictions, right
from neurodeploy.files.json_ready import rounded
from neurodeploy.graph.interpret import interpret
from neurodeploy.graph.model import Graph
from neurodeploy.targets.target import Target
from neurodeploy.traces import Traces
from neurodeploy.verify.comparison import chunks

CHUNK = 256
"""Samples that are computed at once at most: large networks take fewer, see :func:`chunks`."""

TRACES_AT_ONCE = 4
"""Bytes of a neuron-step that a chunk holds: spikes of three networks, and what is compared of them."""

INTEGERS = ("integers", "integer arithmetic")
"""Key and title of the last rung: the program itself, in the target's simulator."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rung:
    """What was measured on one rung.

    Attributes
    ----------
    key, title
        Which roundings are on: this one and those of all rungs before it.
    n_samples
        How many samples it was measured on.
    accuracy
        In percent; None without labels or readout.
    agreement
        Share of the decisions that equal the trained network's, in percent; None without a readout.
    mismatch
        By spiking population: neuron-steps whose spike differs from the trained network's, in percent.
    spikes
        By spiking population: how many it fired.
    not_shared
        By spiking population: differing neuron-steps as a part of all spikes of this network and the trained
        one, in percent: 0 where every spike has its counterpart, 100 where none has; 0 where both are silent.
    decisions
        Predicted classes ``[sample]`` or ``[sample, step]``; None without a readout.
    """

    key: str
    title: str
    n_samples: int
    accuracy: float | None
    agreement: float | None
    mismatch: dict[str, float]
    spikes: dict[str, int]
    not_shared: dict[str, float]
    decisions: NDArray[np.int64] | None = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Give the rung as a JSON-ready mapping, percentages to six decimals."""
        return {
            "rung": self.key,
            "title": self.title,
            "n_samples": self.n_samples,
            "accuracy_percent": rounded(self.accuracy),
            "agreement_percent": rounded(self.agreement),
            "spike_mismatch_percent": {name: rounded(x) for name, x in self.mismatch.items()},
            "spikes": dict(self.spikes),
            "spikes_not_shared_percent": {name: rounded(x) for name, x in self.not_shared.items()},
        }


def ladder(
    graph: Graph,
    target: Target[Any],
    program: Any,
    samples: Samples,
    *,
    threads: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Rung]:
    """Measure accuracy, agreement and spike mismatch with one rounding after the other switched on.

    Parameters
    ----------
    graph
        The float network as trained.
    target
        What it was lowered for.
    program
        What it became.
    samples
        What to measure on; one at least.
    threads
        For the simulators; by default every core.
    progress
        Called with the number of samples done, 0 first.

    Returns
    -------
    list[Rung]
        ``float`` first, ``integers`` last; see :meth:`neurodeploy.targets.target.Target.rungs`.
    """
    networks = target.rungs(graph, program)
    spiking = [p.name for p in graph.populations if p.model.spiking]
    tallies = [
        _Tally(key, title, spiking) for key, title in [*((n.key, n.title) for n in networks), INTEGERS]
    ]
    n_neurons = sum(population.size for population in graph.populations)
    progress(0)
    for part in chunks(len(samples), samples.spikes.shape[1] * n_neurons * TRACES_AT_ONCE, at_most=CHUNK):
        spikes = samples.spikes[part]
        trained = last = interpret(graph, spikes, record=("spikes",), threads=threads)
        tallies[0].add(trained, trained)
        for number, network in enumerate(networks[1:], start=1):
            if not same(network.graph, networks[number - 1].graph):
                last = interpret(network.graph, spikes, record=("spikes",), threads=threads)
            tallies[number].add(trained, last)
        tallies[-1].add(trained, target.simulate(program, spikes, record=("spikes",), threads=threads))
        progress(part.stop)
    reference = tallies[0].all_decisions()
    return [tally.rung(samples, reference) for tally in tallies]


def same(one: Graph, other: Graph) -> bool:
    """Say whether two networks hold the same numbers, so that one need not be computed again."""
    pairs = [*zip(one.populations, other.populations, strict=True)]
    edges = [*zip(one.projections, other.projections, strict=True)]
    return all(_same_arrays(a, b, _POPULATION_ARRAYS) for a, b in pairs) and all(
        a.shape == b.shape and _same_arrays(a.listed, b.listed, _SYNAPSES) for a, b in edges
    )


_SYNAPSES = ("tap", "post", "pre", "weight", "delay_s")
_POPULATION_ARRAYS = ("tau_s", "v_threshold", "v_leak", "v_reset", "r", "tau_syn_s", "w_in", "bias")


def _same_arrays(one: object, other: object, names: tuple[str, ...]) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


class _Tally:
    """Add up what one rung does over the chunks."""

    def __init__(self, key: str, title: str, spiking: list[str]) -> None:
        self.key, self.title = key, title
        self.wrong = dict.fromkeys(spiking, 0)
        self.total = dict.fromkeys(spiking, 0)
        self.spikes = dict.fromkeys(spiking, 0)
        self.trained_spikes = dict.fromkeys(spiking, 0)
        self.decisions: list[NDArray[np.int64]] = []

    def add(self, trained: Traces, actual: Traces) -> None:
        """Count a chunk's spikes that differ, and keep its decisions."""
        for name in self.wrong:
            expected, got = trained.populations[name].spikes, actual.populations[name].spikes
            self.wrong[name] += int((expected != got).sum())
            self.total[name] += int(expected.size)
            self.spikes[name] += int(np.count_nonzero(got))
            self.trained_spikes[name] += int(np.count_nonzero(expected))
        if actual.score is not None:
            self.decisions.append(predictions(actual))

    def all_decisions(self) -> NDArray[np.int64] | None:
        """Give the decisions on all samples."""
        return np.concatenate(self.decisions) if self.decisions else None

    def rung(self, samples: Samples, reference: NDArray[np.int64] | None) -> Rung:
        """Turn the counts into percentages."""
        decisions = self.all_decisions()
        return Rung(
            key=self.key,
            title=self.title,
            n_samples=len(samples),
            accuracy=None if samples.labels is None else _share(decisions, samples.labels, samples.mask),
            agreement=_share(decisions, reference, samples.mask),
            mismatch={
                name: 100.0 * wrong / self.total[name]
                for name, wrong in self.wrong.items()
                if self.total[name]
            },
            spikes=self.spikes,
            not_shared={
                name: 100.0 * wrong / max(1, self.spikes[name] + self.trained_spikes[name])
                for name, wrong in self.wrong.items()
            },
            decisions=decisions,
        )


def _share(
    decisions: NDArray[np.int64] | None, labels: NDArray[np.int64] | None, mask: NDArray[np.bool_] | None
) -> float | None:
    """Give the share of right decisions in percent."""
    if decisions is None or labels is None or not len(decisions):
        return None
    is_right, counted = right(decisions, labels, mask)
    return 100.0 * float(is_right[counted].mean() if counted is not None else is_right.mean())
