"""Lay a FixedGraph out as the flat tables that the compiled kernel reads.

The order of work is decided here: populations are put into components (sets that reach one another through
projections) in topological order, and every projection is cut into *parts* of one kind each:

``SCATTER``
    Any delays: each source neuron has a list of synapses, an offset ``delay * size + target`` and a weight.
``DENSE``
    One delay: for each source neuron a whole row of weights, added as one contiguous vector.
``CELLS``
    A right shift that does not divide the weights: the sums of one source step are collected in a cell for
    each (tap, source group, delay, target), floored, and then sent.

Weight exponents that shift exactly are folded into the weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.model import INPUT
from neurodeploy.targets.loihi.program import RESETS, FixedGraph, FixedProjection
from neurodeploy.targets.loihi.simulate.tables import CELLS, DENSE, SCATTER, Tables

DENSE_FILL = 0.25
"""From this share of synapses on, a row of one delay is added as a vector: with uniform delays, vectors were
faster up to 3 delays, both took the same time at 4, and lists were faster from 5 on."""

NARROW_ACCUMULATOR = 2**18
"""Below this ``|a|``, u stays within 24 bits after its one wrap and every number within 32."""

INT16_MAX, UINT16_MAX = 2**15 - 1, 2**16 - 1

WINDOW_NEURONS = 1 << 19
"""How many neuron-steps a window may hold, so that its buffers stay within a few MB."""

WINDOW_STEPS = 128
"""How many steps a component is run for before the next one."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A FixedGraph, laid out.

    Attributes
    ----------
    program
        The network.
    tables
        See :class:`Tables`.
    window
        How many steps the buffers hold; a power of two.
    wide
        Whether the sums can leave what 32-bit state is proven for, so that 64 bits are used.
    """

    program: FixedGraph
    tables: Tables
    window: int
    wide: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Synapses:
    """The non-zero synapses of one projection, one row each: tap, post, pre, delay, weight."""

    tap: NDArray[np.int64]
    post: NDArray[np.int64]
    pre: NDArray[np.int64]
    delay: NDArray[np.int64]
    weight: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One part of a projection, before it is put into the tables; synapses are sorted by source neuron."""

    source: int
    target: int
    kind: int
    row_start: NDArray[np.int64]
    weight: NDArray[np.int64]
    offset: NDArray[np.int64] | None = None
    delay: int = 0
    shift: int = 0
    cell_offset: NDArray[np.int64] | None = None


def plan_of(program: FixedGraph) -> Plan:
    """Give the plan of a network: made once, and kept with it.

    Two threads that ask at the same time may both make it; they are the same, and one is kept.
    """
    known: Plan | None = getattr(program, "_plan", None)
    if known is None:
        known = make_plan(program)
        object.__setattr__(program, "_plan", known)
    return known


def make_plan(program: FixedGraph) -> Plan:
    """Lay a network out; see the module for how."""
    source_of = {INPUT: 0} | {p.name: k for k, p in enumerate(program.populations, start=1)}
    size = np.array([program.input_size, *(p.size for p in program.populations)], dtype=np.int64)
    depth = np.zeros(len(size), dtype=np.int64)  # longest delay into each population
    bound = [np.zeros(n, dtype=np.float64) for n in size]
    events = [np.zeros(n, dtype=np.int64) for n in size]
    parts: list[_Part] = []
    for projection in program.projections:
        source, target = source_of[projection.source], source_of[projection.target]
        synapses = _synapses(projection)
        if synapses.weight.size == 0:
            continue
        depth[target] = max(depth[target], synapses.delay.max())
        events[source] += np.bincount(synapses.pre, minlength=int(size[source]))
        reach = np.abs(synapses.weight) * 2.0**projection.exponent * (program.input_max if source == 0 else 1)
        # a floor moves a sum away from zero by less than 1, and there are no more sums than synapses
        np.add.at(bound[target], synapses.post, reach + (projection.exponent < 0))
        group = np.zeros(size[0], np.int32) if source == 0 else program.population(projection.source).group
        parts += _parts(synapses, projection.exponent, source=source, target=target, group=group, size=size)

    for number, p in enumerate(program.populations, start=1):
        bound[number] += p.fall
    large_sums = any(np.any(b >= NARROW_ACCUMULATOR) for b in bound)
    wide = large_sums or any(np.any(np.abs(p.weight) > INT16_MAX) for p in parts)
    n_neurons = int(size.sum())
    window = WINDOW_STEPS
    while window > 1 and window * n_neurons > WINDOW_NEURONS:
        window //= 2
    return Plan(
        program,
        _tables(program, parts, size=size, depth=depth, events=events, window=window, wide=wide),
        window,
        wide,
    )


def _synapses(projection: FixedProjection) -> _Synapses:
    """List a projection's non-zero synapses, by source neuron, then delay, then target."""
    tap, post, pre = np.nonzero(projection.weight)
    delay = projection.delay_steps[tap, post, pre].astype(np.int64)
    order = np.lexsort((post, delay, pre))
    weight = projection.weight[tap, post, pre].astype(np.int64)
    return _Synapses(tap[order], post[order], pre[order], delay[order], weight[order])


def _parts(
    synapses: _Synapses,
    exponent: int,
    *,
    source: int,
    target: int,
    group: NDArray[np.int32],
    size: NDArray[np.int64],
) -> list[_Part]:
    """Cut one projection into parts of one kind each."""
    n_pre, n_post = int(size[source]), int(size[target])
    weight = synapses.weight
    if exponent < 0 and np.any(weight % (1 << -exponent)):
        key = np.stack([synapses.tap, group[synapses.pre].astype(np.int64), synapses.delay, synapses.post])
        cells, number = np.unique(key, axis=1, return_inverse=True)
        starts = np.searchsorted(synapses.pre, np.arange(n_pre + 1))
        cell_offset = cells[2] * n_post + cells[3]
        return [
            _Part(
                source, target, CELLS, starts, weight, offset=number, shift=-exponent, cell_offset=cell_offset
            )
        ]
    weight = weight << exponent if exponent > 0 else weight >> -exponent
    parts, rest = [], np.ones(weight.size, dtype=bool)
    for delay, count in zip(*np.unique(synapses.delay, return_counts=True), strict=True):
        if count < DENSE_FILL * n_pre * n_post:
            continue
        chosen = synapses.delay == delay
        rest &= ~chosen
        matrix = np.zeros((n_pre, n_post), dtype=np.int64)
        np.add.at(matrix, (synapses.pre[chosen], synapses.post[chosen]), weight[chosen])
        starts = np.arange(n_pre + 1, dtype=np.int64) * n_post
        parts.append(_Part(source, target, DENSE, starts, matrix.ravel(), delay=int(delay)))
    if rest.any():
        starts = np.searchsorted(synapses.pre[rest], np.arange(n_pre + 1))
        offset = synapses.delay[rest] * n_post + synapses.post[rest]
        parts.append(_Part(source, target, SCATTER, starts, weight[rest], offset=offset))
    return parts


def _starts(lengths: NDArray[np.int64] | list[int]) -> NDArray[np.int64]:
    """Give where each of several runs starts in their concatenation."""
    return np.concatenate([[0], np.cumsum(np.asarray(lengths, dtype=np.int64))])[:-1].astype(np.int64)


def _tables(
    program: FixedGraph,
    parts: list[_Part],
    *,
    size: NDArray[np.int64],
    depth: NDArray[np.int64],
    events: list[NDArray[np.int64]],
    window: int,
    wide: bool,
) -> Tables:
    """Put the parts and the neurons into flat arrays."""
    # DENSE parts have no offsets: theirs are padded so that offset and weight share one start
    offset = [np.zeros(p.weight.size, np.int64) if p.offset is None else p.offset for p in parts]
    starts = _starts([p.weight.size for p in parts])
    row_start = [p.row_start + s for p, s in zip(parts, starts, strict=True)]
    cell_offset = [np.zeros(0, np.int64) if p.cell_offset is None else p.cell_offset for p in parts]
    weight = _joined([p.weight for p in parts])
    short = not wide and all(np.all(x <= UINT16_MAX) for x in offset + cell_offset)
    index = np.uint16 if short else np.uint32
    state = np.int64 if wide else np.int32

    component, order, looped = _components(parts, len(size))
    member = np.empty(len(size), dtype=np.int64)
    member[0] = -1
    for k in range(len(looped)):
        member[order[component[k] : component[k + 1]]] = k
    part_of = np.zeros((len(size), 2, max(len(parts), 1)), dtype=np.int64)
    n_parts = np.zeros((len(size), 2), dtype=np.int64)
    for number, part in enumerate(parts):
        leaves = int(member[part.source] != member[part.target])
        part_of[part.source, leaves, n_parts[part.source, leaves]] = number
        n_parts[part.source, leaves] += 1

    rows = window + depth + 1
    rows[0] = 0
    stride = (size + 7) // 8 * 8
    spikes_at = _starts(size * window + 8)  # a list is written one place beyond its end
    populations = program.populations
    return Tables(
        size=size,
        n_parts=n_parts,
        part_of=part_of,
        component=component,
        order=order,
        looped=looped,
        neuron=_starts(np.concatenate([[0], size[1:]])),
        keep_u=_joined([4095 - p.du.astype(np.int64) for p in populations]).astype(state),
        keep_v=_joined([4096 - p.dv.astype(np.int64) for p in populations]).astype(state),
        threshold=_joined([(p.vth.astype(np.int64) << 6) - p.soft for p in populations]).astype(state),
        bias=_joined([p.bias for p in populations]).astype(state),
        v_initial=_joined([p.v_initial.astype(np.int64) for p in populations]).astype(state),
        fall=_joined([p.fall.astype(np.int64) for p in populations]).astype(state),
        reset=_column([0, *(RESETS.index(p.reset) for p in populations)]),
        arrival=_starts(rows * size),
        arrival_rows=rows,
        fired=_starts(stride * window),
        stride=stride,
        spikes_at=spikes_at,
        pointer=_starts(np.full(len(size), window + 1)),
        events=_joined(events),
        events_at=_starts(size),
        kind=_column([p.kind for p in parts]),
        target=_column([p.target for p in parts]),
        delay=_column([p.delay for p in parts]),
        row=_starts([p.row_start.size for p in parts]),
        cell=_starts([c.size for c in cell_offset]),
        n_cells=_column([c.size for c in cell_offset]),
        shift=_column([p.shift for p in parts]),
        row_start=_joined(row_start),
        offset=_joined(offset).astype(index),
        weight=weight.astype(np.int64 if wide else np.int16),
        cell_offset=_joined(cell_offset).astype(index),
    )


def _joined(arrays: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(0, np.int64), *arrays]).astype(np.int64)


def _column(values: list[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def _components(
    parts: list[_Part], n_sources: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give components' starts, the populations in order, and which components have a loop."""
    reaches = np.zeros((n_sources, n_sources), dtype=bool)
    for part in parts:
        reaches[part.source, part.target] = True
    for k in range(n_sources):  # Warshall's closure
        reaches |= reaches[:, k : k + 1] & reaches[k : k + 1, :]
    component, order, looped = [0], [], []
    left = list(range(1, n_sources))
    while left:
        # ready: everything that reaches it and is still left is also reached by it
        first = next(n for n in left if all(reaches[n, m] for m in left if reaches[m, n]))
        members = [n for n in left if n == first or (reaches[n, first] and reaches[first, n])]
        order += members
        looped.append(int(reaches[first, first]))
        component.append(len(order))
        left = [n for n in left if n not in members]
    return _column(component), _column(order), _column(looped)
