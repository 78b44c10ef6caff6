"""Transform columns along time: a real Fourier transform, two columns as one complex one."""

# ruff: noqa: PLR0917 (compiled functions take positional arguments only)

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.ops.compiled import compiled
from neurodeploy.ops.spectral.lanes import WIDTH, load, spread, store

TILE = 2 * WIDTH
"""Columns transformed together, as the real and the imaginary part of ``WIDTH``; they stay in the cache."""

ODD_FACTORS = (1, 3, 5, 9)
"""Lengths are an odd factor from here times a power of two."""


class TransformTables(NamedTuple):
    """What a length needs.

    Attributes
    ----------
    order
        Where the n-th input goes before the stages run.
    cosine, sine
        Of ``2 pi k / length``.
    odd
        The odd factor of the length.
    has_two
        Whether the rest is an odd power of two: one stage joins two, the others four.
    """

    order: NDArray[np.int64]
    cosine: NDArray[Any]
    sine: NDArray[Any]
    odd: int
    has_two: bool


def good_length(least: int) -> int:
    """Give the shortest even length of at least ``least`` that the stages can transform."""
    return min(odd << k for odd in ODD_FACTORS for k in range(1, 40) if odd << k >= max(least, 2))


@lru_cache(maxsize=32)
def tables_for(length: int, dtype: np.dtype[Any]) -> TransformTables:
    """Make the tables of a length, computed in float64."""
    odd = length
    while odd % 2 == 0:
        odd //= 2
    # The last stage joins what every fourth input gives, the stage before it every fourth of those, ...;
    # the first stage joins two where the length has an odd power of two.
    blocks = [np.arange(length)]
    while len(blocks[0]) > odd:
        radix = 4 if len(blocks[0]) % (4 * odd) == 0 else 2
        blocks = [block[first::radix] for block in blocks for first in range(radix)]
    position = np.empty(length, dtype=np.int64)
    position[np.concatenate(blocks)] = np.arange(length)
    angle = 2.0 * np.pi * np.arange(length) / length
    has_two = (length // odd).bit_length() % 2 == 0
    return TransformTables(position, np.cos(angle).astype(dtype), np.sin(angle).astype(dtype), odd, has_two)


_compile = compiled(error_model="numpy", fastmath={"contract"})


@_compile
def _odd_stage(re, im, tables):  # type: ignore[no-untyped-def]
    """Transform every run of ``odd`` inputs by its definition."""
    length, odd = len(tables.order), tables.odd
    for start in range(0, length * WIDTH, odd * WIDTH):
        old_re, old_im = re[start : start + odd * WIDTH].copy(), im[start : start + odd * WIDTH].copy()
        for p in range(odd):
            real, imaginary = load(old_re, 0), load(old_im, 0)
            for q in range(1, odd):
                turn = (p * q % odd) * (length // odd)
                c, s = tables.cosine[turn], tables.sine[turn]
                a, b = load(old_re, q * WIDTH), load(old_im, q * WIDTH)
                real = real + (c * a + s * b)
                imaginary = imaginary + (c * b - s * a)
            store(re, start + p * WIDTH, real)
            store(im, start + p * WIDTH, imaginary)


@_compile
def _turned(re, im, at, c, s):  # type: ignore[no-untyped-def]
    """Give a value times ``c - i s``."""
    a, b = load(re, at), load(im, at)
    return c * a + s * b, c * b - s * a


@_compile
def _join_two(re, im, tables, span):  # type: ignore[no-untyped-def]
    """Make one transform of length ``2 span`` out of two neighbouring ones."""
    length = len(tables.order)
    step = length // (2 * span)
    for j in range(span):
        c, s = tables.cosine[j * step], tables.sine[j * step]
        for start in range(j * WIDTH, length * WIDTH, 2 * span * WIDTH):
            middle = start + span * WIDTH
            a_re, a_im = load(re, start), load(im, start)
            b_re, b_im = _turned(re, im, middle, c, s)
            store(re, start, a_re + b_re)
            store(im, start, a_im + b_im)
            store(re, middle, a_re - b_re)
            store(im, middle, a_im - b_im)


@_compile
def _join_four(re, im, tables, span):  # type: ignore[no-untyped-def]
    """Make one transform of length ``4 span`` out of four neighbouring ones."""
    length = len(tables.order)
    step = length // (4 * span)
    for j in range(span):
        c1, s1 = tables.cosine[j * step], tables.sine[j * step]
        c2, s2 = tables.cosine[2 * j * step], tables.sine[2 * j * step]
        c3, s3 = tables.cosine[3 * j * step], tables.sine[3 * j * step]
        for at0 in range(j * WIDTH, length * WIDTH, 4 * span * WIDTH):
            at1, at2, at3 = at0 + span * WIDTH, at0 + 2 * span * WIDTH, at0 + 3 * span * WIDTH
            a_re, a_im = load(re, at0), load(im, at0)
            b_re, b_im = _turned(re, im, at1, c1, s1)
            c_re, c_im = _turned(re, im, at2, c2, s2)
            d_re, d_im = _turned(re, im, at3, c3, s3)
            even_re, even_im, odd_re, odd_im = a_re + c_re, a_im + c_im, b_re + d_re, b_im + d_im
            store(re, at0, even_re + odd_re)
            store(im, at0, even_im + odd_im)
            store(re, at2, even_re - odd_re)
            store(im, at2, even_im - odd_im)
            even_re, even_im, odd_re, odd_im = a_re - c_re, a_im - c_im, b_re - d_re, b_im - d_im
            store(re, at1, even_re + odd_im)
            store(im, at1, even_im - odd_re)
            store(re, at3, even_re - odd_im)
            store(im, at3, even_im + odd_re)


@_compile
def _transform(re, im, tables):  # type: ignore[no-untyped-def]
    """Transform in place; values come in the tables' order and leave in that of frequency.

    With ``re`` and ``im`` exchanged it is the inverse transform, not divided by the length.
    """
    length = len(tables.order)
    if tables.odd > 1:
        _odd_stage(re, im, tables)
    span = tables.odd
    if tables.has_two:
        _join_two(re, im, tables, span)
        span *= 2
    while span < length:
        _join_four(re, im, tables, span)
        span *= 4


@_compile
def _analyse_tile(x, x_at, x_stride, points, at, stride, inner, ends, tables, offset, n_steps, re, im):  # type: ignore[no-untyped-def]
    """Do :func:`analyse` for ``TILE`` columns that start ``x_at`` and ``at`` elements into the arrays."""
    length = len(tables.order)
    half = length // 2
    zero = spread(x.dtype.type(0))
    for t in range(length):
        to, step = tables.order[t] * WIDTH, t - offset
        inside = 0 <= step < n_steps
        store(re, to, load(x, x_at + step * x_stride) if inside else zero)
        store(im, to, load(x, x_at + step * x_stride + WIDTH) if inside else zero)
    _transform(re, im, tables)
    for end in range(2):
        store(points, at + end * stride, ends * load(re, end * half * WIDTH))
        store(points, at + end * stride + WIDTH, ends * load(im, end * half * WIDTH))
    scale = x.dtype.type(0.5) * inner
    for f in range(1, half):
        low, high = f * WIDTH, (length - f) * WIDTH
        a, b, c, d = load(re, low), load(im, low), load(re, high), load(im, high)
        to_re, to_im = at + (1 + f) * stride, at + (half + f) * stride
        # Z(f) and Z(-f) of left + i right give twice the spectra of left and right
        store(points, to_re, scale * (a + c))
        store(points, to_im, scale * (b - d))
        store(points, to_re + WIDTH, scale * (b + d))
        store(points, to_im + WIDTH, scale * (c - a))


@_compile
def analyse(x, points, inner, ends, tables, offset, first, last):  # type: ignore[no-untyped-def]
    """Write each column's spectrum.

    ``x`` is [step, row, column] and step t is time ``t + offset`` of the window; ``points`` is
    [row, length, column]: frequency 0, frequency N/2, the real parts of those between, their imaginary
    parts. ``ends`` scales the first two, ``inner`` the others. Memory after the last column takes zeros up
    to a whole tile. Two columns are transformed as the real and the imaginary part of one.
    """
    n_steps, _, n_columns = x.shape
    rest = n_columns % TILE
    re, im = np.empty(len(tables.order) * WIDTH, x.dtype), np.empty(len(tables.order) * WIDTH, x.dtype)
    edge = np.zeros((n_steps, TILE), x.dtype)
    x_row, x_stride = x.strides[1] // x.itemsize, x.strides[0] // x.itemsize
    row_stride, stride = points.strides[0] // x.itemsize, points.strides[1] // x.itemsize
    for row in range(first, last):
        for left in range(0, n_columns - rest, TILE):
            from_, to = row * x_row + left, row * row_stride + left
            _analyse_tile(
                x, from_, x_stride, points, to, stride, inner, ends, tables, offset, n_steps, re, im
            )
        if rest > 0:
            edge[:, :rest] = x[:, row, n_columns - rest :]
            to = row * row_stride + n_columns - rest
            _analyse_tile(edge, 0, TILE, points, to, stride, inner, ends, tables, offset, n_steps, re, im)


@_compile
def _synthesise_tile(  # type: ignore[no-untyped-def]
    points, at, stride, y, y_at, y_stride, inner, ends, tables, offset, n_steps, add, re, im
):
    """Do :func:`synthesise` for ``TILE`` columns that start ``at`` and ``y_at`` elements into the arrays."""
    length = len(tables.order)
    half = length // 2
    for end in range(2):
        to = tables.order[end * half] * WIDTH
        store(re, to, ends * load(points, at + end * stride))
        store(im, to, ends * load(points, at + end * stride + WIDTH))
    for f in range(1, half):
        from_re, from_im = at + (1 + f) * stride, at + (half + f) * stride
        left_re, left_im = inner * load(points, from_re), inner * load(points, from_im)
        right_re, right_im = inner * load(points, from_re + WIDTH), inner * load(points, from_im + WIDTH)
        low, high = tables.order[f] * WIDTH, tables.order[length - f] * WIDTH
        # two real columns: the spectrum of left + i right
        store(re, low, left_re - right_im)
        store(im, low, left_im + right_re)
        store(re, high, left_re + right_im)
        store(im, high, right_re - left_im)
    _transform(im, re, tables)
    for t in range(n_steps):
        left, right = load(re, (t + offset) * WIDTH), load(im, (t + offset) * WIDTH)
        to = y_at + t * y_stride
        if add:
            left, right = left + load(y, to), right + load(y, to + WIDTH)
        store(y, to, left)
        store(y, to + WIDTH, right)


@_compile
def synthesise(points, y, inner, ends, tables, offset, add, first, last):  # type: ignore[no-untyped-def]
    """Go back to time: the transpose of :func:`analyse`, where ``inner`` is half of that one's.

    Step t of ``y`` is time ``t + offset``. ``add`` adds to ``y``.
    """
    n_steps, _, n_columns = y.shape
    rest = n_columns % TILE
    re, im = np.empty(len(tables.order) * WIDTH, y.dtype), np.empty(len(tables.order) * WIDTH, y.dtype)
    edge = np.zeros((n_steps, TILE), y.dtype)
    y_row, y_stride = y.strides[1] // y.itemsize, y.strides[0] // y.itemsize
    row_stride, stride = points.strides[0] // y.itemsize, points.strides[1] // y.itemsize
    for row in range(first, last):
        for left in range(0, n_columns - rest, TILE):
            from_, to = row * row_stride + left, row * y_row + left
            _synthesise_tile(
                points, from_, stride, y, to, y_stride, inner, ends, tables, offset, n_steps, add, re, im
            )
        if rest > 0:
            from_ = row * row_stride + n_columns - rest
            edge[:, :rest] = y[:, row, n_columns - rest :]
            _synthesise_tile(
                points, from_, stride, edge, 0, TILE, inner, ends, tables, offset, n_steps, add, re, im
            )
            y[:, row, n_columns - rest :] = edge[:, :rest]
