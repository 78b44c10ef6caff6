"""One run of a sweep as a program: ``python -m neurodeploy.training.sweep_worker RECIPE.toml RUN``.

It begins the run, or goes on with it where the folder holds one. Seed, epochs and threads are in the recipe.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from neurodeploy.diagnostics import NeurodeployError
from neurodeploy.recipe import load_recipe
from neurodeploy.training.run import train
from neurodeploy.training.run_folder import RECIPE


def main(arguments: Sequence[str] | None = None) -> int:
    """Train one run; the exit code says whether it finished, findings go to stderr."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, default=None)
    given = parser.parse_args(arguments)
    try:
        recipe = load_recipe(given.recipe)
        train(recipe, given.run, data_dir=given.data, resume=(given.run / RECIPE).is_file())
    except NeurodeployError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
