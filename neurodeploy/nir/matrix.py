"""Weight matrices as lists of the elements that are not 0."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """A matrix ``[post, pre]`` as its elements that are not 0, ordered by row, then column.

    Attributes
    ----------
    shape
        ``(post, pre)``.
    post, pre
        ``[element]``, int32.
    value
        ``[element]``.
    """

    shape: tuple[int, int]
    post: NDArray[np.int32]
    pre: NDArray[np.int32]
    value: Floats

    def where(self, k: int) -> tuple[int, int]:
        """Give row and column of one element."""
        return int(self.post[k]), int(self.pre[k])

    def __matmul__(self, vector: Floats) -> Floats:
        """Multiply with a vector, without a dense array; what overflows stays for the graph's checks."""
        weights = self.value * vector[self.pre]
        return np.asarray(np.bincount(self.post, weights=weights, minlength=self.shape[0]), dtype=np.float64)

    def to_dense(self) -> Floats:
        """Give the matrix as an array."""
        array = np.zeros(self.shape)
        array[self.post, self.pre] = self.value
        return array


def of_rows(shape: tuple[int, int], parts: Iterable[tuple[int, NDArray[np.generic]]]) -> Matrix:
    """Make a matrix of blocks of whole rows, each with the number of its first row."""
    post, pre, value = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)], [np.zeros(0)]
    for first, rows in parts:
        row, column = np.nonzero(rows)
        post.append((row + first).astype(np.int32))
        pre.append(column.astype(np.int32))
        value.append(rows[row, column].astype(np.float64))
    return Matrix(shape, np.concatenate(post), np.concatenate(pre), np.concatenate(value))
