"""Synapses as lists: one entry for each synapse that exists, beside the dense ``[tap, post, pre]`` arrays.

A dense projection of 2,048 by 2,048 neurons with three taps has twelve million elements, whatever is in
them; lists are as long as there are synapses. Both forms mean the same, and each can be made of the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.findings.codes_network import ARRAY_SHAPE
from neurodeploy.findings.codes_nir import TOO_LARGE
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.arrays import ReadOnlyArrays
from neurodeploy.units import delay_to_steps

MAX_DENSE = 2**27
"""Elements that a dense array may have: 1 GiB of float64."""

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SynapseList(ReadOnlyArrays):
    """The synapses of a projection with their delays in seconds, frozen; :func:`checked` makes them.

    Attributes
    ----------
    shape
        ``(tap, post, pre)`` of the dense form.
    tap, post, pre
        Where each synapse stands, ``[synapse]``, ordered by tap, post and pre; none stands twice.
    weight
        ``[synapse]``, none is 0.
    delay_s
        ``[synapse]``, in seconds.
    """

    shape: tuple[int, int, int]
    tap: Indices
    post: Indices
    pre: Indices
    weight: Floats
    delay_s: Floats

    def __len__(self) -> int:
        return int(self.weight.size)

    def where(self, k: int) -> tuple[int, int, int]:
        """Give tap, post and pre of one synapse."""
        return int(self.tap[k]), int(self.post[k]), int(self.pre[k])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Synapses(ReadOnlyArrays):
    """The synapses of a projection with their delays in whole steps.

    Attributes
    ----------
    shape, tap, post, pre, weight
        As in :class:`SynapseList`.
    delay_steps
        ``[synapse]``, rounded by :func:`neurodeploy.units.delay_to_steps`.
    """

    shape: tuple[int, int, int]
    tap: Indices
    post: Indices
    pre: Indices
    weight: Floats
    delay_steps: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.weight.size)

    def by_source(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the compressed form by source: ``start`` and ``order``.

        Returns
        -------
        start
            ``[pre + 1]``: the synapses of source j are ``order[start[j]:start[j + 1]]``.
        order
            ``[synapse]``: places in the lists, by source, then tap, then target.
        """
        order = np.argsort(self.pre, kind="stable")
        return np.searchsorted(self.pre[order], np.arange(self.shape[2] + 1)), order


def in_steps(synapses: SynapseList, dt_s: float) -> Synapses:
    """Give synapses with their delays in whole steps of ``dt_s`` seconds, to the nearest, ties up."""
    return Synapses(
        shape=synapses.shape,
        tap=synapses.tap,
        post=synapses.post,
        pre=synapses.pre,
        weight=synapses.weight,
        delay_steps=delay_to_steps(synapses.delay_s, dt_s),
    )


def listed(weight: Floats, delay_s: Floats) -> SynapseList:
    """List the synapses of dense ``[tap, post, pre]`` arrays: the elements whose weight is not 0."""
    tap, post, pre = np.nonzero(weight)
    n_taps, n_post, n_pre = weight.shape
    return SynapseList(
        shape=(n_taps, n_post, n_pre),
        tap=tap.astype(np.int32),
        post=post.astype(np.int32),
        pre=pre.astype(np.int32),
        weight=weight[tap, post, pre],
        delay_s=delay_s[tap, post, pre],
    )


def dense(synapses: SynapseList, where: str) -> tuple[Floats, Floats]:
    """Give weight and delay in seconds as dense ``[tap, post, pre]`` arrays, 0 where there is no synapse.

    Raises
    ------
    NeurodeployError
        ND116: the arrays would have more than :data:`MAX_DENSE` elements.
    """
    n_taps, n_post, n_pre = synapses.shape
    if n_taps * n_post * n_pre > MAX_DENSE:
        raise TOO_LARGE.error(
            where=where,
            found=f"{n_taps} x {n_post} x {n_pre} elements as a dense array, {len(synapses)} synapses",
            limit=f"{MAX_DENSE} elements",
            help="Split the population, or use fewer taps.",
        )
    weight, delay_s = np.zeros(synapses.shape), np.zeros(synapses.shape)
    weight[synapses.tap, synapses.post, synapses.pre] = synapses.weight
    delay_s[synapses.tap, synapses.post, synapses.pre] = synapses.delay_s
    return weight, delay_s


def checked(
    shape: tuple[int, int],
    *,
    post: ArrayLike,
    pre: ArrayLike,
    weight: ArrayLike,
    delay_s: ArrayLike,
    tap: ArrayLike | None,
    where: str,
) -> SynapseList:
    """Make lists of what a caller has; see :meth:`neurodeploy.graph.model.Projection.from_synapses`.

    Raises
    ------
    NeurodeployError
        ND105: arrays of different lengths, or indices that are no whole numbers, out of range or stand twice.
    """
    indices = {"post": np.asarray(post), "pre": np.asarray(pre)}
    if tap is not None:
        indices["tap"] = np.asarray(tap)
    values = {
        "weight": np.asarray(weight, dtype=np.float64),
        "delay_s": np.asarray(delay_s, dtype=np.float64),
    }
    size = values["weight"].size
    ends = {"post": shape[0], "pre": shape[1], "tap": np.iinfo(np.int32).max}
    for name, array in (indices | values).items():
        if array.shape != (size,):
            raise _misfit(f"{where}.{name}", str(list(array.shape)), f"[{size}], as long as weight")
        if name in indices and size:
            if array.dtype.kind not in "iu":
                raise _misfit(f"{where}.{name}", str(array.dtype), "whole numbers")
            if array.min() < 0 or array.max() >= ends[name]:
                raise _misfit(f"{where}.{name}", f"{array.min()} to {array.max()}", f"0..{ends[name] - 1}")
    present = values["weight"] != 0
    at = {name: array[present].astype(np.int32) for name, array in indices.items()}
    w, d = values["weight"][present], values["delay_s"][present]
    if "tap" not in at:
        return stacked(shape, at["post"], at["pre"], d, w)
    order = np.lexsort((at["pre"], at["post"], at["tap"]))
    places = np.stack([at["tap"], at["post"], at["pre"]])[:, order]
    twice = (places[:, 1:] == places[:, :-1]).all(axis=0)
    if twice.any():
        k = int(twice.argmax())
        raise _misfit(where, f"two synapses at [{', '.join(str(i) for i in places[:, k])}]", "one")
    n_taps = int(at["tap"].max(initial=0)) + 1
    return SynapseList(
        shape=(n_taps, *shape),
        tap=places[0],
        post=places[1],
        pre=places[2],
        weight=w[order],
        delay_s=d[order],
    )


def _misfit(where: str, found: str, limit: str) -> NeurodeployError:
    return ARRAY_SHAPE.error(
        where=where,
        found=found,
        limit=limit,
        help="Give post, pre, weight and delay_s of each synapse, in arrays of one length.",
    )


def stacked(
    shape: tuple[int, int], post: NDArray[np.integer], pre: NDArray[np.integer], delay_s: Floats, w: Floats
) -> SynapseList:
    """Put synapses into as few taps as possible: tap k holds the k-th shortest delay of each pair of neurons.

    Parameters
    ----------
    shape
        ``(post, pre)``.
    post, pre, delay_s, w
        ``[synapse]``, in any order; the weights ``w`` are not 0.
    """
    pair = post.astype(np.int64) * shape[1] + pre
    if _rising(pair):  # one synapse for each pair, in order: the usual case, without sorting
        zeros = np.zeros(pair.size, np.int32)
        return SynapseList(
            shape=(1, *shape),
            tap=zeros,
            post=post.astype(np.int32, copy=False),
            pre=pre.astype(np.int32, copy=False),
            weight=w,
            delay_s=delay_s,
        )
    order = np.lexsort((delay_s, pair))
    pair = pair[order]
    first = np.flatnonzero(np.diff(pair, prepend=-1))
    tap = np.arange(pair.size) - np.repeat(first, np.diff(first, append=pair.size))
    by_tap = np.argsort(tap, kind="stable")
    order = order[by_tap]
    return SynapseList(
        shape=(int(tap.max(initial=0)) + 1, *shape),
        tap=tap[by_tap].astype(np.int32),
        post=post[order].astype(np.int32),
        pre=pre[order].astype(np.int32),
        weight=w[order],
        delay_s=delay_s[order],
    )


def _rising(pair: NDArray[np.int64]) -> bool:
    return bool((pair[1:] > pair[:-1]).all())


def summed(
    shape: tuple[int, int], post: NDArray[np.integer], pre: NDArray[np.integer], delay_s: Floats, w: Floats
) -> tuple[Indices, Indices, Floats, Floats]:
    """Add the weights of synapses that share both neurons and the delay, in the order given.

    Parameters
    ----------
    shape, post, pre, delay_s, w
        As for :func:`stacked`; weights may be 0.

    Returns
    -------
    post, pre, delay_s, w
        Without those whose weights cancel, ordered by post, pre and delay.
    """
    pair = post.astype(np.int64) * shape[1] + pre
    total = w
    if not _rising(pair):
        order = np.lexsort((delay_s, pair))
        pair, delay_s, total = pair[order], delay_s[order], w[order]
        new = np.ones(pair.size, dtype=np.bool_)
        new[1:] = (pair[1:] != pair[:-1]) | (delay_s[1:] != delay_s[:-1])
        if not new.all():
            # bincount adds one after the other, from the first
            total = np.asarray(np.bincount(np.cumsum(new) - 1, weights=total), dtype=np.float64)
            pair, delay_s = pair[new], delay_s[new]
    kept = total != 0
    if not kept.all():
        pair, delay_s, total = pair[kept], delay_s[kept], total[kept]
    width = max(1, shape[1])
    return (pair // width).astype(np.int32), (pair % width).astype(np.int32), delay_s, total
