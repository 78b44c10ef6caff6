"""A convolution or pool as the matrix that it is: one element for each synapse, none of them 0."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.nir.matrix import Matrix
from neurodeploy.nir.spatial.window import Window

Indices = NDArray[np.int64]

MAX_ALONG = 2**24
"""Places times kernel elements along one axis that are looked at."""


class Along(NamedTuple):
    """Along one axis: kernel element ``tap`` at place ``out`` looks at element ``seen`` of the input."""

    tap: Indices
    out: Indices
    seen: Indices


def too_many(window: Window, shape: tuple[int, ...], limit: int) -> int:
    """Give how many synapses a window has where they are more than a limit, else 0; nothing large is made.

    Parameters
    ----------
    window
        The convolution or pool.
    shape
        ``(channel, *axis)`` of its input.
    limit
        As many may be made.
    """
    places = window.places(shape[1:])
    along = max(k * n for k, n in zip(window.size, places, strict=True))
    if along > MAX_ALONG:
        return along
    axes = [_along(window, axis, shape[1 + axis], n) for axis, n in enumerate(places)]
    pairs = prod(axis.tap.size for axis in axes)
    if window.kernel is None or pairs > limit:
        n = shape[0] * pairs
        return n if n > limit else 0
    seen = np.ones((), dtype=np.float64)
    for axis, k in zip(axes, window.size, strict=True):
        seen = seen[..., None] * np.bincount(axis.tap, minlength=k)
    n = int(((window.kernel != 0).sum(axis=(0, 1)) * seen).sum())
    return n if n > limit else 0


def unrolled(window: Window, shape: tuple[int, ...]) -> Matrix:
    """Give the matrix of a window over an input.

    Parameters
    ----------
    window
        The convolution or pool.
    shape
        ``(channel, *axis)`` of its input.

    Returns
    -------
    Matrix
        ``[out element, in element]``, both in row-major order of ``(channel, *axis)``. A convolution is a
        cross-correlation, as in torch: ``out[o, p] = sum kernel[o, i, k] * in[i, p * stride + k * dilation -
        before]``.
    """
    places = window.places(shape[1:])
    axes = [_along(window, axis, shape[1 + axis], n) for axis, n in enumerate(places)]
    tap, out, seen = _crossed(axes, window.size, places, shape[1:])
    n_out, n_in = prod(places), prod(shape[1:])
    if window.kernel is None:
        channel = np.repeat(np.arange(shape[0]), tap.size)
        post = channel * n_out + np.tile(out, shape[0])
        pre = channel * n_in + np.tile(seen, shape[0])
        value = np.full(post.size, 1.0 / prod(window.size) if window.average else 1.0)
        return _ordered((shape[0] * n_out, shape[0] * n_in), post, pre, value)
    channels_out, channels_of_group = window.kernel.shape[:2]
    flat = window.kernel.reshape(channels_out, channels_of_group, -1)
    to, of, at = np.nonzero(flat)
    order = np.argsort(tap, kind="stable")
    start = np.searchsorted(tap[order], np.arange(flat.shape[2] + 1))
    n = np.diff(start)[at]
    element = np.repeat(np.arange(at.size), n)
    within = np.arange(element.size) - np.repeat(np.cumsum(n) - n, n)
    place = order[start[at[element]] + within]
    group = to // (channels_out // window.groups)
    source = group * channels_of_group + of
    return _ordered(
        (channels_out * n_out, shape[0] * n_in),
        to[element] * n_out + out[place],
        source[element] * n_in + seen[place],
        flat[to, of, at][element],
    )


def _along(window: Window, axis: int, n_in: int, n_places: int) -> Along:
    """Pair places and kernel elements along one axis, those over the padding left out."""
    tap, out = np.divmod(np.arange(window.size[axis] * n_places), n_places)
    seen = out * window.stride[axis] + tap * window.dilation[axis] - window.padding[axis][0]
    inside = (seen >= 0) & (seen < n_in)
    return Along(tap[inside], out[inside], seen[inside])


def _crossed(
    axes: list[Along], size: tuple[int, ...], places: tuple[int, ...], shape: tuple[int, ...]
) -> Along:
    """Pair places and kernel elements over all axes, as row-major numbers."""
    tap, out, seen = axes[0]
    for axis, k, n_out, n_in in zip(axes[1:], size[1:], places[1:], shape[1:], strict=True):
        tap = (tap[:, None] * k + axis.tap).reshape(-1)
        out = (out[:, None] * n_out + axis.out).reshape(-1)
        seen = (seen[:, None] * n_in + axis.seen).reshape(-1)
    return Along(tap, out, seen)


def _ordered(shape: tuple[int, int], post: Indices, pre: Indices, value: NDArray[np.float64]) -> Matrix:
    """Give the matrix of elements in any order."""
    order = np.argsort(post * shape[1] + pre, kind="stable")
    return Matrix(shape, post[order].astype(np.int32), pre[order].astype(np.int32), value[order])
