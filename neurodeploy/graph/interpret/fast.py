"""The fast twin of the float interpreter: event-driven, a block of populations at a time, samples in threads.

A block is a set of populations that depend on each other (a loop), or one population. Blocks are computed
one after the other for all samples. Within a sample, every spike from outside the block is scattered into a
buffer of input currents ``[step, neuron]`` at its time of arrival; then the neurons are advanced step by step
and scatter their own spikes if they feed back into the block. The work grows with the synaptic events.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.samples import check_spikes
from neurodeploy.findings.finding import raise_errors
from neurodeploy.graph.checks.structure import check_structure
from neurodeploy.graph.model import INPUT, Graph, Population, Projection
from neurodeploy.ops.compiled import compiled
from neurodeploy.score import scores
from neurodeploy.traces import PopulationTrace, Traces

_CHUNK = 16
"""Samples that a thread takes at once: few enough to share the work evenly, many enough to hide the call."""


class _Synapses(NamedTuple):
    """Synapses by source: those of source ``j`` are ``start[j]:start[j + 1]``.

    ``offset`` is ``delay_steps * n_neurons + target``: where in a flat ``[step, neuron]`` buffer, counted
    from the row of the spike's own step, the weight is added.
    """

    start: NDArray[np.int64]
    offset: NDArray[np.unsignedinteger[Any]]
    weight: NDArray[np.float64]
    max_delay: int


class _Neurons(NamedTuple):
    """The parameters of a block's neurons, one array each."""

    alpha: NDArray[np.float64]
    alpha_syn: NDArray[np.float64]
    w_in: NDArray[np.float64]
    r: NDArray[np.float64]
    v_leak: NDArray[np.float64]
    v_threshold: NDArray[np.float64]
    v_reset: NDArray[np.float64]
    bias: NDArray[np.float64]
    filtered: NDArray[np.bool_]


def interpret_fast(
    graph: Graph,
    spikes: NDArray[np.generic],
    *,
    record: Collection[str] = ("spikes", "v"),
    threads: int | None = None,
) -> Traces:
    """Compute samples; see :func:`neurodeploy.graph.interpret.interpret`."""
    raise_errors(check_structure(graph))
    out_spikes = {INPUT: np.ascontiguousarray(check_spikes(spikes, size=graph.input_size))}
    n_steps = out_spikes[INPUT].shape[1]
    out_v: dict[str, NDArray[np.float64]] = {}
    for block in blocks(graph):
        names = {p.name for p in block}
        outside = [s for s in (INPUT, *(p.name for p in graph.populations)) if s in out_spikes]
        readout = graph.readout is not None and graph.readout.population in names
        z, v = _run(
            [out_spikes[name] for name in outside],
            _synapses(graph, outside, block, n_steps),
            _synapses(graph, [p.name for p in block], block, n_steps),
            _neurons(graph.dt_s, block),
            keep_v="v" in record or readout,
            threads=threads or available_threads(),
        )
        ends = np.cumsum([p.size for p in block])
        for p, end in zip(block, ends, strict=True):
            out_spikes[p.name] = np.ascontiguousarray(z[:, :, end - p.size : end])
            if v is not None:
                out_v[p.name] = np.ascontiguousarray(v[:, :, end - p.size : end])

    score, per_step = None, None
    if graph.readout is not None:
        name = graph.readout.population
        score, per_step = scores(graph.readout.score, out_v[name], out_spikes[name])
    keep = out_v if "v" in record else {}
    populations = {p.name: PopulationTrace(out_spikes[p.name], keep.get(p.name)) for p in graph.populations}
    events = sum(
        int(np.count_nonzero(out_spikes[p.source], axis=(0, 1)) @ _fan_out(p)) for p in graph.projections
    )
    return Traces(populations, score, per_step, {"synaptic_events": events})


def _fan_out(projection: Projection) -> NDArray[np.int64]:
    """Count the synapses of each source of a projection."""
    return np.bincount(projection.listed.pre, minlength=projection.shape[2])


def available_threads() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def blocks(graph: Graph) -> list[list[Population]]:
    """Split the populations into loops and single populations, each after everything that it depends on.

    Within a block the order is the graph's, in which a spike without delay only goes forward.
    """
    reach = {p.name: {p.name} for p in graph.populations}  # what a population depends on, itself included
    changed = True
    while changed:
        changed = False
        for projection in graph.projections:
            if projection.source != INPUT and not reach[projection.source] <= reach[projection.target]:
                reach[projection.target] |= reach[projection.source]
                changed = True
    found: dict[frozenset[str], list[Population]] = {}
    for p in graph.populations:
        loop = frozenset(name for name in reach[p.name] if p.name in reach[name])
        found.setdefault(loop, []).append(p)
    # what depends on fewer populations comes first: a block depends on all that its sources depend on
    return sorted(found.values(), key=lambda block: len(reach[block[0].name]))


def _synapses(graph: Graph, sources: list[str], block: list[Population], n_steps: int) -> _Synapses:
    """Collect the synapses from some sources into a block, but for those too slow to act within a sample."""
    first_source = dict(zip(sources, np.cumsum([0, *(graph.size_of(s) for s in sources)]), strict=False))
    first_target = dict(zip((p.name for p in block), np.cumsum([0, *(p.size for p in block)]), strict=False))
    n_sources = sum(graph.size_of(s) for s in sources)
    n_neurons = sum(p.size for p in block)
    source, offset, weight = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    max_delay = 0
    for projection in graph.projections:
        if projection.source not in first_source or projection.target not in first_target:
            continue
        synapses = projection.synapses(graph.dt_s)
        acts = synapses.delay_steps < n_steps
        delay = synapses.delay_steps[acts]
        source.append(first_source[projection.source] + synapses.pre[acts])
        offset.append(delay * n_neurons + first_target[projection.target] + synapses.post[acts])
        weight.append(synapses.weight[acts])
        max_delay = max(max_delay, int(delay.max(initial=0)))
    all_sources = np.concatenate(source)
    all_offsets = np.concatenate(offset)
    order = np.lexsort((all_offsets, all_sources))
    return _Synapses(
        start=np.searchsorted(all_sources[order], np.arange(n_sources + 1)),
        offset=all_offsets[order].astype(_offset_type(all_offsets)),
        weight=np.concatenate(weight)[order],
        max_delay=max_delay,
    )


def _offset_type(offsets: NDArray[np.int64]) -> type[np.unsignedinteger[Any]]:
    """Give the smallest type that holds the offsets: four bytes but for long samples of very many neurons."""
    return np.uint32 if offsets.max(initial=0) < 2**32 else np.uint64


def _neurons(dt_s: float, block: list[Population]) -> _Neurons:
    """Join the parameters of a block's populations; a readout's threshold is never reached."""

    def join(arrays: list[NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate(arrays)

    return _Neurons(
        alpha=join([dt_s / p.tau_s for p in block]),
        alpha_syn=join([dt_s / p.tau_syn_s if p.model.filtered else np.ones(p.size) for p in block]),
        w_in=join([p.w_in for p in block]),
        r=join([p.r for p in block]),
        v_leak=join([p.v_leak for p in block]),
        v_threshold=join([p.v_threshold if p.model.spiking else np.full(p.size, np.inf) for p in block]),
        v_reset=join([p.v_reset for p in block]),
        bias=join([p.bias for p in block]),
        filtered=join([np.full(p.size, p.model.filtered) for p in block]),
    )


def _run(
    sources: list[NDArray[np.uint8]],
    outer: _Synapses,
    inner: _Synapses,
    neurons: _Neurons,
    *,
    keep_v: bool,
    threads: int,
) -> tuple[NDArray[np.uint8], NDArray[np.float64] | None]:
    """Advance one block over all samples and steps."""
    n_samples, n_steps, _ = sources[0].shape
    n = neurons.bias.size
    z = np.zeros((n_samples, n_steps, n), dtype=np.uint8)
    v = np.zeros((n_samples, n_steps, n) if keep_v else (0, 0, n))
    first_source = np.cumsum([0, *(s.shape[2] for s in sources)])

    def advance(first: int) -> None:
        part = slice(first, first + _CHUNK)
        current = np.zeros((n_steps + max(outer.max_delay, inner.max_delay), n))
        for sample in range(n_samples)[part]:
            current[:] = 0.0
            for source, offset in zip(sources, first_source, strict=False):
                _scatter(source[sample], offset, outer, current)
            _advance(neurons, inner, current, z[sample], v[sample : sample + 1])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(advance, range(0, n_samples, _CHUNK)))
    return z, v if keep_v else None


def _scatter_python(spikes: Any, first: int, synapses: Any, current: Any) -> None:
    """Add the weights of every spike to the input currents at its times of arrival."""
    flat = current.reshape(-1)
    n = current.shape[1]
    for step in range(spikes.shape[0]):
        row = step * n
        for j in range(spikes.shape[1]):
            value = spikes[step, j]
            if value == 0:
                continue
            begin, end = synapses.start[first + j], synapses.start[first + j + 1]
            offset, weight = synapses.offset[begin:end], synapses.weight[begin:end]
            target = flat[row:]
            if value == 1:
                for k in range(offset.size):
                    target[offset[k]] += weight[k]
            else:
                for k in range(offset.size):
                    target[offset[k]] += value * weight[k]


def _advance_python(p: Any, synapses: Any, current: Any, z: Any, v_out: Any) -> None:
    """Advance a block's neurons through all steps of one sample, spikes inside the block included."""
    flat = current.reshape(-1)
    n_steps, n = z.shape
    v = p.v_leak.copy()
    c = np.zeros(n)
    for step in range(n_steps):
        for m in range(n):
            i = current[step, m] + p.bias[m]
            if p.filtered[m]:
                c[m] += p.alpha_syn[m] * (p.w_in[m] * i - c[m])
                i = c[m]
            x = v[m] + p.alpha[m] * (p.r[m] * i + p.v_leak[m] - v[m])
            if x > p.v_threshold[m]:
                x = p.v_reset[m]
                z[step, m] = 1
                for k in range(synapses.start[m], synapses.start[m + 1]):
                    flat[step * n + synapses.offset[k]] += synapses.weight[k]
            v[m] = x
        if v_out.shape[0] > 0:
            v_out[0, step] = v


_scatter = compiled()(_scatter_python)
_advance = compiled()(_advance_python)
