"""Question c: what delays are worth on spoken digits, and how they are best trained."""

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
from neurodeploy.sweep.table import PointSummary

P = "network.projection."
SPARSE = f"{P}density=0.1"
NAMED: dict[str, Sequence[str]] = {
    "none": [f"{P}mode=none"],
    "fixed": [f"{P}mode=fixed"],
    "learned": [],
    "none-10": [f"{P}mode=none", SPARSE],
    "fixed-10": [f"{P}mode=fixed", SPARSE],
    "learned-10": [SPARSE],
    "constant": [f"{P}sigma_schedule=constant"],
    "linear": [f"{P}sigma_schedule=linear"],
    "adaptive": [f"{P}sigma_schedule=adaptive"],
    "triangle": [f"{P}kernel=triangle"],
    "max-6": [f"{P}max_delay_steps=6"],
    "max-12": [f"{P}max_delay_steps=12"],
    "max-48": [f"{P}max_delay_steps=48"],
}
FULL = ["none", "fixed", "learned"]
TENTH = ["none-10", "fixed-10", "learned-10"]
SIGMA = ["learned", "constant", "linear", "adaptive"]
SHAPE = ["learned", "triangle"]
LONGEST = ["none", "max-6", "max-12", "learned", "max-48"]

CLAIMS = [
    ("fixed", "none"),
    ("learned", "fixed"),
    ("learned", "none"),
    ("fixed-10", "none-10"),
    ("learned-10", "fixed-10"),
    ("learned-10", "none-10"),
    ("constant", "learned"),
    ("constant", "fixed"),
    ("constant", "none"),
    ("linear", "learned"),
    ("adaptive", "learned"),
    ("triangle", "learned"),
    ("max-6", "learned"),
    ("max-12", "learned"),
    ("max-48", "learned"),
]


def write(study: Study, jobs: Sequence[Job], result: SweepResult, budget: Budget) -> None:
    """Write the page, its rows and its figure."""
    rows = result.rows
    write_rows(study, rows)
    fig, axes = figure(2, width=4.2, height=3.0)
    order = list(NAMED)
    strip(axes[0][0], rows, order, "validation", "known voices")
    strip(axes[0][1], rows, order, "test", "unheard voice")
    save(fig, f"{study.page}.svg")
    parameters = parameters_of(rows)

    def table(names: Sequence[str]) -> str:
        return accuracy_table(compare(rows, names), SD_NAMES, parameters=parameters)

    text = f"""# Delays on spoken digits

Does learning delays help, how should the kernels shrink, and how long may delays be?

{facts(study, rows, budget, jobs)}

Recipe {RECIPE_TEXT}: {SMALL_TEXT} Hidden sizes 64 and 64, tau 20 ms in both layers. Delays of 0 to 24
steps (0.24 s) where not said otherwise. Differences are paired by seed against the first row of each table,
with a 95 % interval (Student's t over seeds).

## In short

{answers(rows, CLAIMS, SD_NAMES, ("validation", "test"))}

![every seed](../results/{study.page}.svg)

## None, fixed random, learned

Full connectivity. The learned network has twice the parameters of the others; `fixed` has as many numbers
that decide its function, but half of them are drawn, not learned.

{table(FULL)}

One synapse in ten (masked once from the seed; the parameter counts include masked weights):

{table(TENTH)}

{verdict(rows)}

The paper (arXiv 2306.17670) reports learned > fixed random > none on SHD, SSC and GSC, more so with sparse
connections.

## How the kernel shrinks

`learned` is the paper's exponential schedule: sigma from 12 to 0.5 steps over the first quarter of the
epochs. `constant` keeps 0.5, `linear` falls linearly, `adaptive` narrows when the loss stops falling.

{table(SIGMA)}

## Gaussian against triangle

{table(SHAPE)}

## The longest delay

`learned` has 24 steps.

{table(LONGEST)}
"""
    write_text(f"{study.page}.md", text)


def verdict(rows: Sequence) -> str:
    """Say which of the paper's orders hold, with the paired p values."""
    sentences = []
    for label, names in (("Full connectivity", FULL), ("One in ten", TENTH)):
        for kind, voice in SD_NAMES.items():
            parts = []
            for lower, upper in ((names[0], names[1]), (names[1], names[2]), (names[0], names[2])):
                found: PointSummary = compare(rows, [lower, upper])[1]
                difference = found.difference.get(kind)
                if difference is not None:
                    parts.append(
                        f"{upper} - {lower} = {100 * difference.mean:+.1f} pp (p {p_text(difference.p)}, "
                        f"{difference.above} of {difference.n} seeds above)"
                    )
            sentences.append(f"- {label}, {voice}: {'; '.join(parts)}.")
    return "\n".join(sentences)


STUDY = Study(
    letter="c",
    page="delays",
    points=points(RECIPE, (), NAMED),
    seeds=tuple(range(5)),
    epochs=30,
    needs_data=True,
    write=write,
)
