"""What a sweep found: rows, and for every grid point mean, spread and paired differences."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SETS = ("validation", "test")
"""The held-out sets, in the order of every table."""


@dataclass(frozen=True, slots=True)
class Row:
    """One run.

    Attributes
    ----------
    point
        Name of its grid point.
    values
        Its grid values by key.
    seed
        Its seed.
    status
        ``finished``, ``failed`` or ``waiting``.
    accuracy
        By set, as a fraction; empty unless finished.
    facts
        Other numbers of the run, by name.
    """

    point: str
    values: Mapping[str, str]
    seed: int
    status: str
    accuracy: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary:
    """Spread of one number over seeds; ``sd`` has n - 1 in its denominator and is None for one seed."""

    n: int
    mean: float
    sd: float | None
    smallest: float
    largest: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Paired differences by seed, this point minus the first one.

    Attributes
    ----------
    n
        Seeds that both points finished.
    mean, low, high
        Mean and its 95 % interval (Student's t); no interval for one seed.
    above, below
        Seeds on which this point is above or below the first; the rest are equal.
    p
        Two-sided p of the paired t test; None for one seed or where all differences are equal.
    """

    n: int
    mean: float
    low: float | None
    high: float | None
    above: int
    below: int
    p: float | None


@dataclass(frozen=True, slots=True)
class PointSummary:
    """A grid point over its seeds."""

    name: str
    values: Mapping[str, str]
    failed: int
    accuracy: Mapping[str, Summary]
    difference: Mapping[str, Difference]


def summarise(values: Sequence[float]) -> Summary:
    """Give the spread of some numbers, at least one."""
    n = len(values)
    mean = math.fsum(values) / n
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1)) if n > 1 else None
    return Summary(n, mean, sd, min(values), max(values))


def paired(values: Mapping[int, float], reference: Mapping[int, float]) -> Difference | None:
    """Compare two points by seed; None where they share no seed."""
    from scipy import stats

    seeds = sorted(values.keys() & reference.keys())
    if not seeds:
        return None
    differences = [values[seed] - reference[seed] for seed in seeds]
    spread = summarise(differences)
    low = high = p = None
    if spread.sd is not None:
        error = spread.sd / math.sqrt(spread.n)
        half = float(stats.t.ppf(0.975, spread.n - 1)) * error
        low, high = spread.mean - half, spread.mean + half
        if error > 1e-12:  # equal differences still differ by their rounding
            p = float(2.0 * stats.t.sf(abs(spread.mean) / error, spread.n - 1))
    return Difference(
        n=spread.n,
        mean=spread.mean,
        low=low,
        high=high,
        above=sum(difference > 0 for difference in differences),
        below=sum(difference < 0 for difference in differences),
        p=p,
    )


def summarise_points(rows: Sequence[Row], *, reference: str | None = None) -> tuple[PointSummary, ...]:
    """Summarise rows by grid point, in the order in which points first appear.

    Parameters
    ----------
    rows
        All runs.
    reference
        Point that the others are compared with; the first one by default.
    """
    names = list(dict.fromkeys(row.point for row in rows))
    by_point = {name: [row for row in rows if row.point == name] for name in names}
    reference = reference if reference is not None else (names[0] if names else "")
    summaries = []
    for name in names:
        accuracy, difference = {}, {}
        for kind in SETS:
            mine = _by_seed(by_point[name], kind)
            if not mine:
                continue
            accuracy[kind] = summarise([mine[seed] for seed in sorted(mine)])
            against = _by_seed(by_point.get(reference, []), kind)
            compared = None if name == reference else paired(mine, against)
            if compared is not None:
                difference[kind] = compared
        summaries.append(
            PointSummary(
                name=name,
                values=by_point[name][0].values,
                failed=sum(row.status == "failed" for row in by_point[name]),
                accuracy=accuracy,
                difference=difference,
            )
        )
    return tuple(summaries)


def rows_csv(rows: Sequence[Row]) -> str:
    """Give the rows as CSV: grid values, seed, status, accuracies as fractions, then the facts."""
    keys = list(dict.fromkeys(key for row in rows for key in row.values))
    facts = list(dict.fromkeys(key for row in rows for key in row.facts))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["point", *keys, "seed", "status", *SETS, *facts])
    for row in rows:
        writer.writerow(
            [row.point]
            + [row.values.get(key, "") for key in keys]
            + [row.seed, row.status]
            + [_cell(row.accuracy.get(kind)) for kind in SETS]
            + [_cell(row.facts.get(key)) for key in facts]
        )
    return text.getvalue()


def table_markdown(points: Sequence[PointSummary], title: str = "") -> str:
    """Give the summaries as a Markdown table, accuracies in percent and differences in percentage points."""
    lines = [f"# {title}\n"] if title else []
    heads = ["point", "n"]
    for kind in SETS:
        heads += [f"{kind}, %", "sd", "min", "max", "difference, pp (95 %)", "above / below"]
    lines.append(f"| {' | '.join(heads)} |")
    lines.append(f"| --- |{' ---: |' * (len(heads) - 1)}")
    for point in points:
        some = next(iter(point.accuracy.values()), None)
        failed = f", {point.failed} failed" if point.failed else ""
        cells = [f"`{point.name}`", f"{some.n if some else 0}{failed}"]
        for kind in SETS:
            cells += accuracy_cells(point.accuracy.get(kind)) + difference_cells(point.difference.get(kind))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def accuracy_cells(summary: Summary | None) -> list[str]:
    """Give mean, sd, min and max in percent; dashes where there is nothing."""
    if summary is None:
        return ["-"] * 4
    values = (summary.mean, summary.sd, summary.smallest, summary.largest)
    return ["-" if value is None else f"{100 * value:.1f}" for value in values]


def difference_cells(difference: Difference | None) -> list[str]:
    """Give the mean difference with its interval in percentage points, and the sign count."""
    if difference is None:
        return ["-", "-"]
    interval = ""
    if difference.low is not None and difference.high is not None:
        interval = f" ({100 * difference.low:+.1f} to {100 * difference.high:+.1f})"
    return [f"{100 * difference.mean:+.1f}{interval}", f"{difference.above} / {difference.below}"]


def table_json(points: Sequence[PointSummary]) -> list[dict[str, Any]]:
    """Give the summaries ready for JSON; accuracies are fractions."""
    return [
        {
            "point": point.name,
            "values": dict(point.values),
            "failed": point.failed,
            "accuracy": {kind: _plain(summary) for kind, summary in point.accuracy.items()},
            "difference": {kind: _plain(difference) for kind, difference in point.difference.items()},
        }
        for point in points
    ]


def _by_seed(rows: Sequence[Row], kind: str) -> dict[int, float]:
    return {row.seed: row.accuracy[kind] for row in rows if kind in row.accuracy}


def _plain(item: Summary | Difference) -> dict[str, Any]:
    return {name: getattr(item, name) for name in type(item).__slots__}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
