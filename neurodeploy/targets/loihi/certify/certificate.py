"""Certify a program: is every integer of it a legal rounding of the float network? Nothing is simulated.

The lowering goes from the network to the integers; here each register is held against the interval in which
its real value may be rounded. Nothing is shared with ``lower/``: not a function, not an intermediate number.
What the program decides itself (scale, latency, groups) is checked for what it must fulfil and then used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_parity import (
    BIAS_WRONG,
    DECAY_WRONG,
    DELAY_WRONG,
    GROUPS_WRONG,
    NOT_THIS_NETWORK,
    SCALE_WRONG,
    START_WRONG,
    THRESHOLD_WRONG,
)
from neurodeploy.findings.finding import Finding, Rule
from neurodeploy.graph.model import INPUT, Graph, Population, Projection
from neurodeploy.targets.loihi.certify.certified_weights import weight_findings
from neurodeploy.targets.loihi.chip import CONNECTION_STEP, DECAY_BITS, STATE_LIMIT, STATE_SHIFT
from neurodeploy.targets.loihi.program import FixedGraph, FixedPopulation, FixedProjection

HALF = 0.5 + 1e-6
"""How far an integer may be from the real number that it was rounded from; float64 sums cost the rest."""

Floats = NDArray[np.float64]


def certificate(graph: Graph, program: FixedGraph, *, vth_max: int, mantissa_max: int) -> list[Finding]:
    """Find every register that no legal rounding of the network gives.

    Parameters
    ----------
    graph
        The network as trained, after the passes that the user asked for.
    program
        Its integers.
    vth_max, mantissa_max
        Largest values of the threshold and bias registers.

    Returns
    -------
    list of Finding
        One for each kind of violation of each population and projection, with the worst place, what was
        wanted there, what was found, and how many there are. Empty: every integer is a legal rounding.

    Notes
    -----
    Delays, decays, thresholds, biases and starts are each held within half a unit of the last bit of their
    real value (docs/explanation/numerics.md, "From float to integer"). Weights are rounded together, so that
    single ones may be many steps away; see :mod:`neurodeploy.targets.loihi.certify.certified_weights`.
    """
    misfits = list(_structure(graph, program))
    if misfits:
        return misfits
    pairs = [(p, program.population(p.name)) for p in graph.populations]
    projections = list(zip(graph.projections, program.projections, strict=True))
    checks: list[Iterator[Finding]] = []
    for real, fixed in pairs:
        checks += [
            _decays(graph, real, fixed),
            _scale(graph, real, fixed),
            _thresholds(graph, real, fixed, vth_max),
            _biases(graph, real, fixed, mantissa_max),
            _starts(graph, real, fixed),
        ]
    for projection, synapses in projections:
        checks.append(_delays(graph, projection, synapses, program))
    checks.append(weight_findings(graph, program))
    return list(chain.from_iterable(checks))


@dataclass(frozen=True, slots=True)
class _Held:
    """Registers of one kind beside the numbers that they should be, each ``[neuron]`` or ``[synapse]``."""

    found: NDArray[np.integer] | Floats
    wanted: Floats
    tolerance: Floats | float = HALF

    def wrong(self) -> NDArray[np.bool_]:
        return ~(np.abs(self.found - self.wanted) <= self.tolerance)  # NaN is wrong


def _report(
    rule: Rule, where: str, held: _Held, *, what: str, limit: str, place: Callable[[int], str] | None = None
) -> Iterator[Finding]:
    """Yield one finding for all registers of an array that are out of their interval: the worst of them."""
    wrong = held.wrong()
    if not wrong.any():
        return
    away = np.where(wrong, np.nan_to_num(np.abs(held.found - held.wanted), nan=np.inf), -1.0)
    worst = int(np.argmax(away))
    moved = held.found[wrong] - held.wanted[wrong]
    common = ""
    if wrong.sum() > 1 and np.isfinite(moved).all() and np.ptp(np.rint(moved)) == 0:
        common = f", each about {int(np.rint(moved[0])):+d}"
    yield rule.finding(
        where=f"{where}, {place(worst) if place else f'neuron {worst}'}",
        found=f"{what} {held.found[worst]:.7g}, wanted {held.wanted[worst]:.6g}; "
        f"{int(wrong.sum())} of {wrong.size} are wrong{common}",
        limit=limit,
    )


def _structure(graph: Graph, program: FixedGraph) -> Iterator[Finding]:
    """Hold populations, projections, sizes, step, inputs and readout against the network's own."""
    sizes = [(p.name, p.size) for p in graph.populations]
    shapes = [(p.name, tuple(p.shape)) for p in graph.projections]
    facts: list[tuple[str, object, object]] = [
        ("populations", sizes, [(p.name, p.size) for p in program.populations]),
        ("projections", shapes, [(p.name, p.weight.shape) for p in program.projections]),
        ("dt", graph.dt_s, program.dt_s),
        ("input size", graph.input_size, program.input_size),
        ("largest input", graph.input_max, program.input_max),
        ("readout", graph.readout, program.readout),
        ("resets", ["zero" if p.model.reset == "value" else p.model.reset for p in graph.populations],
         [p.reset for p in program.populations]),
        ("which neurons spike", [p.model.spiking for p in graph.populations],
         [p.spiking for p in program.populations]),
    ]  # fmt: skip
    for what, wanted, found in facts:
        if wanted == found:
            continue
        first = (wanted, found)
        if isinstance(wanted, list) and isinstance(found, list):
            first = next((a, b) for a, b in zip_longest(wanted, found) if a != b)
        yield NOT_THIS_NETWORK.finding(
            where=f"{graph.name}: {what}", found=str(first[1]), limit=f"{first[0]}, as in model.nir"
        )


def _delays(
    graph: Graph, projection: Projection, fixed: FixedProjection, program: FixedGraph
) -> Iterator[Finding]:
    """Hold each deployed delay, latencies and the connection's step taken off, against the trained one."""
    late = {INPUT: 0, **{p.name: p.latency_steps for p in program.populations}}
    shift = late[projection.target] - late[projection.source] - CONNECTION_STEP
    at = np.nonzero((fixed.weight != 0) & (projection.weight != 0))
    trained = projection.delay_s[at] / graph.dt_s
    yield from _report(
        DELAY_WRONG,
        f"{graph.name}.{projection.name}",
        _Held(fixed.delay_steps[at], trained + shift),
        what="register",
        limit=f"within half a step of the trained delay {shift:+d} (latencies {late[projection.source]} and "
        f"{late[projection.target]}, {CONNECTION_STEP} step of the connection)",
        place=lambda k: f"tap {at[0][k]}, neuron {at[1][k]}, source {at[2][k]}",
    )
    if min(late.values()) < 0:
        yield DELAY_WRONG.finding(
            where=f"{graph.name}.{projection.name}", found=f"latency {min(late.values())}", limit="0 or more"
        )


def _wanted_decays(graph: Graph, real: Population) -> tuple[Floats, Floats]:
    """Give the decays of v and u that a neuron was trained with, in units of a register's last bit."""
    one = 2.0**DECAY_BITS
    top = one - 1  # a register does not hold 4096
    dv = np.minimum(one * graph.dt_s / real.tau_s, top) if real.model.leaky else np.zeros(real.size)
    if not real.model.filtered:
        return dv, np.full(real.size, top)
    return dv, np.clip(one * graph.dt_s / real.tau_syn_s - 1, 0, top)


def _decays(graph: Graph, real: Population, fixed: FixedPopulation) -> Iterator[Finding]:
    """Hold each decay against its own rounding, or the middle of its group's extremes."""
    where = f"{graph.name}.{real.name}"
    for register, found, wanted, offset in zip(
        ("dv", "du"), (fixed.dv, fixed.du), _wanted_decays(graph, real), (0.0, 1.0), strict=True
    ):
        middle, spread = np.array(wanted), np.full(real.size, HALF)
        for group in np.unique(fixed.group):
            members = fixed.group == group
            if np.ptp(found[members]) != 0:
                yield GROUPS_WRONG.finding(
                    where=f"{where}, group {group}",
                    found=f"{register} from {found[members].min()} to {found[members].max()}",
                    limit="one value in a group: a chip process holds one register",
                )
            rounded = np.floor(wanted[members] + 0.5) + offset
            if np.ptp(rounded):
                middle[members] = np.sqrt(max(float(rounded.min()), 0.5) * rounded.max()) - offset
                tie = np.abs(wanted[members] % 1 - 0.5) < 1e-6  # either side is right, and moves the middle
                spread[members] = HALF + tie.any()
        n_groups = int(fixed.group.max()) + 1
        shared = "" if n_groups == real.size else ", or of the middle of its group's extremes"
        yield from _report(
            DECAY_WRONG,
            where,
            _Held(found, middle, spread),
            what=register,
            limit=f"the rounding of 4096 dt/tau{shared}",
        )


def _zero(real: Population) -> Floats:
    """Give the v that integer 0 stands for: a soft reset takes the threshold off as it is above 0."""
    if real.model.reset != "value":
        return np.zeros(real.size)
    return np.asarray(real.v_reset if real.model.spiking else _rest(real))


def _span(real: Population) -> Floats:
    return np.asarray(real.v_threshold - _zero(real))


def _scale(graph: Graph, real: Population, fixed: FixedPopulation) -> Iterator[Finding]:
    """Integer 0 must be the reset, of a readout the leak; one threshold register must serve every scale."""
    where = f"{graph.name}.{real.name}"
    zero = _zero(real)
    wrong = ~np.isclose(fixed.origin, zero, rtol=1e-12, atol=0.0)
    relative = fixed.scale * (_span(real) if real.model.spiking else 1.0)
    uneven = ~np.isclose(relative, relative.max(), rtol=1e-9) | ~(fixed.scale > 0)
    for bad, found, wanted in (
        (wrong, fixed.origin, zero),
        (uneven, fixed.scale, fixed.scale * relative.max() / relative),
    ):
        if bad.any():
            neuron = int(np.argmax(bad))
            yield SCALE_WRONG.finding(
                where=f"{where}, neuron {neuron}",
                found=f"{found[neuron]:.9g}, wanted {wanted[neuron]:.9g}; {int(bad.sum())} of {bad.size}",
                limit="origin: v_reset, of a readout v_leak; scale: the same threshold register for all",
            )


def _thresholds(graph: Graph, real: Population, fixed: FixedPopulation, vth_max: int) -> Iterator[Finding]:
    """Hold each threshold against its span in units of v; a readout has the register's maximum."""
    wanted = np.full(real.size, float(vth_max))
    if real.model.spiking:
        wanted = np.minimum(_span(real) * fixed.scale / 2.0**STATE_SHIFT, vth_max)
    limit = "the rounding of (v_threshold - v_reset) * scale / 64" if real.model.spiking else "the maximum"
    yield from _report(
        THRESHOLD_WRONG, f"{graph.name}.{real.name}", _Held(fixed.vth, wanted), what="vth", limit=limit
    )


def _rest(real: Population) -> Floats:
    """Give the v that the trained neurons start from: 0 where nothing leaks."""
    return np.asarray(real.v_leak if real.model.leaky else np.zeros(real.size))


def _per_step(real: Population, fixed: FixedPopulation, dt_s: float) -> Floats:
    """Give what bias and leak add to v in a step, in integer units, with the decay of the register."""
    into_v = real.r * (real.w_in if real.model.filtered else 1.0)
    zero = _zero(real)
    if not real.model.leaky:
        return np.asarray(real.bias * into_v * dt_s * fixed.scale)
    constant = real.bias * into_v + (real.v_leak - zero)
    return np.asarray(constant * fixed.dv / 2.0**DECAY_BITS * fixed.scale)


def _biases(graph: Graph, real: Population, fixed: FixedPopulation, mantissa_max: int) -> Iterator[Finding]:
    """Hold each bias against what is added in a step, in units of its exponent."""
    exponent = fixed.bias_exponent.astype(np.int64)
    yield from _report(
        BIAS_WRONG,
        f"{graph.name}.{real.name}",
        _Held(
            fixed.bias_mantissa,
            np.clip(_per_step(real, fixed, graph.dt_s) / 2.0**exponent, -mantissa_max, mantissa_max),
        ),
        what="mantissa",
        limit="the rounding of (r b + v_leak - v_reset) dt/tau * scale / 2^exponent",
    )


def _starts(graph: Graph, real: Population, fixed: FixedPopulation) -> Iterator[Finding]:
    """Go from v_initial through the latency: a late population must then be where the trained one starts."""
    zero = _zero(real)
    wanted = (_rest(real) - zero) * fixed.scale
    if fixed.latency_steps and real.model.spiking:  # above its threshold it would spike before its time
        top = fixed.vth.astype(np.float64) * 2.0**STATE_SHIFT
        wanted = np.where(wanted > top, top - 1, wanted)
    kept = (2.0**DECAY_BITS - fixed.dv) / 2.0**DECAY_BITS
    v, reached = fixed.v_initial.astype(np.float64), np.full(real.size, HALF)
    for _ in range(fixed.latency_steps):
        v, reached = v * kept + fixed.bias, reached * kept
    clipped = np.abs(fixed.v_initial) == STATE_LIMIT  # forgotten at once: its tau is about a step
    if fixed.soft and fixed.latency_steps:  # the largest start from which its first step is no spike
        first = np.floor((fixed.vth * 2.0**STATE_SHIFT - 1 - fixed.bias) / kept)
        clipped |= (np.abs(fixed.v_initial - first) <= 1) & (v < wanted)
    tolerance = np.where(clipped, np.inf, reached + 1e-6 * (1 + np.abs(wanted)))
    yield from _report(
        START_WRONG,
        f"{graph.name}.{real.name}",
        _Held(v, wanted, tolerance),
        what=f"v after {fixed.latency_steps} steps of latency",
        limit="v_leak, as the trained network starts; below the threshold where the population runs late",
    )
