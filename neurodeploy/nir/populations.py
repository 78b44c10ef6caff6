"""The populations and projections that a flat NIR graph stands for, before anything is checked of them."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from math import prod

import numpy as np

from neurodeploy.findings.codes_nir import BAD_STRUCTURE, READ_AS_INTEGRATOR, TOO_LARGE
from neurodeploy.findings.finding import Finding, NeurodeployError
from neurodeploy.graph.checks.structure import immediate
from neurodeploy.graph.model import INPUT, Population, Projection
from neurodeploy.graph.neurons import PARAMETERS, NeuronModel, ignored_value, of_nir_type, with_reset
from neurodeploy.graph.synapses import Floats, stacked, summed
from neurodeploy.nir.linear import Drive, Linear
from neurodeploy.nir.metadata import recorded_resets, recorded_text
from neurodeploy.nir.nodes import NEURONS, FlatGraph, Node
from neurodeploy.nir.raw import shown
from neurodeploy.nir.storage import MAX_SYNAPSES

MAX_POPULATIONS = 1000
"""Populations of a network; no chip has as many processes."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Populations in an order in which they can be computed, what joins them, and what each Output shows."""

    input_size: int
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    outputs: tuple[str, ...]
    notes: tuple[Finding, ...]


def parts_of(flat: FlatGraph, dt_s: float | None) -> Parts:
    """Put populations and projections together."""
    input_shape = _input_shape(flat)
    linear = Linear(flat, input_shape, dt_s)
    neurons = {node.name: node for node in flat.of_type(*NEURONS)}
    resets = recorded_resets(flat)
    outputs = [node.name for node in flat.of_type("Output") if not node.nested]
    if len(neurons) + len(outputs) > MAX_POPULATIONS:
        found = f"{len(neurons)} populations and {len(outputs)} outputs"
        raise _too_large(flat.where, found, str(MAX_POPULATIONS))
    populations: dict[str, Population] = {}
    projections: dict[str, list[Projection]] = {}
    notes = list(flat.notes)
    shown_by = []
    n_synapses = 0
    for name in [*neurons, *outputs]:
        drive = linear.into(name)
        if name in neurons:
            reset = resets.get(name, neurons[name].reset)
            populations[name] = _population(neurons[name], reset, drive.bias, linear.size(name), dt_s)
        else:
            source = linear.shown_by(drive)
            shown_by.append(source or name)
            if source is not None:
                continue
            populations[name] = _integrators(flat, name, drive, dt_s)
            notes.append(_read_as_integrators(flat, name, drive))
        projections[name] = _projections(name, drive, linear, dt_s)
        n_synapses += sum(len(p.listed) for p in projections[name])
        if n_synapses > MAX_SYNAPSES:
            raise _too_large(flat.where, f"{n_synapses} synapses and more", str(MAX_SYNAPSES))
    order = _order(flat, [p for found in projections.values() for p in found], list(populations), dt_s)
    rank = {name: k for k, name in enumerate([INPUT, *order])}
    return Parts(
        prod(input_shape),
        tuple(populations[n] for n in order),
        tuple(p for n in order for p in sorted(projections[n], key=lambda p: rank[p.source])),
        tuple(shown_by),
        tuple(notes),
    )


def _input_shape(flat: FlatGraph) -> tuple[int, ...]:
    inputs = [node for node in flat.of_type("Input") if not node.nested]
    if len(inputs) != 1:
        raise BAD_STRUCTURE.error(
            where=flat.where,
            found=f"{len(inputs)} Input nodes",
            limit="exactly one: a file does not say in which order the channels of several stand in a sample",
            help="Join the inputs into one, and let the first weights of each branch take its channels.",
        )
    return inputs[0].shape


def _integrators(flat: FlatGraph, name: str, drive: Drive, dt_s: float | None) -> Population:
    """Give the leaky integrators whose v is the weighted sum that an Output shows."""
    if not drive.wires:
        raise BAD_STRUCTURE.error(
            where=f"{flat.where}: {shown(name)}",
            found="an Output that no input and no neuron leads to",
            limit="populations, or weighted sums of them",
            help="Join it to the network.",
        )
    tau_s = np.nan if dt_s is None else dt_s
    values = {"tau_s": tau_s, "r": 1.0, "v_leak": 0.0}
    values |= {key: ignored_value(key, tau_s) for key in PARAMETERS if key not in (*values, "bias")}
    full = {key: np.full(drive.bias.size, value) for key, value in values.items()}
    return Population(name=name, model=NeuronModel.LI, bias=drive.bias, **full)


def _read_as_integrators(flat: FlatGraph, name: str, drive: Drive) -> Finding:
    sources = ", ".join(sorted(shown(source) for source in drive.wires))
    return READ_AS_INTEGRATOR.finding(
        where=f"{flat.where}: {shown(name)}",
        found=f"{drive.bias.size} weighted sums of {sources}",
        limit="leaky integrators of tau = dt, r = 1, v_leak = 0",
        help="To score by another neuron, write one before the Output.",
    )


def _too_large(where: str, found: str, limit: str) -> NeurodeployError:
    return TOO_LARGE.error(where=where, found=found, limit=limit, help="Split the network.")


def _population(node: Node, reset: str, bias: Floats, size: int, dt_s: float | None) -> Population:
    nirs = of_nir_type(node.type)
    model = None if nirs is None else with_reset(nirs, reset if nirs.spiking else "value")
    assert model is not None  # flatten refuses other types, recorded_resets other resets
    given = {name: node.parameters[key] for key, name in model.neuron.nir_parameters.items()}
    values = {
        name: given[name]
        if name in given
        else np.array([ignored_value(name, np.nan if dt_s is None else dt_s)])
        for name in PARAMETERS
        if name != "bias"
    }
    if node.stepwise and dt_s is not None:
        values["r"] = values["r"] / dt_s
    if model.reset != "value":
        values["v_reset"] = np.zeros(1)  # what NIR's node holds there means nothing
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
