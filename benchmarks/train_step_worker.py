"""What both sides of ``train_step.py`` share: the network's shape, the data, and the timing of a step."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Shape:
    """Spiking Heidelberg Digits as in arXiv 2306.17670."""

    n_steps: int = 100
    n_in: int = 140
    n_hidden: int = 256
    n_out: int = 20
    n_slots: int = 25
    dropout: float = 0.4
    tau_steps: float = 1.005


SHAPE = Shape()


def make_batch(batch: int) -> tuple[Tensor, Tensor]:
    """Make Poisson counts, [step, batch, source], and labels."""
    generator = torch.Generator().manual_seed(1)
    rate = torch.full((SHAPE.n_steps, batch, SHAPE.n_in), 0.2)
    return torch.poisson(rate, generator), torch.randint(0, SHAPE.n_out, (batch,), generator=generator)


def peak_mb() -> float:
    """Give the largest resident memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def serve(step: Callable[[float], float]) -> None:
    """Answer every line (a sigma) with the seconds that a step took, on the wall and on the processor."""
    idle = peak_mb()
    print(json.dumps({"ready": torch.__version__}), flush=True)
    for line in sys.stdin:
        wall, processor = time.perf_counter(), time.process_time()
        loss = step(float(line))
        answer = {
            "wall": time.perf_counter() - wall,
            "processor": time.process_time() - processor,
            "loss": loss,
            "extra_mb": peak_mb() - idle,
        }
        print(json.dumps(answer), flush=True)
