"""Sets of input samples with labels: what a network is calibrated on, measured on and verified with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurodeploy.files import load_npz, save_npz
from neurodeploy.findings.codes_usage import SPIKES_SHAPE, SPIKES_VALUE
from neurodeploy.traces import Traces


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Input spikes and what they mean.

    Attributes
    ----------
    spikes
        uint8 ``[sample, step, source]``; values above 1 are counts.
    labels
        int64 ``[sample]``, or ``[sample, step]`` for tasks with one decision a step; None without labels.
    mask
        bool ``[sample, step]``: the steps that count for accuracy; None where labels are per sample.
    """

    spikes: NDArray[np.uint8]
    labels: NDArray[np.int64] | None = None
    mask: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return int(self.spikes.shape[0])

    def first(self, n: int) -> Samples:
        """Give the first ``n`` samples."""
        return Samples(
            self.spikes[:n],
            None if self.labels is None else self.labels[:n],
            None if self.mask is None else self.mask[:n],
        )


def predictions(traces: Traces) -> NDArray[np.int64]:
    """Give the predicted class, ``[sample]`` or, where the readout decides each step, ``[sample, step]``."""
    score = traces.score if traces.score_per_step is None else traces.score_per_step
    if score is None:
        raise ValueError("the network has no readout")
    return score.argmax(axis=-1)


def accuracy(samples: Samples, traces: Traces) -> float | None:
    """Give the fraction of right decisions, over the masked steps where decisions are per step.

    Returns
    -------
    float | None
        Between 0 and 1; None where the samples have no labels or the network no readout.
    """
    if samples.labels is None or traces.score is None:
        return None
    right = predictions(traces) == samples.labels
    return float(right[samples.mask].mean() if samples.mask is not None else right.mean())


def save_samples(path: Path, sets: Mapping[str, Samples]) -> None:
    """Write sets as npz with the arrays ``<set>/spikes``, ``<set>/labels``, ``<set>/mask``."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, samples in sets.items():
        arrays[f"{name}/spikes"] = samples.spikes
        if samples.labels is not None:
            arrays[f"{name}/labels"] = samples.labels
        if samples.mask is not None:
            arrays[f"{name}/mask"] = samples.mask
    save_npz(path, arrays)


def load_samples(path: Path) -> dict[str, Samples]:
    """Read what :func:`save_samples` wrote; findings as :func:`neurodeploy.files.load_npz`."""
    arrays = load_npz(path)
    names = dict.fromkeys(key.rpartition("/")[0] for key in arrays)
    return {
        name: Samples(
            check_spikes(arrays[f"{name}/spikes"], where=f"{path}: {name}/spikes"),
            arrays.get(f"{name}/labels"),
            arrays.get(f"{name}/mask"),
        )
        for name in names
    }


def check_spikes(
    spikes: NDArray[np.generic], *, size: int | None = None, maximum: int = 255, where: str = "spikes"
) -> NDArray[np.uint8]:
    """Check input spikes and give them as uint8.

    Raises
    ------
    NeurodeployError
        ND010 wrong number of axes or channels, ND011 a value that is negative, fractional, NaN or above
        ``maximum``.
    """
    if spikes.ndim != 3 or (size is not None and spikes.shape[2] != size):
        raise SPIKES_SHAPE.error(
            where=where,
            found=str(list(spikes.shape)),
            limit=f"[sample, step, source]{'' if size is None else f' with {size} sources'}",
            help="Give three axes: sample, step, source.",
        )
    if (
        spikes.size
        and not (
            np.issubdtype(spikes.dtype, np.number)
            and bool(np.isfinite(spikes).all())
            and spikes.min() >= 0
            and spikes.max() <= maximum
            and bool((spikes == np.trunc(spikes)).all())
        )
        and spikes.dtype != np.bool_
    ):
        found = f"{spikes.dtype} from {spikes.min()} to {spikes.max()}"
        raise SPIKES_VALUE.error(
            where=where,
            found=found,
            limit=f"whole numbers 0..{maximum}",
            help="Binary networks take 0 and 1; networks trained on counts take up to their maximum.",
        )
    return spikes.astype(np.uint8)
