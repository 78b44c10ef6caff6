"""The trained network in float64 as ONNX: what the float interpreter computes, step by step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_program import NO_FLOAT_FORM
from neurodeploy.findings.finding import Finding
from neurodeploy.graph.model import INPUT, Graph, Population, Projection
from neurodeploy.graph.neurons import rest_v
from neurodeploy.targets.onnx.neuron_step import BEFORE, laid_out
from neurodeploy.targets.onnx.operators import Operators
from neurodeploy.targets.onnx.scan_over import BODY, SPIKES, Told, scan_over
from neurodeploy.targets.onnx.sequences import add_scores
from neurodeploy.units import delay_to_steps

KNOWN = ("lif", "li", "cuba_lif", "cuba_li", "if", "i")
RESETS = ("value", "subtract", "subtract_late")
"""Neuron models and resets whose step is written here; see :mod:`neurodeploy.graph.neurons`."""


def float_misfits(graph: Graph) -> Iterator[Finding]:
    """Yield ND241 for each population whose model has no form in operators."""
    for p in graph.populations:
        if p.model.value.partition("_subtract")[0] not in KNOWN or p.model.neuron.reset not in RESETS:
            yield NO_FLOAT_FORM.finding(
                where=f"{graph.name}.{p.name}",
                found=p.model.value,
                limit=", ".join(KNOWN),
                help="Leave --float out: the integers are written all the same.",
            )


def float_graph(graph: Graph) -> Operators:
    """Give whole samples of a network in float64: ``spikes`` in; spikes, v and scores out.

    Delays are rounded to whole steps, as the interpreter does; sums are of the same numbers in another order.
    """
    ops = Operators()
    rings = {p.name: _ring(graph, p.name) for p in graph.populations}
    starts: list[tuple[str, NDArray[np.float64]]] = []
    for p in graph.populations:
        starts.append((f"{p.name}/arrivals", np.zeros((rings[p.name], p.size))))
        starts.append((f"{p.name}/v", rest_v(p)))
        if p.model.filtered:
            starts.append((f"{p.name}/c", np.zeros(p.size)))
    told = [
        Told(name=f"{p.name}/{key}", dtype=dtype, size=p.size)
        for p in graph.populations
        for key, dtype in (("spikes", np.uint8), ("v", np.float64))
    ]

    def step(body: Operators) -> None:
        _step(body, graph, rings)

    scan_over(ops, n_sources=graph.input_size, starts=starts, told=told, step=step)
    if graph.readout is not None:
        size = graph.population(graph.readout.population).size
        add_scores(ops, graph.readout, linear=None, size=size, real=np.float64)
    return ops


def _delays(graph: Graph, projection: Projection) -> NDArray[np.int64]:
    """Give whole steps, ``[tap, post, pre]``; 0 where there is no synapse."""
    return delay_to_steps(np.where(projection.weight != 0, projection.delay_s, 0), graph.dt_s)


def _ring(graph: Graph, name: str) -> int:
    return 1 + max((int(_delays(graph, p).max(initial=0)) for p in graph.into(name)), default=0)


def _step(ops: Operators, graph: Graph, rings: dict[str, int]) -> None:
    """Append one step: populations in their order, each as soon as what reaches it at once has been sent.

    What a population sends back to an earlier one, or to itself, takes a step at least, and stands in the
    ring then.
    """
    rows = {p.name: f"{BODY}{BEFORE}{p.name}/arrivals" for p in graph.populations}
    sent = ops.add("Cast", BODY + SPIKES, to_type=np.float64)
    for source in (INPUT, *(p.name for p in graph.populations)):
        if source != INPUT:
            sent = _neurons(ops, graph, graph.population(source), rows[source])
        for projection in graph.projections:
            if projection.source == source:
                added = _product(ops, graph, projection, sent, rings[projection.target])
                if added:
                    rows[projection.target] = ops.add("Add", rows[projection.target], added)
    for name, row in rows.items():
        ends = [ops.table(np.array([x], dtype=np.int64)) for x in (1, np.iinfo(np.int64).max, 1)]
        passed = ops.add("Slice", row, *ends)
        pads = ops.table(np.array([0, 0, 0, 0, 1, 0], dtype=np.int64))
        ops.add("Pad", passed, pads, to=f"{BODY}{name}/arrivals")


def _neurons(ops: Operators, graph: Graph, p: Population, row: str) -> str:
    """Append a population's step, in the definition's order of operations; give its spikes as numbers."""
    before, after = f"{BODY}{BEFORE}{p.name}", f"{BODY}{p.name}"

    def number(values: NDArray[np.float64]) -> str:
        return ops.constant(values, np.float64)

    i = ops.add("Gather", row, ops.constant(0, np.int64), axis=1)
    i = ops.add("Add", number(p.bias), i)
    if p.model.filtered:
        left = ops.add("Sub", ops.add("Mul", number(p.w_in), i), f"{before}/c")
        moved = ops.add("Mul", number(graph.dt_s / p.tau_syn_s), left)
        i = ops.add("Add", f"{before}/c", moved, to=f"{after}/c")
    drive = ops.add("Mul", number(p.r), i)
    if p.model.neuron.leaky:
        drive = ops.add("Sub", ops.add("Add", drive, number(p.v_leak)), f"{before}/v")
    share = graph.dt_s / p.tau_s if p.model.neuron.leaky else np.full(p.size, graph.dt_s)
    moved = ops.add("Mul", number(share), drive)
    v = ops.add("Add", f"{before}/v", moved)
    threshold = number(p.v_threshold if p.model.spiking else np.full(p.size, np.inf))
    reset = p.model.neuron.reset
    if reset == "subtract_late":
        late = ops.add("Greater", f"{before}/v", threshold)
        v = ops.add("Where", late, ops.add("Sub", v, threshold), v, to=f"{after}/v")
    fired = ops.add("Greater", v, threshold)
    if reset == "subtract":
        ops.add("Where", fired, ops.add("Sub", v, threshold), v, to=f"{after}/v")
    elif reset == "value":
        ops.add("Where", fired, number(p.v_reset), v, to=f"{after}/v")
    ops.add("Cast", fired, to=f"{after}/spikes", to_type=np.uint8)
    return ops.add("Cast", fired, to_type=np.float64)


def _product(ops: Operators, graph: Graph, projection: Projection, sent: str, ring: int) -> str:
    """Append what a projection adds to the ring of its target; nothing where it has no weights."""
    steps = _delays(graph, projection)
    delays = sorted(set(steps[projection.weight != 0].tolist()))
    if not delays:
        return ""
    _, n_post, n_pre = projection.weight.shape
    held = [np.where(steps == delay, projection.weight, 0).sum(axis=0) for delay in delays]
    dense = np.stack(held).reshape(len(delays) * n_post, n_pre)
    found = ops.add("MatMul", sent, ops.table(np.ascontiguousarray(dense.T)))
    shape = np.array([0, len(delays), n_post], dtype=np.int64)
    found = ops.add("Reshape", found, ops.table(shape))
    return laid_out(ops, found, delays, ring=ring)
