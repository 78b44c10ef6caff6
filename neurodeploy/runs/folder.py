"""The run folder: which file is where, and how a finished run is read back."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neurodeploy.files import atomic_file
from neurodeploy.findings.codes_training import NOTHING_TO_RESUME, OTHER_RECIPE, RUN_EXISTS
from neurodeploy.findings.codes_usage import UNREADABLE_FILE
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.lock import locked
from neurodeploy.recipe import Recipe, dump_recipe, load_recipe

RECIPE = "recipe.toml"
MODEL = "model.safetensors"
METRICS = "metrics.jsonl"
RESULT = "result.json"
SAMPLES = "samples.npz"
CHECKPOINT = "checkpoint"
TENSORBOARD = "tensorboard"
LOCK = ".lock"


@contextlib.contextmanager
def locked_run(path: Path) -> Iterator[None]:
    """Keep other processes from training into a folder while the body runs; it is made where it is missing.

    To be held around :func:`open_run` and everything that is written until the training has ended, by the
    first process alone. A folder that is empty afterwards, and was made here, is removed.

    Raises
    ------
    NeurodeployError
        ND051 the path is no folder; ND085 another process trains into it.
    """
    made = not path.exists()
    if not made and not path.is_dir():
        raise RUN_EXISTS.error(where=str(path), help="Choose another name with -o, or remove it yourself.")
    try:
        with locked(
            path / LOCK,
            wait=False,
            where=str(path),
            help="Wait for it, stop it, or choose another folder with -o.",
        ):
            yield
    finally:
        if made:
            with contextlib.suppress(OSError):  # it holds something, or it could not be made
                path.rmdir()


SETS = ("validation", "test")
"""Sets that a result measures."""


def open_run(path: Path, recipe: Recipe, *, resume: bool) -> None:
    """Make a run folder, or find the one to go on with.

    Raises
    ------
    NeurodeployError
        ND051 the folder exists and ``resume`` is off; ND052 it was begun with another recipe; ND053 there is
        nothing to resume.
    """
    if not resume:
        if path.exists() and (not path.is_dir() or any(entry.name != LOCK for entry in path.iterdir())):
            raise RUN_EXISTS.error(
                where=str(path),
                help="Continue it with --resume, choose another name with -o, or remove it yourself.",
            )
        path.mkdir(parents=True, exist_ok=True)
        with atomic_file(path / RECIPE) as temporary:
            temporary.write_text(dump_recipe(recipe), encoding="utf-8")
        return
    if not (path / RECIPE).is_file():
        raise NOTHING_TO_RESUME.error(
            where=str(path), limit=f"a run folder with {RECIPE}", help="Leave out --resume to begin one."
        )
    before, now = dump_recipe(load_recipe(path / RECIPE)), dump_recipe(recipe)
    if before != now:
        changed = [
            f"{old.strip()} (now {new.strip()})"
            for old, new in zip(before.splitlines(), now.splitlines(), strict=False)
            if old != new
        ]
        raise OTHER_RECIPE.error(
            message="the run was begun with another recipe, so it cannot go on exactly where it stopped",
            where=str(path / RECIPE),
            found="; ".join(changed[:3]) or "more or fewer keys",
            limit="the recipe, epochs and seed that it was begun with",
            help="Resume with the same settings, or begin another run with -o.",
        )


def write_result(path: Path, result: dict[str, Any]) -> None:
    """Write ``result.json``; its presence says that the training has finished."""
    with atomic_file(path / RESULT) as temporary:
        temporary.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")


def read_result(path: Path) -> dict[str, Any]:
    """Read ``result.json``; ND002 where it cannot be read."""
    try:
        result = json.loads((path / RESULT).read_text(encoding="utf-8"), parse_constant=_no_number)
        if not isinstance(result, dict) or not all(isinstance(result.get(key), dict) for key in SETS):
            raise ValueError(f"no tables {', '.join(SETS)}")
        for key in SETS:
            accuracy = result[key].get("accuracy")
            if not isinstance(accuracy, float) or not 0.0 <= accuracy <= 1.0:
                raise ValueError(f"{key}.accuracy is {accuracy!r}")
        return result
    except (OSError, ValueError, RecursionError) as error:
        raise unreadable(path / RESULT, error, "the result of a finished run") from None


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def unreadable(path: Path, error: Exception, limit: str) -> NeurodeployError:
    """Give ND002 for a file of a run that cannot be read."""
    return UNREADABLE_FILE.error(
        where=str(path),
        found=str(error).splitlines()[0] if str(error) else type(error).__name__,
        limit=limit,
        help="Train again, or restore the file from a copy.",
    )
