"""Turn trained delays into deployed ones: a connection adds a step, and a layer with delay 0 runs late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_network import LOOP_TOO_SHORT
from neurodeploy.findings.finding import raise_errors
from neurodeploy.graph.model import INPUT, Graph, Projection
from neurodeploy.passes.draft import Draft
from neurodeploy.targets.limits import Limit
from neurodeploy.targets.loihi.chip import CONNECTION_STEP
from neurodeploy.targets.loihi.lower.decisions import Decisions
from neurodeploy.targets.loihi.lower.notes import delay_findings, register_shift
from neurodeploy.units import steps_to_delay


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundDelays:
    """Round delays to whole steps and solve for the latencies.

    Attributes
    ----------
    longest
        The longest delay that a synapse holds.
    """

    longest: Limit

    name = "round_delays"
    title = "integer delays"

    def __call__(self, draft: Draft[Decisions], /) -> Draft[Decisions]:
        """Give the draft with whole steps; a delay that is one already keeps its very number."""
        graph = draft.graph
        steps = {p.name: p.synapses(graph.dt_s).delay_steps for p in graph.projections}
        latency = solve_latencies(graph, steps)
        notes = delay_findings(graph, steps, latency, self.longest)
        raise_errors([*draft.decided.findings, *notes])
        projections = tuple(
            p.with_values(delay_s=steps_to_delay(steps[p.name], graph.dt_s)) for p in graph.projections
        )
        return Draft(
            replace(graph, projections=projections),
            replace(draft.decided, latency_steps=latency).found(*notes),
        )


def solve_latencies(graph: Graph, delay_steps: Mapping[str, NDArray[np.int64]]) -> dict[str, int]:
    """Find the least latency of each population for which no deployed delay is negative.

    A projection with trained delay D from s to t is deployed with ``D + L[t] - L[s] - 1`` steps, so
    ``L[t] >= L[s] + 1 - D`` for its smallest D; the input and every population start at 0.

    Parameters
    ----------
    graph
        The network.
    delay_steps
        Whole steps ``[synapse]`` by projection name.

    Returns
    -------
    dict[str, int]
        Latency in steps by population.

    Raises
    ------
    NeurodeployError
        ND304: a loop of projections has less than one step of delay for each of its projections.
    """
    latency = {INPUT: 0, **{population.name: 0 for population in graph.populations}}
    edges = [
        (projection, int(delay_steps[projection.name].min()))
        for projection in graph.projections
        if delay_steps[projection.name].size
    ]
    raised: dict[str, Projection] = {}  # by population: what last made it later
    for _ in range(len(latency) + 1):
        changed = None
        for projection, smallest in edges:
            needed = latency[projection.source] + CONNECTION_STEP - smallest
            if needed > latency[projection.target]:
                latency[projection.target] = needed
                raised[projection.target] = changed = projection
        if changed is None:
            latency.pop(INPUT)
            return latency
    assert changed is not None
    raise LOOP_TOO_SHORT.error(
        where=f"{graph.name}.{_of_the_loop(raised, changed).name}",
        found="less than 1 step a connection, on average over the loop",
        limit=f"{CONNECTION_STEP} step a connection (lava-nc 0.10.0, every connection process)",
        help="Give recurrent projections a delay of at least one step.",
    )


def _of_the_loop(raised: Mapping[str, Projection], last: Projection) -> Projection:
    """Go back from what was raised last, which may lie behind the loop, to a projection of the loop."""
    seen: set[str] = set()
    while last.target not in seen:
        seen.add(last.target)
        last = raised[last.source]
    return last


def deployed_delays(
    projection: Projection, steps: NDArray[np.int64], latency: Mapping[str, int]
) -> NDArray[np.int64]:
    """Give the delays that the chip's synapses hold, in steps ``[synapse]``."""
    return steps + register_shift(projection, latency)
