"""The parity levels that need nothing but the bundle: P1, P2, the golden traces and the two simulators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from neurodeploy.bundle.golden import Golden
from neurodeploy.data.samples import Samples
from neurodeploy.findings.codes_parity import (
    DROP_TOO_LARGE,
    GATE_NEEDS_LABELS,
    GOLDEN_DIFFERS,
    P1_DIFFERS,
    TWINS_DIFFER,
)
from neurodeploy.findings.finding import Finding, Rule
from neurodeploy.graph.interpret import interpret
from neurodeploy.graph.model import Graph
from neurodeploy.targets.target import Target
from neurodeploy.traces import Traces
from neurodeploy.verify.divergence import count_mismatches, first_divergence
from neurodeploy.verify.gates import Check, judge, skipped
from neurodeploy.verify.ladder import Rung, ladder, right
from neurodeploy.verify.statistics import PairedDrop, paired_drop
from neurodeploy.verify.verification import SetResult

P1_TOLERANCE = 1e-9
"""How far v may be from the trained network's, times ``max(1, |v|)``: both are float64 sums of the same
numbers in another order, which differ by some 1e-15 a step. Spikes have no tolerance."""

TWIN_SAMPLES, TWIN_STEPS = 2, 60
"""How much the slow reference simulator computes in a verification."""


def compare(
    rule: Rule, expected: Traces, actual: Traces, *, tolerance: float = 0.0
) -> tuple[list[Finding], dict[str, Any]]:
    """Compare two traces.

    Returns
    -------
    problems
        A finding that names the first difference, or nothing.
    facts
        ``populations``: see :func:`count_mismatches`; ``first_divergence``, where there is one.
    """
    missing = [name for name in expected.populations if name not in actual.populations]
    if missing or not expected.populations:
        finding = rule.finding(
            where=", ".join(missing) or "every population",
            found="no trace to compare with",
            help="Export the bundle again.",
        )
        return [finding], {}
    ordered = Traces(
        {name: expected.populations[name] for name in actual.populations if name in expected.populations}
    )
    facts: dict[str, Any] = {"populations": count_mismatches(ordered, actual, tolerance=tolerance)}
    first = first_divergence(ordered, actual, tolerance=tolerance)
    if first is None:
        return [], facts
    finding = rule.finding(
        where=f"{first.population}, neuron {first.neuron}, step {first.step}, sample {first.sample}",
        found=str(first),
        limit=f"within {tolerance:g}, spikes equal" if tolerance else "equal",
        help=f"The data show: {first.diagnosis}." if first.diagnosis else "",
    )
    return [finding], facts | {"first_divergence": first.to_dict()}


def check_trained(graph: Graph, golden: Golden, *, threads: int | None = None) -> Check:
    """P1: hold the trained network with integer delays against its NIR file, read back and interpreted."""
    title = "trained network = NIR file, float64"
    if golden.trained is None:
        return skipped("P1", title, "the bundle was made from a NIR file: no trained network to compare with")
    actual = interpret(graph, golden.spikes, record=("spikes", "v"), threads=threads)
    problems, facts = compare(
        P1_DIFFERS,
        golden.trained,
        actual,
        tolerance=P1_TOLERANCE,
    )
    return judge(
        "P1",
        title,
        n_compared=len(golden),
        problems=problems,
        agreed=f"spikes equal, v within {P1_TOLERANCE:g} * max(1, |v|), {len(golden)} samples",
        facts=facts | {"v_tolerance": P1_TOLERANCE},
    )


def measure_sets(
    graph: Graph,
    target: Target[Any],
    program: Any,
    sets: Mapping[str, Samples],
    *,
    samples: int | None,
    threads: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[SetResult]:
    """Measure the ladder on each set, on its first ``samples`` samples or on all."""
    results = []
    for name, available in sets.items():
        chosen = available if samples is None else available.first(samples)

        def report(done: int, name: str = name, total: int = len(chosen)) -> None:
            progress(f"P2: the ladder on {name}, {done} of {total} samples")

        rungs = ladder(graph, target, program, chosen, threads=threads, progress=report)
        results.append(
            SetResult(
                name=name,
                n_samples=len(chosen),
                n_available=len(available),
                rungs=tuple(rungs),
                drop=_drop(chosen, rungs),
            )
        )
    return results


def _drop(samples: Samples, rungs: Sequence[Rung]) -> PairedDrop | None:
    """Give the drop from the first rung to the last; None where there is nothing to be right about."""
    before, after = rungs[0].decisions, rungs[-1].decisions
    if samples.labels is None or before is None or after is None or not len(samples):
        return None
    right_before, counted = right(before, samples.labels, samples.mask)
    right_after, _ = right(after, samples.labels, samples.mask)
    return paired_drop(right_before, right_after, counted)


def check_drop(results: Sequence[SetResult], max_drop: float | None) -> Check:
    """P2: hold float against integers on the bundle's samples; gated where ``max_drop`` (in points) is given.

    Notes
    -----
    The gate holds the measured drop of each set, not its interval, against the limit; the interval is
    reported beside it.
    """
    problems = []
    for result in results:
        if max_drop is not None and result.n_samples:
            problems += _gate(result, max_drop)
    n_compared = sum(result.n_samples for result in results)
    what = ", ".join(f"{result.n_samples} of {result.n_available} of {result.name}" for result in results)
    limit = (
        "measured; no limit was asked for (--max-drop)"
        if max_drop is None
        else f"no drop above {max_drop:g} percentage points"
    )
    return judge(
        "P2",
        "float = integers, accuracy",
        n_compared=n_compared,
        problems=problems,
        agreed=f"{limit}; samples: {what}",
        facts={"max_drop_percentage_points": max_drop},
    )


def _gate(result: SetResult, max_drop: float) -> list[Finding]:
    """Hold one set against the limit."""
    if result.drop is None:
        return [
            GATE_NEEDS_LABELS.finding(
                where=f"samples {result.name!r}",
                found="samples without labels, or a network without readout",
                help="Export with `labels` in --calibrate FILE.npz, or leave --max-drop out.",
            )
        ]
    if result.drop.drop <= max_drop:
        return []
    return [
        DROP_TOO_LARGE.finding(
            message="the integers lose more accuracy than allowed",
            where=f"samples {result.name!r}",
            found=f"{result.drop.drop:.2f} percentage points (95 % interval {result.drop.low:.2f} to "
            f"{result.drop.high:.2f}, {result.n_samples} samples)",
            limit=f"{max_drop:g} percentage points",
            help="The ladder names the step that loses it.",
        )
    ]


def check_golden(target: Target[Any], program: Any, golden: Golden, *, threads: int | None = None) -> Check:
    """Compare the integers today with the integers at the time of the export, on the golden inputs."""
    actual = target.simulate(program, golden.spikes, record=("spikes", "v"), threads=threads)
    problems, facts = compare(GOLDEN_DIFFERS, golden.fixed, actual)
    return judge(
        "golden",
        "integers = integers at export",
        n_compared=len(golden),
        problems=problems,
        agreed=f"every spike and v equal, {len(golden)} samples",
        facts=facts,
    )


def check_twins(target: Target[Any], program: Any, golden: Golden, *, threads: int | None = None) -> Check:
    """Compare the fast simulator with the readable reference, on a little of the golden input."""
    spikes = golden.spikes[:TWIN_SAMPLES, :TWIN_STEPS]
    problems, facts = compare(
        TWINS_DIFFER,
        target.simulate_naive(program, spikes),
        target.simulate(program, spikes, record=("spikes", "u", "v"), threads=threads),
    )
    return judge(
        "twins",
        "fast simulator = reference",
        n_compared=len(spikes),
        problems=problems,
        agreed=f"every spike, u and v equal, {len(spikes)} samples of {spikes.shape[1]} steps",
        facts=facts,
    )
