"""Changes to the events of a batch: blend, drop, stretch and shift, all drawn from one generator."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.recipe import Augment

Ints = NDArray[np.int64]


def blended(
    rows: Ints,
    slots: Ints,
    *,
    labels: Ints,
    candidates: Ints,
    probability: float,
    generator: np.random.Generator,
) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Pair some samples of a batch with another sample of the same class.

    Parameters
    ----------
    rows
        Samples of the file, ``[batch]``.
    slots
        Their places in the batch, ``[batch]``.
    labels
        Class of every sample of the file.
    candidates
        The samples of the file that may be partners: those of the training set only.
    probability
        That a sample gets a partner.
    generator
        Where partners are drawn from.

    Returns
    -------
    tuple[Ints, Ints, NDArray[np.float64]]
        Samples, places and the share of spikes to keep of each: 1/2 for both halves of a blend.

    Notes
    -----
    After Nowotny, Turner and Knight 2022, arXiv 2212.01232, without their alignment of the two samples.
    """
    chosen = np.flatnonzero(generator.random(rows.size) < probability)
    partners = np.empty(chosen.size, dtype=np.int64)
    by_class = {label: candidates[labels[candidates] == label] for label in np.unique(labels[rows[chosen]])}
    for place, row in enumerate(rows[chosen]):
        partners[place] = generator.choice(by_class[labels[row]])
    share = np.ones(rows.size + chosen.size)
    share[chosen] = 0.5
    share[rows.size :] = 0.5
    return np.concatenate([rows, partners]), np.concatenate([slots, slots[chosen]]), share


def augmented(
    step: Ints,
    channel: Ints,
    count: NDArray[np.uint8],
    slot: Ints,
    *,
    share: NDArray[np.float64],
    augment: Augment,
    n_channels: int,
    generator: np.random.Generator,
) -> tuple[Ints, Ints, NDArray[np.uint8]]:
    """Stretch, shift and thin the events of a batch.

    Parameters
    ----------
    step, channel, count, slot, share
        Per event: its bin, its spikes, its place in the batch, and the share of spikes that a blend keeps.
    augment
        What to draw.
    n_channels
        Channels are stretched about the middle of these.
    generator
        Where changes are drawn from: one draw a sample for stretch and shift, one a spike for drop.

    Returns
    -------
    tuple[Ints, Ints, NDArray[np.uint8]]
        Steps, channels and counts; they may lie outside the grid, which the caller cuts.
    """
    batch = int(slot.max()) + 1 if slot.size else 0
    if augment.time_stretch:
        factor = generator.uniform(1 - augment.time_stretch, 1 + augment.time_stretch, batch)
        # A spike lies anywhere within its bin: drawing where keeps stretched spectra free of empty steps.
        step = np.floor((step + generator.random(step.size)) * factor[slot]).astype(np.int64)
    if augment.channel_stretch:
        factor = generator.uniform(1 - augment.channel_stretch, 1 + augment.channel_stretch, batch)
        middle = n_channels / 2
        from_middle = channel + generator.random(channel.size) - middle
        channel = np.floor(from_middle * factor[slot] + middle).astype(np.int64)
    if augment.time_shift_steps:
        shift = augment.time_shift_steps
        step = step + generator.integers(-shift, shift, batch, endpoint=True)[slot]
    if augment.channel_shift:
        shift = augment.channel_shift
        channel = channel + generator.integers(-shift, shift, batch, endpoint=True)[slot]
    kept = share * (1 - augment.drop)
    if augment.drop or bool((share < 1).any()):
        count = generator.binomial(count, kept).astype(np.uint8)
    return step, channel, count
