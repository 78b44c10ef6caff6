"""``neurodeploy sweep``: a grid of settings times seeds, and a table."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurodeploy.commands import completion, options
from neurodeploy.findings.codes_usage import NO_SUCH_PATH
from neurodeploy.findings.finding import Exit, Finding

if TYPE_CHECKING:
    from neurodeploy.sweep.job import Job
    from neurodeploy.sweep.sweep import SweepResult, Watcher
    from neurodeploy.sweep.table import Row


@click.command("sweep")
@click.argument("recipe", shell_complete=completion.recipes)
@click.option(
    "--grid",
    "grids",
    multiple=True,
    metavar="KEY=V1,V2",
    help="Values of a recipe key, or of `variant`.",
    shell_complete=completion.keys,
)
@click.option("--seeds", default="0-4", show_default=True, help="For example 0-9 or 0,3,7.")
@click.option("-o", "--out", type=click.Path(path_type=Path), default=None, help="Folder; runs/sweep-RECIPE.")
@click.option("--data", type=click.Path(path_type=Path), default=None, help="Folder of the data files.")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of every run.",
    shell_complete=completion.keys,
)
@click.option("--epochs", type=click.IntRange(min=1), default=None, help="Instead of the recipe's.")
@click.option("--jobs", type=click.IntRange(min=1), default=None, help="Runs at a time; cores / threads.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Of each run.")
@options.trained_for_option
@click.option("--resume", is_flag=True, help="Go on with the sweep in the folder.")
@click.option("--ray", metavar="ADDRESS", default=None, help="A Ray cluster's address, or `local`.")
@click.option("--json", "as_json", is_flag=True, help="The table as JSON, with the same exit code.")
def command(  # noqa: PLR0917 (click passes them by name)
    recipe: str,
    grids: tuple[str, ...],
    seeds: str,
    out: Path | None,
    data: Path | None,
    overrides: tuple[str, ...],
    epochs: int | None,
    jobs: int | None,
    threads: int,
    target: str,
    resume: bool,
    ray: str | None,
    as_json: bool,
) -> int:
    """Train RECIPE at every point of the grid for every seed, and compare the points seed by seed.

    Each run has a folder of its own. Runs that are finished are skipped with --resume and half-finished ones
    go on; a run that fails does not stop the others. Exit code 1 if any run failed.
    """
    from neurodeploy.sweep.cells import grid_points, parse_seeds
    from neurodeploy.sweep.sweep import plan, run_sweep
    from neurodeploy.targets.registry import load_target

    if target != options.NO_TARGET:
        load_target(target)
        target = os.path.realpath(target) if Path(target).suffix == ".toml" else target
    points = grid_points(recipe, grids, overrides)
    folder = out if out is not None else Path("runs") / f"sweep-{points[0].load().name}"
    if data is not None and not data.is_dir():
        _no_data(data)
    planned = plan(points, parse_seeds(seeds), folder, epochs=epochs, threads=threads, resume=resume)
    at_once = jobs if jobs is not None else max(1, (os.cpu_count() or 1) // threads)
    with _watching(quiet=as_json) as watcher:
        result = run_sweep(
            planned, folder, data_dir=data, at_once=at_once, ray=ray, target=target, watcher=watcher
        )
    _show(result, folder, as_json=as_json)
    return Exit.GATE_FAILED if result.failures else Exit.OK


def _no_data(data: Path) -> None:

    raise NO_SUCH_PATH.error(
        where=str(data), limit="a folder with the data files", help="Check the path given with --data."
    )


def _show(result: SweepResult, folder: Path, *, as_json: bool) -> None:
    from neurodeploy.sweep.table import table_json, table_markdown

    if as_json:
        content = {
            "folder": str(folder),
            "points": [_in_percent(point) for point in table_json(result.points)],
            "findings": [failure.to_dict() for failure in result.failures],
        }
        code = Exit.GATE_FAILED if result.failures else Exit.OK
        options.print_json(content, schema="sweep", exit_code=code)
        return
    for failure in result.failures:
        options.echo(failure.render(), err=True)
    options.echo(table_markdown(result.points))
    options.echo(f"{folder}: rows.csv, table.json, table.md")


def _in_percent(point: dict[str, Any]) -> dict[str, Any]:
    """Give a point's summary with accuracies in percent, as every other ``--json`` has them."""
    scaled = ("mean", "sd", "smallest", "largest", "low", "high")

    def percent(summary: dict[str, Any]) -> dict[str, Any]:
        return {
            key: 100.0 * value if key in scaled and value is not None else value
            for key, value in summary.items()
        }

    rest = {key: value for key, value in point.items() if key not in ("accuracy", "difference")}
    return rest | {
        "accuracy_percent": {kind: percent(summary) for kind, summary in point["accuracy"].items()},
        "difference_percentage_points": {kind: percent(d) for kind, d in point["difference"].items()},
    }


def describe(job: Job, row: Row, failure: Finding | None, done: int, n: int) -> str:
    """Give the line that says how a run ended."""
    head = f"[{done}/{n}] {job.point.name} seed {job.seed}: "
    if failure is not None:
        return f"{head}failed, {failure.found}"
    held, test = (100 * row.accuracy[kind] for kind in ("validation", "test"))
    return f"{head}validation {held:.1f} %, test {test:.1f} % ({row.facts.get('seconds', 0.0):.0f} s)"


@contextmanager
def _watching(*, quiet: bool) -> Iterator[Watcher]:
    """Give the watcher: silent, a rich bar on a terminal, or plain lines."""
    from neurodeploy.sweep import sweep

    if quiet:
        yield sweep.Watcher()
        return

    class Lines(sweep.Watcher):
        done = 0

        def begin(self, jobs: Sequence[Job]) -> None:
            self.done = sum(job.finished for job in jobs)
            self.say(f"{len(jobs)} runs, {self.done} finished already")

        def finished(self, job: Job, row: Row, failure: Finding | None) -> None:
            self.done += 1
            self.say(describe(job, row, failure, self.done, self.n))

        def say(self, line: str) -> None:
            options.echo(line, err=True)

        n = 0

    class Plain(Lines):
        def begin(self, jobs: Sequence[Job]) -> None:
            self.n = len(jobs)
            super().begin(jobs)

    if not sys.stderr.isatty():
        yield Plain()
        return

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, no_color="NO_COLOR" in os.environ)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=console,
    )

    class Bar(Plain):
        task: Any = None
        looked = 0.0

        def begin(self, jobs: Sequence[Job]) -> None:
            self.task = bar.add_task("sweep", total=len(jobs))
            super().begin(jobs)

        def tick(self, jobs: Sequence[Job]) -> None:
            if time.monotonic() - self.looked > 1.0:  # a look at every run's metrics costs a little
                self.looked = time.monotonic()
                bar.update(self.task, completed=sum(job.progress for job in jobs))

        def say(self, line: str) -> None:
            console.print(line, markup=False, highlight=False)

    with bar:
        yield Bar()
