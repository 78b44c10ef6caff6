"""Convolutions and pools of a NIR file: a window that moves over the last one or two axes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_nir import BAD_WINDOW
from neurodeploy.findings.finding import Finding
from neurodeploy.graph.checks.values import finite
from neurodeploy.nir.matrix import Matrix
from neurodeploy.nir.raw import described, text, whole_numbers
from neurodeploy.nir.storage import MAX_NEURONS, Unread

CONVOLUTIONS: Mapping[str, int] = {"Conv1d": 1, "Conv2d": 2}
"""The convolutions, and over how many axes they move."""

POOLS = ("SumPool2d", "AvgPool2d")
"""The pools; all of them move over two axes."""

WINDOWS = (*CONVOLUTIONS, *POOLS)


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A convolution or pool by itself.

    Attributes
    ----------
    kernel
        ``[out channel, in channel of its group, *axis]``; None for a pool, whose elements all are 1.
    size
        Of the kernel along each axis.
    stride, dilation
        Along each axis.
    padding
        Zeros before and behind, along each axis.
    groups
        Into how many groups the channels of a convolution part.
    average
        Whether the sum is divided by the number of elements of the kernel, those over the padding included.
    declared
        Size of the input along each axis as the node says; None where it says nothing.
    """

    kernel: NDArray[np.float64] | None
    size: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    groups: int = 1
    average: bool = False
    declared: tuple[int, ...] | None = None

    @property
    def n_axes(self) -> int:
        """Over how many axes it moves."""
        return len(self.size)

    @property
    def channels_in(self) -> int | None:
        """Number of channels that it takes; None where it takes any."""
        return None if self.kernel is None else self.kernel.shape[1] * self.groups

    def places(self, spatial: tuple[int, ...]) -> tuple[int, ...]:
        """Give at how many places it stands along each axis of an input of some size.

        Notes
        -----
        As torch's convolutions and pools (``ceil_mode`` off), which NIR refers to:
        ``floor((n + before + behind - dilation * (size - 1) - 1) / stride) + 1``.
        """
        return tuple(
            (n + sum(p) - d * (k - 1) - 1) // s + 1
            for n, p, d, k, s in zip(
                spatial, self.padding, self.dilation, self.size, self.stride, strict=True
            )
        )


def window_of(kind: str, raw: Mapping[str, Any], here: str) -> Iterator[Finding | Window]:
    """Read a convolution or pool; yields what is wrong with it, or the window itself.

    Yields
    ------
    Finding | Window
        ND101 NaN in the kernel, ND126 a kernel, stride, padding, dilation or groups that mean nothing.
    """
    n_axes = CONVOLUTIONS.get(kind, 2)
    wrong: list[Finding] = []
    kernel: NDArray[np.float64] | None = None
    if kind in CONVOLUTIONS:
        kernel = _kernel(raw.get("weight"), n_axes)
        if kernel is None:
            axes = "[out, in, x]" if n_axes == 1 else "[out, in, x, y]"
            wrong.append(_unusable(f"{here}.weight", described(raw.get("weight")), f"numbers, {axes}"))
        else:
            wrong += finite(f"{here}.weight", kernel)

    def numbers(key: str, least: int) -> tuple[int, ...]:
        found = _along(raw.get(key), n_axes)
        if found is None or min(found) < least or max(found) > MAX_NEURONS:
            limit = f"{least} to {MAX_NEURONS}, one whole number or {n_axes}"
            wrong.append(_unusable(f"{here}.{key}", described(raw.get(key)), limit))
            return (1,) * n_axes
        return found

    size = numbers("kernel_size", 1) if kernel is None else kernel.shape[2:]
    stride = numbers("stride", 1)
    dilation, groups = (1,) * n_axes, 1
    if kind in CONVOLUTIONS:
        dilation = numbers("dilation", 1)
        groups = (whole_numbers(raw.get("groups")) or (0,))[0]
        out = 1 if kernel is None else kernel.shape[0]
        if groups < 1 or out % groups:
            limit = f"a whole number above 0 that divides the {out} channels"
            wrong.append(_unusable(f"{here}.groups", described(raw.get("groups")), limit))
    word = text(raw.get("padding"))
    if kind in CONVOLUTIONS and word in ("same", "valid"):
        padding = tuple(
            _same(d * (k - 1)) if word == "same" else (0, 0) for d, k in zip(dilation, size, strict=True)
        )
        if word == "same" and max(stride) > 1:
            wrong.append(_unusable(f"{here}.stride", str(list(stride)), "1 where the padding is 'same'"))
    else:
        padding = tuple((p, p) for p in numbers("padding", 0))
    declared = None
    if kind in CONVOLUTIONS and raw.get("input_shape") is not None:
        declared = numbers("input_shape", 1)
    if wrong:
        yield from wrong
    else:
        yield Window(kernel, size, stride, dilation, padding, groups, kind == "AvgPool2d", declared)


def _same(total: int) -> tuple[int, int]:
    """Part the padding of 'same' as torch does: the odd one goes behind (torch, ``_ConvNd``)."""
    return total // 2, total - total // 2


def _kernel(value: Any, n_axes: int) -> NDArray[np.float64] | None:
    """Give a kernel as floats, None where it is none."""
    if value is None or isinstance(value, Unread | Matrix):
        return None
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or array.ndim != n_axes + 2 or not 0 < array.size <= MAX_NEURONS:
        return None
    return array.astype(np.float64)


def _along(value: Any, n_axes: int) -> tuple[int, ...] | None:
    """Give one whole number for each axis; one stands for all."""
    found = whole_numbers(value)
    if found is None or len(found) not in (1, n_axes):
        return None
    return found * n_axes if len(found) == 1 else found


def _unusable(where: str, found: str, limit: str) -> Finding:
    return BAD_WINDOW.finding(
        where=where, found=found, limit=limit, help="Write the node as the framework's layer has it."
    )
