"""Class scores: what a readout's trace says, of whole samples or while a sample is still coming in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SCORES = ("softmax_sum", "last", "max", "per_step", "spike_count")
"""Kinds of score; :class:`neurodeploy.graph.model.Readout` says what they are."""


def softmax(v: NDArray[np.float64]) -> NDArray[np.float64]:
    """Softmax over the last axis, shifted by its maximum so that it cannot overflow."""
    e = np.exp(v - v.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def scores(
    kind: str, v: NDArray[np.float64] | None, spikes: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Make class scores from the readout population's trace.

    Parameters
    ----------
    kind
        See :class:`neurodeploy.graph.model.Readout`.
    v
        ``[sample, step, class]`` in float units; needed by every kind but ``spike_count``.
    spikes
        ``[sample, step, class]``.

    Returns
    -------
    score
        ``[sample, class]``; for ``per_step`` the mean over steps.
    score_per_step
        ``[sample, step, class]`` for ``per_step``, else None.
    """
    if kind == "spike_count":
        return spikes.sum(axis=1).astype(np.float64), None
    if v is None:
        raise ValueError("a readout's v was not recorded")
    if kind == "last":
        return v[:, -1], None
    if kind == "max":
        return v.max(axis=1), None
    probability = softmax(v)
    if kind == "per_step":
        return probability.mean(axis=1), probability
    if kind == "softmax_sum":
        return probability.sum(axis=1), None
    raise ValueError(f"unknown score {kind!r}")


class RunningScore:
    """What :func:`scores` would give of the steps so far, of one sample or of several at once.

    Parameters
    ----------
    kind
        See :class:`neurodeploy.graph.model.Readout`.
    n_classes
        Size of the readout population.
    n_samples
        How many samples come in side by side; None for one, without a sample axis.

    Notes
    -----
    After the last step it is what :func:`scores` gives of the whole: bit for bit, but for the last digits of
    a sum over a single class, which NumPy adds up in pairs.
    """

    def __init__(self, kind: str, n_classes: int, *, n_samples: int | None = None) -> None:
        if kind not in SCORES:
            raise ValueError(f"unknown score {kind!r}")
        self.kind = kind
        self.n_steps = 0
        self._sum = np.zeros((n_classes,) if n_samples is None else (n_samples, n_classes))
        self._largest = np.full(self._sum.shape, -np.inf)
        self._last = np.zeros(self._sum.shape)

    def add(
        self, v: NDArray[np.floating] | None = None, spikes: NDArray[np.integer] | None = None
    ) -> NDArray[np.float64] | None:
        """Take in some more steps and give the score so far.

        Parameters
        ----------
        v
            ``[step, class]``, or ``[sample, step, class]`` where there are several samples, in float units,
            of any number of steps, 0 included; needed by every kind but ``spike_count``.
        spikes
            The same of the spikes; needed by ``spike_count``.
        """
        given = spikes if self.kind == "spike_count" else v
        if given is None:
            raise ValueError(f"{self.kind} needs {'spikes' if self.kind == 'spike_count' else 'v'}")
        steps = np.moveaxis(np.array(given, dtype=np.float64), -2, 0)  # [step, ...]
        if steps.shape[1:] != self._sum.shape:
            raise ValueError(f"steps of shape {steps.shape[1:]}, not {self._sum.shape}")
        for step in steps:
            self.n_steps += 1
            if self.kind == "max":
                self._largest = np.maximum(self._largest, step)
            else:
                self._last = step if self.kind in ("last", "spike_count") else softmax(step)
                self._sum = self._sum + self._last
        return self.score

    @property
    def score(self) -> NDArray[np.float64] | None:
        """The score so far, ``[class]`` or ``[sample, class]``; None before the first step.

        For ``per_step`` the mean over the steps so far.
        """
        if not self.n_steps:
            return None
        if self.kind == "last":
            return self._last.copy()
        if self.kind == "max":
            return self._largest
        return self._sum / self.n_steps if self.kind == "per_step" else self._sum

    @property
    def score_of_last_step(self) -> NDArray[np.float64] | None:
        """What ``per_step`` decides the last step by; None for the other kinds and before the first step."""
        return self._last.copy() if self.kind == "per_step" and self.n_steps else None
