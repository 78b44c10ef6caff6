"""The class score of a sample while it is still coming in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.traces import softmax


class RunningScore:
    """What :func:`neurodeploy.traces.scores` would give of the steps so far.

    Parameters
    ----------
    kind
        See :class:`neurodeploy.graph.model.Readout`.
    n_classes
        Size of the readout population.
    """

    def __init__(self, kind: str, n_classes: int) -> None:
        self.kind = kind
        self.n_steps = 0
        self._sum = np.zeros(n_classes)
        self._largest = np.full(n_classes, -np.inf)
        self._last = np.zeros(n_classes)

    def add(self, v: NDArray[np.float64], spikes: NDArray[np.uint8]) -> None:
        """Take in aligned steps ``[step, class]`` of the readout, v in float units."""
        if not len(v):
            return
        self.n_steps += len(v)
        self._last = np.asarray(v[-1], dtype=np.float64)
        if self.kind == "max":
            self._largest = np.maximum(self._largest, v.max(axis=0))
        elif self.kind == "spike_count":
            self._sum = self._sum + spikes.sum(axis=0)
        elif self.kind in ("softmax_sum", "per_step"):
            self._sum = self._sum + softmax(np.asarray(v, dtype=np.float64)).sum(axis=0)

    @property
    def score(self) -> NDArray[np.float64] | None:
        """``[class]``; for ``per_step`` the mean over the steps so far. None before the first step."""
        if not self.n_steps:
            return None
        if self.kind == "last":
            return self._last
        if self.kind == "max":
            return self._largest
        return self._sum / self.n_steps if self.kind == "per_step" else self._sum
