"""One step of an integer network in ONNX operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurodeploy.graph.model import INPUT
from neurodeploy.targets.integers import IntegerNetwork, IntegerNeurons, Whole
from neurodeploy.targets.onnx.operators import Operators
from neurodeploy.targets.onnx.products import DelayProduct, delay_products
from neurodeploy.targets.onnx.widths import fits_32_bits

BEFORE = "before/"
"""State goes in under the name under which it comes out, with this before it."""

FLOAT64, INT64, INT32 = "float64", "int64", "int32"
"""How decays are computed; all three are exact."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cell:
    """One population with what it needs at each step.

    Attributes
    ----------
    neurons
        Its numbers.
    products
        Of the projections into it.
    whole
        int32, or int64 where 32 bits do not hold every sum.
    ring
        How many steps ahead arrivals are kept: the largest delay, and one.
    """

    neurons: IntegerNeurons
    products: tuple[DelayProduct, ...]
    whole: type[np.int32] | type[np.int64]
    ring: int

    @property
    def filters(self) -> bool:
        """Whether u outlives a step."""
        return bool(self.neurons.current_keep.any())

    @property
    def held(self) -> str:
        """Name of the v that goes on: not the v that is told, where a spike lowers that one alone."""
        return f"{self.neurons.name}/{'v_before_reset' if self.neurons.told_fall.any() else 'v'}"

    def states(self) -> list[tuple[str, type[np.generic], tuple[int, ...]]]:
        """Give what goes from step to step: name, type and shape without the batch."""
        name, size = self.neurons.name, self.neurons.size
        found: list[tuple[str, type[np.generic], tuple[int, ...]]] = [
            (f"{name}/arrivals", self.whole, (self.ring, size)),
            (self.held, np.int32, (size,)),
        ]
        return [*found, (f"{name}/u", self.whole, (size,))] if self.filters else found


def cells(network: IntegerNetwork) -> tuple[Cell, ...]:
    """Prepare every population."""
    made = []
    for neurons in network.neurons:
        into: dict[int, list[int]] = {}
        for index, one in enumerate(network.synapses):
            if one.target == neurons.name:
                into.setdefault(one.projection, []).append(index)
        products = [
            product
            for indices in into.values()
            for product in delay_products(
                [network.synapses[i] for i in indices],
                n_pre=network.size_of(network.synapses[indices[0]].source),
                n_post=neurons.size,
            )
        ]
        made.append(
            Cell(
                neurons=neurons,
                products=tuple(products),
                whole=np.int32 if fits_32_bits(network, neurons) else np.int64,
                ring=1 + max((p.delays[-1] for p in products), default=0),
            )
        )
    return tuple(made)


def add_step(ops: Operators, network: Sequence[Cell], *, spikes: str, prefix: str, decay: str) -> None:
    """Append one step: reads ``spikes`` and states, writes spikes and states.

    Parameters
    ----------
    ops
        Where to.
    network
        From :func:`cells`.
    spikes
        Name of the input, uint8 ``[batch, source]``.
    prefix
        Before the names of states and results.
    decay
        :data:`FLOAT64`, :data:`INT64` or :data:`INT32`.
    """
    sent = {INPUT: spikes}
    for cell in network:
        sent[cell.neurons.name] = _neurons(ops, cell, prefix=prefix, decay=decay)
    for cell in network:
        _arrivals(ops, cell, sent, prefix=prefix)


def _neurons(ops: Operators, cell: Cell, *, prefix: str, decay: str) -> str:
    """Append u, v and the spikes of one population; give the name of the spikes."""
    n, whole = cell.neurons, cell.whole
    before, after = f"{prefix}{BEFORE}{n.name}", f"{prefix}{n.name}"
    a = ops.add("Gather", f"{before}/arrivals", ops.constant(0, np.int64), axis=1)
    u = ops.add("Mul", a, ops.constant(n.arrival_factor, whole))
    if cell.filters:
        kept = _decayed(ops, f"{before}/u", n.current_keep, one=n.keep_one, whole=whole, decay=decay)
        u = ops.add("Add", kept, u)
    half = n.current_wrap // 2
    step = ops.constant(n.current_wrap, whole)
    high = ops.add("Greater", u, ops.constant(half, whole))
    low = ops.add("LessOrEqual", u, ops.constant(-half, whole))
    down, up = ops.add("Sub", u, step), ops.add("Add", u, step)
    u = ops.add("Where", high, down, ops.add("Where", low, up, u), to=f"{after}/u")
    v = _decayed(
        ops, f"{prefix}{BEFORE}{cell.held}", n.voltage_keep, one=n.keep_one, whole=np.int32, decay=decay
    )
    v = v if whole is np.int32 else ops.add("Cast", v, to_type=whole)
    v = ops.add("Add", v, u)
    if n.bias.any():
        v = ops.add("Add", v, ops.constant(n.bias, whole))
    limits = (ops.constant(-n.voltage_limit, whole), ops.constant(n.voltage_limit, whole))
    v = ops.add("Clip", v, *limits)
    v = v if whole is np.int32 else ops.add("Cast", v, to_type=np.int32)
    fired = ops.add("Greater", v, ops.constant(n.threshold, np.int32))
    if not n.soft:
        ops.add("Where", fired, ops.constant(0, np.int32), v, to=f"{after}/v")
    else:
        ops.add("Identity", v, to=f"{prefix}{cell.held}")
    if n.told_fall.any():
        lower = ops.add("Sub", v, ops.constant(n.told_fall, np.int32))
        ops.add("Where", fired, lower, v, to=f"{after}/v")
    return ops.add("Cast", fired, to=f"{after}/spikes", to_type=np.uint8)


def _decayed(ops: Operators, x: str, keep: Whole, *, one: int, whole: type[np.generic], decay: str) -> str:
    """Append ``x * keep / one``, the remainder dropped.

    In float64 the product is exact, ``one`` being a power of two, and a cast drops what follows the point. In
    int64 and int32 it is Div that rounds toward zero; with 32 bits, x is split at ``one``, whose two parts
    have one sign, so that only the lower one has a remainder to drop.
    """
    if decay == FLOAT64:
        share = ops.constant(keep / one, np.float64)
        real = ops.add("Mul", ops.add("Cast", x, to_type=np.float64), share)
        return ops.add("Cast", real, to_type=whole)
    if decay == INT64:
        wide = ops.add("Mul", ops.add("Cast", x, to_type=np.int64), ops.constant(keep, np.int64))
        return ops.add("Cast", ops.add("Div", wide, ops.constant(one, np.int64)), to_type=whole)
    parts, kept = ops.constant(one, whole), ops.constant(keep, whole)
    upper = ops.add("Div", x, parts)
    lower = ops.add("Sub", x, ops.add("Mul", upper, parts))
    rest = ops.add("Div", ops.add("Mul", lower, kept), parts)
    return ops.add("Add", ops.add("Mul", upper, kept), rest)


def _arrivals(ops: Operators, cell: Cell, sent: dict[str, str], *, prefix: str) -> None:
    """Append the ring of what will arrive at a population: a step passes, and what was sent is added."""
    before = f"{prefix}{BEFORE}{cell.neurons.name}/arrivals"
    after = f"{prefix}{cell.neurons.name}/arrivals"
    terms = [_placed(ops, product, sent[product.source], cell) for product in cell.products]
    if cell.neurons.soft:
        terms.append(_fallen(ops, cell, sent[cell.neurons.name]))
    if cell.ring > 1:
        ends = [ops.table(np.array([number], dtype=np.int64)) for number in (1, cell.ring, 1)]
        passed = ops.add("Slice", before, *ends)
        terms.append(ops.add("Pad", passed, ops.table(np.array([0, 0, 0, 0, 1, 0], dtype=np.int64))))
    if not terms:
        terms = [before]
    total = terms[0]
    for term in terms[1:]:
        total = ops.add("Add", total, term)
    ops.add("Identity", total, to=after)


def _fallen(ops: Operators, cell: Cell, spikes: str) -> str:
    """Append what a soft reset takes off the arrivals of the next step."""
    fall = ops.constant(-cell.neurons.fall, cell.whole)
    found = ops.add("Mul", ops.add("Cast", spikes, to_type=cell.whole), fall)
    shape = np.array([0, 1, cell.neurons.size], dtype=np.int64)
    return laid_out(ops, ops.add("Reshape", found, ops.table(shape)), (0,), ring=cell.ring)


def _placed(ops: Operators, product: DelayProduct, spikes: str, cell: Cell) -> str:
    """Append one projection's product, shifted and laid out as the ring is."""
    zero = ops.constant(0, np.uint8)
    found = ops.add("MatMulInteger", spikes, ops.table(product.weight), zero, ops.table(product.zero_point))
    if (product.divisor > 1).any():
        divisor = ops.constant(product.divisor, np.int32)
        rest = ops.add("Mod", found, divisor)  # as large as the divisor says, and never below 0
        found = ops.add("Div", ops.add("Sub", found, rest), divisor)
    found = found if cell.whole is np.int32 else ops.add("Cast", found, to_type=np.int64)
    if (product.factor > 1).any():
        found = ops.add("Mul", found, ops.constant(product.factor, cell.whole))
    n_delays, n = len(product.delays), product.n_post
    shape = (0, product.n_parts, n_delays, n) if product.n_parts > 1 else (0, n_delays, n)
    found = ops.add("Reshape", found, ops.table(np.array(shape, dtype=np.int64)))
    if product.n_parts > 1:
        found = ops.add("ReduceSum", found, ops.table(np.array([1], dtype=np.int64)), keepdims=0)
    return laid_out(ops, found, product.delays, ring=cell.ring)


def laid_out(ops: Operators, found: str, delays: Sequence[int], *, ring: int) -> str:
    """Append what brings ``[batch, delay, neuron]`` of some delays, ascending, to all those of a ring."""
    first, last = delays[0], delays[-1]
    if tuple(delays) == tuple(range(first, last + 1)):
        if len(delays) < ring:
            pads = np.array([0, first, 0, 0, ring - 1 - last, 0], dtype=np.int64)
            found = ops.add("Pad", found, ops.table(pads))
        return found
    found = ops.add("Pad", found, ops.table(np.array([0, 0, 0, 0, 1, 0], dtype=np.int64)))
    rows = np.full(ring, len(delays), dtype=np.int64)
    rows[list(delays)] = np.arange(len(delays))
    return ops.add("Gather", found, ops.table(rows), axis=1)
