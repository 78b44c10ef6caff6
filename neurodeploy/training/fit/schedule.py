"""Schedules of learning rates and of the kernels' width, as functions of the progress of training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from neurodeploy.nn.delay_linear import sigma_at

ONE_CYCLE_RISE = 0.3
ONE_CYCLE_START = 1.0 / 25.0
ONE_CYCLE_END = 1e-4 / 25.0
"""PyTorch's ``OneCycleLR`` defaults: rise over 30 %, from max/25, down to max/25/1e4, both by a cosine."""


def _between(start: float, end: float, part: float) -> float:
    return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * part))


def one_cycle(step: int, n_steps: int) -> float:
    """Give the factor on the largest learning rate at a step of ``n_steps``, up and down by cosines."""
    peak = ONE_CYCLE_RISE * n_steps - 1.0
    if step <= peak:
        return _between(ONE_CYCLE_START, 1.0, step / peak)
    return _between(1.0, ONE_CYCLE_END, min(1.0, (step - peak) / max(n_steps - 1 - peak, 1.0)))


def cosine(step: int, n_steps: int) -> float:
    """Give the factor on the first learning rate, from 1 down to 0 along half a cosine."""
    return _between(1.0, 0.0, step / n_steps)


def halving(epoch: int, first: int, every: int) -> float:
    """Give 1 before epoch ``first``, then half, and half again after every ``every`` epochs."""
    return 1.0 if epoch < first else 0.5 ** (1 + (epoch - first) // every)


@dataclass(slots=True)
class Sigma:
    """Width of the delay kernels over training, in steps.

    Parameters
    ----------
    kind
        ``exponential`` and ``linear`` go from ``start`` to ``end`` over the first ``epochs`` epochs and stay;
        ``constant`` is ``end`` throughout; ``adaptive`` starts at ``start`` and shrinks by ``shrink`` after
        an epoch whose training loss did not fall below ``1 - tolerance`` times the best loss seen at this
        width, or after ``patience`` epochs at one width (at the latest), so that it narrows where
        the loss has stopped falling; from ``deadline`` of the epochs on it follows a straight line in the
        logarithm so that it always ends at ``end``.
    start, end
        In steps.
    epochs
        Epochs over which ``exponential`` and ``linear`` fall.
    n_epochs
        Epochs of the whole training.
    """

    kind: str
    start: float
    end: float
    epochs: float
    n_epochs: int
    shrink: float = 0.7
    tolerance: float = 0.02
    patience: int = 5
    deadline: float = 0.5
    value: float = 0.0
    best: float = math.inf
    held: int = 0

    def __post_init__(self) -> None:
        if self.value == 0.0:
            self.value = self.end if self.kind == "constant" else self.start

    def at(self, epoch: int) -> float:
        """Give sigma for an epoch (from 0)."""
        if self.kind in ("exponential", "linear"):
            part = min(1.0, epoch / max(self.epochs, 1e-9))
            return sigma_at(part, start=self.start, end=self.end, schedule=self.kind)
        return self.value

    def observe(self, epoch: int, loss: float) -> None:
        """Take the training loss of the epoch that has just ended; only ``adaptive`` changes."""
        if self.kind != "adaptive":
            return
        improved = loss < self.best * (1.0 - self.tolerance)
        self.best = min(self.best, loss)
        self.held += 1
        narrower = self.value
        if not improved or self.held >= self.patience:
            narrower = self.value * self.shrink
        late = self.deadline * self.n_epochs
        if epoch + 1 > late:
            part = min(1.0, (epoch + 1 - late) / max(0.25 * self.n_epochs, 1.0))
            narrower = min(narrower, self.start * (self.end / self.start) ** part)
        narrower = max(narrower, self.end)
        if narrower < self.value:
            self.value, self.best, self.held = narrower, math.inf, 0

    def state(self) -> dict[str, Any]:
        """Give what changes during training, ready for JSON."""
        return {"value": self.value, "best": None if math.isinf(self.best) else self.best, "held": self.held}

    def restore(self, state: dict[str, Any]) -> None:
        """Take what :meth:`state` gave."""
        self.value, self.held = float(state["value"]), int(state["held"])
        self.best = math.inf if state["best"] is None else float(state["best"])
