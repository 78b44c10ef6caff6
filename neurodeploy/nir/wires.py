"""Synapses from one source, as the linear nodes of a NIR graph make them: added and multiplied as lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_nir import TOO_LARGE
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.synapses import summed
from neurodeploy.nir.matrix import Matrix
from neurodeploy.nir.storage import MAX_ARRAY, MAX_SYNAPSES

Floats = NDArray[np.float64]

MAX_WORK = 2**36
"""Multiplications of two dense matrices for one node."""

SPARSE = 64
"""A product is listed where fewer than one in so many of a dense one's multiplications are not by 0."""


class Wires(NamedTuple):
    """What one source gives to the elements of a node: ``weight * source[pre](t - delay_s)`` at ``post``.

    All arrays are ``[synapse]``; post, pre and delay together stand once.
    """

    post: NDArray[np.int32]
    pre: NDArray[np.int32]
    delay_s: Floats
    weight: Floats


def identity(size: int) -> Wires:
    """Give what stands for a source by itself."""
    one = np.arange(size, dtype=np.int32)
    return Wires(one, one, np.zeros(size), np.ones(size))


def joined(shape: tuple[int, int], parts: Sequence[Wires]) -> Wires:
    """Add what several paths give, in their order. ``shape`` is ``(post, pre)``."""
    if len(parts) == 1:
        return parts[0]
    together = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
    with np.errstate(over="ignore", invalid="ignore"):  # the checks of the graph find what overflows
        return Wires(*summed(shape, *together))


def product(weight: Matrix, wires: Wires, n_sources: int, where: str) -> Wires:
    """Put a weight behind synapses: ``weight @ wires``, for each delay.

    Where each source reaches at most one element for each delay, as by itself, every synapse is one product.
    Else dense matrices are multiplied, so that sums have the order that NumPy gives them, or, where nearly
    all of their products would be 0 (a convolution behind a pool), the products are listed and added.

    Raises
    ------
    NeurodeployError
        ND116: too many synapses, or too much work.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if _reaches_one(wires):
            return _each_by_itself(weight, wires, where)
        n_pairs = int(np.bincount(weight.pre, minlength=weight.shape[1])[wires.post].sum())
        n_delays = len(np.unique(wires.delay_s))
        if (
            n_pairs <= MAX_SYNAPSES
            and n_pairs * SPARSE < n_delays * weight.shape[0] * weight.shape[1] * n_sources
        ):
            made = _each_by_itself(weight, wires, where)
            return Wires(*summed((weight.shape[0], n_sources), *made))
        return _by_delay(weight, wires, n_sources, where)


def _reaches_one(wires: Wires) -> bool:
    order = np.lexsort((wires.delay_s, wires.pre))
    pre, delay_s = wires.pre[order], wires.delay_s[order]
    return not ((pre[1:] == pre[:-1]) & (delay_s[1:] == delay_s[:-1])).any()


def _each_by_itself(weight: Matrix, wires: Wires, where: str) -> Wires:
    if np.bincount(wires.post, minlength=1).max(initial=0) <= 1:  # as by itself: no sorting
        wire_at = np.full(weight.shape[1], -1)
        wire_at[wires.post] = np.arange(wires.post.size)
        wire = wire_at[weight.pre]
        element = np.flatnonzero(wire >= 0)
        wire = wire[element]
    else:
        order = np.argsort(weight.pre, kind="stable")
        start = np.searchsorted(weight.pre[order], np.arange(weight.shape[1] + 1))
        n = np.diff(start)[wires.post]
        total = int(n.sum())
        if total > MAX_SYNAPSES:
            raise _too_large(where, f"{total} synapses")
        wire = np.repeat(np.arange(n.size), n)
        within = np.arange(total) - np.repeat(np.cumsum(n) - n, n)
        element = order[start[wires.post[wire]] + within]
    return Wires(
        weight.post[element], wires.pre[wire], wires.delay_s[wire], weight.value[element] * wires.weight[wire]
    )


def _by_delay(weight: Matrix, wires: Wires, n_sources: int, where: str) -> Wires:
    n_post, n_between = weight.shape
    delays, at = np.unique(wires.delay_s, return_inverse=True)
    if n_sources * max(n_post, n_between) > MAX_ARRAY:
        raise _too_large(where, f"{n_sources} sources behind {n_between} sums")
    if delays.size * n_post * n_between * n_sources > MAX_WORK:
        found = f"{delays.size} products of {n_post} x {n_between} and {n_between} x {n_sources}"
        raise _too_large(where, found)
    dense = weight.to_dense()
    order = np.argsort(at, kind="stable")
    ends = np.searchsorted(at[order], np.arange(delays.size + 1))
    parts = []
    n_made = 0
    for k in range(delays.size):
        here = order[ends[k] : ends[k + 1]]
        inner = np.zeros((n_between, n_sources))
        inner[wires.post[here], wires.pre[here]] = wires.weight[here]
        made = dense @ inner
        post, pre = np.nonzero(made)
        n_made += post.size
        if n_made > MAX_SYNAPSES:
            raise _too_large(where, f"{n_made} synapses")
        delay_s = np.full(post.size, delays[k])
        parts.append(Wires(post.astype(np.int32), pre.astype(np.int32), delay_s, made[post, pre]))
    return Wires(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _too_large(where: str, found: str) -> NeurodeployError:
    return TOO_LARGE.error(
        where=where,
        found=found,
        limit=f"{MAX_SYNAPSES} synapses, {MAX_ARRAY} elements of a product",
        help="Multiply the weights of linear nodes in a row before writing the file.",
    )
