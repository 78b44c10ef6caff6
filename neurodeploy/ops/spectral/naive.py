"""The definitions of the transforms and products: sums of cosines and complex numbers, column by column."""

# ruff: noqa: PLR0917 (the signatures are those of compiled functions)

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]


def spectral_projection(x: Tensor, kernel: Tensor) -> Tensor:
    """Define :func:`neurodeploy.ops.spectral.autograd.spectral_projection`: the convolution theorem."""
    length = len(x) + len(kernel) - 1  # nothing wraps around
    product = torch.fft.rfft(x, length, dim=0) @ torch.fft.rfft(kernel, length, dim=0)
    return torch.fft.irfft(product, length, dim=0)[: len(x)]


def good_length(least: int) -> int:
    """Define :func:`neurodeploy.ops.spectral.transform.good_length`: count up to the first that serves."""
    length = max(least, 2)
    while length % 2 or _odd_part(length) not in (1, 3, 5, 9):
        length += 1
    return length


def _odd_part(length: int) -> int:
    while length % 2 == 0:
        length //= 2
    return length


def _waves(length: int) -> Array:
    """Give a row for each point of a spectrum, a column for each time: what :func:`analyse` sums with."""
    phase = 2.0 * np.pi * np.outer(np.arange(length // 2 + 1), np.arange(length)) / length
    cosine, sine = np.cos(phase), -np.sin(phase)
    return np.concatenate([cosine[[0, -1]], cosine[1:-1], sine[1:-1]])


def _scaled(length: int, inner: float, ends: float) -> Array:
    return np.r_[ends, ends, np.full(length - 2, inner)][:, None] * _waves(length)


def analyse(
    x: Array, points: Array, inner: float, ends: float, tables: Any, offset: int, first: int, last: int
) -> None:
    """Define :func:`neurodeploy.ops.spectral.transform.analyse`."""
    waves = _scaled(len(tables.order), inner, ends)[:, offset : offset + len(x)]
    for row in range(first, last):
        points[row] = waves @ x[:, row].astype(np.float64)


def synthesise(
    points: Array,
    y: Array,
    inner: float,
    ends: float,
    tables: Any,
    offset: int,
    add: bool,
    first: int,
    last: int,
) -> None:
    """Define :func:`neurodeploy.ops.spectral.transform.synthesise`: the transpose of :func:`analyse`."""
    waves = _scaled(len(tables.order), 2.0 * inner, ends)[:, offset : offset + len(y)]
    for row in range(first, last):
        found = waves.T @ points[row].astype(np.float64)
        y[:, row] = found + y[:, row] if add else found


def multiply(
    a: Array,
    b: Array,
    y: Array,
    inner: int,
    a_by_row: bool,
    b_by_row: bool,
    sign: float,
    sign_y: float,
    first: int,
    last: int,
) -> None:
    """Define :func:`neurodeploy.ops.spectral.multiply.multiply`: one complex matrix product a frequency."""
    half = a.shape[1] // 2

    def matrix(points: Array, frequency: int, *, by_row: bool) -> Array:
        found: Array
        if frequency in (0, half):
            found = points[:, 0 if frequency == 0 else 1].astype(complex)
        else:
            found = points[:, 1 + frequency] + 1j * points[:, half + frequency]
        return found if by_row else found.T

    frequencies = [*range(first, last), *([half] if first == 0 else [])]
    for frequency in frequencies:
        left = matrix(a, frequency, by_row=a_by_row)[: len(y), :inner]
        right = matrix(b, frequency, by_row=b_by_row)[:inner, : y.shape[2]]
        product = (left.conj() if sign < 0 else left) @ right
        product = product.conj() if sign_y < 0 else product
        if frequency in (0, half):
            y[:, 0 if frequency == 0 else 1] = product.real
        else:
            y[:, 1 + frequency], y[:, half + frequency] = product.real, product.imag
