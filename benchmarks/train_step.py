"""Time one training step against the published architecture with learned delays, in the same minutes.

    python benchmarks/train_step.py [--batch 64 256] [--threads 2 1] [--rounds 3] [--against CHECKOUT]

The rival (spikingjelly 0.0.0.0.14, DCLS 0.1.1) gets its own environment in the user's cache folder; torch is
the one that runs this script. Every round times each side once at each sigma, one after the other, so that a
busy machine slows all of them; ratios are taken within a round.

With ``--against`` the rival is another checkout of this project instead: the same step by its operators.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import platformdirs
import torch
from train_step_worker import SHAPE

from neurodeploy.ops.spectral.autograd import plan_for

HERE = Path(__file__).resolve().parent
PINS = ("spikingjelly==0.0.0.0.14", "DCLS==0.1.1")
SIGMAS = (12.27, 3.0, 1.0, 0.5)
"""Where the schedule is sampled, in steps (DCLS's ``|SIG| + 0.27``)."""


def schedule(epochs: int = 150, first: float = 12.0, last: float = 0.23) -> dict[float, float]:
    """Give the share of the training's epochs that each sample stands for."""
    quarter = epochs // 4
    shares = dict.fromkeys(SIGMAS, 0.0)
    for epoch in range(epochs):
        sigma = first * (last / first) ** (min(epoch, quarter) / quarter) + 0.27
        nearest = min(SIGMAS, key=lambda s: abs(torch.tensor(s / sigma).log().item()))
        shares[nearest] += 1 / epochs
    return shares


def reference_python() -> Path:
    """Give the rival's interpreter; make its environment on first use."""
    folder = Path(platformdirs.user_cache_dir("neurodeploy")) / "benchmark-reference"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = folder / "installed"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", *PINS], check=True)
        ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
        site = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.strip()
        ours = Path(torch.__file__).resolve().parents[1]
        Path(site, "torch_of_the_parent.pth").write_text(f"{ours}\n", encoding="utf-8")
        done.write_text("\n".join(PINS), encoding="utf-8")
    return python


class Side:
    """One process that runs training steps on request."""

    def __init__(self, python: Path, script: str, *arguments: object, root: Path = HERE.parent) -> None:
        environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "PYTHONPATH": str(root)}
        self.process = subprocess.Popen(
            [str(python), "-W", "ignore", str(root / "benchmarks" / script), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self.version = self._answer()["ready"]

    def _answer(self) -> dict[str, float]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise SystemExit(f"a side of the benchmark ended with exit code {self.process.wait()}")

    def step(self, sigma: float) -> dict[str, float]:
        """Run one step and give its times."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{sigma}\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def giga_operations(batch: int) -> float:
    """Count the arithmetic of our matrix products in one step, in units of 1e9."""
    plan = plan_for(SHAPE.n_steps, SHAPE.n_slots, torch.float32, torch.device("cpu"))
    sizes = (SHAPE.n_in, SHAPE.n_hidden, SHAPE.n_hidden, SHAPE.n_out)
    total = 0.0
    for index, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        inputs = 1 if index == 0 else 2  # nothing asks for the gradient of the data
        products = (1 + inputs) * batch * n_in * n_out
        transforms = SHAPE.n_steps * batch * (inputs * n_in + 2 * n_out)
        total += plan.n_points * (products + transforms + 2 * SHAPE.n_slots * n_in * n_out)
    return 2e-9 * total


def gemm_peak(threads: int) -> float:
    """Measure the rate of a large square matrix product, in 1e9 operations a second."""
    torch.set_num_threads(threads)
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    best = min(_seconds(lambda: a @ b) for _ in range(6))
    return 2e-9 * 2048**3 / best


def _seconds(work: object) -> float:
    start = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - start


def compare_checkouts(batch: int, threads: int, rounds: int, other: Path) -> None:
    """Time the step of another checkout and ours in turn and print the ratio: above 1, ours is faster."""
    common = ("--batch", batch, "--threads", threads)
    python = Path(sys.executable)
    sides = {
        "before": Side(python, "train_step_ours.py", *common, root=other),
        "now": Side(python, "train_step_ours.py", *common),
    }
    shares = schedule()
    times: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds + 1):
        sums = dict.fromkeys(sides, 0.0)
        for sigma, share in shares.items():
            answers: dict[str, list[float]] = {name: [] for name in sides}
            for name in [*sides, *reversed(sides)] * 2:  # in both orders: neither has the warmer cache
                answers[name].append(sides[name].step(sigma)["processor"])
            for name in sides:
                sums[name] += share * min(answers[name])
        if turn:  # the first one compiles and fills caches
            for name, seconds in sums.items():
                times[name].append(seconds)
    for side in sides.values():
        side.close()
    ratios = [before / now for before, now in zip(times["before"], times["now"], strict=True)]
    ms = ", ".join(f"{name} {1e3 * statistics.median(values):.0f} ms" for name, values in times.items())
    print(f"batch {batch}, {threads} thread(s): processor time of a step over the sigma schedule: {ms}")
    print(f"  x{statistics.median(ratios):.2f} the other checkout ({min(ratios):.2f} to {max(ratios):.2f})")


def compare(batch: int, threads: int, rounds: int) -> None:
    """Time the three sides and print the ratios."""
    common = ("--batch", batch, "--threads", threads)
    python = reference_python()
    sides = {
        "ours": Side(Path(sys.executable), "train_step_ours.py", *common),
        "flushed": Side(python, "train_step_reference.py", *common, "--flush"),
        "published": Side(python, "train_step_reference.py", *common),
    }
    peak = 0.0
    for side in sides.values():
        for _ in range(2):
            side.step(SIGMAS[-1])  # compile, fill caches
    shares = schedule()
    totals: dict[str, dict[str, list[float]]] = {k: {n: [] for n in sides} for k in ("wall", "processor")}
    extra = dict.fromkeys(sides, 0.0)
    for _ in range(rounds):
        peak = max(peak, gemm_peak(threads))
        sums = {kind: dict.fromkeys(sides, 0.0) for kind in totals}
        for sigma, share in shares.items():
            for name, side in sides.items():
                repeats = 3 if name == "ours" else 1
                answers = [side.step(sigma) for _ in range(repeats)]
                for kind in totals:
                    sums[kind][name] += share * statistics.median(a[kind] for a in answers)
                extra[name] = answers[-1]["extra_mb"]
        for kind, of_side in sums.items():
            for name, seconds in of_side.items():
                totals[kind][name].append(seconds)
    for side in sides.values():
        side.close()
    print(
        f"\nbatch {batch}, {threads} thread(s), torch {sides['ours'].version}, load {os.getloadavg()[0]:.1f}"
    )
    for kind, of_side in totals.items():
        ms = ", ".join(f"{name} {1e3 * statistics.median(times):.0f} ms" for name, times in of_side.items())
        print(f"  {kind:9} time of a step over the sigma schedule: {ms}")
        for name in ("flushed", "published"):
            ratios = [r / o for r, o in zip(of_side[name], of_side["ours"], strict=True)]
            low, high = min(ratios), max(ratios)
            print(f"    x{statistics.median(ratios):.1f} the reference, {name} ({low:.1f} to {high:.1f})")
    rate = giga_operations(batch) / statistics.median(totals["wall"]["ours"])
    print(f"  matrix arithmetic at {rate:.0f} GFLOP/s, {rate / peak:.0%} of {peak:.0f} measured for 2048^3")
    print("  extra memory: " + ", ".join(f"{name} {mb:.0f} MB" for name, mb in extra.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--threads", type=int, nargs="+", default=[2, 1])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path, help="another checkout, e.g. of an earlier commit")
    options = parser.parse_args()
    for threads in options.threads:
        for batch in options.batch:
            if options.against is None:
                compare(batch, threads, options.rounds)
            else:
                compare_checkouts(batch, threads, options.rounds, options.against.resolve())


if __name__ == "__main__":
    main()
