"""The integer simulator of this checkout against another checkout's, in turn, on the same program.

``python benchmarks/simulator_against.py CHECKOUT BUNDLE [--rounds N] [--threads N]``: each round simulates
the bundle's largest set once in each checkout's own process; the ratio is taken round by round, since the
machine is shared. Spikes and v must be equal, else exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

WORKER = """
import hashlib, json, sys, time
from pathlib import Path
import numpy as np
try:
    from neurodeploy.targets.loihi.program_file import read_program
    from neurodeploy.targets.loihi.simulate.fast import simulate
except ImportError:  # as the first edition had it
    from neurodeploy.quantise.program import read_program
    from neurodeploy.simulate.fast import simulate
bundle, threads = Path(sys.argv[1]), int(sys.argv[2])
program = read_program(bundle / "program.h5")
with np.load(bundle / "samples.npz") as sets:
    spikes = max((sets[name] for name in sets.files if name.endswith("/spikes")), key=len)
simulate(program, spikes[:8], threads=threads)  # compiles
for _ in sys.stdin:
    began = time.process_time(), time.perf_counter()
    traces = simulate(program, spikes, record=("spikes", "v"), threads=threads)
    took = time.process_time() - began[0], time.perf_counter() - began[1]
    digest = hashlib.sha256()
    for name, trace in sorted(traces.populations.items()):
        digest.update(np.ascontiguousarray(trace.spikes).tobytes() + np.ascontiguousarray(trace.v).tobytes())
    print(json.dumps([*took, digest.hexdigest()]), flush=True)
"""


def start(checkout: Path, bundle: Path, threads: int) -> subprocess.Popen[str]:
    """Start a worker that imports one checkout's package."""
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(bundle.resolve()), str(threads)],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout.resolve())},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def once(worker: subprocess.Popen[str]) -> tuple[float, float, str]:
    """Let a worker simulate once; give processor seconds, wall seconds and the digest of its traces."""
    assert worker.stdin is not None and worker.stdout is not None
    worker.stdin.write("go\n")
    worker.stdin.flush()
    cpu_s, wall_s, digest = json.loads(worker.stdout.readline())
    return cpu_s, wall_s, digest


def main() -> int:
    """Take turns and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    here = Path(__file__).parents[1]
    workers = [start(path, options.bundle, options.threads) for path in (options.checkout, here)]
    ratios: list[tuple[float, float]] = []
    equal = True
    for _ in range(options.rounds):
        (cpu_old, wall_old, before), (cpu_new, wall_new, after) = (once(worker) for worker in workers)
        equal = equal and before == after
        ratios.append((cpu_new / cpu_old, wall_new / wall_old))
    for worker in workers:
        worker.kill()
    for name, values in zip(("processor time", "wall time"), zip(*ratios, strict=True), strict=True):
        low, middle, high = min(values), statistics.median(values), max(values)
        print(f"{name}, here / there: {middle:.2f} ({low:.2f} to {high:.2f}), {options.rounds} rounds")
    print(f"spikes and v: {'equal' if equal else 'DIFFERENT'}")
    return int(not equal)


if __name__ == "__main__":
    sys.exit(main())
