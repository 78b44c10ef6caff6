"""Time the training operators alone, each way in turn, forward and backward, on one thread.

    python benchmarks/train_step_operators.py [--batch 64 256]

Prints the median processor time at 100 steps, 256 to 256 neurons and 25 slots; for recurrent layers of 128
neurons the compiled scan beside the loop over parts that automatic differentiation goes through.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from neurodeploy.nn import LIF, DelayLinear, Dense, Recurrent
from neurodeploy.ops.delays import dense_projection
from neurodeploy.ops.scan import lif_box_scan, naive
from neurodeploy.ops.spectral.any_device import MatrixPlan
from neurodeploy.ops.spectral.autograd import SpectralProjection, spectral_projection
from neurodeploy.ops.threads import prepare_threads

N_STEPS, N_NEURONS, N_SLOTS, ROUNDS = 100, 256, 25, 4


def measure(cases: dict[str, Callable[[], object]]) -> None:
    """Run the cases in turn and print their medians."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for turn in range(ROUNDS + 1):
        for name, work in cases.items():
            start = time.process_time()
            work()
            if turn:  # the first one compiles and fills caches
                times[name].append(time.process_time() - start)
    for name, values in times.items():
        print(f"  {name:40} {1e3 * statistics.median(values):6.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, nargs="+", default=[64, 256])
    options = parser.parse_args()
    prepare_threads(1)
    torch.manual_seed(0)
    matrices = MatrixPlan(N_STEPS, N_SLOTS, torch.float32, torch.device("cpu"))
    for batch in options.batch:
        x = torch.randn(N_STEPS, batch, N_NEURONS, requires_grad=True)
        kernel = torch.randn(N_SLOTS, N_NEURONS, N_NEURONS, requires_grad=True)
        up, alpha = torch.randn(N_STEPS, batch, N_NEURONS), torch.full((N_NEURONS,), 0.5)

        def project(projection: Callable[..., torch.Tensor]) -> None:
            torch.autograd.grad(projection(x, kernel), (x, kernel), up)  # noqa: B023

        def matrix_products(x: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
            return SpectralProjection.apply(x, kernel, matrices)

        def scan(scanned: Callable[..., torch.Tensor]) -> None:
            torch.autograd.grad(scanned(x, alpha, surrogate="atan"), x, up)  # noqa: B023

        print(f"batch {batch}")
        measure(
            {
                "projection, compiled transforms": lambda: project(spectral_projection),
                "projection, transforms as matrices": lambda: project(matrix_products),
                "projection, one product a slot": lambda: project(dense_projection),
                "lif_box_scan, fast": lambda: scan(lif_box_scan),
                "lif_box_scan, stepped": lambda: scan(naive.lif_box_scan),
            }
        )
        print(f"recurrent layers, batch {batch}")
        measure(recurrent_cases(batch))


def recurrent_cases(batch: int, size: int = 128) -> dict[str, Callable[[], object]]:
    """Give the ways to compute recurrent layers, with and without delays."""
    current = (1.5 * torch.randn(N_STEPS, batch, size)).requires_grad_()
    kinds = {
        "no delays": (Dense(size, size), 1),
        "25 slots": (DelayLinear(size, size, max_delay_steps=24, sigma_steps=3.0), 1),
        "21 slots, from 5 steps on": (DelayLinear(size, size, max_delay_steps=20, sigma_steps=3.0), 5),
    }
    cases: dict[str, Callable[[], object]] = {}
    for name, (back, lag) in kinds.items():
        layer = Recurrent(LIF(size, tau_s=0.02, dt_s=0.01), back, lag_steps=lag)
        cases[f"{name}, scan"] = lambda layer=layer: layer(current).square().sum().backward()
        cases[f"{name}, loop"] = lambda layer=layer: layer.part(current)[0].square().sum().backward()
    return cases


if __name__ == "__main__":
    main()
