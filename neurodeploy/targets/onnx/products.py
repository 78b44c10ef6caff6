"""The synapses of a projection as one product of bytes: a column for each delay and target neuron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.targets.integers import IntegerSynapses, Whole

BYTE = 255


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DelayProduct:
    """What one matrix product of unsigned bytes computes of a projection.

    Column ``(part, delay, post)`` holds ``weight - zero_point``, which is multiplied by ``factor`` and then
    divided by ``divisor``, rounded down; what parts give for one delay is added up.

    Attributes
    ----------
    source, target
        Names of the populations.
    weight
        uint8 ``[pre, part * delay * post]``.
    zero_point
        uint8 ``[part * delay * post]``.
    factor, divisor
        int64, the same shape; at most one of the two is above 1.
    n_parts, n_post
        Sizes.
    delays
        Steps, ascending: each that a synapse has.
    """

    source: str
    target: str
    weight: NDArray[np.uint8]
    zero_point: NDArray[np.uint8]
    factor: Whole
    divisor: Whole
    n_parts: int
    n_post: int
    delays: tuple[int, ...]


def delay_products(
    synapses: Sequence[IntegerSynapses], *, n_pre: int, n_post: int
) -> tuple[DelayProduct, ...]:
    """Give the product of one projection, exact for whole input of a byte.

    Unsigned times unsigned, with a zero point for each column: bytes of any sign fit, and no kernel of
    onnxruntime saturates on them. (Unsigned times signed saturates at 16 bits on processors with AVX2 and
    without VNNI, for values above 127: onnxruntime, docs/performance, quantization.)

    Parameters
    ----------
    synapses
        All of one projection; weights within one part of one column are of one sign up to 255, or even
        from -256 to 254.
    n_pre, n_post
        Sizes of its populations.

    Returns
    -------
    tuple[DelayProduct, ...]
        One; or none where there are no weights.

    Raises
    ------
    ValueError
        Weights that no byte holds; the target's rules do not let them come here.
    """
    used = [one for one in synapses if one.weight.any()]
    if not used:
        return ()
    delays = sorted({int(d) for one in used for d in np.unique(one.delay_steps[one.weight != 0])})
    exponent = used[0].exponent
    n_parts = max(one.part for one in used) + 1
    dense = np.zeros((n_parts, len(delays), n_post, n_pre), dtype=np.int64)
    for one in used:
        for k, delay in enumerate(delays):
            held = np.where(one.delay_steps == delay, one.weight, 0)
            dense[one.part, k][np.ix_(one.post, one.pre)] += held
    if exponent >= 0:
        whole = dense.sum(axis=0, keepdims=True)  # nothing is rounded: parts may be added first
        if _fits(whole).all():
            dense = whole
    if not _fits(dense).all():
        raise ValueError(f"{used[0].source}->{used[0].target}: weights that no byte holds")
    low, _, halved = _span(dense)
    weight = np.where(halved[..., None], dense // 2, dense)
    zero_point = -np.where(halved, low // 2, low)
    shift = exponent + halved.reshape(-1).astype(np.int64)
    return (
        DelayProduct(
            source=used[0].source,
            target=used[0].target,
            weight=(weight + zero_point[..., None]).reshape(-1, n_pre).T.astype(np.uint8),
            zero_point=zero_point.reshape(-1).astype(np.uint8),
            factor=1 << np.maximum(shift, 0),
            divisor=1 << np.maximum(-shift, 0),
            n_parts=dense.shape[0],
            n_post=n_post,
            delays=tuple(delays),
        ),
    )


def _span(dense: Whole) -> tuple[Whole, Whole, NDArray[np.bool_]]:
    """Give the ends of each column, 0 included, and whether its weights have to be halved to fit."""
    low, high = dense.min(axis=-1, initial=0), dense.max(axis=-1, initial=0)
    return low, high, (high - low > BYTE) & (dense % 2 == 0).all(axis=-1)


def _fits(dense: Whole) -> NDArray[np.bool_]:
    low, high, halved = _span(dense)
    fits: NDArray[np.bool_] = np.where(halved, high // 2 - low // 2, high - low) <= BYTE
    return fits
