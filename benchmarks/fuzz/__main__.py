"""Read the arguments, make the seeds, run the kinds one after the other, print the tables.

    python -m benchmarks.fuzz                              the full run: 5,300 cases
    python -m benchmarks.fuzz --short                      under a minute, for CI
    python -m benchmarks.fuzz --kinds nir --seed 7 --n 50  some cases of one kind
    python -m benchmarks.fuzz --only bundle-0-17           one case again, by its name
    python -m benchmarks.fuzz --replay FOLDER              files that are kept: nir-*, b-*, in-*, t-*, shd-*

Results and failing inputs stay in the folder of --out; --resume goes on with what is missing there.
Exits with 1 if any case failed.
"""

# ruff: noqa: E402 -- threads are limited before numpy is imported: a process with threads must not be forked

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("NO_COLOR", "1")

from benchmarks.fuzz.campaign import HEAVY, KINDS, jobs, results, run_all
from benchmarks.fuzz.replay import replayed
from benchmarks.fuzz.seeds import make_seeds
from benchmarks.fuzz.summary import summary
from benchmarks.fuzz.warm import warm

FULL = {"nir": 3000, "bundle": 1000, "npz": 500, "recipe": 500, "shd": 300}
SHORT = {"nir": 24, "bundle": 16, "npz": 12, "recipe": 5, "shd": 4}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("--kinds", default=",".join(KINDS), help="comma-separated: %(default)s")
    parser.add_argument("--n", type=int, help="cases of each kind, instead of the full run's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop each kind after so long")
    parser.add_argument("--short", action="store_true", help="a few cases of each kind")
    parser.add_argument("--only", help="names of cases, comma-separated")
    parser.add_argument("--replay", type=Path, help="a folder of kept files")
    parser.add_argument("--out", type=Path, help="folder of results [default: a temporary one]")
    parser.add_argument("--resume", action="store_true", help="go on with the results in --out")
    given = parser.parse_args()
    if unknown := set(given.kinds.split(",")) - set(KINDS):
        parser.error(f"unknown kinds: {', '.join(sorted(unknown))}")
    return given


def main() -> int:
    given = arguments()
    out = (given.out or Path(tempfile.mkdtemp(prefix="fuzz-"))).resolve()
    out.mkdir(parents=True, exist_ok=True)
    seeds = out / "seeds"
    make_seeds(seeds, trained=not given.short)
    if not given.resume:
        (out / "results.jsonl").unlink(missing_ok=True)
        shutil.rmtree(out / "failing", ignore_errors=True)
    done = {result["name"] for result in results(out)}
    counts = {kind: given.n or (SHORT if given.short else FULL)[kind] for kind in given.kinds.split(",")}
    if given.replay:
        todo = replayed(given.replay, seeds)
    elif given.only:
        named = [name.rsplit("-", 2) for name in given.only.split(",")]
        todo = [job for kind, seed, n in named for job in jobs(kind, int(seed), [int(n)], seeds)]
    else:
        todo = [
            job
            for kind, n in counts.items()
            for job in jobs(kind, given.seed, range(given.first, given.first + n), seeds)
        ]
    todo = [job for job in todo if job.name not in done]
    stopped = False
    try:
        for kind in sorted({job.kind for job in todo}, key=list(KINDS).index):
            warm(seeds, heavy=kind in HEAVY)
            of_kind = [job for job in todo if job.kind == kind]
            run_all(of_kind, out, lanes=given.jobs, deadline=time.monotonic() + given.seconds)
    except KeyboardInterrupt:
        stopped = True
    text, failed = summary(results(out))
    print(text)
    if stopped:
        print(f"stopped; go on with --out {out} --resume")
    if failed:
        print(f"\nfailing inputs: {out / 'failing'}")
    elif given.out is None:
        shutil.rmtree(out, ignore_errors=True)
    return 1 if failed or stopped else 0


if __name__ == "__main__":
    sys.exit(main())
