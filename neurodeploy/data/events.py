"""Samples kept as binned events, made dense a batch at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.augment import augmented, blended
from neurodeploy.data.sample_checks import MAX_CLASSES
from neurodeploy.data.samples import Samples
from neurodeploy.recipe import Augment


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Events:
    """Every sample of one file, as the non-empty bins of its steps and channels.

    Attributes
    ----------
    indptr
        int64 ``[sample + 1]``: sample i owns the bins ``indptr[i]:indptr[i+1]``.
    step
        uint16 ``[bin]``; 65535 stands for every later step too. Not cut to a recipe's number of steps.
    channel
        uint16 ``[bin]``.
    count
        uint8 ``[bin]``: spikes of the bin, 255 at most.
    labels
        int64 ``[sample]``.
    n_classes
        Classes that the file names, at least the largest label plus one.
    """

    indptr: NDArray[np.int64]
    step: NDArray[np.uint16]
    channel: NDArray[np.uint16]
    count: NDArray[np.uint8]
    labels: NDArray[np.int64]
    n_classes: int

    def consistent(self, channels: int) -> bool:
        """Say whether the arrays fit each other and a number of channels; a cache file's might not."""
        kinds = {"indptr": "i8", "step": "u2", "channel": "u2", "count": "u1", "labels": "i8"}
        arrays = {name: getattr(self, name) for name in kinds}
        if any(array.ndim != 1 or array.dtype != np.dtype(kinds[name]) for name, array in arrays.items()):
            return False
        return (
            self.labels.size > 0
            and self.indptr.size == self.labels.size + 1
            and self.step.size == self.channel.size == self.count.size
            and int(self.indptr[0]) == 0
            and int(self.indptr[-1]) == self.step.size
            and bool((np.diff(self.indptr) >= 0).all())
            and int(self.labels.min()) >= 0
            and int(self.labels.max()) < self.n_classes <= MAX_CLASSES
            and int(self.channel.max(initial=0)) < channels
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EventSet:
    """Some samples of a file, on a grid of steps.

    Attributes
    ----------
    events
        The file.
    index
        int64 ``[sample]``: which samples of the file.
    n_steps, n_channels
        The grid; bins after ``n_steps`` are cut.
    input_max
        Largest value of a bin; larger counts are cut to it.
    """

    events: Events
    index: NDArray[np.int64]
    n_steps: int
    n_channels: int
    input_max: int

    def __len__(self) -> int:
        return self.index.size

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class of each sample, int64 ``[sample]``."""
        return self.events.labels[self.index]

    @property
    def mask(self) -> None:
        """No mask: the labels are per sample."""

    def take(self, positions: NDArray[np.integer]) -> EventSet:
        """Give the samples at some positions of this set; the events are shared."""
        return EventSet(
            events=self.events,
            index=self.index[positions],
            n_steps=self.n_steps,
            n_channels=self.n_channels,
            input_max=self.input_max,
        )

    def batch(
        self,
        positions: NDArray[np.integer],
        augment: Augment | None = None,
        generator: np.random.Generator | None = None,
    ) -> NDArray[np.uint8]:
        """Give some samples as dense spikes.

        Parameters
        ----------
        positions
            Positions in this set, ``[batch]``.
        augment
            Changes to draw anew for this batch; None leaves the samples as they are.
        generator
            Where the changes are drawn from; needed with ``augment``.

        Returns
        -------
        NDArray[np.uint8]
            Spikes or counts, ``[step, batch, channel]``, at most ``input_max``.
        """
        positions = np.asarray(positions, dtype=np.int64)
        rows, slots = self.index[positions], np.arange(positions.size)
        share = np.ones(positions.size)
        if augment is not None and augment.blend:
            rows, slots, share = blended(
                rows,
                slots,
                labels=self.events.labels,
                candidates=self.index,
                probability=augment.blend,
                generator=_needed(generator),
            )
        starts = self.events.indptr[rows]
        lengths = self.events.indptr[rows + 1] - starts
        slot = np.repeat(slots, lengths)
        pick = np.arange(slot.size) + np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
        step = self.events.step[pick].astype(np.int64)
        channel = self.events.channel[pick].astype(np.int64)
        count = self.events.count[pick]
        if augment is not None:
            step, channel, count = augmented(
                step,
                channel,
                count,
                slot,
                share=np.repeat(share, lengths),
                augment=augment,
                n_channels=self.n_channels,
                generator=_needed(generator),
            )
        keep = (
            (step >= 0) & (step < self.n_steps) & (channel >= 0) & (channel < self.n_channels) & (count > 0)
        )
        flat = ((step * positions.size + slot) * self.n_channels + channel)[keep]
        shape = (self.n_steps, positions.size, self.n_channels)
        if self.input_max == 1:
            binary = np.zeros(shape, dtype=np.uint8)
            binary.reshape(-1)[flat] = 1
            return binary
        counts = np.zeros(shape, dtype=np.uint16)  # augmentation can bring several bins together
        np.add.at(counts.reshape(-1), flat, count[keep].astype(np.uint16))
        return np.minimum(counts, self.input_max).astype(np.uint8)

    def samples(self, n: int | None = None) -> Samples:
        """Give the first ``n`` samples (all by default), sample first and without augmentation."""
        positions = np.arange(len(self) if n is None else min(n, len(self)))
        spikes = np.empty((positions.size, self.n_steps, self.n_channels), dtype=np.uint8)
        for start in range(0, positions.size, 256):  # bounds the memory of a large set
            part = positions[start : start + 256]
            spikes[part] = self.batch(part).transpose(1, 0, 2)
        return Samples(spikes, self.labels[: positions.size].copy())

    def cut(self) -> tuple[int, float]:
        """Give how many samples last longer than the steps, and the fraction of all spikes that is cut."""
        rows = np.repeat(np.arange(self.events.labels.size), np.diff(self.events.indptr))
        mine = np.isin(rows, self.index)
        late = mine & (self.events.step >= self.n_steps)
        total = int(self.events.count[mine].sum(dtype=np.int64))
        lost = int(self.events.count[late].sum(dtype=np.int64))
        return int(np.unique(rows[late]).size), lost / total if total else 0.0


def _needed(generator: np.random.Generator | None) -> np.random.Generator:
    if generator is None:
        raise ValueError("augmentation needs a generator")
    return generator
