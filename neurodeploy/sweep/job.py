"""One run of a sweep: where it lives, how it is started, what it gave and why it failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodeploy.files import atomic_file
from neurodeploy.findings.codes_training import RAY_NODE_BLIND, SWEEP_OTHER_RECIPE, SWEEP_RUN_FAILED
from neurodeploy.findings.codes_usage import UNREADABLE_FILE
from neurodeploy.findings.finding import Finding
from neurodeploy.recipe import Recipe, dump_recipe, load_recipe
from neurodeploy.runs.folder import METRICS, RECIPE, RESULT
from neurodeploy.sweep.cells import Point
from neurodeploy.sweep.local import Command
from neurodeploy.sweep.ray_cluster import NOT_SHARED
from neurodeploy.sweep.table import SETS, Row


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
        return (self.folder / RESULT).is_file()

    @property
    def progress(self) -> float:
        """Part of the epochs that are done, 0 to 1, by the lines of ``metrics.jsonl``."""
        if self.finished:
            return 1.0
        try:
            with (self.folder / METRICS).open("rb") as file:
                return min(1.0, sum(1 for _ in file) / self.recipe.train.epochs)
        except OSError:
            return 0.0


def row_of(job: Job, *, failed: bool = False) -> Row:
    """Read one run's row; ND002 where its ``result.json`` cannot be read."""
    name, values = job.point.name, job.point.values
    if not job.finished:
        return Row(name, values, job.seed, "failed" if failed else "waiting")
    path = job.folder / RESULT
    try:
        accuracy, facts = read_accuracy(json.loads(path.read_text()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UNREADABLE_FILE.error(
            where=str(path),
            found=f"{type(error).__name__}: {error}",
            limit="the result of a finished run",
            help="Remove the run's folder and continue with --resume.",
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


def command_of(job: Job, out: Path, data_dir: Path | None, target: str) -> Command:
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
        target=target,
    )


def changed(job: Job) -> Finding | None:
    """Say what differs where a run was begun with another recipe; its threads do not count."""
    path = job.folder / RECIPE
    if not path.is_file():
        return None
    before, now = (_lines(recipe) for recipe in (load_recipe(path), job.recipe))
    if before == now:
        return None
    only_before = [line for line in before if line not in now]
    only_now = [line for line in now if line not in before]
    return SWEEP_OTHER_RECIPE.finding(
        where=str(path),
        found="; ".join(only_before[:3]) or "fewer keys",
        limit="; ".join(only_now[:3]) or "fewer keys",
        help="Continue with the settings it was begun with, or begin another sweep with -o.",
    )


def _lines(recipe: Recipe) -> list[str]:
    return [line for line in dump_recipe(recipe).splitlines() if not line.startswith("threads = ")]


def failure_of(job: Job, command: Command, code: int) -> Finding:
    """Say why a run failed: ND067 a Ray node did not see the folder, else ND066 and its first error."""
    name = f"{job.point.name}, seed {job.seed}"
    if code == NOT_SHARED:
        return RAY_NODE_BLIND.finding(
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
    return SWEEP_RUN_FAILED.finding(
        where=name,
        found=f"exit code {code}: {first.strip()[:300]}",
        help=f"See {command.log}; then continue with --resume.",
    )
