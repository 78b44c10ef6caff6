"""Runs of a sweep as a program of its own.

``python -m neurodeploy.sweep.worker RECIPE.toml RUN [--data DIR]`` trains one run: it begins it, or
goes on with it where the folder holds one. Seed, epochs and threads are in the recipe.

With ``--serve`` it trains one run after another, so that importing torch is paid for once: each line of stdin
is a JSON object with ``recipe``, ``run``, ``data``, ``target`` and ``log``; each answer on stdout is a line
of :data:`neurodeploy.sweep.local.ANSWER` and the run's exit code. What a run prints goes to its log, what is
printed in between to stderr. After an error that is no finding the program ends: its state is unknown then.

With ``--parent PID`` it ends when that process, which has started it, has ended in whatever way.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.recipe import load_recipe
from neurodeploy.runs.folder import RECIPE
from neurodeploy.sweep.local import ANSWER

PARENT_POLL_S = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Train one run, or serve; the exit code says whether it finished, findings go to stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path, nargs="?")
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--target", default="none")
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--parent", type=int, default=None, help="End with this process.")
    given = parser.parse_args(arguments)
    if given.parent is not None:  # before torch is imported: the sweep may be killed in those seconds
        threading.Thread(target=_end_with, args=(given.parent,), daemon=True).start()
    if given.serve:
        return serve()
    if given.recipe is None or given.run is None:
        parser.error("RECIPE.toml and RUN, or --serve")
    return train_one(given.recipe, given.run, given.data, target=given.target)


def train_one(recipe: Path, run: Path, data: Path | None, *, target: str = "none") -> int:
    """Train one run and give its exit code."""
    # Imported here: it takes seconds, in which a worker already watches whether its sweep is alive.
    from neurodeploy.training.train import train

    try:
        train(
            load_recipe(recipe),
            run,
            data_dir=data,
            resume=(run / RECIPE).is_file(),
            target=None if target == "none" else target,
        )
    except NeurodeployError as error:
        print(error, file=sys.stderr, flush=True)
        return error.exit_code
    return 0


def serve() -> int:
    """Train the runs that stdin names until it ends."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)  # what is printed between two runs must not pass for an answer
        for line in sys.stdin:
            asked = json.loads(line)
            data = None if asked["data"] is None else Path(asked["data"])
            with _output_to(Path(asked["log"])):
                try:
                    code = train_one(Path(asked["recipe"]), Path(asked["run"]), data, target=asked["target"])
                except Exception:
                    traceback.print_exc()
                    return 1
            print(f"{ANSWER}{code}", file=answers, flush=True)
    return 0


def _end_with(parent: int) -> None:
    """End this process when its parent has ended, also before this one looks: two must not train one run."""
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_S)
    os._exit(1)


@contextlib.contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """Send file descriptors 1 and 2 to a file, what C libraries print included."""
    log.parent.mkdir(parents=True, exist_ok=True)
    before = os.dup(1), os.dup(2)
    try:
        with log.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            yield
            sys.stdout.flush()
            sys.stderr.flush()
    finally:
        for descriptor, saved in enumerate(before, start=1):
            os.dup2(saved, descriptor)
            os.close(saved)


if __name__ == "__main__":
    sys.exit(main())
