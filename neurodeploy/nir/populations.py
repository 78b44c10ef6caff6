"""The populations and projections that a flat NIR graph stands for, before anything is checked of them."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from neurodeploy.findings.codes_nir import BAD_STRUCTURE, TOO_LARGE
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.checks.structure import immediate
from neurodeploy.graph.model import INPUT, Population, Projection
from neurodeploy.graph.neurons import PARAMETERS, ignored_value, of_nir_type
from neurodeploy.graph.synapses import Floats, stacked, summed
from neurodeploy.nir.linear import Drive, Linear
from neurodeploy.nir.metadata import recorded_text
from neurodeploy.nir.nodes import NEURONS, FlatGraph, Node
from neurodeploy.nir.storage import MAX_SYNAPSES

MAX_POPULATIONS = 1000
"""Populations of a network; no chip has as many processes."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Populations in an order in which they can be computed, what joins them, and how it was composed."""

    input_size: int
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    linear: Linear


def parts_of(flat: FlatGraph, dt_s: float | None) -> Parts:
    """Put populations and projections together."""
    input_size = _input_size(flat)
    linear = Linear(flat, input_size, dt_s)
    neurons = {node.name: node for node in flat.of_type(*NEURONS)}
    if len(neurons) > MAX_POPULATIONS:
        raise _too_large(flat.where, f"{len(neurons)} populations", str(MAX_POPULATIONS))
    bias: dict[str, Floats] = {}
    projections: dict[str, list[Projection]] = {}
    n_synapses = 0
    for name in neurons:
        drive = linear.into(name)
        bias[name] = drive.bias
        projections[name] = _projections(name, drive, linear, dt_s)
        n_synapses += sum(len(p.listed) for p in projections[name])
        if n_synapses > MAX_SYNAPSES:
            raise _too_large(flat.where, f"{n_synapses} synapses and more", str(MAX_SYNAPSES))
    order = _order(flat, [p for found in projections.values() for p in found], list(neurons), dt_s)
    rank = {name: k for k, name in enumerate([INPUT, *order])}
    return Parts(
        input_size,
        tuple(_population(neurons[n], bias[n], linear.size(n), dt_s) for n in order),
        tuple(p for n in order for p in sorted(projections[n], key=lambda p: rank[p.source])),
        linear,
    )


def _input_size(flat: FlatGraph) -> int:
    inputs = [node for node in flat.of_type("Input") if not node.nested]
    if len(inputs) != 1:
        raise BAD_STRUCTURE.error(
            where=flat.where,
            found=f"{len(inputs)} Input nodes",
            limit="exactly one",
            help="Join the inputs into one.",
        )
    return int(np.prod(inputs[0].shape, dtype=np.int64))


def _too_large(where: str, found: str, limit: str) -> NeurodeployError:
    return TOO_LARGE.error(where=where, found=found, limit=limit, help="Split the network.")


def _population(node: Node, bias: Floats, size: int, dt_s: float | None) -> Population:
    model = of_nir_type(node.type)
    assert model is not None  # flatten refuses other types
    given = {name: node.parameters[key] for key, name in model.neuron.nir_parameters.items()}
    values = {
        name: given[name]
        if name in given
        else np.array([ignored_value(name, np.nan if dt_s is None else dt_s)])
        for name in PARAMETERS
        if name != "bias"
    }
    full = {name: np.broadcast_to(value, (size,)).astype(np.float64) for name, value in values.items()}
    return Population(name=node.name, model=model, bias=bias, **full)


def _projections(target: str, drive: Drive, linear: Linear, dt_s: float | None) -> list[Projection]:
    """Put what arrives at a population into taps; a spike that would act on its own neuron's step waits."""
    found = []
    for source, wires in drive.wires.items():
        delay_s = wires.delay_s
        if source == target and dt_s is not None:
            delay_s = np.where(delay_s == 0, dt_s, delay_s)
        shape = (drive.bias.size, linear.size_of(source))
        synapses = stacked(shape, *summed(shape, wires.post, wires.pre, delay_s, wires.weight))
        if len(synapses):
            found.append(Projection.of_list(source, target, synapses))
    return found


def _order(flat: FlatGraph, projections: list[Projection], names: list[str], dt_s: float | None) -> list[str]:
    """Order populations so that they can be computed: as recorded, else by distance from the input."""
    recorded = (recorded_text(flat, "populations") or "").split("\n")
    if sorted(recorded) == sorted(names):
        return recorded
    after: dict[str, list[str]] = {name: [] for name in [INPUT, *names]}
    for p in projections:
        after[p.source].append(p.target)
    distance = {INPUT: 0}
    reached = [INPUT]
    for source in reached:
        for target in after[source]:
            if target not in distance:
                distance[target] = distance[source] + 1
                reached.append(target)
    by_distance = sorted(names, key=lambda name: (distance.get(name, 0), name))
    step = 0.0 if dt_s is None else dt_s
    waits = {
        (p.source, p.target)
        for p in projections
        if p.source != INPUT and (immediate(p, step) if step else bool((p.listed.delay_s <= 0).any()))
    }
    return _after_what_they_wait_for(by_distance, waits)


def _after_what_they_wait_for(names: list[str], waits: set[tuple[str, str]]) -> list[str]:
    """Move names behind those that they wait for and else keep their order.

    In a loop without delay any order is wrong: ``check_graph`` says so.
    """
    rank = {name: k for k, name in enumerate(names)}
    after: dict[str, list[str]] = {name: [] for name in names}
    n_waits = dict.fromkeys(names, 0)
    for source, target in waits:
        after[source].append(target)
        n_waits[target] += 1
    ready = [rank[name] for name in names if not n_waits[name]]  # a heap: sorted
    order: list[str] = []
    placed: set[str] = set()
    left = iter(names)
    while len(order) < len(names):
        name = names[heappop(ready)] if ready else next(n for n in left if n not in placed)
        if name in placed:
            continue
        placed.add(name)
        order.append(name)
        for target in after[name]:
            n_waits[target] -= 1
            if not n_waits[target]:
                heappush(ready, rank[target])
    return order
