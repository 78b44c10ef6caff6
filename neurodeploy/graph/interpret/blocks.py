"""What the compiled interpreter works on: populations in blocks, each after what it depends on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.model import INPUT, Graph, Population
from neurodeploy.graph.neurons import rest_v


class SynapsesBySource(NamedTuple):
    """Synapses by source: those of source ``j`` are ``start[j]:start[j + 1]``.

    ``offset`` is ``delay_steps * n_neurons + target``: where in a flat ``[step, neuron]`` buffer, counted
    from the row of the spike's own step, the weight is added.
    """

    start: NDArray[np.int64]
    offset: NDArray[np.integer[Any]]
    weight: NDArray[np.float64]
    max_delay: int


class Parameters(NamedTuple):
    """The parameters of a block's neurons, one array each; ``alpha`` of what does not leak is dt."""

    alpha: NDArray[np.float64]
    alpha_syn: NDArray[np.float64]
    w_in: NDArray[np.float64]
    r: NDArray[np.float64]
    v_leak: NDArray[np.float64]
    v_threshold: NDArray[np.float64]
    v_reset: NDArray[np.float64]
    bias: NDArray[np.float64]
    filtered: NDArray[np.bool_]
    leaky: NDArray[np.bool_]
    subtracts: NDArray[np.bool_]
    late: NDArray[np.bool_]


class Block(NamedTuple):
    """Populations that depend on each other, or one; what reaches them from outside and among themselves."""

    populations: list[Population]
    outside: list[str]
    outer: SynapsesBySource
    inner: SynapsesBySource
    parameters: Parameters


def prepared(graph: Graph, n_steps: int) -> list[Block]:
    """Prepare a graph for samples of a number of steps; slower synapses than that are left out."""
    order = [INPUT, *(p.name for p in graph.populations)]
    ready = []
    for block in blocks(graph):
        inside = {p.name for p in block}
        sources = {p.source for name in inside for p in graph.into(name)} - inside
        outside = [name for name in order if name in sources]
        ready.append(
            Block(
                populations=block,
                outside=outside,
                outer=synapses_by_source(graph, outside, block, n_steps),
                inner=synapses_by_source(graph, [p.name for p in block], block, n_steps),
                parameters=parameters_of(graph.dt_s, block),
            )
        )
    return ready


def blocks(graph: Graph) -> list[list[Population]]:
    """Split the populations into loops and single populations, each after everything that it depends on.

    Within a block the order is the graph's, in which a spike without delay only goes forward.

    Notes
    -----
    Tarjan's strongly connected components (SIAM J. Comput. 1, 1972), walked from target to source, without
    recursion: a component is complete after all that it depends on.
    """
    sources: dict[str, list[str]] = {p.name: [] for p in graph.populations}
    for projection in graph.projections:
        if projection.source != INPUT:
            sources[projection.target].append(projection.source)
    rank = {name: k for k, name in enumerate(sources)}
    number: dict[str, int] = {}  # in the order of discovery
    lowest: dict[str, int] = {}  # the first population that is reached and not yet in a component
    open_names: list[str] = []
    still_open: set[str] = set()
    found: list[list[Population]] = []
    for start, first in sources.items():
        path = [] if start in number else [(start, iter(first))]
        while path:
            name, left = path[-1]
            if name not in number:
                number[name] = lowest[name] = len(number)
                open_names.append(name)
                still_open.add(name)
            following = next((s for s in left if s not in number or s in still_open), None)
            if following is None:
                path.pop()
                if path:
                    before = path[-1][0]
                    lowest[before] = min(lowest[before], lowest[name])
                if lowest[name] == number[name]:
                    at = open_names.index(name)
                    loop, open_names = open_names[at:], open_names[:at]
                    still_open.difference_update(loop)
                    found.append([graph.populations[k] for k in sorted(rank[each] for each in loop)])
            elif following in number:
                lowest[name] = min(lowest[name], number[following])
            else:
                path.append((following, iter(sources[following])))
    return found


def synapses_by_source(
    graph: Graph, sources: list[str], block: list[Population], n_steps: int
) -> SynapsesBySource:
    """Collect the synapses from some sources into a block, but for those too slow to act within a sample."""
    sizes = {INPUT: graph.input_size} | {p.name: p.size for p in graph.populations}
    first_source = dict(zip(sources, np.cumsum([0, *(sizes[s] for s in sources)]), strict=False))
    first_target = dict(zip((p.name for p in block), np.cumsum([0, *(p.size for p in block)]), strict=False))
    n_sources = sum(sizes[s] for s in sources)
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
    return SynapsesBySource(
        start=np.searchsorted(all_sources[order], np.arange(n_sources + 1)),
        offset=all_offsets[order].astype(_offset_type(all_offsets)),
        weight=np.concatenate(weight)[order],
        max_delay=max_delay,
    )


def _offset_type(offsets: NDArray[np.int64]) -> type[np.integer[Any]]:
    """Give the smallest type that holds the offsets: four bytes but for long samples of very many neurons."""
    return np.uint32 if offsets.max(initial=0) < 2**32 else np.int64


def parameters_of(dt_s: float, block: list[Population]) -> Parameters:
    """Join the parameters of a block's populations; a readout's threshold is never reached."""

    def join(arrays: list[NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate(arrays)

    return Parameters(
        alpha=join([dt_s / p.tau_s if p.model.leaky else np.full(p.size, dt_s) for p in block]),
        alpha_syn=join([dt_s / p.tau_syn_s if p.model.filtered else np.ones(p.size) for p in block]),
        w_in=join([p.w_in for p in block]),
        r=join([p.r for p in block]),
        v_leak=join([rest_v(p) for p in block]),
        v_threshold=join([p.v_threshold if p.model.spiking else np.full(p.size, np.inf) for p in block]),
        v_reset=join([p.v_reset for p in block]),
        bias=join([p.bias for p in block]),
        filtered=join([np.full(p.size, p.model.filtered) for p in block]),
        leaky=join([np.full(p.size, p.model.leaky) for p in block]),
        subtracts=join([np.full(p.size, p.model.reset == "subtract") for p in block]),
        late=join([np.full(p.size, p.model.reset == "subtract_late") for p in block]),
    )
