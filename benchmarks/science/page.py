"""Pages of results: Markdown tables from rows, raw rows as CSV, and the facts of the runs."""

from __future__ import annotations

import json
import platform
import statistics
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from study import RESULTS, Budget, Study

from neurodeploy.files import atomic_file
from neurodeploy.sweep.job import Job
from neurodeploy.sweep.table import (
    Difference,
    PointSummary,
    Row,
    accuracy_cells,
    difference_cells,
    rows_csv,
    summarise_points,
)

SD_NAMES = {"validation": "known voices", "test": "unheard voice"}
FEWEST_SEEDS = 3
"""Seeds below which a page calls nothing decided."""
XOR_NAMES = {"validation": "validation", "test": "test"}


def write_text(name: str, text: str) -> None:
    """Write a file of ``docs/results`` at once; long lines of a page's prose are wrapped."""
    with atomic_file(RESULTS / name) as temporary:
        temporary.write_text(wrapped(text) if name.endswith(".md") else text, encoding="utf-8")


def wrapped(text: str) -> str:
    """Wrap paragraphs and list items; tables, code, headings and images stay."""
    lines: list[str] = []
    paragraph: list[str] = []

    def flush() -> None:
        if paragraph:
            indent = "  " if paragraph[0].startswith("- ") else ""
            joined = " ".join(line.strip() for line in paragraph)
            lines.extend(
                textwrap.wrap(
                    joined, 110, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
                )
            )
            paragraph.clear()

    code = False
    for line in text.splitlines():
        fence = line.startswith("```")
        if code or fence or not line or line.startswith(("|", "#", "!")):
            flush()
            lines.append(line)
        else:
            if line.startswith("- "):
                flush()
            paragraph.append(line)
        code = code != fence
    flush()
    return "\n".join(lines) + "\n"


def write_rows(study: Study, rows: Sequence[Row]) -> None:
    """Write the raw rows beside the page."""
    write_text(f"{study.page}.csv", rows_csv(rows))


def facts(study: Study, rows: Sequence[Row], budget: Budget, jobs: Sequence[Job]) -> str:
    """Give the lines that say how the numbers were made."""
    seeds = ", ".join(map(str, sorted({row.seed for row in rows})))
    failed = sum(row.status != "finished" for row in rows)
    times = [float(row.facts["seconds"]) for row in rows if "seconds" in row.facts]
    seconds = statistics.median(times) if times else 0.0
    planned = len(study.seeds)
    epochs = " or ".join(str(n) for n in sorted({job.recipe.train.epochs for job in jobs}))
    least = min(sum(other.point == row.point for other in rows) for row in rows)
    short = (
        f" **Planned were {planned} seeds; some configurations have {least} so far: differences are "
        "indications, not results.** `--resume` adds the rest."
        if least < planned
        else ""
    )
    lines = [
        "```",
        study.command(budget),
        "```",
        "",
        f"{len(rows)} runs, {failed} failed; seeds {seeds}; "
        f"{epochs} epochs; one thread and {seconds:.0f} s a run (median), "
        f"on {machine()}. Weights are those of the epoch that is best on the validation set; "
        f"the test set is evaluated once, with them. Raw rows: [{study.page}.csv]({study.page}.csv).{short}",
    ]
    return "\n".join(lines)


def machine() -> str:
    """Say what ran, without names: cores and Python."""
    import os

    return f"{os.cpu_count()} {platform.machine()} cores that other programs used too"


def accuracy_table(
    points: Sequence[PointSummary],
    names: Mapping[str, str],
    *,
    first: str = "configuration",
    kinds: Sequence[str] = ("validation", "test"),
    parameters: Mapping[str, int] | None = None,
) -> str:
    """Give mean, sd, min, max and the paired difference against the reference point, for each set."""
    heads = [first, *([] if parameters is None else ["parameters"]), "n"]
    for kind in kinds:
        heads += [f"{names[kind]}, %", "sd", "min", "max", "difference, pp (95 %)", "above / below"]
    lines = [f"| {' | '.join(heads)} |", f"| --- |{' ---: |' * (len(heads) - 1)}"]
    for point in points:
        some = next(iter(point.accuracy.values()), None)
        cells = [point.name] if parameters is None else [point.name, str(parameters.get(point.name, "-"))]
        cells.append(str(some.n if some else 0))
        for kind in kinds:
            cells += accuracy_cells(point.accuracy.get(kind)) + difference_cells(point.difference.get(kind))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def compare(
    rows: Sequence[Row], names: Sequence[str], reference: str | None = None
) -> tuple[PointSummary, ...]:
    """Summarise some points in a given order, against one of them."""
    chosen = [row for name in names for row in rows if row.point == name]
    return summarise_points(chosen, reference=reference or names[0])


def p_text(p: float | None) -> str:
    """Give a p value to read."""
    if p is None:
        return "-"
    return "< 0.0001" if p < 1e-4 else f"{p:.4f}" if p < 0.01 else f"{p:.3f}"


def parameters_of(rows: Sequence[Row]) -> dict[str, int]:
    """Give each point's number of trained parameters, as its runs reported it."""
    return {row.point: int(row.facts["parameters"]) for row in rows if "parameters" in row.facts}


def metrics_of(job: Job) -> list[dict[str, Any]]:
    """Read a run's metrics, one entry an epoch."""
    path: Path = job.folder / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def answers(
    rows: Sequence[Row], claims: Sequence[tuple[str, str]], names: Mapping[str, str], kinds: Sequence[str]
) -> str:
    """Say of each claim ``(higher, lower)`` whether the paired 95 % interval excludes 0, and how."""
    lines = [
        f"| claim | {' | '.join(names[kind] for kind in kinds)} |",
        f"| --- |{' --- |' * len(kinds)}",
    ]
    for higher, lower in claims:
        cells = []
        for kind in kinds:
            found = compare(rows, [lower, higher])
            difference = found[1].difference.get(kind) if len(found) == 2 else None
            cells.append(_answer(difference))
        lines.append(f"| {higher} > {lower} | {' | '.join(cells)} |")
    note = (
        "*Yes* or *no, below* where the 95 % interval of the paired difference excludes 0, else *undecided*. "
    )
    note += f"Below {FEWEST_SEEDS} seeds nothing is decided, since two differences that are equal "
    note += "by chance (accuracies move in steps of a sample) have an interval of no width. "
    note += "Intervals are not corrected for the number of claims."
    return "\n".join(lines) + f"\n\n{note}"


def _answer(difference: Difference | None) -> str:
    if difference is None or difference.low is None or difference.high is None:
        return "not measured"
    if difference.n < FEWEST_SEEDS:
        return f"undecided, {100 * difference.mean:+.1f} pp (n {difference.n})"
    word = "**yes**" if difference.low > 0 else "**no, below**" if difference.high < 0 else "undecided"
    return f"{word}, {100 * difference.mean:+.1f} pp (n {difference.n})"
