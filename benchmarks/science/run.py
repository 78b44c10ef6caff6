"""The science of docs/results, one letter a question: ``python benchmarks/science/run.py c --data DIR``."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from dataclasses import replace
from pathlib import Path

# A folder of scripts, not a package: its modules import each other by name. The environment variable has to
# be there before torch is imported: run as it is, waiting threads would take the cores of other runs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

QUESTIONS = {
    "a": "temporal_hierarchy",
    "b": "learned_taus",
    "c": "delays",
    "d": "kernel_hierarchy",
    "e": "both",
    "seeds": "spoken_digits_seeds",
    "voices": "voices",
}


def main() -> int:
    """Run the questions that are asked, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", nargs="+", choices=QUESTIONS)
    parser.add_argument("--seeds", default=None, help="for example 0-4; the page's own by default")
    parser.add_argument("--epochs", type=int, default=None)
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time, one thread each")
    parser.add_argument("--data", type=Path, default=None, help="folder of the spoken-digit files")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/science"), help="where runs are kept")
    parser.add_argument("--resume", action="store_true", help="go on with the runs that are there")
    parser.add_argument(
        "--parts", choices=("all", "main", "page"), default="all",
        help="main: without the points of fewer seeds; page: train nothing, write what is finished",
    )  # fmt: skip
    given = parser.parse_args()
    from study import Budget, run_study

    from neurodeploy.sweep.cells import parse_seeds

    worst = 0
    for letter in given.questions:
        study = importlib.import_module(QUESTIONS[letter]).STUDY
        budget = Budget(study.seeds, study.epochs, given.jobs)
        if given.seeds is not None:
            budget = replace(budget, seeds=parse_seeds(given.seeds))
        if given.epochs is not None:
            budget = replace(budget, epochs=given.epochs)
        out = given.out / study.page
        code = run_study(study, budget, out, given.data, resume=given.resume, parts=given.parts)
        worst = max(worst, code)
    return worst


if __name__ == "__main__":
    sys.exit(main())
