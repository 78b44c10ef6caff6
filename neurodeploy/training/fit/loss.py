"""Losses and scores on the readout's membrane."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

LOSSES = ("softmax_sum", "last", "max", "per_step")
"""Names of the losses; each is also the readout's score, see :class:`neurodeploy.graph.model.Readout`."""


def logits(v: Tensor, kind: str) -> Tensor:
    """Reduce the readout's membrane to what the cross-entropy takes.

    Parameters
    ----------
    v
        ``[step, batch, class]``.
    kind
        One of :data:`LOSSES`.

    Returns
    -------
    Tensor
        ``[batch, class]``, or ``[step, batch, class]`` for ``per_step``.
    """
    if kind == "softmax_sum":
        return torch.softmax(v, dim=-1).sum(dim=0)
    if kind == "last":
        return v[-1]
    if kind == "max":
        return v.amax(dim=0)
    if kind == "per_step":
        return v
    raise ValueError(f"unknown loss {kind!r}")


def summed_loss(v: Tensor, labels: Tensor, kind: str) -> Tensor:
    """Give the cross-entropy, summed over samples (and averaged over steps for ``per_step``).

    Parameters
    ----------
    v
        ``[step, batch, class]``.
    labels
        int64 ``[batch]``, or ``[step, batch]`` for ``per_step``: every step counts, signal or not.
    kind
        One of :data:`LOSSES`.

    Returns
    -------
    Tensor
        A scalar; divide by the number of samples for the mean.
    """
    if kind == "per_step":
        flat = functional.cross_entropy(v.flatten(0, 1), labels.reshape(-1), reduction="sum")
        return flat / v.shape[0]
    return functional.cross_entropy(logits(v, kind), labels, reduction="sum")


def right_decisions(v: Tensor, labels: Tensor, mask: Tensor | None, kind: str) -> tuple[int, int]:
    """Count right decisions and decisions; for ``per_step`` over the steps of ``mask`` ``[step, batch]``."""
    right = logits(v, kind).argmax(dim=-1) == labels
    if mask is None:
        return int(right.sum()), right.numel()
    return int((right & mask).sum()), int(mask.sum())
