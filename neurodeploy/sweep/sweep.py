"""A sweep: every point of a grid for every seed, each in a run folder of its own, and a table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from neurodeploy.data.sets import check_folder
from neurodeploy.files import atomic_file
from neurodeploy.findings.codes_training import SWEEP_EXISTS
from neurodeploy.findings.finding import Finding, NeurodeployError
from neurodeploy.lock import locked
from neurodeploy.runs.folder import LOCK
from neurodeploy.sweep.cells import Point
from neurodeploy.sweep.job import Job, changed, command_of, failure_of, row_of
from neurodeploy.sweep.local import run_local
from neurodeploy.sweep.ray_cluster import run_ray
from neurodeploy.sweep.table import (
    PointSummary,
    Row,
    rows_csv,
    summarise_points,
    table_json,
    table_markdown,
)

ROWS, TABLE, PAGE = "rows.csv", "table.json", "table.md"
SCHEMA = 1


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
    if out.exists() and (not out.is_dir() or (not resume and any(out.iterdir()))):
        raise SWEEP_EXISTS.error(
            where=str(out),
            help="Continue it with --resume, choose another name with -o, or remove it yourself.",
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
    begun_otherwise = [finding for job in jobs if (finding := changed(job)) is not None]
    if begun_otherwise:
        raise NeurodeployError(begun_otherwise[:3])
    return jobs


def run_sweep(
    jobs: Sequence[Job],
    out: Path,
    *,
    data_dir: Path | None = None,
    at_once: int = 1,
    ray: str | None = None,
    target: str = "none",
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
    target
        Whose rules each run's recipe must keep: a name or a target file; ``none`` for nobody's.
    watcher
        Whom to tell.
    run
        Instead of :func:`run_local` or :func:`run_ray`, for tests.

    Returns
    -------
    SweepResult
        With ND066 for each run that failed and ND067 where a Ray node does not see ``out``.

    Raises
    ------
    NeurodeployError
        ND085 another process works on the sweep in ``out``; ND096 ``data_dir`` for data that are generated.
    """
    for job in jobs:
        check_folder(job.recipe, data_dir)
    way_out = "Wait for it, stop it, or choose another folder with -o."
    with locked(out / LOCK, wait=False, where=str(out), help=way_out):
        return _run_locked(
            jobs,
            out,
            data_dir,
            at_once=at_once,
            ray=ray,
            target=target,
            watcher=watcher or Watcher(),
            run=run,
        )


def _run_locked(
    jobs: Sequence[Job],
    out: Path,
    data_dir: Path | None,
    *,
    at_once: int,
    ray: str | None,
    target: str,
    watcher: Watcher,
    run: Callable[..., None] | None,
) -> SweepResult:
    failures: dict[int, Finding] = {}
    # Seed by seed: a sweep that is stopped early has every point, with fewer seeds.
    seeds = list(dict.fromkeys(job.seed for job in jobs))
    open_jobs = sorted(
        (index for index, job in enumerate(jobs) if not job.finished),
        key=lambda index: seeds.index(jobs[index].seed),
    )
    commands = [command_of(jobs[index], out, data_dir, target) for index in open_jobs]
    watcher.begin(jobs)

    def done(position: int, code: int) -> None:
        index = open_jobs[position]
        if code != 0 or not jobs[index].finished:
            failures[index] = failure_of(jobs[index], commands[position], code)
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
