"""Change labelled samples so that no accuracy can be measured on them."""

from __future__ import annotations

import random

import numpy as np

Arrays = dict[str, np.ndarray]


def spoil(arrays: Arrays, rng: random.Random, *, prefix: str = "") -> str:
    """Make labels, mask or spikes meaningless; say how. The arrays hold labels of whole samples."""
    spikes, labels = f"{prefix}spikes", f"{prefix}labels"
    n, steps, _ = arrays[spikes].shape
    kind = rng.choice(
        [*sorted(_LABELS), "mask shape", "mask false", "mask integers", "no steps", "no samples"]
    )
    if kind in _LABELS:
        arrays[labels] = _LABELS[kind](np.arange(n) % 3)
    elif kind == "no steps":
        arrays[spikes] = arrays[spikes][:, :0]
    elif kind == "no samples":
        arrays[spikes], arrays[labels] = arrays[spikes][:0], arrays[labels][:0]
    else:
        # A mask belongs to labels of every step.
        arrays[labels] = np.repeat(np.arange(n)[:, None] % 3, steps, axis=1)
        masks = {
            "mask shape": np.ones((n, steps + 1), bool),
            "mask false": np.zeros((n, steps), bool),
            "mask integers": np.full((n, steps), 7),
        }
        arrays[f"{prefix}mask"] = masks[kind]
    return f"labelled samples: {kind}"


_LABELS = {
    "labels text": lambda labels: np.array([str(x) for x in labels]),
    "labels one-hot": lambda labels: np.eye(3)[labels],
    "labels fractions": lambda labels: labels + 0.5,
    "labels NaN": lambda labels: np.full(labels.size, np.nan),
    "labels 99": lambda labels: np.full(labels.size, 99),
    "labels negative": lambda labels: labels - 5,
    "labels short": lambda labels: labels[:-1],
    "labels long": lambda labels: np.concatenate([labels, labels]),
    "labels complex": lambda labels: labels + 1j,
    "labels empty": lambda labels: labels[:0],
    "labels of bytes": lambda labels: labels.astype("S3"),
    "labels structured": lambda labels: np.zeros(labels.size, [("a", "i4")]),
}
