"""A sweep: every point of a grid for every seed, each in a run folder of its own, and a table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodeploy.bundle import atomic_file
from neurodeploy.diagnostics import Finding, NeurodeployError
from neurodeploy.recipe import Recipe, dump_recipe, load_recipe
from neurodeploy.training.sweep_grid import Point
from neurodeploy.training.sweep_local import Command, run_local
from neurodeploy.training.sweep_ray import NOT_SHARED, run_ray
from neurodeploy.training.sweep_table import (
    SETS,
    PointSummary,
    Row,
    rows_csv,
    summarise_points,
    table_json,
    table_markdown,
)

ROWS, TABLE, PAGE = "rows.csv", "table.json", "table.md"
SCHEMA = 1
_RESULT, _RECIPE, _METRICS = "result.json", "recipe.toml", "metrics.jsonl"


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a sweep: its grid point, seed, checked recipe and folder."""

    point: Point
    seed: int
    recipe: Recipe
    folder: Path

    @property
    def finished(self) -> bool:
        """Whether the run has written its result."""
        return (self.folder / _RESULT).is_file()

    @property
    def progress(self) -> float:
        """Part of the epochs that are done, 0 to 1, by the lines of ``metrics.jsonl``."""
        if self.finished:
            return 1.0
        try:
            with (self.folder / _METRICS).open("rb") as file:
                return min(1.0, sum(1 for _ in file) / self.recipe.train.epochs)
        except OSError:
            return 0.0


@dataclass(frozen=True, slots=True)
class SweepResult:
    """Every run of a sweep, the summary of its points, and one finding for each run that failed."""

    rows: tuple[Row, ...]
    points: tuple[PointSummary, ...]
    failures: tuple[Finding, ...]


class Watcher:
    """What a sweep tells while it runs; this one is silent."""

    def begin(self, jobs: Sequence[Job]) -> None:
        """Take all runs, finished ones included."""

    def finished(self, job: Job, row: Row, failure: Finding | None) -> None:
        """Take a run that has ended."""

    def tick(self, jobs: Sequence[Job]) -> None:
        """Look at the runs; called a few times a second."""


def plan(
    points: Sequence[Point],
    seeds: Sequence[int],
    out: Path,
    *,
    epochs: int | None = None,
    threads: int = 1,
    resume: bool = False,
) -> tuple[Job, ...]:
    """Give every run, points first; nothing is written.

    Parameters
    ----------
    points, seeds
        What to train.
    out
        The sweep's folder.
    epochs
        Instead of the recipe's.
    threads
        Of each run.
    resume
        Whether ``out`` may hold runs already.

    Raises
    ------
    NeurodeployError
        ND062 the folder exists and ``resume`` is off; ND063 a run in it was begun with another recipe; or
        the recipe's findings.
    """
    if not resume and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise NeurodeployError(
            Finding(
                code="ND062",
                message="the sweep's folder exists",
                where=str(out),
                help="Continue it with --resume, choose another name with -o, or remove it yourself.",
            )
        )
    shared = [f"train.threads={threads}", *([] if epochs is None else [f"train.epochs={epochs}"])]
    jobs = tuple(
        Job(
            point,
            seed,
            point.load([*shared, f"train.seed={seed}"]),
            out / "runs" / point.name / f"seed{seed}",
        )
        for point in points
        for seed in seeds
    )
    changed = [finding for job in jobs if (finding := _changed(job)) is not None]
    if changed:
        raise NeurodeployError(changed[:3])
    return jobs


def run_sweep(
    jobs: Sequence[Job],
    out: Path,
    *,
    data_dir: Path | None = None,
    at_once: int = 1,
    ray: str | None = None,
    watcher: Watcher | None = None,
    run: Callable[..., None] | None = None,
) -> SweepResult:
    """Train what is not finished, seed by seed, and write ``rows.csv``, ``table.json`` and ``table.md``.

    Parameters
    ----------
    jobs
        From :func:`plan`. Finished ones are skipped, half-finished ones continue from their checkpoint.
    out
        The sweep's folder; the three files are replaced after each run.
    data_dir
        Folder of the data files.
    at_once
        Runs at a time.
    ray
        Address of a Ray cluster or ``local``; None for processes of this machine.
    watcher
        Whom to tell.
    run
        Instead of :func:`run_local` or :func:`run_ray`, for tests.

    Returns
    -------
    SweepResult
        With ND066 for each run that failed and ND067 where a Ray node does not see ``out``.
    """
    watcher = watcher if watcher is not None else Watcher()
    failures: dict[int, Finding] = {}
    # Seed by seed: a sweep that is stopped early has every point, with fewer seeds.
    seeds = list(dict.fromkeys(job.seed for job in jobs))
    open_jobs = sorted(
        (index for index, job in enumerate(jobs) if not job.finished),
        key=lambda index: seeds.index(jobs[index].seed),
    )
    commands = [_command(jobs[index], out, data_dir) for index in open_jobs]
    watcher.begin(jobs)

    def done(position: int, code: int) -> None:
        index = open_jobs[position]
        if code != 0 or not jobs[index].finished:
            failures[index] = _failure(jobs[index], commands[position], code)
        row = row_of(jobs[index], failed=index in failures)
        write_tables(_rows(jobs, failures), out)
        watcher.finished(jobs[index], row, failures.get(index))

    def tick() -> None:
        watcher.tick(jobs)

    if run is not None:
        run(commands, at_once=at_once, done=done, tick=tick)
    elif ray is not None:
        run_ray(commands, address=ray, at_once=at_once, done=done, tick=tick)
    else:
        run_local(commands, at_once=at_once, done=done, tick=tick)
    rows = _rows(jobs, failures)
    return SweepResult(rows, write_tables(rows, out), tuple(failures.values()))


def row_of(job: Job, *, failed: bool = False) -> Row:
    """Read one run's row; ND002 where its ``result.json`` cannot be read."""
    name, values = job.point.name, job.point.values
    if not job.finished:
        return Row(name, values, job.seed, "failed" if failed else "waiting")
    path = job.folder / _RESULT
    try:
        accuracy, facts = read_accuracy(json.loads(path.read_text()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NeurodeployError(
            Finding(
                code="ND002",
                message="the file cannot be read",
                where=str(path),
                found=f"{type(error).__name__}: {error}",
                limit="the result of a finished run",
                help="Remove the run's folder and continue with --resume.",
            )
        ) from None
    return Row(name, values, job.seed, "finished", accuracy, facts)


def read_accuracy(result: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, Any]]:
    """Give the accuracies by set, and the plain numbers beside them, from a run's ``result.json``."""
    accuracy = {kind: float(result[kind]["accuracy"]) for kind in SETS}
    facts = {
        name: value
        for name, value in result.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and name != "seed"
    }
    return accuracy, facts


def write_tables(rows: Sequence[Row], out: Path) -> tuple[PointSummary, ...]:
    """Write rows and summaries, each file at once, and give the summaries."""
    points = summarise_points(rows)
    content = {"schema": SCHEMA, "seeds": sorted({row.seed for row in rows}), "points": table_json(points)}
    texts = {
        ROWS: rows_csv(rows),
        TABLE: json.dumps(content, indent=1, allow_nan=False) + "\n",
        PAGE: table_markdown(points),
    }
    for name, text in texts.items():
        with atomic_file(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return points


def _rows(jobs: Sequence[Job], failures: Mapping[int, Finding]) -> tuple[Row, ...]:
    return tuple(row_of(job, failed=index in failures) for index, job in enumerate(jobs))


def _command(job: Job, out: Path, data_dir: Path | None) -> Command:
    """Write the recipe that the run starts from and give its command."""
    recipe = (out / "recipes" / job.point.name / f"seed{job.seed}.toml").resolve()
    with atomic_file(recipe) as temporary:
        temporary.write_text(dump_recipe(job.recipe), encoding="utf-8")
    return Command(
        recipe=recipe,
        run=job.folder.resolve(),
        data=None if data_dir is None else data_dir.resolve(),
        log=(out / "logs" / job.point.name / f"seed{job.seed}.log").resolve(),
        cores=max(1, job.recipe.train.threads),
    )


def _changed(job: Job) -> Finding | None:
    """Say what differs where a run was begun with another recipe; its threads do not count."""
    path = job.folder / _RECIPE
    if not path.is_file():
        return None
    before, now = (_lines(recipe) for recipe in (load_recipe(path), job.recipe))
    if before == now:
        return None
    only_before = [line for line in before if line not in now]
    only_now = [line for line in now if line not in before]
    return Finding(
        code="ND063",
        message="a run of the sweep was begun with another recipe",
        where=str(path),
        found="; ".join(only_before[:3]) or "fewer keys",
        limit="; ".join(only_now[:3]) or "fewer keys",
        help="Continue with the settings it was begun with, or begin another sweep with -o.",
    )


def _lines(recipe: Recipe) -> list[str]:
    return [line for line in dump_recipe(recipe).splitlines() if not line.startswith("threads = ")]


def _failure(job: Job, command: Command, code: int) -> Finding:
    name = f"{job.point.name}, seed {job.seed}"
    if code == NOT_SHARED:
        return Finding(
            code="ND067",
            message="a Ray node does not see the sweep's folder",
            where=name,
            found=f"no file {command.recipe}",
            limit="storage that every node has under the same path",
            help="Put -o and --data on shared storage.",
        )
    try:
        lines = [line for line in command.log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    first = next((line for line in lines if line.startswith("error[")), lines[-1] if lines else "no output")
    return Finding(
        code="ND066",
        message="a run of the sweep failed",
        where=name,
        found=f"exit code {code}: {first.strip()[:300]}",
        help=f"See {command.log}; then continue with --resume.",
    )
