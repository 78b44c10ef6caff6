"""Threads: they flush subnormal numbers, leave things as they were, and survive a fork."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import torch

from neurodeploy.ops import threads

FORK = """
import os, sys, torch
from neurodeploy.ops.delays import dense_projection, gaussian_kernel, tap_projection
from neurodeploy.ops.scan import li_scan, lif_box_scan
from neurodeploy.ops.spectral import spectral_projection
from neurodeploy.ops.threads import training_threads

x, w = torch.rand(60, 32, 128), torch.rand(128, 128)
kernel = torch.rand(9, 128, 128)
big = torch.rand(1_000_000)

def training():
    with training_threads(2):
        weight = w.clone().requires_grad_()
        gaussian = gaussian_kernel(weight, w * 8, 1.0, 9)
        spikes = lif_box_scan(spectral_projection(x, gaussian), torch.tensor(0.5))
        li_scan(spikes, torch.tensor(0.5)).sum().backward()
        return weight.grad

calls = {
    "kernel": lambda: gaussian_kernel(w, w * 8, 1.0, 9),
    "dense": lambda: dense_projection(x, kernel),
    "taps": lambda: tap_projection(x, w[None], (w * 8).long()[None]),
    "spectral": lambda: spectral_projection(x, kernel),
    "scan": lambda: lif_box_scan(x, torch.tensor(0.5)),
    "training": training,
}
torch.set_num_threads(2)
first = calls[sys.argv[1]]()
torch.exp(big)  # the caller's own work starts OpenMP's threads
child = os.fork()
if child == 0:
    again = calls[sys.argv[1]]()
    training()
    torch.exp(big)
    os._exit(0 if torch.allclose(first, again, rtol=1e-3, atol=1e-3) else 3)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("call", ["kernel", "dense", "taps", "spectral", "scan", "training"])
def test_a_process_that_is_forked_off_after_a_call_computes_as_well(call: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK, call], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_a_training_leaves_threads_and_subnormal_numbers_as_they_were() -> None:
    tiny = torch.tensor(1e-40)
    torch.set_num_threads(2)
    with threads.training_threads(1):
        assert torch.get_num_threads() == 1
        assert float(tiny * 1.0) == 0.0
    assert torch.get_num_threads() == 2
    assert float(tiny * 1.0) > 0.0


def test_a_caller_who_flushes_subnormal_numbers_goes_on_flushing_them() -> None:
    torch.set_flush_denormal(True)
    try:
        with threads.training_threads(1):
            pass
        assert float(torch.tensor(1e-40) * 1.0) == 0.0
    finally:
        torch.set_flush_denormal(False)


def test_threads_of_the_scan_flush_subnormal_numbers() -> None:
    tiny = torch.tensor([2.0**-140])
    result = threads._pool(1, os.getpid()).submit(lambda: float((tiny * 1.0)[0])).result()
    assert result == 0.0
    assert float((tiny * 1.0)[0]) > 0.0  # the caller's own thread is untouched


def test_work_that_fails_waits_for_the_other_threads() -> None:
    done = []

    def work(first: int, last: int) -> None:
        if first == 0:
            raise KeyboardInterrupt
        time.sleep(0.05)
        done.append((first, last))

    torch.set_num_threads(2)
    with pytest.raises(KeyboardInterrupt):
        threads.share(work, 10)
    assert done == [(5, 10)]


def test_no_threads_are_refused() -> None:
    with pytest.raises(ValueError, match="threads"):
        threads.prepare_threads(0)
