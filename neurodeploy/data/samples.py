"""Sets of input samples with labels: what a network is calibrated on, measured on and verified with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.sample_checks import MAX_VALUE, check_labels, check_mask, check_spikes
from neurodeploy.files import NUMBERS_AND_TEXTS, load_npz, save_npz
from neurodeploy.findings.codes_usage import ARRAY_MISSING
from neurodeploy.traces import Traces

ARRAYS = ("spikes", "labels", "mask")
"""Arrays of a set in an npz file; only the first is needed."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Input spikes and what they mean; checked when it is made, so that no stage meets bad ones.

    Attributes
    ----------
    spikes
        uint8 ``[sample, step, source]``, at least one of each; values above 1 are counts. Other numbers are
        converted where that is exact, and refused otherwise; uint8 is not copied.
    labels
        int64 ``[sample]``, or ``[sample, step]`` for tasks with one decision a step; None without labels.
        Text, floats and booleans are refused.
    mask
        bool ``[sample, step]``: the steps that count for accuracy; None where every one does. Integers are
        converted where they are all 0 or 1, and refused otherwise.
    n_classes
        How many classes there are, if that is known; only checked against.
    size, maximum
        How many sources there must be, and the largest value of a bin; only checked against.
    where
        What a finding calls the samples: a file, say.

    Raises
    ------
    NeurodeployError
        ND010 spikes of another shape, ND011 a value that is no count, ND012 labels of another shape, ND013 a
        label that is no class, ND014 a mask of another shape or kind, or false everywhere, ND015 nothing.
    """

    spikes: NDArray[np.uint8]
    labels: NDArray[np.int64] | None = None
    mask: NDArray[np.bool_] | None = None
    n_classes: InitVar[int | None] = None
    size: InitVar[int | None] = None
    maximum: InitVar[int] = MAX_VALUE
    where: InitVar[str] = "samples"

    def __post_init__(self, n_classes: int | None, size: int | None, maximum: int, where: str) -> None:
        spikes = check_spikes(self.spikes, size=size, maximum=maximum, where=f"{where}: spikes")
        shape = (spikes.shape[0], spikes.shape[1])
        object.__setattr__(self, "spikes", spikes)
        if self.labels is not None:
            labels = check_labels(self.labels, shape, n_classes=n_classes, where=f"{where}: labels")
            object.__setattr__(self, "labels", labels)
        if self.mask is not None:
            object.__setattr__(self, "mask", check_mask(self.mask, shape, where=f"{where}: mask"))

    @classmethod
    def from_npz(
        cls,
        path: Path,
        *,
        size: int | None = None,
        maximum: int = MAX_VALUE,
        n_classes: int | None = None,
    ) -> Samples:
        """Read a user's npz file with ``spikes`` and, if it has them, ``labels`` and ``mask``.

        Parameters
        ----------
        path
            The file.
        size, maximum, n_classes
            What the network takes and how many classes it tells apart, where that is known.

        Raises
        ------
        NeurodeployError
            As :class:`Samples`; ND001 to ND003 as :func:`neurodeploy.files.load_npz`.
        """
        arrays = load_npz(path, required=ARRAYS[:1], kinds=NUMBERS_AND_TEXTS)
        return cls(
            arrays["spikes"],
            arrays.get("labels"),
            arrays.get("mask"),
            n_classes=n_classes,
            size=size,
            maximum=maximum,
            where=str(path),
        )

    def __len__(self) -> int:
        return int(self.spikes.shape[0])

    def __repr__(self) -> str:
        """Say how much there is, not what it is."""
        n, steps, sources = self.spikes.shape
        labels = "no labels" if self.labels is None else f"labels {list(self.labels.shape)}"
        masked = "" if self.mask is None else f", {int(self.mask.sum())} of {self.mask.size} steps count"
        return f"Samples({n} samples of {steps} steps, {sources} sources, {labels}{masked})"

    def first(self, n: int) -> Samples:
        """Give the first ``n`` samples; ND014 where no step of theirs counts, ND015 where n is below 1."""
        n = max(n, 0)  # a slice would take -1 as all but the last
        return Samples(
            self.spikes[:n],
            None if self.labels is None else self.labels[:n],
            None if self.mask is None else self.mask[:n],
            where=f"the first {n} samples",
        )


def predictions(traces: Traces) -> NDArray[np.int64]:
    """Give the predicted class, ``[sample]`` or, where the readout decides each step, ``[sample, step]``."""
    score = traces.score if traces.score_per_step is None else traces.score_per_step
    if score is None:
        raise ValueError("the network has no readout")
    return score.argmax(axis=-1)


def right(
    decisions: NDArray[np.int64], labels: NDArray[np.int64], mask: NDArray[np.bool_] | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_] | None]:
    """Say which decisions are right, and which count.

    Parameters
    ----------
    decisions, labels
        ``[sample]`` or ``[sample, step]``, each; the one without a step axis is repeated for every step.
    mask
        ``[sample, step]``: the steps that count; None where all do.

    Returns
    -------
    tuple
        Which are right, ``[sample]`` or ``[sample, step]``; and the mask, None where there is no step axis.
    """
    if decisions.ndim < labels.ndim:
        decisions = decisions[:, None]
    elif labels.ndim < decisions.ndim:
        labels = labels[:, None]
    is_right = decisions == labels
    return is_right, mask if is_right.ndim == 2 else None


def accuracy(samples: Samples, traces: Traces) -> float | None:
    """Give the fraction of right decisions, over the masked steps where decisions are per step.

    Returns
    -------
    float | None
        Between 0 and 1; None where the samples have no labels or the network no readout.
    """
    if samples.labels is None or traces.score is None:
        return None
    is_right, counted = right(predictions(traces), samples.labels, samples.mask)
    return float(is_right[counted].mean() if counted is not None else is_right.mean())


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


def load_samples(
    path: Path,
    *,
    required: tuple[str, ...] = (),
    size: int | None = None,
    maximum: int = MAX_VALUE,
    n_classes: int | None = None,
) -> dict[str, Samples]:
    """Read what :func:`save_samples` wrote.

    Parameters
    ----------
    path
        The file.
    required
        Sets that it must hold.
    size, maximum, n_classes
        What the network takes and how many classes it tells apart, where that is known.

    Raises
    ------
    NeurodeployError
        As :class:`Samples`; ND001 to ND003 as :func:`neurodeploy.files.load_npz`, ND003 also for a required
        set that is missing, labels or a mask without spikes, arrays of other names, and no set at all.
    """
    arrays = load_npz(path, kinds=NUMBERS_AND_TEXTS)
    names = dict.fromkeys(key.rpartition("/")[0] for key in arrays)
    unknown = [key for key in arrays if not key.rpartition("/")[0] or key.rpartition("/")[2] not in ARRAYS]
    missing = [name for name in {*names, *required} if f"{name}/spikes" not in arrays]
    if unknown or missing or not names:
        raise ARRAY_MISSING.error(
            message="the file does not hold sets of samples",
            where=str(path),
            found=f"arrays {', '.join(sorted(arrays)) or 'none'}"[:300],
            limit=f"<set>/spikes, and with them <set>/labels and <set>/mask{_of(required)}",
            help="Make the run or bundle again, or restore the file from a copy.",
        )
    return {
        name: Samples(
            arrays[f"{name}/spikes"],
            arrays.get(f"{name}/labels"),
            arrays.get(f"{name}/mask"),
            n_classes=n_classes,
            size=size,
            maximum=maximum,
            where=f"{path}: set {name}",
        )
        for name in names
    }


def _of(required: tuple[str, ...]) -> str:
    return f", of the sets {', '.join(required)}" if required else ""


__all__ = [
    "ARRAYS",
    "Samples",
    "accuracy",
    "check_spikes",
    "load_samples",
    "predictions",
    "right",
    "save_samples",
]
