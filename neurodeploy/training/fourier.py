"""Transform columns along time: a real Fourier transform whose result is ready for three-product rows."""

# ruff: noqa: PLR0917 (compiled functions take positional arguments only)

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

WIDTH = 128
"""Most pairs of columns transformed together: few enough for the cache, enough for long loops."""

ODD_FACTORS = (1, 3, 5, 9)
"""Lengths are an odd factor from here times a power of two."""


class Tables(NamedTuple):
    """What a length needs.

    Attributes
    ----------
    order
        Where the n-th input goes before the stages run.
    cosine, sine
        Of ``2 pi k / length``.
    odd
        The odd factor of the length.
    """

    order: NDArray[np.int64]
    cosine: NDArray[Any]
    sine: NDArray[Any]
    odd: int


def good_length(least: int) -> int:
    """Give the shortest even length of at least ``least`` that the stages can transform."""
    return min(odd << k for odd in ODD_FACTORS for k in range(1, 40) if odd << k >= max(least, 2))


@lru_cache(maxsize=32)
def tables_for(length: int, dtype: np.dtype[Any]) -> Tables:
    """Make the tables of a length, computed in float64."""
    odd = length
    while odd % 2 == 0:
        odd //= 2
    order = np.arange(length)
    # Sort by the lowest binary digit, then the next: each stage joins two neighbouring halves.
    blocks = [order]
    while len(blocks[0]) > odd:
        blocks = [half for block in blocks for half in (block[::2], block[1::2])]
    position = np.empty(length, dtype=np.int64)
    position[np.concatenate(blocks)] = np.arange(length)
    angle = 2.0 * np.pi * np.arange(length) / length
    return Tables(position, np.cos(angle).astype(dtype), np.sin(angle).astype(dtype), odd)


_compile = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})


@_compile
def _first_stage(re, im, tables, sign):  # type: ignore[no-untyped-def]
    """Transform every run of ``odd`` rows by its definition."""
    length, width = re.shape
    odd = tables.odd
    for start in range(0, length, odd):
        old_re, old_im = re[start : start + odd].copy(), im[start : start + odd].copy()
        for p in range(odd):
            for k in range(width):
                re[start + p, k] = old_re[0, k]
                im[start + p, k] = old_im[0, k]
            for q in range(1, odd):
                c = tables.cosine[(p * q % odd) * (length // odd)]
                s = sign * tables.sine[(p * q % odd) * (length // odd)]
                for k in range(width):
                    re[start + p, k] += c * old_re[q, k] + s * old_im[q, k]
                    im[start + p, k] += c * old_im[q, k] - s * old_re[q, k]


@_compile
def _transform(re, im, tables, sign):  # type: ignore[no-untyped-def]
    """Transform rows in place; they come in the tables' order and leave in that of frequency."""
    length, width = re.shape
    if tables.odd > 1:
        _first_stage(re, im, tables, sign)
    span = tables.odd
    while span < length:
        step = length // (2 * span)
        for start in range(0, length, 2 * span):
            for j in range(span):
                a, b = start + j, start + j + span
                c, s = tables.cosine[j * step], sign * tables.sine[j * step]
                for k in range(width):
                    left, above = re[a, k], im[a, k]
                    real = c * re[b, k] + s * im[b, k]
                    imaginary = c * im[b, k] - s * re[b, k]
                    re[b, k] = left - real
                    im[b, k] = above - imaginary
                    re[a, k] = left + real
                    im[a, k] = above + imaginary
        span *= 2


@_compile
def _width(n_columns):  # type: ignore[no-untyped-def]
    """Give the number of pairs of columns in a tile."""
    n_tiles = (n_columns + 2 * WIDTH - 1) // (2 * WIDTH)
    return (n_columns + 2 * n_tiles - 1) // (2 * n_tiles)


@_compile
def _separate(re_f, im_f, re_g, im_g):  # type: ignore[no-untyped-def]
    """Turn ``Z_f`` and ``Z_g``, g = -f, of left + i right into the spectra of left (f) and right (g)."""
    half = re_f.dtype.type(0.5)
    for k in range(len(re_f)):
        a, b, c, d = re_f[k], im_f[k], re_g[k], im_g[k]
        re_f[k] = half * (a + c)
        im_f[k] = half * (b - d)
        re_g[k] = half * (b + d)
        im_g[k] = half * (c - a)


@_compile
def _mix(out, p, a, q, b):  # type: ignore[no-untyped-def]
    """Write ``p a + q b``."""
    for k in range(len(out)):
        out[k] = p * a[k] + q * b[k]


@_compile
def _mix3(out, p, a, q, b, r, c):  # type: ignore[no-untyped-def]
    """Write ``p a + q b + r c``."""
    for k in range(len(out)):
        out[k] = p * a[k] + q * b[k] + r * c[k]


@_compile
def analyse(x, points, mix, ends, tables, offset, first, last):  # type: ignore[no-untyped-def]
    """Write mixtures of the real and imaginary parts of each column's spectrum.

    ``x`` is [step, row, column] and step t is time ``t + offset`` of the window; ``points`` is
    [row, 2 + 3 (length / 2 - 1), column]: frequency 0, frequency N/2, then for each of the three lines of
    ``mix`` all frequencies between. ``ends`` scales the first two. Two columns are transformed as the
    real and the imaginary part of one. A row's points lie together in memory, which writes fast.
    """
    length = len(tables.order)
    half, n_columns = length // 2, x.shape[2]
    width, dtype = _width(n_columns), x.dtype
    re, im = np.empty((length, width), dtype), np.empty((length, width), dtype)
    zero = dtype.type(0)
    for row in range(first, last):
        for left in range(0, n_columns, 2 * width):
            right = left + width
            n_left = min(width, n_columns - left)
            n_right = min(width, max(n_columns - right, 0))
            for t in range(length):
                to, step = tables.order[t], t - offset
                if 0 <= step < len(x):
                    re[to, :n_left] = x[step, row, left : left + n_left]
                    re[to, n_left:] = zero
                    im[to, :n_right] = x[step, row, right : right + n_right]
                    im[to, n_right:] = zero
                else:
                    re[to] = zero
                    im[to] = zero
            _transform(re, im, tables, dtype.type(1))
            for end in range(2):
                points[row, end, left : left + n_left] = ends * re[end * half, :n_left]
                points[row, end, right : right + n_right] = ends * im[end * half, :n_right]
            for f in range(1, half):
                _separate(re[f], im[f], re[length - f], im[length - f])
                for m in range(3):
                    line = points[row, 1 + m * (half - 1) + f]
                    p, q = mix[m, 0], mix[m, 1]
                    _mix(line[left : left + n_left], p, re[f], q, im[f])
                    _mix(line[right : right + n_right], p, re[length - f], q, im[length - f])


@_compile
def synthesise(points, y, mix, ends, tables, offset, add, first, last):  # type: ignore[no-untyped-def]
    """Go back to time from mixtures of points; the transpose of :func:`analyse`.

    Here ``points`` is [point, row, column], as a batch of matrix products leaves it.
    Step t of ``y`` is time ``t + offset``. The real part of frequency f is the first column of ``mix``
    with the three points of f, the imaginary part the second. ``add`` adds to ``y``.
    """
    length = len(tables.order)
    half, n_columns = length // 2, y.shape[2]
    width, dtype = _width(n_columns), y.dtype
    re, im = np.empty((length, width), dtype), np.empty((length, width), dtype)
    parts, zero = np.empty((4, width), dtype), dtype.type(0)
    for row in range(first, last):
        for left in range(0, n_columns, 2 * width):
            right = left + width
            n_left = min(width, n_columns - left)
            n_right = min(width, max(n_columns - right, 0))
            parts[:2, n_left:] = zero
            parts[2:, n_right:] = zero
            for end in range(2):
                to = tables.order[end * half]
                # the unused lanes of a last tile share complex numbers with used ones
                re[to, n_left:] = zero
                im[to, n_right:] = zero
                re[to, :n_left] = ends * points[end, row, left : left + n_left]
                im[to, :n_right] = ends * points[end, row, right : right + n_right]
            for f in range(1, half):
                one, two, three = points[f + 1, row], points[f + half, row], points[f + 2 * half - 1, row]
                for start, stop, c in ((left, left + n_left, 0), (right, right + n_right, 2)):
                    for part in range(2):
                        p, q, r = mix[0, part], mix[1, part], mix[2, part]
                        _mix3(
                            parts[c + part, : stop - start],
                            p,
                            one[start:stop],
                            q,
                            two[start:stop],
                            r,
                            three[start:stop],
                        )
                low, high = tables.order[f], tables.order[length - f]
                re_low, im_low, re_high, im_high = re[low], im[low], re[high], im[high]
                for k in range(width):
                    # two real columns: the spectrum of left + i right
                    re_low[k] = parts[0, k] - parts[3, k]
                    im_low[k] = parts[1, k] + parts[2, k]
                    re_high[k] = parts[0, k] + parts[3, k]
                    im_high[k] = parts[2, k] - parts[1, k]
            _transform(re, im, tables, dtype.type(-1))
            for t in range(len(y)):
                line = y[t, row]
                if add:
                    line[left : left + n_left] += re[t + offset, :n_left]
                    line[right : right + n_right] += im[t + offset, :n_right]
                else:
                    line[left : left + n_left] = re[t + offset, :n_left]
                    line[right : right + n_right] = im[t + offset, :n_right]
