"""Question d: kernel sizes and dilations that grow, stay or shrink with depth, on spoken digits."""

from __future__ import annotations

from collections.abc import Sequence

from figures import figure, save, strip
from page import (
    SD_NAMES,
    accuracy_table,
    answers,
    compare,
    facts,
    p_text,
    parameters_of,
    write_rows,
    write_text,
)
from spoken import RECIPE, RECIPE_TEXT, SMALL_TEXT
from study import Budget, Study, points

from neurodeploy.sweep.job import Job
from neurodeploy.sweep.sweep import SweepResult
from neurodeploy.sweep.table import Row

P = "network.projection."
CONVOLUTION = (f"{P}kind=convolution", "network.hidden=[48,48,48]", f"{P}kernel_size=5", f"{P}dilation=3")


def taps(kernel_growth: int, dilation_growth: int) -> list[str]:
    """Give the settings of one hierarchy over three hidden layers."""
    return [f"{P}kernel_growth={kernel_growth}", f"{P}dilation_growth={dilation_growth}"]


NAMED: dict[str, Sequence[str]] = {
    "flat": taps(0, 0),
    "kernel-growing": taps(4, 0),
    "kernel-shrinking": taps(-4, 0),
    "dilation-growing": taps(0, 4),
    "dilation-shrinking": taps(0, -4),
    "both-growing": taps(4, 4),
    "both-shrinking": taps(-4, -4),
}
PAIRS = (
    ("kernel-growing", "kernel-shrinking"),
    ("dilation-growing", "dilation-shrinking"),
    ("both-growing", "both-shrinking"),
)


def write(study: Study, jobs: Sequence[Job], result: SweepResult, budget: Budget) -> None:
    """Write the page, its rows and its figure."""
    rows = result.rows
    write_rows(study, rows)
    fig, axes = figure(2, width=3.4, height=3.0)
    strip(axes[0][0], rows, list(NAMED), "validation", "known voices")
    strip(axes[0][1], rows, list(NAMED), "test", "unheard voice")
    save(fig, f"{study.page}.svg")
    layers = {job.point.name: job.recipe.network.projection.taps_of_layers(3) for job in jobs}
    shapes = "\n".join(
        f"| {name} | {' / '.join(f'{size} x {dilation}' for size, dilation in layers[name])} |"
        for name in NAMED
    )
    table = accuracy_table(compare(rows, list(NAMED)), SD_NAMES, parameters=parameters_of(rows))
    text = f"""# Kernel and dilation hierarchies on spoken digits

Temporal convolutions whose kernel sizes or dilations grow with depth, stay flat or shrink.

{facts(study, rows, budget, jobs)}

Recipe {RECIPE_TEXT}: {SMALL_TEXT} Three hidden layers of 48, tau 20 ms. Every layer is a temporal
convolution with free weights, in taps x dilation (steps between two taps):

| configuration | layers 1 / 2 / 3 |
| --- | --- |
{shapes}

The first layer has more inputs (70) than the others (48), so growing kernels have somewhat fewer parameters
than shrinking ones.

{answers(rows, [*PAIRS, *((name, "flat") for name, _ in PAIRS)], SD_NAMES, ("validation", "test"))}

![every seed](../results/{study.page}.svg)

{table}

Differences are paired by seed against `flat`.

{verdict(rows)}

The paper (arXiv 2407.18838) reports, on Spiking Speech Commands, 78.18 -> 79.20 % with growing kernels
(kernel 5, D 3: 3 and 6; dilation 5, D 2: 4 and 6), (P). The task, the size and the amount of data are
others here.
"""
    write_text(f"{study.page}.md", text)


def verdict(rows: Sequence[Row]) -> str:
    """Compare growing with shrinking, pair by pair."""
    lines = []
    for kind, voice in SD_NAMES.items():
        parts = []
        for growing, shrinking in PAIRS:
            difference = compare(rows, [shrinking, growing])[1].difference.get(kind)
            if difference is not None:
                parts.append(
                    f"{growing} - {shrinking} = {100 * difference.mean:+.1f} pp (p {p_text(difference.p)}, "
                    f"{difference.above} of {difference.n} seeds above)"
                )
        lines.append(f"- {voice}: {'; '.join(parts)}.")
    return "\n".join(lines)


STUDY = Study(
    letter="d",
    page="kernel-hierarchy",
    points=points(RECIPE, CONVOLUTION, NAMED),
    seeds=tuple(range(5)),
    epochs=20,
    needs_data=True,
    write=write,
)
