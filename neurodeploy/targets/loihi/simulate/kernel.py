"""The compiled steps of the fast twin: integer arithmetic on the tables of a plan.

Within a window of steps, one component after the other is run over all of the window's steps: its arrivals
are then complete, neurons are updated as vectors, and its spikes are sent on. A component with a loop is run
step by step instead. What arrives beyond the window stays in the buffers for the next one.
"""

# ruff: noqa: PLR0917 -- numba calls compiled functions faster, and types them better, by position

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.ops.compiled import compiled
from neurodeploy.targets.loihi.simulate.tables import AT_ONCE, CELLS, DENSE, HARD, Record, State, Tables

_WRAP = 1 << 23
_V_LIMIT = (1 << 23) - 1


@compiled()
def reset(tables: Tables, state: State) -> None:
    """Start a sample: no current, the initial voltage, nothing on its way."""
    for n in range(state.v.size):  # loops: an array assignment compiles a shape check for seconds
        state.u[n] = 0
        state.v[n] = tables.v_initial[n]
        state.spiked[n] = 0
    for i in range(state.arrivals.size):
        state.arrivals[i] = 0


@compiled()
def _compact(tables: Tables, state: State, head: int) -> None:
    """Move what is still to arrive to the start of every buffer."""
    for p in range(1, tables.size.size):
        size = tables.size[p]
        start = tables.arrival[p]
        keep = (tables.arrival_rows[p] - head) * size
        moved = head * size
        buffer = state.arrivals[start : start + tables.arrival_rows[p] * size]
        for i in range(keep):  # rows move towards the start, so going upwards never overwrites
            buffer[i] = buffer[moved + i]
        for i in range(keep, buffer.size):
            buffer[i] = 0


@compiled()
def _list_input(x: NDArray[np.integer], n_steps: int, state: State) -> None:
    """List the input's spikes of ``n_steps`` steps; steps beyond the input are silent."""
    count = 0
    for t in range(n_steps):
        state.pointer[t] = count
        if t < x.shape[0]:
            for j in range(x.shape[1]):
                value = x[t, j]
                state.spikes[count] = j
                state.values[count] = value
                count += value != 0
    state.pointer[n_steps] = count


@compiled()
def _keep(
    p: int,
    row: int,
    fired: NDArray[np.uint8],
    u: NDArray[np.signedinteger],
    v: NDArray[np.signedinteger],
    threshold: NDArray[np.signedinteger],
    tables: Tables,
    record: Record,
) -> None:
    """Record a step of population ``p``, the ``row``-th of all; at once, v is that after the reset."""
    size = tables.size[p]
    place = row * size
    if record.spikes_at[p] >= 0:
        out_spikes = record.spikes[record.spikes_at[p] + place :]
        for n in range(size):
            out_spikes[n] = fired[n]
    if record.u_at[p] >= 0:
        out_u = record.u[record.u_at[p] + place :]
        for n in range(size):
            out_u[n] = u[n]
    if record.v_at[p] >= 0:
        out_v = record.v[record.v_at[p] + place :]
        for n in range(size):
            out_v[n] = v[n]
        if tables.reset[p] == AT_ONCE:
            for n in range(size):
                out_v[n] -= (threshold[n] + 1) * fired[n]


@compiled()
def _update(
    p: int,
    first: int,
    last: int,
    head: int,
    t0: int,
    sample: int,
    n_steps: int,
    tables: Tables,
    state: State,
    record: Record,
) -> None:
    """Update population ``p`` for steps ``first..last-1`` of the window, list its spikes and record."""
    size = tables.size[p]
    stride = tables.stride[p]
    at = tables.neuron[p]
    u = state.u[at : at + size]
    v = state.v[at : at + size]
    keep_u = tables.keep_u[at : at + size]
    keep_v = tables.keep_v[at : at + size]
    threshold = tables.threshold[at : at + size]
    bias = tables.bias[at : at + size]
    cast = u.dtype.type  # keeps every intermediate as wide as the state, for the vectoriser
    peak = cast(0)
    widest = cast(0)
    pointer = state.pointer[tables.pointer[p] :]
    spikes = state.spikes[tables.spikes_at[p] :]
    count = pointer[first]  # pointer[0] is never anything but 0
    reset = tables.reset[p]
    spiked = state.spiked[at : at + size]
    kept = cast(-1) if reset != HARD else cast(0)  # what a spike leaves of v, as a mask
    for t in range(first, last):
        start = tables.arrival[p] + (head + t) * size
        arrived = state.arrivals[start : start + size]
        if reset != HARD:
            fall = tables.fall[at : at + size]
            for n in range(size):
                arrived[n] -= fall[n] if spiked[n] else cast(0)
        fired = state.fired[tables.fired[p] + t * stride : tables.fired[p] + (t + 1) * stride]
        for n in range(size):
            a = arrived[n]
            peak = max(peak, cast(abs(a)))
            # |x| * keep >> 12 in two halves, so that 32 bits suffice
            x = u[n]
            m = cast(abs(x))
            m = cast(cast(cast(m >> 12) * keep_u[n]) + cast(cast(cast(m & 4095) * keep_u[n]) >> 12))
            x = cast((-m if x < 0 else m) + cast(a << 6))
            x = cast(x - 2 * _WRAP) if x > _WRAP else (cast(x + 2 * _WRAP) if x <= -_WRAP else x)
            widest = max(widest, cast(abs(x)))
            y = v[n]
            m = cast(abs(y))
            m = cast(cast(cast(m >> 12) * keep_v[n]) + cast(cast(cast(m & 4095) * keep_v[n]) >> 12))
            y = cast(cast((-m if y < 0 else m) + x) + bias[n])
            y = min(max(y, cast(-_V_LIMIT)), cast(_V_LIMIT))
            fire = y > threshold[n]
            fired[n] = fire
            u[n] = x
            v[n] = cast(y & kept) if fire else y
        if reset != HARD:
            for n in range(size):
                spiked[n] = fired[n]
        pointer[t] = count
        words = fired.view(np.uint64)
        for k in range(words.size):
            if words[k] != 0:
                for n in range(8 * k, 8 * k + 8):
                    spikes[count] = n
                    count += fired[n]
        step = t0 + t - record.latency[p]
        if 0 <= step < n_steps:
            _keep(p, sample * n_steps + step, fired, u, v, threshold, tables, record)
    pointer[last] = count
    state.facts[0] = max(state.facts[0], peak)
    state.facts[2] = max(state.facts[2], widest)


@compiled()
def _send(part: int, source: int, first: int, last: int, head: int, tables: Tables, state: State) -> None:
    """Send the spikes of ``source`` at steps ``first..last-1`` along a part; none arrives in its own step."""
    target = tables.target[part]
    size = tables.size[target]
    kind = tables.kind[part]
    pointer = state.pointer[tables.pointer[source] :]
    spikes = state.spikes[tables.spikes_at[source] :]
    row_start = tables.row_start[tables.row[part] :]
    cell = tables.cell[part]
    sums = state.sums[cell : cell + tables.n_cells[part]]
    cell_offset = tables.cell_offset[cell : cell + tables.n_cells[part]]
    for t in range(first, last):
        if pointer[t] == pointer[t + 1]:
            continue
        start = tables.arrival[target] + (head + t + 1) * size
        arrivals = state.arrivals[start:]
        if kind == DENSE:
            arrivals = arrivals[tables.delay[part] * size :]
        for k in range(pointer[t], pointer[t + 1]):
            j = spikes[k]
            weight = tables.weight[row_start[j] : row_start[j + 1]]
            offset = tables.offset[row_start[j] : row_start[j + 1]]
            value = state.values[k] if source == 0 else np.int32(1)
            if kind == DENSE:
                if value == 1:
                    for n in range(size):
                        arrivals[n] += weight[n]
                else:
                    for n in range(size):
                        arrivals[n] += weight[n] * value
            elif kind == CELLS:
                for i in range(weight.size):
                    sums[offset[i]] += weight[i] * value
            elif value == 1:
                for i in range(weight.size):
                    arrivals[offset[i]] += weight[i]
            else:
                for i in range(weight.size):
                    arrivals[offset[i]] += weight[i] * value
        if kind == CELLS:
            shift = tables.shift[part]
            for i in range(sums.size):
                arrivals[cell_offset[i]] += sums[i] >> shift
                sums[i] = 0


@compiled()
def _count_events(source: int, n_steps: int, tables: Tables, state: State) -> None:
    """Add the synapses that the window's spikes of a source reached."""
    events = tables.events[tables.events_at[source] :]
    spikes = state.spikes[tables.spikes_at[source] :]
    total = 0
    for k in range(state.pointer[tables.pointer[source] + n_steps]):
        total += events[spikes[k]]
    state.facts[1] += total


@compiled()
def _advance(
    x: NDArray[np.integer],
    n_window: int,
    head: int,
    t0: int,
    sample: int,
    n_steps: int,
    tables: Tables,
    state: State,
    record: Record,
) -> None:
    """Run the network for ``n_window`` steps, of which the buffers' row ``head`` is the first.

    Parameters
    ----------
    x
        Input values ``[step, source]`` from this window on; silent where they end.
    t0
        The raw step at which the window starts, for the record.
    sample, n_steps
        Where to record, and how many aligned steps a sample has.
    """
    begin: int = np.int64(0)  # type: ignore[assignment]  # a literal 0 compiles all below a second time
    _list_input(x, n_window, state)
    _count_events(begin, n_window, tables, state)
    for i in range(tables.n_parts[0, 1]):
        _send(tables.part_of[0, 1, i], begin, begin, n_window, head, tables, state)
    for c in range(tables.looped.size):
        members = tables.order[tables.component[c] : tables.component[c + 1]]
        stride = 1 if tables.looped[c] else n_window
        for t in range(0, n_window, stride):
            for p in members:
                _update(p, t, t + stride, head, t0, sample, n_steps, tables, state, record)
            for p in members:
                for i in range(tables.n_parts[p, 0]):
                    _send(tables.part_of[p, 0, i], p, t, t + stride, head, tables, state)
        for p in members:
            _count_events(p, n_window, tables, state)
            for i in range(tables.n_parts[p, 1]):
                _send(tables.part_of[p, 1, i], p, begin, n_window, head, tables, state)


@compiled()
def run(
    x: NDArray[np.integer],
    first: int,
    last: int,
    n_raw: int,
    fresh: bool,
    head: int,
    window: int,
    tables: Tables,
    state: State,
    record: Record,
) -> int:
    """Run samples ``first..last-1`` of ``x[sample, step, source]`` for ``n_raw`` steps each.

    Parameters
    ----------
    n_raw
        Steps to run; the input is silent beyond its own.
    fresh
        Whether each sample starts from a fresh state; otherwise it goes on from where the state stands.
    head, window
        The buffers' row of the next step, and how many steps they hold.

    Returns
    -------
    int
        The new head.
    """
    n_steps = x.shape[1]
    for sample in range(first, last):
        if fresh:
            reset(tables, state)
            head = 0
        left = n_raw
        while left > 0:
            t0 = n_raw - left
            n_window = min(window, left)
            if head + n_window > window:
                _compact(tables, state, head)
                head = 0
            _advance(
                x[sample, min(t0, n_steps) :], n_window, head, t0, sample, n_steps, tables, state, record
            )
            head += n_window
            left -= n_window
    return head
