"""The flat tables that the compiled kernel reads, and the buffers that it writes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SCATTER, DENSE, CELLS = 0, 1, 2
"""The kinds of parts; see :mod:`neurodeploy.targets.loihi.simulate.wiring`."""

HARD, AT_ONCE = 0, 1
"""What :attr:`Tables.reset` says of a population that sets v to 0, and of one that subtracts in the same
step."""


class Tables(NamedTuple):
    """What the kernel reads and never writes. Sources are numbered 0 (input), then populations from 1.

    Attributes
    ----------
    size
        ``[source]`` neurons.
    n_parts
        ``[source, 2]``: parts within its own component, then those that leave it.
    part_of
        ``[source, 2, k]``: their numbers.
    component
        ``[k + 1]``: where each component's populations start in ``order``.
    order
        Populations (as sources) by component, in topological order.
    looped
        ``[component]``: whether spikes can come back within it, so that it runs step by step.
    neuron
        ``[source]``: where its neurons start in the arrays below.
    keep_u, keep_v, threshold, bias, v_initial
        One number for each neuron: 4096ths that remain, ``vth << 6``, what is added, and v at the start.
    fall
        One number for each neuron: what a spike takes off the next step's input; 0 with a hard reset.
    reset
        ``[source]``: 0 sets v to 0, 1 subtracts at once, 2 subtracts one step late. The threshold of a soft
        reset is one less than ``vth << 6``, because it spikes *at* the threshold.
    arrival, arrival_rows
        ``[source]``: where its buffer of arrivals starts and how many rows (steps) it has.
    fired
        ``[source]``: where its rows of spikes start; each row is padded to ``stride`` bytes.
    stride
        ``[source]``: its size, padded to whole words of 8 bytes.
    spikes_at, pointer
        ``[source]``: where its list of spikes, and the list's starts by step, begin.
    events
        Synapses for each neuron of each source, from ``events_at[source]``.
    kind, target, delay, row, cell, n_cells, shift
        ``[part]``; ``row`` is where the part's rows start in ``row_start``, ``cell`` where its cells do.
    row_start
        Where the synapses of each part's source neurons start in ``offset`` and ``weight``.
    offset, weight
        The synapses: ``delay * size + target``, or the cell's number; DENSE parts use ``weight`` alone.
    cell_offset
        ``delay * size + target`` of each cell.
    """

    size: NDArray[np.int64]
    n_parts: NDArray[np.int64]
    part_of: NDArray[np.int64]
    component: NDArray[np.int64]
    order: NDArray[np.int64]
    looped: NDArray[np.int64]
    neuron: NDArray[np.int64]
    keep_u: NDArray[np.signedinteger]
    keep_v: NDArray[np.signedinteger]
    threshold: NDArray[np.signedinteger]
    bias: NDArray[np.signedinteger]
    v_initial: NDArray[np.signedinteger]
    fall: NDArray[np.signedinteger]
    reset: NDArray[np.int64]
    arrival: NDArray[np.int64]
    arrival_rows: NDArray[np.int64]
    fired: NDArray[np.int64]
    stride: NDArray[np.int64]
    spikes_at: NDArray[np.int64]
    pointer: NDArray[np.int64]
    events: NDArray[np.int64]
    events_at: NDArray[np.int64]
    kind: NDArray[np.int64]
    target: NDArray[np.int64]
    delay: NDArray[np.int64]
    row: NDArray[np.int64]
    cell: NDArray[np.int64]
    n_cells: NDArray[np.int64]
    shift: NDArray[np.int64]
    row_start: NDArray[np.int64]
    offset: NDArray[np.unsignedinteger]
    weight: NDArray[np.signedinteger]
    cell_offset: NDArray[np.unsignedinteger]


class State(NamedTuple):
    """What the kernel writes: buffers for one thread.

    Attributes
    ----------
    u, v
        One number for each neuron.
    spiked
        Whether each neuron of a soft reset spiked in the step before.
    arrivals
        For each population rows (steps) of synaptic input still to come; row ``head`` is the next step's.
    fired
        Rows of 0 and 1 for each population and step of the window.
    spikes, values, pointer
        Lists of spikes: neuron, value (the input's alone), and where each step starts.
    sums
        One for each cell.
    facts
        Largest ``|a|``, synaptic events, and whether u left 32 bits.
    """

    u: NDArray[np.signedinteger]
    v: NDArray[np.signedinteger]
    spiked: NDArray[np.uint8]
    arrivals: NDArray[np.signedinteger]
    fired: NDArray[np.uint8]
    spikes: NDArray[np.int32]
    values: NDArray[np.int32]
    pointer: NDArray[np.int64]
    sums: NDArray[np.int64]
    facts: NDArray[np.int64]


class Record(NamedTuple):
    """Where traces go: flat arrays, and where each population's part starts in them (-1: not recorded).

    A sample's part is ``[step, neuron]``, samples follow one another within a population's part.
    """

    spikes: NDArray[np.uint8]
    u: NDArray[np.int32]
    v: NDArray[np.int32]
    spikes_at: NDArray[np.int64]
    u_at: NDArray[np.int64]
    v_at: NDArray[np.int64]
    latency: NDArray[np.int64]


def make_state(tables: Tables, window: int) -> State:
    """Allocate the buffers of one thread."""
    dtype = tables.v_initial.dtype  # as wide as the plan says
    n = tables.keep_u.size
    return State(
        u=np.zeros(n, dtype),
        v=np.zeros(n, dtype),
        spiked=np.zeros(n, np.uint8),
        arrivals=np.zeros(int((tables.arrival_rows * tables.size).sum()), dtype),
        fired=np.zeros(int(tables.stride.sum()) * window, np.uint8),
        spikes=np.zeros(int((tables.size * window + 8).sum()), np.int32),
        values=np.zeros(int(tables.size[0]) * window + 8, np.int32),
        pointer=np.zeros(tables.size.size * (window + 1), np.int64),
        sums=np.zeros(tables.cell_offset.size, np.int64),
        facts=np.zeros(3, np.int64),
    )
