"""Lowering for Loihi: the passes in their order, then the encoding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.finding import raise_errors
from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.interpret import interpret
from neurodeploy.graph.model import INPUT, Graph
from neurodeploy.graph.neurons import rest_v
from neurodeploy.passes.draft import AfterEach, Draft, Pass, run_passes
from neurodeploy.quantise.grid import WeightGrid
from neurodeploy.targets.limits import Limit
from neurodeploy.targets.loihi.lower.decays import GroupDecays
from neurodeploy.targets.loihi.lower.decisions import Decisions
from neurodeploy.targets.loihi.lower.delays import RoundDelays, solve_latencies
from neurodeploy.targets.loihi.lower.encode import encode
from neurodeploy.targets.loihi.lower.scale import NETX_BIAS_EXPONENT, ChooseScale, drive_per_step, origin
from neurodeploy.targets.loihi.lower.thresholds import RoundThresholds
from neurodeploy.targets.loihi.lower.weights import RoundWeights
from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.loihi.soft_reset import soft_reset_findings
from neurodeploy.targets.target import Lowered
from neurodeploy.traces import PopulationTrace

MAX_CALIBRATION = 64
"""At most this many calibration samples are looked at."""


def lower(
    graph: Graph,
    limits: Mapping[str, Limit],
    *,
    calibration: NDArray[np.uint8] | None = None,
    passes: Sequence[Pass] = (),
    after_each: AfterEach | None = None,
) -> Lowered[FixedGraph]:
    """Turn a float network into integers within a chip's limits.

    Parameters
    ----------
    graph
        The network; checked first.
    limits
        Of the chip.
    calibration
        Input spikes ``[sample, step, source]`` that show how far v moves and which weights act together;
        without them only weights, thresholds and biases limit the scale, and each weight is rounded alone.
    passes
        Run first, on the network as it was trained.
    after_each
        Called after every pass, these and those for Loihi.

    Returns
    -------
    Lowered
        See there. Delays, decays, thresholds and biases are rounded to the nearest, ties away from zero
        (:mod:`neurodeploy.units`); weights so, or together (:mod:`neurodeploy.quantise.rounding`).

    Raises
    ------
    NeurodeployError
        ND1xx for an unsound graph, ND201 a delay above the chip's limit, ND304 a loop without delay, ND306 a
        tau above 8192 steps, ND220 and ND229 a soft reset that the chip does not have.
    """
    raise_errors([*check_graph(graph), *soft_reset_findings(graph)])
    graph = run_passes(Draft(graph, None), passes, after_each=after_each).graph
    first = Draft(graph, Decisions(trained=graph, activity=_activity(graph, calibration)))
    draft = run_passes(first, loihi_passes(graph, limits), after_each=after_each)
    decided = draft.decided
    program = encode(draft, vth_max=limits["vth_max"].value)
    for projection in program.projections:
        longest = int(projection.delay_steps.max(initial=0))
        decided = decided.noted("projections", projection.name, max_delay_steps=longest)
    raise_errors(decided.findings)
    facts = {kind: {name: dict(x) for name, x in by.items()} for kind, by in decided.facts.items()}
    return Lowered(
        program, decided.findings, {"populations": {}, "projections": {}, **facts}, decided.latency_steps
    )


def loihi_passes(graph: Graph, limits: Mapping[str, Limit]) -> tuple[Pass, ...]:
    """Give the passes for Loihi in their order, with the chip's limits as options."""
    grid = WeightGrid(
        same_sign_max=limits["weight_magnitude"].value,
        mixed_min=limits["weight_mixed_min"].value,
        mixed_max=limits["weight_mixed_max"].value,
        mixed_step=2,
    )
    grouping = GroupDecays(
        max_groups=limits["tau_groups_max"].value,
        dv_max=limits["dv_max"].value,
        du_max=limits["du_max"].value,
    )
    # NetX fixes the bias exponent; whoever cannot become a NetX file has the finest that fits.
    chain = _becomes_netx(graph, grouping)
    exponent = NETX_BIAS_EXPONENT if chain else 0
    return (
        RoundDelays(longest=limits["max_delay_steps"]),
        grouping,
        ChooseScale(
            grid=grid,
            vth_max=limits["vth_max"].value,
            mantissa_max=limits["bias_mantissa_max"].value,
            bias_exponent_max=exponent if chain else limits["bias_exponent_max"].value,
            weight_exponent_max=limits["weight_exponent_max"].value,
            state_max=limits["state_max"].value,
            accumulator_max=limits["accumulator_max"].value,
        ),
        RoundWeights(grid=grid),
        RoundThresholds(
            vth_max=limits["vth_max"].value,
            mantissa_max=limits["bias_mantissa_max"].value,
            least_exponent=exponent,
        ),
    )


def _activity(graph: Graph, calibration: NDArray[np.uint8] | None) -> dict[str, PopulationTrace] | None:
    """Give what the input and every population do on the calibration samples; None without samples."""
    if calibration is None or not len(calibration):
        return None
    calibration = calibration[:MAX_CALIBRATION]
    traces = interpret(graph, calibration, record=("spikes", "v"))
    return {INPUT: PopulationTrace(calibration), **traces.populations}


def _becomes_netx(graph: Graph, grouping: GroupDecays) -> bool:
    """Say whether a NetX file can hold the network, as far as it shows before its weights are rounded.

    A chain of one tap each, one group a population, and every sample starts from v = 0: a population that
    runs late starts from 0 only if nothing is added to its v before its time.
    """
    names = [INPUT, *(p.name for p in graph.populations)]
    edges = [(p.source, p.target) for p in graph.projections]
    if edges != list(pairwise(names)) or any(p.n_taps > 1 for p in graph.projections):
        return False
    steps = {p.name: p.synapses(graph.dt_s).delay_steps for p in graph.projections}
    latency = solve_latencies(graph, steps)
    for population in graph.populations:
        if population.model.reset != "value":
            return False
        decays = grouping.registers(population, graph.dt_s)
        late = latency[population.name] > 0 and drive_per_step(population, decays, graph.dt_s).any()
        if decays.group.max() > 0 or late or (rest_v(population) != origin(population)).any():
            return False
    return True
