"""The confusion matrix: which class was taken for which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.samples import Samples, predictions
from neurodeploy.plot.axes import axes_of
from neurodeploy.traces import Traces

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_CLASSES_WITH_NUMBERS = 20


def confusion(samples: Samples, traces: Traces, *, ax: Axes | None = None) -> Axes:
    """Count decisions by label and by predicted class.

    Parameters
    ----------
    samples
        With labels; a mask says which steps count.
    traces
        Of the same samples, with a score.
    ax
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        With one image of counts ``[label, prediction]``; up to 20 classes have their number written in.

    Raises
    ------
    ValueError
        The samples have no labels, or the network no readout.
    """
    if samples.labels is None:
        raise ValueError("the samples have no labels")
    ax = axes_of(ax, width=5.0, height=4.5)
    counts = _counts(samples, predictions(traces), traces)
    image = ax.imshow(counts, cmap="Blues", vmin=0, interpolation="none")
    figure: Any = ax.figure
    figure.colorbar(image, ax=ax, label="decisions")
    if len(counts) <= MOST_CLASSES_WITH_NUMBERS:
        dark = counts.max(initial=1) / 2
        for (label, predicted), count in np.ndenumerate(counts):
            shade = "white" if count > dark else "black"
            ax.text(predicted, label, str(count), ha="center", va="center", color=shade)
    ax.set_xlabel("prediction")
    ax.set_ylabel("label")
    return ax


def _counts(samples: Samples, predicted: NDArray[np.int64], traces: Traces) -> NDArray[np.int64]:
    """Give the counts ``[label, prediction]``, over all classes that the score knows."""
    assert samples.labels is not None and traces.score is not None
    labels = np.asarray(samples.labels)
    if predicted.ndim < labels.ndim:
        predicted = predicted[:, None]
    elif labels.ndim < predicted.ndim:
        labels = labels[:, None]
    labels, predicted = np.broadcast_arrays(labels, predicted)
    if samples.mask is not None and labels.ndim == samples.mask.ndim:
        labels, predicted = labels[samples.mask], predicted[samples.mask]
    n = max(traces.score.shape[-1], int(labels.max(initial=0)) + 1)
    counts = np.zeros((n, n), dtype=np.int64)
    np.add.at(counts, (labels.ravel(), predicted.ravel()), 1)
    return counts
