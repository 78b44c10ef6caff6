"""How sequences of a length meet kernels of a length in the frequency domain."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from torch import Tensor

LONGEST_BLOCK = 150
"""Sequences up to this many steps are transformed whole; longer ones in blocks."""

BLOCK_STEPS = 100
"""Steps that one block of a longer sequence gives, at least; also four times the kernel's length."""


class SpectralPlan(ABC):
    r"""How sequences of a length meet kernels of a length; one subclass for each way to transform.

    Parameters
    ----------
    n_steps, n_slots
        Length of the sequence and of the kernel.

    Attributes
    ----------
    lead
        Steps of the past at the start of each window.
    step
        Steps that one window gives.
    length
        Length N of the transform.
    n_points
        Number of real products of matrices.

    Notes
    -----
    The Fourier transform of length N, at least window + slots - 1 where a sequence is taken whole and
    at least the window in overlap-save. Each complex product costs three real ones,
    :math:`p_1 = k_r (x_r + x_i)`, :math:`p_2 = x_r (k_i - k_r)`, :math:`p_3 = x_i (k_r + k_i)`,
    :math:`y_r = p_1 - p_3`, :math:`y_i = p_1 + p_2`. Frequencies 0 and N/2 are real and cost one. Every
    gradient is a transform too: the transpose of one of the three. What the points are, and how they lie
    in memory, is the subclass's own affair.
    """

    def __init__(self, n_steps: int, n_slots: int) -> None:
        self.n_steps, self.n_slots = n_steps, n_slots
        if n_steps <= LONGEST_BLOCK:
            self.lead, self.step = 0, n_steps
            least = n_steps + n_slots - 1
        else:
            self.lead, self.step = n_slots - 1, max(BLOCK_STEPS, 4 * n_slots)
            least = self.lead + self.step
        self.length = self.good_length(least)
        if self.lead:
            self.step = self.length - self.lead
        self.n_blocks = -(-n_steps // self.step)
        self.n_points = 2 + 3 * (self.length // 2 - 1)

    @staticmethod
    def good_length(least: int) -> int:
        """Give an even length of at least ``least``."""
        return least + least % 2

    def blocks(self) -> Iterator[tuple[slice, int, slice, int]]:
        """Give for each block the steps it reads and their first time, the steps it writes and theirs.

        The first window starts before the sequence and the last may end after it; nothing is padded.
        """
        for start in range(0, self.n_steps, self.step):
            first = start - self.lead
            read = slice(max(first, 0), min(start + self.step, self.n_steps))
            yield read, read.start - first, slice(start, read.stop), self.lead

    @abstractmethod
    def to_points(self, x: Tensor) -> Tensor:
        """Transform the input, [step, batch, source]."""

    @abstractmethod
    def from_points_transposed(self, grad: Tensor) -> Tensor:
        """Transpose :meth:`from_points`."""

    @abstractmethod
    def kernel_to_points(self, kernel: Tensor) -> Tensor:
        """Transform the kernel, [slot, source, target]."""

    @abstractmethod
    def multiply(self, points: Tensor, kernel_points: Tensor) -> Tensor:
        """Give the products of the input with the kernel."""

    @abstractmethod
    def multiply_for_kernel(self, points: Tensor, grad: Tensor) -> Tensor:
        """Give the gradient by the kernel's points."""

    @abstractmethod
    def multiply_for_input(self, grad: Tensor, kernel_points: Tensor) -> Tensor:
        """Give the gradient by the input's points."""

    @abstractmethod
    def from_points(self, points: Tensor) -> Tensor:
        """Transform products to the output, [step, batch, target]."""

    @abstractmethod
    def to_points_transposed(self, points: Tensor) -> Tensor:
        """Transpose :meth:`to_points`."""

    @abstractmethod
    def kernel_to_points_transposed(self, points: Tensor) -> Tensor:
        """Transpose :meth:`kernel_to_points`."""
