"""Question b: does a hierarchy of time constants emerge when they are learned from equal values."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Sequence
from pathlib import Path

import spoken
from figures import figure, save
from page import accuracy_table, compare, facts, metrics_of, p_text, write_rows, write_text
from study import Budget, Study, points
from trend import trend

from neurodeploy.sweep.job import Job
from neurodeploy.sweep.sweep import SweepResult

XOR = str(Path(__file__).with_name("mts-xor.toml"))
LEARN = (
    "network.tau.mode=fixed",
    "network.tau.learn=neuron",
    "network.tau.spread=0.1",
    "network.input_scaling=none",
    "network.init_gain=1",
    "train.lr_tau=0.1",
)
XOR_SETTINGS = (*LEARN, "network.tau.tau_s=0.2", "network.hidden=[32,32,32]")
SPOKEN_SETTINGS = (
    *LEARN,
    "network.tau.tau_s=0.1",
    "network.hidden=[32,32,32,32,32]",
    "network.projection.kind=dense",
)
TITLES = {
    "mts-xor": "Multi-timescale XOR, 3 x 32, from 200 ms",
    "spoken": "Spoken digits, 5 x 32, from 100 ms",
}
PAPER = {"mts-xor": "47, 45, 101 ms (F)", "spoken": "97, 187, 189, 247, 304 ms (F), on SHD"}
NAMES = {"validation": "validation", "test": "test"}


def medians(job: Job) -> list[list[float]]:
    """Give the median tau of each layer, in milliseconds, ``[epoch, layer]``."""
    return [[1000.0 * tau for tau in line["tau_median_s"]] for line in metrics_of(job)]


def write(study: Study, jobs: Sequence[Job], result: SweepResult, budget: Budget) -> None:
    """Write the page, its rows and its figure."""
    write_rows(study, result.rows)
    fig, axes = figure(2, width=3.4, height=2.6)
    sections = []
    curves = io.StringIO()
    writer = csv.writer(curves, lineterminator="\n")
    writer.writerow(["configuration", "seed", "epoch", "layer", "tau_median_ms"])
    for place, (name, title) in enumerate(TITLES.items()):
        runs = [job for job in jobs if job.point.name == name and job.finished]
        if not runs:
            continue
        by_run = [medians(job) for job in runs]
        for job, epochs in zip(runs, by_run, strict=True):
            for epoch, layers in enumerate(epochs, start=1):
                for layer, tau in enumerate(layers, start=1):
                    writer.writerow([name, job.seed, epoch, layer, f"{tau:.4g}"])
        last = [epochs[-1] for epochs in by_run]
        axis = axes[0][place]
        for layer in range(len(last[0])):
            over = [statistics.median(epochs[e][layer] for epochs in by_run) for e in range(len(by_run[0]))]
            axis.plot(range(1, len(over) + 1), over, label=f"layer {layer + 1}")
        axis.set_title(title)
        axis.set_xlabel("epoch")
        axis.set_ylabel("median tau, ms (median of seeds)")
        axis.legend(frameon=False)
        table = accuracy_table(compare(result.rows, [name]), NAMES)
        sections.append(f"## {title}\n\n{layers_table(last)}\n\n{verdict(last, PAPER[name])}\n\n{table}")
    save(fig, f"{study.page}.svg")
    write_text(f"{study.page}-curves.csv", curves.getvalue())
    body = "\n\n".join(sections)
    epochs = {job.point.name: job.recipe.train.epochs for job in jobs}
    text = f"""# Learned time constants from a homogeneous start

Every neuron's tau is learned (dt/tau = sigmoid(theta)) from one mean in all layers, with a spread of 10 %.
Does the median grow with depth?

{facts(study, result.rows, budget, jobs)}

Medians by epoch and seed: [{study.page}-curves.csv]({study.page}-curves.csv). Recipes
`benchmarks/science/mts-xor.toml` ({epochs["mts-xor"]} epochs) and `spoken-digits-small.toml` without delays
({epochs["spoken"]} epochs), both with the input current unscaled, as in the paper's code. Learning rate of
theta 0.1, on the schedule of the weights: near the paper's, which moves exp(-dt/tau) by about 0.01 in a step.
Page's test takes layers as the ordered conditions and seeds as blocks; the sign test counts seeds whose
medians rise with depth (Spearman).

![median tau by layer over training](../results/{study.page}.svg)

{body}
"""
    write_text(f"{study.page}.md", text)


def layers_table(last: Sequence[Sequence[float]]) -> str:
    """Give the medians after training, by layer over seeds."""
    lines = [
        "| layer | median tau, ms: mean over seeds | sd | min | max |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for layer in range(len(last[0])):
        values = [row[layer] for row in last]
        sd = statistics.stdev(values) if len(values) > 1 else 0.0
        numbers = (statistics.fmean(values), sd, min(values), max(values))
        lines.append(f"| {layer + 1} | {' | '.join(f'{number:.0f}' for number in numbers)} |")
    return "\n".join(lines)


def verdict(last: Sequence[Sequence[float]], paper: str) -> str:
    """Give the test of trend beside the paper's medians."""
    if len(last) < 2:
        return f"The paper: {paper}."
    found = trend(last)
    first_last = sum(row[-1] > row[0] for row in last)
    return (
        f"Page's L {found.page_l:.0f}, one-sided p {p_text(found.page_p)}; {found.rising} of {found.blocks} "
        f"seeds rise with depth, {found.falling} fall (sign test p {p_text(found.sign_p)}), mean Spearman "
        f"rho {found.mean_rho:+.2f}; the last layer is slower than the first in {first_last} of "
        f"{found.blocks} seeds. The paper: {paper}."
    )


STUDY = Study(
    letter="b",
    page="learned-taus",
    points=points(XOR, XOR_SETTINGS, {"mts-xor": []})
    + points(spoken.RECIPE, SPOKEN_SETTINGS, {"spoken": []}),
    seeds=tuple(range(10)),
    epochs=None,
    needs_data=True,
    write=write,
)
