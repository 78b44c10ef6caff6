"""A comparison of two levels, added up chunk by chunk: what differs first, how often, and what is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neurodeploy.findings.codes_parity import NOTHING_COMPARED
from neurodeploy.findings.finding import Finding, Rule
from neurodeploy.traces import PopulationTrace, Traces
from neurodeploy.verify.divergence import QUANTITIES, Divergence, count_mismatches, first_divergence

CHUNK_BYTES = 2**27
"""What the traces of one chunk may take at each level: bounds the memory, whatever the number of samples."""


class Comparison:
    """Hold expected traces against actual ones; nothing that is missing counts as equal.

    Parameters
    ----------
    rule
        Of the findings.
    names
        The populations that must be compared, in the order of the graph.
    quantities
        What both sides must have of each of them.
    tolerance
        For u and v, see :func:`neurodeploy.verify.divergence.differs`.
    spikes_alone
        Populations of which no more than spikes is expected.
    """

    def __init__(
        self,
        rule: Rule,
        names: Sequence[str],
        *,
        quantities: Sequence[str] = ("spikes", "v"),
        tolerance: float = 0.0,
        spikes_alone: Collection[str] = (),
    ) -> None:
        self._rule, self._names, self._quantities = rule, tuple(names), tuple(quantities)
        self._tolerance, self._spikes_alone = tolerance, frozenset(spikes_alone)
        self._misfits: dict[tuple[str, str], None] = {}  # a set that keeps its order
        self._counts: dict[str, dict[str, int]] = {}
        self._first: Divergence | None = None

    def add(self, expected: Traces, actual: Traces, *, first_sample: int = 0) -> None:
        """Compare a chunk; ``first_sample`` is the number of its first sample in the whole."""
        misfits = dict.fromkeys(self._misfits_of(expected, actual))
        self._misfits.update(misfits)
        wrong = {name for name, _ in misfits}
        names = [name for name in self._names if name not in wrong]
        one, other = self._part(expected, names), self._part(actual, names)
        for name, found in count_mismatches(one, other, tolerance=self._tolerance).items():
            known = self._counts.setdefault(name, dict.fromkeys(found, 0))
            for key, number in found.items():
                known[key] += number
        first = first_divergence(one, other, tolerance=self._tolerance)
        if first is not None and (self._first is None or self._order(first) < self._order(self._first)):
            self._first = replace(first, sample=first.sample + first_sample)

    def problems(self) -> list[Finding]:
        """Give what is missing, the first difference, or that nothing was compared; empty where equal."""
        problems = [
            self._rule.finding(
                where=name,
                found=misfit,
                limit=f"{', '.join(self._quantities)} of every population, of one shape on both sides",
                help="Export the bundle again.",
            )
            for name, misfit in self._misfits
        ]
        first = self._first
        if first is not None:
            where = f"{first.population}, neuron {first.neuron}, step {first.step}, sample {first.sample}"
            problems.append(
                self._rule.finding(
                    where=where,
                    found=str(first),
                    limit=f"within {self._tolerance:g}, spikes equal" if self._tolerance else "equal",
                    help=f"The data show: {first.diagnosis}." if first.diagnosis else "",
                )
            )
        compared = [self._counts.get(name, {}).get("compared", 0) for name in self._names]
        if not problems and (not compared or not all(compared)):
            problems.append(
                NOTHING_COMPARED.finding(
                    where=", ".join(n for n, c in zip(self._names, compared, strict=True) if not c)
                    or "every population",
                    found="0 neuron-steps",
                    limit="at least 1 of each population",
                )
            )
        return problems

    def facts(self) -> dict[str, Any]:
        """Give the counts by population, and the first difference where there is one, ready for JSON."""
        facts: dict[str, Any] = {"populations": self._counts}
        return facts if self._first is None else facts | {"first_divergence": self._first.to_dict()}

    def _misfits_of(self, expected: Traces, actual: Traces) -> Iterator[tuple[str, str]]:
        """Yield the populations that cannot be compared, each with the reason."""
        for name in self._names:
            for quantity in ("spikes",) if name in self._spikes_alone else self._quantities:
                one, other = (_of(traces, name, quantity) for traces in (expected, actual))
                if one is None or other is None:
                    side = "expected" if one is None else "computed"
                    yield name, f"no {quantity} to compare with on the {side} side"
                elif one.shape != other.shape:
                    yield name, f"{quantity} of shape {list(one.shape)} against {list(other.shape)}"
                elif one.dtype.kind not in "biuf" or other.dtype.kind not in "biuf":
                    yield name, f"{quantity} of type {one.dtype} against {other.dtype}"
        for name in [*expected.populations, *actual.populations]:
            if name not in self._names:
                yield name, "a trace of a population that the network does not have"

    def _part(self, traces: Traces, names: Sequence[str]) -> Traces:
        """Give the named populations, in order, with what is compared of them."""
        return Traces(
            {
                name: PopulationTrace(
                    traces.populations[name].spikes,
                    traces.populations[name].v
                    if "v" in self._quantities and name not in self._spikes_alone
                    else None,
                    traces.populations[name].u if "u" in self._quantities else None,
                )
                for name in names
            }
        )

    def _order(self, first: Divergence) -> tuple[int, int, int]:
        return first.step, self._names.index(first.population), QUANTITIES.index(first.quantity)


def _of(traces: Traces, name: str, quantity: str) -> np.ndarray[Any, Any] | None:
    """Give one array of a trace, or None where there is none."""
    trace = traces.populations.get(name)
    found: np.ndarray[Any, Any] | None = None if trace is None else getattr(trace, quantity)
    return found


def chunks(n_samples: int, bytes_of_one: int, *, at_most: int = 256) -> Iterator[slice]:
    """Cut samples into chunks whose traces fit :data:`CHUNK_BYTES`; one sample is never cut.

    Parameters
    ----------
    n_samples
        All of them.
    bytes_of_one
        What the traces of one sample take.
    at_most
        Samples in a chunk.
    """
    size = max(1, min(at_most, CHUNK_BYTES // max(1, bytes_of_one)))
    for start in range(0, n_samples, size):
        yield slice(start, min(start + size, n_samples))


def cut(traces: Traces, part: slice) -> Traces:
    """Give some samples of traces; scores are left out."""
    return Traces(
        {
            name: PopulationTrace(
                trace.spikes[part],
                None if trace.v is None else trace.v[part],
                None if trace.u is None else trace.u[part],
            )
            for name, trace in traces.populations.items()
        }
    )
