"""A question as a sweep: its points, its budget, where its page goes, and running it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from neurodeploy.findings.finding import Finding, NeurodeployError
from neurodeploy.sweep.cells import Point, point_name
from neurodeploy.sweep.job import Job, row_of
from neurodeploy.sweep.sweep import SweepResult, Watcher, plan, run_sweep
from neurodeploy.sweep.table import Row

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "results"


@dataclass(frozen=True, slots=True)
class Budget:
    """What a question may cost: seeds, epochs (None: the recipe's) and runs at a time."""

    seeds: tuple[int, ...]
    epochs: int | None
    jobs: int = 2


@dataclass(frozen=True, slots=True)
class Study:
    """One question.

    Attributes
    ----------
    letter, page
        Its name on the command line, and of its page, rows and figure in ``docs/results``.
    points
        What is trained.
    seeds, epochs
        The budget of the committed page.
    needs_data
        Whether ``--data`` is needed.
    write
        Writes the page from the runs of a folder.
    fewer
        Points that are trained with the first five seeds only.
    extra
        Trains what is no recipe and gives its rows.
    """

    letter: str
    page: str
    points: tuple[Point, ...]
    seeds: tuple[int, ...]
    epochs: int | None
    needs_data: bool
    write: Callable[[Study, Sequence[Job], SweepResult, Budget], None]
    fewer: tuple[Point, ...] = ()
    extra: Callable[[Study, Budget, Path, Path | None], tuple[Row, ...]] | None = None

    def command(self, budget: Budget) -> str:
        """Give the command that makes the page."""
        seeds = f"{budget.seeds[0]}-{budget.seeds[-1]}"
        epochs = "" if budget.epochs == self.epochs else f" --epochs {budget.epochs}"
        data = " --data ../shared/data" if self.needs_data else ""
        return f"python benchmarks/science/run.py {self.letter}{data} --seeds {seeds}{epochs}"


def points(recipe: str, shared: Sequence[str], named: dict[str, Sequence[str]]) -> tuple[Point, ...]:
    """Give points by a name of their own, with the settings they share."""
    made = []
    for name, overrides in named.items():
        values = {"configuration": name}
        assert point_name({"c": name}) == f"c={name}", f"{name!r} is no plain folder name"
        made.append(Point(name, values, recipe, (*shared, *overrides)))
    return tuple(made)


class Lines(Watcher):
    """Print a line when a run ends."""

    def __init__(self) -> None:
        self.done = self.n = 0

    def begin(self, jobs: Sequence[Job]) -> None:
        """Say how many runs there are."""
        self.n, self.done = len(jobs), sum(job.finished for job in jobs)
        print(f"{self.n} runs, {self.done} finished already", flush=True)

    def finished(self, job: Job, row: Row, failure: Finding | None) -> None:
        """Say how a run ended."""
        self.done += 1
        head = f"[{self.done}/{self.n}] {job.point.name} seed {job.seed}:"
        if failure is not None:
            print(head, failure.render(), flush=True)
            return
        held, test = (100 * row.accuracy[kind] for kind in ("validation", "test"))
        seconds = row.facts.get("seconds", 0.0)
        print(f"{head} validation {held:.1f} %, test {test:.1f} % ({seconds:.0f} s)", flush=True)


def run_study(
    study: Study, budget: Budget, out: Path, data: Path | None, *, resume: bool, parts: str = "all"
) -> int:
    """Run a question and write its page; 1 where a run failed.

    ``parts`` is ``all``, ``main`` (without the points that have fewer seeds) or ``page`` (train nothing,
    write the page from the runs that are finished).
    """
    if study.needs_data and data is None:
        print(f"question {study.letter} needs --data DIR", file=sys.stderr)
        return 2
    used = data if study.needs_data else None
    try:
        jobs = plan(study.points, budget.seeds, out, epochs=budget.epochs, threads=1, resume=resume)
        fewer = plan(study.fewer, budget.seeds[:5], out, epochs=budget.epochs, threads=1, resume=True)
        if parts == "page":
            rows = tuple(row_of(job) for job in (*jobs, *fewer))
            result = SweepResult(rows, (), ())
        else:
            result = run_sweep(jobs, out, data_dir=used, at_once=budget.jobs, watcher=Lines())
            if parts == "all" and fewer:
                result = run_sweep((*jobs, *fewer), out, data_dir=used, at_once=budget.jobs, watcher=Lines())
    except NeurodeployError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    rows = tuple(row for row in result.rows if row.status != "waiting")
    if study.extra is not None:
        rows += study.extra(study, budget, out, used if parts != "page" else None)
    done = [job for job in (*jobs, *fewer) if job.finished]
    study.write(study, done, replace(result, rows=rows), budget)
    print(f"wrote {RESULTS.relative_to(ROOT) / study.page}.md", flush=True)
    return 1 if result.failures else 0
