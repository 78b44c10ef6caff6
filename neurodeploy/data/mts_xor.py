"""Multi-timescale XOR: trials generated from a seed, as arXiv 2407.18838 describes the task."""

from __future__ import annotations

import numpy as np

from neurodeploy.data.sample_set import DenseSet

CUE_STEPS = 10
SILENT_STEPS = 5
BLOCK_STEPS = 15
INPUTS_PER_CHANNEL = 20
RATES = (0.2, 0.6)
"""Probability of a spike per input and step at the low and the high level."""
NOISE = 0.01
"""Probability of a noise spike per input and step, everywhere."""
CHUNK = 1024


def generate(trials: int, steps: int, generator: np.random.Generator) -> DenseSet:
    """Generate trials of multi-timescale XOR.

    Inputs 0..19 (channel 1) fire in steps 0..9 at the level of the cue. Then come blocks of 15 steps in which
    inputs 20..39 (channel 2) are silent for 5 steps and fire at the block's level for 10. The target of a
    block is cue XOR block, over all of its steps; in the first 10 steps it is 0.

    Parameters
    ----------
    trials
        How many.
    steps
        10 + 15 * blocks.
    generator
        Where levels and spikes are drawn from.

    Returns
    -------
    DenseSet
        Its mask holds the steps with ``step > 10 and (step - 10) % 15 >= 5``.
    """
    blocks = (steps - CUE_STEPS) // BLOCK_STEPS
    step = np.arange(steps)
    block = np.maximum(step - CUE_STEPS, 0) // BLOCK_STEPS
    in_block = step >= CUE_STEPS
    signal = in_block & ((step - CUE_STEPS) % BLOCK_STEPS >= SILENT_STEPS)
    cue = generator.integers(0, 2, trials)
    level = generator.integers(0, 2, (trials, blocks))
    labels = np.where(in_block, cue[:, None] ^ level[:, block], 0)
    # Signal OR noise in one draw: the chance of either is 1 - (1 - rate) * (1 - noise).
    either = np.array([1 - (1 - rate) * (1 - NOISE) for rate in RATES])
    rate = np.full((trials, steps, 2), NOISE)
    rate[:, :CUE_STEPS, 0] = either[cue][:, None]
    rate[:, signal, 1] = either[level[:, block[signal]]]
    spikes = np.empty((trials, steps, 2, INPUTS_PER_CHANNEL), dtype=np.uint8)
    for start in range(0, trials, CHUNK):
        part = rate[start : start + CHUNK, :, :, None]
        draws = generator.random((part.shape[0], steps, 2, INPUTS_PER_CHANNEL), dtype=np.float32)
        spikes[start : start + CHUNK] = draws < part
    return DenseSet(
        spikes=spikes.reshape(trials, steps, 2 * INPUTS_PER_CHANNEL),
        labels=labels.astype(np.int64),
        mask=np.broadcast_to(signal, labels.shape).copy(),
    )
