"""Rules of Loihi: every reason why a network cannot be put on the chip (ND2xx)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_network import (
    BIAS_REGISTER,
    DECAY_REGISTER,
    INITIAL_STATE,
    INPUT_TOO_LARGE,
    THRESHOLD_REGISTER,
    TOO_MANY_CORES,
    TOO_MANY_GROUPS,
    TOO_MANY_NEURONS,
    WEIGHT_EXPONENT,
    WEIGHT_OFF_GRID,
)
from neurodeploy.findings.finding import Finding, NeurodeployError, Rule
from neurodeploy.graph.model import Graph
from neurodeploy.targets.limits import Limit
from neurodeploy.targets.loihi.lower.delays import solve_latencies
from neurodeploy.targets.loihi.lower.notes import register_shift, too_long
from neurodeploy.targets.loihi.program import FixedGraph, FixedPopulation
from neurodeploy.targets.loihi.resources import cores_at_least
from neurodeploy.targets.loihi.soft_reset import soft_reset_findings


def rules(program: FixedGraph, limits: Mapping[str, Limit]) -> Iterator[Finding]:
    """Check a program against a target; no finding means that nothing forbids it.

    Parameters
    ----------
    program
        The integer network.
    limits
        Of the chip.

    Returns
    -------
    Iterator[Finding]
        ND201 delays, ND202 weights, ND203 weight exponents, ND204 decays, ND205 thresholds, ND206 biases,
        ND207 tau groups, ND208 initial state, ND209 input values, ND210 cores, ND211 neurons.
    """
    yield from _input_rules(program.name, program.input_max, limits)
    yield from _weight_rules(program, limits)
    longest = limits["max_delay_steps"]
    for projection in program.projections:
        where = f"{program.name}.{projection.name}"
        at = np.argwhere(projection.weight)
        used = projection.delay_steps[tuple(at.T)]
        yield from too_long(where, used, program.dt_s, longest, at=partial(_place, at))
        yield from _outside(
            WEIGHT_EXPONENT,
            "a weight exponent does not fit its register",
            where=where,
            values=projection.exponent,
            low=limits["weight_exponent_min"].value,
            high=limits["weight_exponent_max"],
            fix="Rescale the network; the quantiser chooses exponents that fit.",
        )
    for population in program.populations:
        yield from _population_rules(program.name, population, limits)
    yield from _capacity_rules(program, limits)


def graph_rules(graph: Graph, limits: Mapping[str, Limit]) -> Iterator[Finding]:
    """Check what can be said of a float network before it is quantised.

    Returns
    -------
    Iterator[Finding]
        ND201 delays, ND209 input values, ND211 neurons, ND220 and ND229 soft resets, with the meaning that
        they have in :func:`rules`. A delay counts as the register will hold it: with the latencies of both
        ends, less the step that a connection takes by itself.
    """
    yield from _input_rules(graph.name, graph.input_max, limits)
    steps = {p.name: p.synapses(graph.dt_s).delay_steps for p in graph.projections}
    try:
        latency = solve_latencies(graph, steps)
    except NeurodeployError as error:
        yield from error.findings
        return
    for projection in graph.projections:
        where, shift = f"{graph.name}.{projection.name}", register_shift(projection, latency)
        used, at = steps[projection.name], projection.listed.where
        yield from too_long(where, used, graph.dt_s, limits["max_delay_steps"], shift=shift, at=at)
    yield from soft_reset_findings(graph)
    n_neurons = sum(population.size for population in graph.populations)
    yield from _neuron_rules(graph.name, n_neurons, limits)


def _place(at: NDArray[np.intp], k: int) -> tuple[int, int, int]:
    """Give tap, post and pre of the k-th synapse of a dense projection."""
    tap, post, pre = (int(i) for i in at[k])
    return tap, post, pre


def _outside(
    rule: Rule, message: str, *, where: str, values: object, low: int, high: Limit, fix: str
) -> Iterator[Finding]:
    """Yield one finding if any value lies outside ``low..high``, naming the worst of them."""
    numbers = np.asarray(values, dtype=np.int64)
    excess = np.maximum(numbers - high.value, low - numbers)
    n_over = int((excess > 0).sum())
    if n_over:
        worst = np.unravel_index(int(excess.argmax()), numbers.shape)
        index = f"[{', '.join(str(i) for i in worst)}], worst of {n_over}" if worst else ""
        yield rule.finding(
            message=message,
            where=f"{where}{index}",
            found=f"{numbers[worst]} {high.unit}",
            limit=f"{low}..{high.value} {high.unit} ({high.source})",
            help=fix,
        )


def _input_rules(name: str, input_max: int, limits: Mapping[str, Limit]) -> Iterator[Finding]:
    yield from _outside(
        INPUT_TOO_LARGE,
        "the input takes larger values than can be sent to the chip",
        where=f"{name}.input",
        values=input_max,
        low=1,
        high=limits["input_max"],
        fix="Clip or rescale the counts in the recipe.",
    )


def _weight_rules(program: FixedGraph, limits: Mapping[str, Limit]) -> Iterator[Finding]:
    """ND202, for each connection: its sign decides which grid its weights live on."""
    magnitude = limits["weight_magnitude"]
    mixed_min, mixed_max = limits["weight_mixed_min"], limits["weight_mixed_max"]
    for c in program.connections():
        mixed = bool((c.weight > 0).any() and (c.weight < 0).any())
        if mixed:
            bad = (c.weight < mixed_min.value) | (c.weight > mixed_max.value) | (c.weight % 2 != 0)
            legal = f"even numbers in {mixed_min.value}..{mixed_max.value} ({mixed_max.source})"
        else:
            bad = np.abs(c.weight) > magnitude.value
            legal = f"{magnitude.value} in magnitude, all of one sign ({magnitude.source})"
        if bad.any():
            post, pre = np.argwhere(bad)[0]
            yield WEIGHT_OFF_GRID.finding(
                where=f"{program.name}.{c.projection}[{c.tap}, {c.post[post]}, {c.pre[pre]}], "
                f"first of {int(bad.sum())}",
                found=str(c.weight[post, pre]),
                limit=legal,
                help="Quantise the network again; weights are rounded to the grid there.",
            )


def _population_rules(name: str, p: FixedPopulation, limits: Mapping[str, Limit]) -> Iterator[Finding]:
    where = f"{name}.{p.name}"
    for key in ("dv", "du"):
        yield from _outside(
            DECAY_REGISTER,
            f"a decay ({key}) does not fit its register",
            where=f"{where}.{key}",
            values=getattr(p, key),
            low=0,
            high=limits[f"{key}_max"],
            fix="A time constant of one step or less does not exist on the chip; train with tau above dt.",
        )
    vth = limits["vth_max"]
    yield from _outside(
        THRESHOLD_REGISTER,
        "a threshold does not fit its register",
        where=f"{where}.vth",
        values=p.vth,
        low=0 if p.spiking else vth.value,
        high=vth,
        fix="Choose a smaller scale; a readout needs the register's maximum, so that it never spikes.",
    )
    yield from _outside(
        BIAS_REGISTER,
        "a bias mantissa does not fit its register",
        where=f"{where}.bias_mantissa",
        values=p.bias_mantissa,
        low=limits["bias_mantissa_min"].value,
        high=limits["bias_mantissa_max"],
        fix="Choose a smaller scale or a larger bias exponent.",
    )
    yield from _outside(
        BIAS_REGISTER,
        "a bias exponent does not fit its register",
        where=f"{where}.bias_exponent",
        values=p.bias_exponent,
        low=0,
        high=limits["bias_exponent_max"],
        fix="Choose a smaller scale.",
    )
    yield from _outside(
        TOO_MANY_GROUPS,
        "a population has more time constants than it may have groups",
        where=where,
        values=p.n_groups,
        low=1,
        high=limits["tau_groups_max"],
        fix="Let the quantiser cluster the time constants.",
    )
    state = limits["state_max"]
    yield from _outside(
        INITIAL_STATE,
        "an initial voltage does not fit the state register",
        where=f"{where}.v_initial",
        values=p.v_initial,
        low=-state.value,
        high=state,
        fix="Choose a smaller scale.",
    )


def _capacity_rules(program: FixedGraph, limits: Mapping[str, Limit]) -> Iterator[Finding]:
    yield from _neuron_rules(program.name, sum(p.size for p in program.populations), limits)
    cores = limits["cores"]
    needed = cores_at_least(program, limits)
    if needed > cores.value:
        yield TOO_MANY_CORES.finding(
            where=program.name,
            found=f"at least {needed} cores",
            limit=str(cores),
            help="Prune synapses or use fewer neurons.",
        )


def _neuron_rules(name: str, n_neurons: int, limits: Mapping[str, Limit]) -> Iterator[Finding]:
    yield from _outside(
        TOO_MANY_NEURONS,
        "the network has more neurons than the chip",
        where=name,
        values=n_neurons,
        low=0,
        high=limits["neurons_per_chip"],
        fix="Use fewer neurons.",
    )
