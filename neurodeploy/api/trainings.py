"""Train a recipe, open what a training left, and train a grid of settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodeploy.api.given import PathLike
from neurodeploy.files.paths import existing
from neurodeploy.progress import Progress, silent
from neurodeploy.recipe import Recipe, load_recipe
from neurodeploy.runs.run import Run
from neurodeploy.targets.registry import DEFAULT_TARGET

if TYPE_CHECKING:
    from neurodeploy.sweep.sweep import SweepResult
    from neurodeploy.targets.target import Target

RUNS = Path("runs")
"""Where runs go that were not told a folder."""


def train(
    recipe: Recipe | PathLike,
    out: PathLike | None = None,
    *,
    data_dir: PathLike | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    resume: bool = False,
    target: Target[Any] | PathLike | None = DEFAULT_TARGET,
    progress: Progress = silent,
) -> Run:
    """Train a recipe into a run folder.

    Parameters
    ----------
    recipe
        An object, the name of a shipped one, or a TOML file.
    out
        The run folder, new or empty unless ``resume``; by default ``runs/<recipe>-<seed>``.
    data_dir
        Folder with the data files.
    epochs, seed, threads
        Instead of the recipe's; ``threads`` 0 takes every core.
    resume
        Go on exactly where the run in the folder stopped.
    target
        Whose rules the recipe must keep, checked before anything runs; None for nobody's.
    progress
        Called after each batch and epoch with the epochs done and their number; the facts are ``batch`` and
        ``batches``, or after an epoch its line of metrics.

    Returns
    -------
    Run
        With the weights selected on the validation set.

    Raises
    ------
    NeurodeployError
        ND2xx (exit code 3) for what the target could not keep; ND051 to ND056 and findings of the data and
        the recipe.
    """
    from neurodeploy.training.train import train, with_settings

    loaded = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    loaded = with_settings(loaded, epochs=epochs, seed=seed)
    folder = RUNS / f"{loaded.name}-{loaded.train.seed}" if out is None else Path(out)

    train(
        loaded,
        folder,
        data_dir=None if data_dir is None else Path(data_dir),
        threads=threads,
        resume=resume,
        target=target,
        progress=progress,
    )
    return Run.open(folder)


def open_run(path: PathLike) -> Run:
    """Open the folder of a finished training.

    Raises
    ------
    NeurodeployError
        ND001 no such folder, ND050 not a finished run, ND002 an unreadable file.
    """
    return Run.open(existing(path))


def sweep(
    recipe: PathLike,
    out: PathLike | None = None,
    *,
    grid: Mapping[str, Sequence[object]],
    seeds: Sequence[int] | str = "0-4",
    overrides: Sequence[str] = (),
    data_dir: PathLike | None = None,
    epochs: int | None = None,
    threads: int = 1,
    jobs: int = 1,
    ray: str | None = None,
    resume: bool = False,
    target: PathLike | None = DEFAULT_TARGET,
) -> SweepResult:
    """Train a recipe at every point of a grid for every seed, each run in a process of its own.

    Parameters
    ----------
    recipe
        Name of a shipped one, or a TOML file.
    out
        Folder of the runs and tables; by default ``runs/sweep-<recipe>``.
    grid
        Values by dotted key of the recipe, or by ``variant``.
    seeds
        Numbers, or text as after ``--seeds``.
    overrides
        ``key=value`` for every run.
    data_dir
        Folder with the data files.
    epochs
        Instead of the recipe's.
    threads, jobs
        Threads of each run, and runs at a time.
    ray
        Address of a Ray cluster, or ``local``; None trains here.
    resume
        Skip finished runs and go on with begun ones.
    target
        Whose rules each run's recipe must keep; None for nobody's.

    Returns
    -------
    SweepResult
        One summary a point, and a finding for each run that failed.

    Raises
    ------
    NeurodeployError
        ND06x for the grid, the seeds and the folder; ND02x for the recipe.
    """
    from neurodeploy.sweep.cells import grid_points, parse_seeds
    from neurodeploy.sweep.sweep import plan, run_sweep

    axes = [f"{key}={','.join(_toml(value) for value in values)}" for key, values in grid.items()]
    points = grid_points(str(recipe), axes, overrides)
    folder = RUNS / f"sweep-{points[0].load().name}" if out is None else Path(out)
    numbers = parse_seeds(seeds) if isinstance(seeds, str) else tuple(seeds)
    return run_sweep(
        plan(points, numbers, folder, epochs=epochs, threads=threads, resume=resume),
        folder,
        data_dir=None if data_dir is None else existing(data_dir),
        at_once=jobs,
        ray=ray,
        target="none" if target is None else str(target),
    )


def _toml(value: object) -> str:
    """Write a value of a grid as after ``--grid``."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_toml, value))}]"
    return str(value)
