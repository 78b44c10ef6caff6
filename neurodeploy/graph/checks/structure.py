"""What keeps a graph from being computed at all: names, shapes, ends, unusable delays, loops and order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np

from neurodeploy.findings.codes_network import (
    ARRAY_SHAPE,
    BAD_NAME,
    BAD_READOUT,
    LOOP_WITHOUT_DELAY,
    NO_INPUT,
    NO_SUCH_END,
    SILENT_SOURCE,
    WRONG_ORDER,
)
from neurodeploy.findings.finding import Finding, nearest
from neurodeploy.graph.checks.values import delays
from neurodeploy.graph.model import INPUT, SCORES, Graph, NeuronModel, Projection
from neurodeploy.units import delay_to_steps

MIN_DT_S, MAX_DT_S = 1e-12, 1e6
"""Steps outside make numbers that float64 cannot hold; no clock of a chip or a record is near them."""

MAX_NAME = 200
"""Characters of a name: file systems hold 255 bytes."""

NAMES = f"not empty, without '/' and '->', printable, at most {MAX_NAME} characters"
"""What a name is, for messages."""

_RESERVED_IN_NAMES = ("/", "->")  # "/" is a group in HDF5 and a key in npz files, "->" is a projection


def check_structure(graph: Graph) -> Iterator[Finding]:
    """Say what keeps a graph from being computed at all, whatever its parameters are.

    Yields
    ------
    Finding
        ND105 shapes, ND106 names, ND107 unknown source or target, ND110 readout, ND112 dt and input, ND113 a
        projection from neurons that never spike; where these are sound, ND101 and ND103 a delay that is NaN,
        infinite or negative; and where these are sound too, ND108 a loop without delay and ND111 the order of
        the populations.
    """
    found = [*_scalars(graph), *_names(graph), *_shapes(graph), *_readout(graph)]
    found = found or [finding for projection in graph.projections for finding in delays(graph, projection)]
    yield from found or _order(graph)


def check_dt(dt_s: float, where: str) -> Iterator[Finding]:
    """ND112: the length of a step is not a number of seconds that anything could be computed with."""
    if not MIN_DT_S <= dt_s <= MAX_DT_S:
        yield NO_INPUT.finding(
            message="the length of a step is not a sensible number of seconds",
            where=where,
            found=f"{dt_s} s",
            limit=f"{MIN_DT_S:g} to {MAX_DT_S:g} s",
            help="Give dt in seconds, for example 0.01.",
        )


def _scalars(graph: Graph) -> Iterator[Finding]:
    yield from check_dt(graph.dt_s, f"{graph.name}: dt_s")
    if not graph.name.isprintable() or len(graph.name) > MAX_NAME:
        yield BAD_NAME.finding(
            message="the name of the network cannot be printed",
            where="name",
            found=repr(graph.name)[1 : MAX_NAME + 1],
            limit=f"printable, at most {MAX_NAME} characters",
            help="Rename it.",
        )
    for name, value in (("input_size", graph.input_size), ("input_max", graph.input_max)):
        if value < 1:
            yield NO_INPUT.finding(
                message="the input is empty",
                where=f"{graph.name}: {name}",
                found=str(value),
                limit=">= 1",
                help="A network needs at least one input channel that takes at least the value 1.",
            )


def name_problem(name: str) -> str:
    """Say what keeps a name out of files and messages; an empty string where nothing does."""
    broken = any(part in name for part in _RESERVED_IN_NAMES) or not name.strip(".")
    if broken or not name.isprintable() or len(name) > MAX_NAME:
        return "the name of a population cannot be used in files"
    return ""


def _names(graph: Graph) -> Iterator[Finding]:
    seen: set[str] = set()
    for population in graph.populations:
        name = population.name
        reason = ""
        if name in seen:
            reason = "a population has the name of another"
        elif name == INPUT:
            reason = "a population has the name of the network's input"
        else:
            reason = name_problem(name)
        if reason:
            yield BAD_NAME.finding(
                message=reason,
                where=f"{graph.name}: population {name!r}",
                found=repr(name)[1:-1],
                limit=f"unique, not {INPUT!r}, {NAMES}",
                help="Rename it.",
            )
        seen.add(name)
    pairs: set[tuple[str, str]] = set()
    for projection in graph.projections:
        ends = (("source", projection.source, {*seen, INPUT}), ("target", projection.target, seen))
        for role, name, known in ends:
            if name not in known:
                yield NO_SUCH_END.finding(
                    message=f"the {role} of a projection does not exist",
                    where=f"{graph.name}: {projection.name}",
                    found=name,
                    limit=", ".join(sorted(known)) or "no populations",
                    help=nearest(name, known) or "Name a population of this graph.",
                )
        if (projection.source, projection.target) in pairs:
            yield BAD_NAME.finding(
                message="two projections join the same two populations",
                where=f"{graph.name}: {projection.name}",
                limit="one projection between two populations; it can hold any number of taps",
                help="Put the synapses of both into the taps of one.",
            )
        pairs.add((projection.source, projection.target))


def _shapes(graph: Graph) -> Iterator[Finding]:
    sizes = {INPUT: graph.input_size}
    for population in graph.populations:
        size = int(population.tau_s.shape[0]) if population.tau_s.ndim == 1 else 0
        if size:
            sizes[population.name] = size
        for field in fields(population):
            value = getattr(population, field.name)
            if isinstance(value, np.ndarray) and (value.shape != (size,) or not size):
                yield _shape(
                    f"{graph.name}: {population.name}.{field.name}", value.shape, f"[{size or 'neuron'}]"
                )
    for projection in graph.projections:
        if projection.source not in sizes or projection.target not in sizes or projection.target == INPUT:
            continue  # _names or the loop above has said so
        post, pre = sizes[projection.target], sizes[projection.source]
        if projection.holds_lists:  # one shape, at least one tap
            if projection.shape[1:] != (post, pre):
                where = f"{graph.name}: {projection.name}"
                yield _shape(where, projection.shape, f"[tap, {post}, {pre}]")
            continue
        shape = (max(projection.weight.shape[:1], default=0), post, pre)
        for name in ("weight", "delay_s"):
            value = getattr(projection, name)
            if value.shape != shape or 0 in shape:
                limit = f"[tap, {post}, {pre}], at least one tap, as many in weight as in delay_s"
                yield _shape(f"{graph.name}: {projection.name}.{name}", value.shape, limit)
    sources = {p.name: p for p in graph.populations}
    spiking = " and ".join(model.name for model in NeuronModel if model.spiking)
    for projection in graph.projections:
        source = sources.get(projection.source)
        if source is not None and not source.model.spiking:
            yield SILENT_SOURCE.finding(
                where=f"{graph.name}: {projection.name}",
                found=f"{source.name} is {source.model.name}",
                limit=f"only {spiking} populations send spikes",
                help="A leaky integrator can only be read out: make it the last population, or let it spike.",
            )


def _shape(where: str, found: tuple[int, ...], limit: str) -> Finding:
    return ARRAY_SHAPE.finding(
        where=where,
        found=str(list(found)),
        limit=limit,
        help="Every parameter has its population's full shape, every weight is [tap, post, pre].",
    )


def _readout(graph: Graph) -> Iterator[Finding]:
    if graph.readout is None:
        return
    names = [population.name for population in graph.populations]
    where, kind = f"{graph.name}: readout", graph.readout.score
    if graph.readout.population not in names:
        yield BAD_READOUT.finding(
            message="the readout is not a population of the graph",
            where=where,
            found=graph.readout.population,
            limit=", ".join(names) or "no populations",
            help=nearest(graph.readout.population, names) or "Name a population of this graph.",
        )
    elif kind == "spike_count" and not graph.population(graph.readout.population).model.spiking:
        yield BAD_READOUT.finding(
            message="the readout counts the spikes of neurons that never spike",
            where=where,
            found=f"{kind} of {graph.readout.population}",
            limit=", ".join(score for score in SCORES if score != kind),
            help="Score a leaky integrator by its v.",
        )
    if kind not in SCORES:
        yield BAD_READOUT.finding(
            message="unknown kind of class score",
            where=where,
            found=kind,
            limit=", ".join(SCORES),
            help=nearest(kind, SCORES) or "Choose one of these.",
        )


def immediate(projection: Projection, dt_s: float) -> bool:
    """Say whether any synapse of a projection acts in the very step of its spike."""
    delay_s = np.clip(projection.listed.delay_s, -dt_s, dt_s)  # whatever it is: this runs before the checks
    return bool((delay_to_steps(delay_s, dt_s) < 1).any())


def _order(graph: Graph) -> Iterator[Finding]:
    """Look for loops and for sources that come after their targets, among synapses without any delay."""
    names = [population.name for population in graph.populations]
    edges = {
        (p.source, p.target) for p in graph.projections if p.source != INPUT and immediate(p, graph.dt_s)
    }
    left = _without_starts(names, edges)
    # What only hangs behind a loop is not in it: strip what sends to nothing that is left.
    left = _without_starts(left, {(target, source) for source, target in edges})
    if left:
        yield LOOP_WITHOUT_DELAY.finding(
            message="a loop has no delay: its spikes would have to arrive before they are sent",
            where=f"{graph.name}: {', '.join(left)}",
            found="0 steps around the loop",
            limit=">= 1 step",
            help="Give a projection of the loop a delay of at least one step, dt.",
        )
        return
    rank = {name: k for k, name in enumerate(names)}
    for source, target in sorted(edges):
        if rank[source] > rank[target]:
            yield WRONG_ORDER.finding(
                where=f"{graph.name}: {source}->{target}",
                found=" before ".join(repr(name) for name in (target, source)),
                limit=f"{source!r} before {target!r}",
                help="Order the populations so that a feed-forward network can be computed.",
            )


def _without_starts(names: list[str], edges: set[tuple[str, str]]) -> list[str]:
    """Take away names that no edge leads to, and the edges that start there, until every name has one."""
    after: dict[str, list[str]] = {name: [] for name in names}
    waits = dict.fromkeys(names, 0)
    for source, target in edges:
        if source in waits and target in waits:
            after[source].append(target)
            waits[target] += 1
    ready = [name for name in names if not waits[name]]
    for name in ready:
        for target in after[name]:
            waits[target] -= 1
            if not waits[target]:
                ready.append(target)
    gone = set(ready)
    return [name for name in names if name not in gone]
