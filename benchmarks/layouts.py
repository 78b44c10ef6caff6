"""Compare layouts of synapses for the one loop that matters: add a spike's weights to its targets.

    python benchmarks/layouts.py [--rounds N] [--markdown FILE]

One layer of 256 x 256 synapses with delays 0..24, 200 samples of 100 steps, sources that differ in rate as
real ones do. Single thread, CPU time, minimum of the rounds. Every layout must give the same sums.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

N_PRE = N_POST = 256
N_STEPS, N_DELAYS, N_SAMPLES = 100, 25, 200
N_ROWS = N_STEPS + N_DELAYS + 1
STRIDE = N_ROWS + 31  # a target's row of steps; vectors may write beyond the last step
LANE = 32768


@njit(nogil=True)
def source_major(start: NDArray, sources: NDArray, offset: NDArray, weight: NDArray, sums: NDArray) -> int:
    """Rows of synapses by source; accumulators ``[step, target]``. What the kernel does."""
    total = 0
    for sample in range(start.shape[0]):
        sums[:] = 0
        for step in range(start.shape[1] - 1):
            row = sums[(step + 1) * N_POST :]
            for k in range(start[sample, step], start[sample, step + 1]):
                j = sources[k]
                for n in range(N_POST):
                    row[offset[j, n]] += weight[j, n]
        total += sums[777] + sums[20000]
    return total


@njit(nogil=True)
def ring(start: NDArray, sources: NDArray, delay: NDArray, weight: NDArray, sums: NDArray) -> int:
    """Rows of synapses by source; accumulators a ring of 32 steps, delays as uint8."""
    total = 0
    for sample in range(start.shape[0]):
        sums[:] = 0
        for step in range(N_ROWS):
            slot = (step & 31) * N_POST
            if step * N_POST <= 777 < (step + 1) * N_POST:
                total += sums[slot + 777 % N_POST]
            if step * N_POST <= 20000 < (step + 1) * N_POST:
                total += sums[slot + 20000 % N_POST]
            for n in range(N_POST):
                sums[slot + n] = 0
            if step < N_STEPS:
                for k in range(start[sample, step], start[sample, step + 1]):
                    j = sources[k]
                    for n in range(N_POST):
                        sums[np.uint64(((step + 1 + delay[j, n]) & 31) * N_POST + n)] += weight[j, n]
    return total


@njit(nogil=True)
def target_major(start: NDArray, steps: NDArray, offset: NDArray, weight: NDArray, sums: NDArray) -> int:
    """Every synapse once a sample, over its source's spike times; accumulators ``[target, step]``."""
    total = 0
    for sample in range(start.shape[0]):
        sums[:] = 0
        for block in range(0, N_POST, 64):
            for j in range(N_PRE):
                first, last = start[sample, j], start[sample, j + 1]
                for n in range(block, block + 64):
                    row = sums[offset[j, n] :]
                    w = weight[j, n]
                    for k in range(first, last):
                        row[np.uint64(steps[k] + 1)] += w
        total += _read_target_major(sums)
    return total


@njit(nogil=True)
def time_vectors(fired: NDArray, offset: NDArray, weight: NDArray, sums: NDArray) -> int:
    """Chunks of 16 steps as one vector, skipped where silent; accumulators ``[target, step]``."""
    total = 0
    chunk = np.zeros(16, np.int16)
    for sample in range(fired.shape[0]):
        sums[:] = 0
        for block in range(0, N_POST, 64):
            for j in range(N_PRE):
                for t0 in range(0, fired.shape[2], 16):
                    count = 0
                    for i in range(16):
                        chunk[i] = fired[sample, j, t0 + i]
                        count += chunk[i]
                    if count == 0:
                        continue
                    for n in range(block, block + 64):
                        w = weight[j, n]
                        row = sums[offset[j, n] + t0 + 1 : offset[j, n] + t0 + 17]
                        for i in range(16):
                            row[i] += np.int16(w * chunk[i])
        total += _read_target_major(sums)
    return total


@njit(nogil=True)
def _read_target_major(sums: NDArray) -> int:
    a, b = 777, 20000
    return sums[(a % N_POST) * STRIDE + a // N_POST] + sums[(b % N_POST) * STRIDE + b // N_POST]


@njit(nogil=True)
def four_samples(fired: NDArray, offset: NDArray, weight: NDArray, sums: NDArray) -> int:
    """Four samples in the 16-bit lanes of one 64-bit word; accumulators ``[step, target]``."""
    total = 0
    for sample in range(0, fired.shape[0], 4):
        sums[:] = 0
        for step in range(N_STEPS):
            row = sums[(step + 1) * N_POST :]
            for j in range(N_PRE):
                lanes = np.int64(0)
                for i in range(4):
                    lanes += np.int64(fired[sample + i, step, j]) << (16 * i)
                if lanes == 0:
                    continue
                for n in range(N_POST):
                    row[offset[j, n]] += weight[j, n] * lanes
        for at in (777, 20000):
            word = sums[at]
            for _ in range(4):  # a lane's borrow comes out of the lane above
                lane = ((word + LANE) & 0xFFFF) - LANE
                total += lane
                word = (word - lane) >> 16
    return total


@dataclass
class Case:
    """One layout: its name, a closure that runs it, and the width of its parts."""

    name: str
    run: Callable[[], int]


def make_cases() -> tuple[int, list[Case]]:
    """Give the number of synaptic events, and every layout of the same layer and spikes."""
    rng = np.random.default_rng(0)
    rate = np.minimum(rng.gamma(0.7, 0.07 / 0.7, N_PRE), 0.9)
    fired = (rng.random((N_SAMPLES, N_STEPS, N_PRE)) < rate).astype(np.uint8)
    delay = rng.integers(0, N_DELAYS, (N_PRE, N_POST))
    weight = rng.integers(-64, 65, (N_PRE, N_POST))
    counts = fired.sum(axis=2, dtype=np.int64)
    start = np.zeros((N_SAMPLES, N_STEPS + 1), np.int64)
    start[:, 1:] = np.cumsum(counts).reshape(counts.shape)
    start[1:, 0] = start[:-1, -1]
    sources = np.nonzero(fired)[2].astype(np.int32)
    offset = delay * N_POST + np.arange(N_POST)

    cases = []
    for index, word, sums in (
        (np.uint16, np.int8, np.int16),
        (np.uint16, np.int16, np.int16),
        (np.uint16, np.int16, np.int32),
        (np.uint16, np.int32, np.int32),
        (np.uint32, np.int16, np.int32),
        (np.int64, np.int16, np.int32),
    ):
        arrays = offset.astype(index), weight.astype(word), np.zeros(N_ROWS * N_POST, sums)
        name = f"by source: {index.__name__} offsets, {word.__name__} weights, {sums.__name__} sums"
        cases.append(Case(name, lambda a=arrays: source_major(start, sources, *a)))
    order = np.argsort(offset, axis=1)
    arrays = (
        np.take_along_axis(offset, order, 1).astype(np.uint16),
        np.take_along_axis(weight, order, 1).astype(np.int16),
        np.zeros(N_ROWS * N_POST, np.int32),
    )
    cases.append(Case("by source, sorted by delay", lambda a=arrays: source_major(start, sources, *a)))
    small = delay.astype(np.uint8), weight.astype(np.int8), np.zeros(32 * N_POST, np.int32)
    cases.append(Case("by source, ring of 32 steps, uint8 delays", lambda: ring(start, sources, *small)))

    by_source = np.ascontiguousarray(fired.transpose(0, 2, 1))
    spikes_of = by_source.sum(axis=2, dtype=np.int64)
    begin = np.zeros((N_SAMPLES, N_PRE + 1), np.int64)
    begin[:, 1:] = np.cumsum(spikes_of).reshape(spikes_of.shape)
    begin[1:, 0] = begin[:-1, -1]
    steps = np.nonzero(by_source)[2].astype(np.int32)
    rows = (np.arange(N_POST) * STRIDE + delay).astype(np.int64)
    target = rows, weight.astype(np.int16), np.zeros(N_POST * STRIDE, np.int32)
    cases.append(Case("by target, over spike times", lambda: target_major(begin, steps, *target)))
    padded = np.zeros((N_SAMPLES, N_PRE, 112), np.uint8)
    padded[:, :, :N_STEPS] = by_source
    vectors = rows, weight.astype(np.int16), np.zeros(N_POST * STRIDE, np.int16)
    cases.append(Case("by target, vectors of 16 steps", lambda: time_vectors(padded, *vectors)))
    lanes = offset.astype(np.uint16), weight.astype(np.int64), np.zeros(N_ROWS * N_POST, np.int64)
    cases.append(Case("four samples in a 64-bit word", lambda: four_samples(fired, *lanes)))
    return int(sources.size) * N_POST, cases


def main() -> int:
    """Measure every layout; see the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    events, cases = make_cases()
    answers = {case.name: case.run() for case in cases}  # compiles, too
    if len(set(answers.values())) != 1:
        print(f"the layouts disagree: {answers}")
        return 1
    best = dict.fromkeys(answers, float("inf"))
    for _ in range(options.rounds):
        for case in cases:
            started = time.process_time()
            case.run()
            best[case.name] = min(best[case.name], time.process_time() - started)
    command = " ".join(["python benchmarks/layouts.py", *sys.argv[1:]])
    lines = [
        "# Layouts of synapses, measured",
        "",
        f"`{command}`: {events / 1e6:.0f} million synaptic events, one thread, CPU time, minimum of "
        f"{options.rounds} rounds.",
        "",
        "| layout | ms | synaptic events/s |",
        "| --- | --- | --- |",
        *(f"| {name} | {1e3 * s:.1f} | {events / s / 1e9:.2f} G |" for name, s in best.items()),
    ]
    print("\n".join(lines))
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
