"""The parity levels on a bundle's golden traces: P1, the integers at export, the two simulators."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.bundle.golden import Golden
from neurodeploy.bundle.layout import GOLDEN
from neurodeploy.findings.codes_parity import GOLDEN_DIFFERS, P1_DIFFERS, TWINS_DIFFER
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.interpret import interpret
from neurodeploy.graph.model import Graph
from neurodeploy.graph.observed import Observed
from neurodeploy.targets.target import Target
from neurodeploy.traces import Traces
from neurodeploy.verify.comparison import Comparison, chunks, cut
from neurodeploy.verify.divergence import QUANTITIES
from neurodeploy.verify.gates import Check, Status, judge, skipped

P1_TOLERANCE = 1e-9
"""How far v may be from the trained network's, times ``max(1, |v|)``: both are float64 sums of the same
numbers in another order, which differ by some 1e-15 a step. Spikes have no tolerance."""

FLOAT32_TOLERANCE = 1e-5
"""The same for v that a framework computed in float32, whose numbers have 24 bits: some ten roundings of 6e-8
of sums that are larger than v. Spikes have no tolerance here either."""

TWIN_SAMPLES, TWIN_STEPS = 2, 60
"""How much the slow reference simulator computes in a verification."""


TRACE_BYTES = 10
"""Of one neuron-step: spikes and v at their widest, rounded up."""


def check_trained(
    graph: Graph,
    golden: Golden,
    *,
    trained_here: bool,
    witness: str | None = None,
    threads: int | None = None,
) -> Check:
    """P1: hold the trained network with integer delays against its NIR file, read back and interpreted.

    Parameters
    ----------
    graph
        The NIR file, read back.
    golden
        With the traces of the trained network.
    trained_here
        Whether the manifest says that the network was trained here: then its traces must be there.
    witness
        Who computed the traces, where it was not a network that was trained here.
    threads
        For the interpreter.
    """
    title = "trained network = NIR file, float64" if witness is None else f"{witness} = NIR file"
    if golden.trained is None and not trained_here:
        return skipped("P1", title, "the bundle was made from a NIR file: no trained network to compare with")
    if golden.trained is None:
        missing = P1_DIFFERS.finding(
            message="the traces of the trained network are missing",
            where=GOLDEN,
            found="no array trained/...",
            limit="a bundle of a run holds what its trained network did",
            help="Export the bundle again.",
        )
        return judge("P1", title, n_compared=0, problems=[missing], agreed="")
    return _held(graph, golden.spikes, golden.trained, witness=witness, title=title, threads=threads)


def refuse_unequal(network: Observed) -> None:
    """Hold a network against the traces that came with it (P1), before anything is made of it.

    Raises
    ------
    NeurodeployError
        ND470: it computes something else.
    """
    check = _held(network.graph, network.spikes, network.traces, witness=network.witness, title="P1")
    if check.status is not Status.PASSED:
        raise NeurodeployError(check.findings)


def _held(
    graph: Graph,
    spikes: NDArray[np.uint8],
    traces: Traces,
    *,
    witness: str | None,
    title: str,
    threads: int | None = None,
) -> Check:
    """Interpret a network, and compare it with what somebody else computed of the same inputs."""
    names = [p.name for p in graph.populations]
    voltages = {name: trace.v for name, trace in traces.populations.items()}
    single = witness is not None and any(v is not None and v.dtype == np.float32 for v in voltages.values())
    tolerance = FLOAT32_TOLERANCE if single else P1_TOLERANCE
    alone = [
        p.name
        for p in graph.populations
        if witness is not None and p.model.spiking and voltages.get(p.name, p) is None
    ]
    comparison = Comparison(P1_DIFFERS, names, tolerance=tolerance, spikes_alone=alone)
    n_neurons = sum(population.size for population in graph.populations)
    for part in chunks(len(spikes), spikes.shape[1] * n_neurons * TRACE_BYTES):
        actual = interpret(graph, spikes[part], record=("spikes", "v"), threads=threads)
        expected = cut(traces, part)
        comparison.add(expected, actual, first_sample=part.start)
    agreed = f"spikes equal, v within {tolerance:g} * max(1, |v|)"
    agreed += " (float32)" if single else ""
    agreed += f", no v of {', '.join(alone)}" if alone else ""
    return judge(
        "P1",
        title,
        n_compared=len(spikes),
        problems=comparison.problems(),
        agreed=f"{agreed}, {len(spikes)} samples" + ("" if witness is None else f", {witness}"),
        facts=comparison.facts() | {"v_tolerance": tolerance},
    )


def check_golden(
    graph: Graph, target: Target[Any], program: Any, golden: Golden, *, threads: int | None = None
) -> Check:
    """Compare the integers today with the integers at the time of the export, on the golden inputs."""
    comparison = Comparison(GOLDEN_DIFFERS, [p.name for p in graph.populations])
    n_neurons = sum(population.size for population in graph.populations)
    for part in chunks(len(golden), golden.spikes.shape[1] * n_neurons * TRACE_BYTES):
        actual = target.simulate(program, golden.spikes[part], record=("spikes", "v"), threads=threads)
        comparison.add(cut(golden.fixed, part), actual, first_sample=part.start)
    return judge(
        "golden",
        "integers = integers at export",
        n_compared=len(golden),
        problems=comparison.problems(),
        agreed=f"every spike and v equal, {len(golden)} samples",
        facts=comparison.facts(),
    )


def check_twins(
    graph: Graph, target: Target[Any], program: Any, golden: Golden, *, threads: int | None = None
) -> Check:
    """Compare the fast simulator with the readable reference, on a little of the golden input."""
    spikes = golden.spikes[:TWIN_SAMPLES, :TWIN_STEPS]
    reference = target.simulate_naive(program, spikes)
    quantities = [q for q in QUANTITIES if q != "u" or _has_u(reference)]
    comparison = Comparison(TWINS_DIFFER, [p.name for p in graph.populations], quantities=quantities)
    comparison.add(reference, target.simulate(program, spikes, record=quantities, threads=threads))
    return judge(
        "twins",
        "fast simulator = reference",
        n_compared=len(spikes),
        problems=comparison.problems(),
        agreed=f"every {', '.join(quantities)} equal, {len(spikes)} samples of {spikes.shape[1]} steps",
        facts=comparison.facts(),
    )


def _has_u(traces: Traces) -> bool:
    """Say whether a reference computes a synaptic current at all: not every target has one."""
    return all(trace.u is not None for trace in traces.populations.values())
