"""P2: float against integers on sets of samples; what is measured, what is gated, what is always refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from neurodeploy.data.samples import Samples, right
from neurodeploy.findings.codes_parity import (
    DECISIONS_DIFFER,
    DROP_TOO_LARGE,
    GATE_NEEDS_LABELS,
    NOTHING_COMPARED,
    SILENT_POPULATION,
    SPIKES_DIFFER,
)
from neurodeploy.findings.finding import Finding, Severity
from neurodeploy.graph.model import Graph
from neurodeploy.progress import Progress
from neurodeploy.progress import silent as silent_progress
from neurodeploy.targets.target import Target
from neurodeploy.traces import Traces
from neurodeploy.verify.drop_limit import REFUSED_PERCENT, TOO_FEW, Thresholds, that_passes
from neurodeploy.verify.gates import Check, judge
from neurodeploy.verify.ladder import Rung, ladder
from neurodeploy.verify.statistics import PairedDrop, paired_drop
from neurodeploy.verify.verification import SetResult


def measure_sets(
    graph: Graph,
    target: Target[Any],
    program: Any,
    sets: Mapping[str, Samples],
    *,
    samples: int | None,
    confidence: float,
    threads: int | None = None,
    progress: Progress = silent_progress,
) -> list[SetResult]:
    """Measure the ladder on each set, on its first ``samples`` samples or on all."""
    results = []
    for name, available in sets.items():
        chosen = available if samples is None else available.first(samples)

        def report(done: int, name: str = name, total: int = len(chosen)) -> None:
            progress(f"P2: the ladder on {name}", done, total)

        rungs = ladder(graph, target, program, chosen, threads=threads, progress=report)
        results.append(
            SetResult(
                name=name,
                n_samples=len(chosen),
                n_available=len(available),
                rungs=tuple(rungs),
                drop=_drop(chosen, rungs, confidence),
                chance=_chance(chosen),
                n_decisions=_n_decisions(chosen, rungs[-1]),
            )
        )
    return results


def _drop(samples: Samples, rungs: Sequence[Rung], confidence: float) -> PairedDrop | None:
    """Give the drop from the first rung to the last; None where there is nothing to be right about."""
    before, after = rungs[0].decisions, rungs[-1].decisions
    if samples.labels is None or before is None or after is None or not len(samples):
        return None
    right_before, counted = right(before, samples.labels, samples.mask)
    right_after, _ = right(after, samples.labels, samples.mask)
    return paired_drop(right_before, right_after, counted, confidence=confidence)


def _n_decisions(samples: Samples, rung: Rung) -> int:
    """Count the decisions that an agreement is a share of."""
    if rung.decisions is None:
        return 0
    masked = samples.mask is not None and rung.decisions.ndim == 2
    return int(samples.mask.sum()) if masked and samples.mask is not None else int(rung.decisions.size)


def _chance(samples: Samples) -> float | None:
    """Give the accuracy of always deciding for the most frequent label, in percent."""
    if samples.labels is None or not len(samples):
        return None
    labels = samples.labels
    if samples.mask is not None:
        labels = np.broadcast_to(labels.reshape(*labels.shape, *(1,) * (2 - labels.ndim)), samples.mask.shape)
        labels = labels[samples.mask]
    return 100.0 * float(np.unique(labels, return_counts=True)[1].max() / labels.size)


def check_accuracy(
    results: Sequence[SetResult], thresholds: Thresholds, *, trained: Traces | None = None
) -> Check:
    """P2: hold float against integers on the bundle's samples.

    Parameters
    ----------
    results
        What was measured on each set.
    thresholds
        What was asked for.
    trained
        The golden traces of the trained network, which tell a population that never fires from one whose
        spikes were lost on the way.

    Notes
    -----
    Without ``max_drop`` the check is *measured*, not passed. Three things fail it whatever was asked for: a
    set without samples, more than :data:`REFUSED_PERCENT` of spikes or decisions that differ, and a
    population that is silent where the trained network is not known to be.
    """
    problems: list[Finding] = []
    notes: list[Finding] = []
    for result in results:
        if not result.n_samples:
            problems.append(_nothing(result.name))
            continue
        problems += refusals(result)
        for finding in silent(result, trained):
            (problems if finding.severity is Severity.ERROR else notes).append(finding)
        problems += _gate(result, thresholds)
    if not results:
        problems.append(_nothing("every set"))
    what = ", ".join(f"{result.n_samples} of {result.n_available} of {result.name}" for result in results)
    drops = [thresholds.held(result.drop) for result in results if result.drop is not None]
    passing = that_passes(max(drops)) if drops else None
    return judge(
        "P2",
        "float = integers, accuracy",
        n_compared=sum(result.n_samples for result in results),
        problems=problems,
        agreed=f"{_limit(thresholds, passing)}; samples: {what}",
        gated=thresholds.max_drop is not None,
        facts={
            "max_drop_percentage_points": thresholds.max_drop,
            "confidence": thresholds.confidence,
            "max_drop_that_passes_percentage_points": passing,
            "refused_above_percent": round(REFUSED_PERCENT, 6),
        },
        notes=notes,
    )


def _limit(thresholds: Thresholds, passing: float | None) -> str:
    """Say what was held against what."""
    would = "" if passing is None else f"; --max-drop {passing:.2f} would have passed"
    if thresholds.max_drop is None:
        return f"no limit was asked for (--max-drop){would}"
    if thresholds.confidence is None:
        return f"no drop above {thresholds.max_drop:g} percentage points{would}"
    return (
        f"upper end of the {100 * thresholds.confidence:g} % interval of no drop above "
        f"{thresholds.max_drop:g} percentage points{would}"
    )


def _nothing(name: str) -> Finding:
    return NOTHING_COMPARED.finding(
        where=f"samples {name!r}", found="0 samples", limit="at least 1", help="Export with samples."
    )


def refusals(result: SetResult) -> Iterator[Finding]:
    """Yield what fails a set without any limit: a third of the spikes or of the decisions differ."""
    trained, last = result.rungs[0], result.rungs[-1]
    where = f"samples {result.name!r}"
    for name, percent in last.not_shared.items():
        n_spikes = trained.spikes[name] + last.spikes[name]
        if percent > REFUSED_PERCENT and n_spikes >= TOO_FEW and last.spikes[name]:
            yield SPIKES_DIFFER.finding(
                where=f"{name}, {where}",
                found=f"{percent:.1f} % of {n_spikes} spikes of the two have no counterpart",
                limit=f"{REFUSED_PERCENT:.1f} %, with or without --max-drop",
                help="The ladder names the step that loses them.",
            )
    if last.agreement is None or last.decisions is None:
        return
    differ = 100.0 - last.agreement
    if differ > REFUSED_PERCENT and differ / 100.0 * result.n_decisions >= TOO_FEW:
        yield DECISIONS_DIFFER.finding(
            where=where,
            found=f"{differ:.1f} % of {result.n_decisions} decisions",
            limit=f"{REFUSED_PERCENT:.1f} %, with or without --max-drop",
            help="The ladder names the step that loses them.",
        )


def silent(result: SetResult, trained: Traces | None) -> Iterator[Finding]:
    """Yield the populations whose integers never fire on a set: nothing of their spikes was compared.

    Notes
    -----
    It is an error where the float network fires (their spikes were lost in the integers), and where both are
    silent and the golden traces of the trained network do not show that it is so too: no label can say that
    a gain or a decay was not lost on the way. Where they show it, and where the float network fires fewer
    than :data:`TOO_FEW` spikes, it is a warning.
    """
    first, last = result.rungs[0], result.rungs[-1]
    for name, n_spikes in last.spikes.items():
        if n_spikes:
            continue
        was = first.spikes[name]
        trace = None if trained is None else trained.populations.get(name)
        known_silent = trace is not None and not trace.spikes.any()
        harmless = 0 < was < TOO_FEW or (not was and known_silent)
        yield SILENT_POPULATION.finding(
            where=f"{name}, samples {result.name!r}",
            found=f"no spike as integers, {was} in float",
            limit="at least 1 spike",
            help="Give samples that make it fire (--input), or see in the ladder where its spikes are lost.",
            severity=Severity.WARNING if harmless else Severity.ERROR,
        )


def _gate(result: SetResult, thresholds: Thresholds) -> Iterator[Finding]:
    """Hold one set against the limit that was asked for."""
    if thresholds.max_drop is None:
        return
    drop = result.drop
    if drop is None:
        yield GATE_NEEDS_LABELS.finding(
            where=f"samples {result.name!r}",
            found="samples without labels, or a network without readout",
            help="Export with `labels` in --calibrate FILE.npz, or leave --max-drop out.",
        )
    elif not thresholds.passes(drop):
        held = "the measured drop" if thresholds.confidence is None else "the interval's upper end"
        yield DROP_TOO_LARGE.finding(
            where=f"samples {result.name!r}",
            found=f"{drop.drop:.2f} percentage points ({100 * drop.confidence:g} % interval "
            f"{drop.low:.2f} to {drop.high:.2f}, {result.n_samples} samples)",
            limit=f"{thresholds.max_drop:g} percentage points, held against {held}",
            help="The ladder names the step that loses it. --max-drop "
            f"{that_passes(thresholds.held(drop)):.2f} would have passed.",
        )
