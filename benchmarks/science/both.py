"""Question e: growing time constants and learned delays, each alone and together, and two rivals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from baselines import train_baseline
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

from neurodeploy.sweep.cells import Point
from neurodeploy.sweep.job import Job, read_accuracy
from neurodeploy.sweep.sweep import SweepResult
from neurodeploy.sweep.table import Row

NO_DELAYS = ["network.projection.mode=none", "network.hidden=[99,99]"]
"""Wider, so that it has as many parameters as 64 and 64 with delays: see the table."""
GROWING = ["network.tau.mode=hierarchical", "network.tau.dtau_s=0.02"]
NAMED: dict[str, Sequence[str]] = {
    "neither": [*NO_DELAYS],
    "growing-taus": [*NO_DELAYS, *GROWING],
    "delays": [],
    "both": GROWING,
    "both-reversed": ["network.tau.mode=hierarchical", "network.tau.dtau_s=-0.02"],
}
RATES = {"gru": 0.005, "transformer": 0.002}
"""Largest learning rates; set beforehand, not tuned."""
CLAIMS = [
    ("growing-taus", "neither"),
    ("delays", "neither"),
    ("both", "delays"),
    ("both", "growing-taus"),
    ("both", "both-reversed"),
    ("both", "gru"),
    ("both", "transformer"),
]
ORDER = [*NAMED, *RATES]


def baselines(study: Study, budget: Budget, out: Path, data: Path | None) -> tuple[Row, ...]:
    """Train the networks without spikes at the size of ``both``; without data, read those that are there."""
    epochs = [] if budget.epochs is None else [f"train.epochs={budget.epochs}"]
    base: Point = study.points[list(NAMED).index("both")]
    rows = []
    for seed in budget.seeds:
        recipe = base.load([*epochs, f"train.seed={seed}"])
        target = TARGET
        for kind, lr in RATES.items():
            folder = out / "baselines" / kind / f"seed{seed}"
            if data is None and not (folder / "result.json").is_file():
                continue
            result = train_baseline(kind, recipe, data, target=target, out=folder, lr=lr)
            accuracy, plain = read_accuracy(result)
            rows.append(Row(kind, {"configuration": kind}, seed, "finished", accuracy, plain))
            print(f"{kind} seed {seed}: {accuracy}", flush=True)
    return tuple(rows)


def write(study: Study, jobs: Sequence[Job], result: SweepResult, budget: Budget) -> None:
    """Write the page, its rows and its figure."""
    rows = result.rows
    write_rows(study, rows)
    fig, axes = figure(2, width=3.4, height=3.0)
    strip(axes[0][0], rows, ORDER, "validation", "known voices")
    strip(axes[0][1], rows, ORDER, "test", "unheard voice")
    save(fig, f"{study.page}.svg")
    parameters = parameters_of(rows)

    def table(names: Sequence[str]) -> str:
        return accuracy_table(compare(rows, names), SD_NAMES, parameters=parameters)

    text = f"""# Growing time constants and learned delays, together and alone

At equal numbers of parameters, on spoken digits.

{facts(study, rows, budget, jobs)}

Recipe {RECIPE_TEXT}: {SMALL_TEXT} Tau 20 ms in both layers, or 10 ms and 30 ms where it grows (30 and
10 where it is reversed). Learned delays of 0 to 24 steps, exponential schedule. Networks without delays have
99 neurons a layer instead of 64, so that all have as many parameters (a delay counts as one). The GRU (one
layer, a linear readout at every step) and the Transformer (two encoder layers, four heads, groups of four
steps, learned positions) have the size that comes nearest, and the same files, augmentation, sample order,
epochs, batch size, one-cycle schedule and choice of the epoch; largest learning rates {RATES["gru"]} and
{RATES["transformer"]}. Their training is short of what either could reach with tuning, as is ours.

{answers(rows, CLAIMS, SD_NAMES, ("validation", "test"))}

![every seed](../results/{study.page}.svg)

{table(ORDER)}

Differences are paired by seed against `neither`.

{verdict(rows)}
"""
    write_text(f"{study.page}.md", text)


def verdict(rows: Sequence[Row]) -> str:
    """Compare both against each alone and against the networks without spikes."""
    lines = []
    for kind, voice in SD_NAMES.items():
        parts = []
        for other in ("growing-taus", "delays", "both-reversed", "gru", "transformer"):
            difference = compare(rows, [other, "both"])[1].difference.get(kind)
            if difference is not None:
                parts.append(
                    f"{100 * difference.mean:+.1f} pp against {other} (p {p_text(difference.p)}, "
                    f"{difference.above} of {difference.n} seeds above)"
                )
        lines.append(f"- `both`, {voice}: {'; '.join(parts)}.")
    return "\n".join(lines)


TARGET = 18_048
"""Parameters of `both`."""

STUDY = Study(
    letter="e",
    page="both",
    points=points(RECIPE, (), NAMED),
    seeds=tuple(range(5)),
    epochs=30,
    needs_data=True,
    write=write,
    extra=baselines,
)
