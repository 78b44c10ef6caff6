"""The fast twin of the float interpreter: event-driven, a block of populations at a time, samples in threads.

A block is a set of populations that depend on each other (a loop), or one population. Blocks are computed
one after the other for all samples. Within a sample, every spike from outside the block is scattered into a
buffer of input currents ``[step, neuron]`` at its time of arrival; then the neurons are advanced step by step
and scatter their own spikes if they feed back into the block. The work grows with the synaptic events.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.samples import check_spikes
from neurodeploy.findings.finding import raise_errors
from neurodeploy.graph.checks.structure import check_structure
from neurodeploy.graph.interpret.blocks import Block, prepared
from neurodeploy.graph.model import INPUT, Graph, Projection
from neurodeploy.machine import available_cores
from neurodeploy.ops.compiled import compiled
from neurodeploy.score import scores
from neurodeploy.traces import PopulationTrace, Traces

_CHUNK = 16
"""Samples that a thread takes at once: few enough to share the work evenly, many enough to hide the call."""


def interpret_fast(
    graph: Graph,
    spikes: NDArray[np.generic],
    *,
    record: Collection[str] = ("spikes", "v"),
    threads: int | None = None,
) -> Traces:
    """Compute samples; see :func:`neurodeploy.graph.interpret.interpret`."""
    raise_errors(check_structure(graph))
    checked = check_spikes(spikes, size=graph.input_size)
    return _compute(graph, prepared(graph, checked.shape[1]), checked, record, threads)


def interpret_fast_chunks(
    graph: Graph,
    spikes: NDArray[np.generic],
    *,
    samples: int,
    record: Collection[str] = ("spikes", "v"),
    threads: int | None = None,
) -> Iterator[Traces]:
    """Compute samples a few at a time; see :func:`neurodeploy.graph.interpret.interpret_chunks`."""
    raise_errors(check_structure(graph))
    ready: list[Block] | None = None
    for first in range(0, len(spikes), samples):
        checked = check_spikes(spikes[first : first + samples], size=graph.input_size)
        ready = prepared(graph, checked.shape[1]) if ready is None else ready
        yield _compute(graph, ready, checked, record, threads)


def _compute(
    graph: Graph,
    ready: list[Block],
    spikes: NDArray[np.uint8],
    record: Collection[str],
    threads: int | None,
) -> Traces:
    """Compute samples of a prepared graph, one block after the other."""
    out_spikes = {INPUT: np.ascontiguousarray(spikes)}
    out_v: dict[str, NDArray[np.float64]] = {}
    for block in ready:
        readout = graph.readout is not None and any(
            p.name == graph.readout.population for p in block.populations
        )
        z, v = _run(
            block,
            [out_spikes[name] for name in block.outside],
            (spikes.shape[0], spikes.shape[1]),
            keep_v="v" in record or readout,
            threads=threads or available_cores(),
        )
        ends = np.cumsum([p.size for p in block.populations])
        for p, end in zip(block.populations, ends, strict=True):
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


def _run(
    block: Block,
    sources: list[NDArray[np.uint8]],
    shape: tuple[int, int],
    *,
    keep_v: bool,
    threads: int,
) -> tuple[NDArray[np.uint8], NDArray[np.float64] | None]:
    """Advance one block over all samples and steps; ``shape`` is their number."""
    n_samples, n_steps = shape
    outer, inner, parameters = block.outer, block.inner, block.parameters
    n = parameters.bias.size
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
            _advance(parameters, inner, current, z[sample], v[sample : sample + 1])

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
            if p.leaky[m]:
                x = v[m] + p.alpha[m] * (p.r[m] * i + p.v_leak[m] - v[m])
            else:
                x = v[m] + p.alpha[m] * (p.r[m] * i)
            if p.late[m] and v[m] > p.v_threshold[m]:
                x -= p.v_threshold[m]
            if x > p.v_threshold[m]:
                if p.subtracts[m]:
                    x -= p.v_threshold[m]
                elif not p.late[m]:
                    x = p.v_reset[m]
                z[step, m] = 1
                for k in range(synapses.start[m], synapses.start[m + 1]):
                    flat[step * n + synapses.offset[k]] += synapses.weight[k]
            v[m] = x
        if v_out.shape[0] > 0:
            v_out[0, step] = v


_scatter = compiled()(_scatter_python)
_advance = compiled()(_advance_python)
