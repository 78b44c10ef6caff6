"""Random networks for the proof against Lava, packed side by side into one program.

Lava spends its time on processes and messages, not on neurons. So a *family* shares what a chip process
shares (du, dv, vth; taps, exponents and signs of its projections) and holds many *members*: independent small
networks with weights, delays, biases and inputs of their own, which never touch each other (block-diagonal
projections). A *pack* is several families and hand-made corner networks, as one program for one run of Lava.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.model import INPUT
from neurodeploy.targets.loihi.chip import DU_NO_FILTER, MAX_FALL
from neurodeploy.targets.loihi.lava.environment import lava_python
from neurodeploy.targets.loihi.program import FixedGraph, FixedPopulation, FixedProjection
from neurodeploy.traces import Traces

MAX_ARRIVAL = 1 << 24
"""Beyond this Lava's int32 overflows where it shifts by 6; far outside the chip's 16-bit accumulator."""


PER_NEURON = ("dv", "du", "vth", "bias_mantissa", "bias_exponent", "v_initial")


@dataclass(frozen=True)
class Pack:
    """A program, its input, and which neurons belong together."""

    program: FixedGraph
    spikes: NDArray[np.uint8]
    members: tuple[dict[str, NDArray[np.int64]], ...]
    """For each small network the indices of its inputs (under ``input``) and of its neurons by population."""


def population(name: str, n: int, **values: object) -> FixedPopulation:
    """Make a population of one group, with numbers spread to all neurons."""
    defaults: dict[str, object] = {
        "dv": 0,
        "du": DU_NO_FILTER,
        "vth": 100,
        "bias_mantissa": 0,
        "bias_exponent": 0,
        "v_initial": 0,
        "group": 0,
    }
    arrays = {
        key: np.broadcast_to(np.asarray(value, dtype=np.int32), (n,))
        for key, value in {**defaults, **values}.items()
        if key in defaults
    }
    return FixedPopulation(
        name=name,
        spiking=bool(values.get("spiking", True)),
        scale=np.ones(n),
        origin=np.zeros(n),
        latency_steps=int(str(values.get("latency_steps", 0))),
        reset=str(values.get("reset", "zero")),
        **arrays,
    )


def projection(
    source: str, target: str, weight: object, delay: object = 0, exponent: int = 0
) -> FixedProjection:
    """Make a projection from ``[post, pre]`` or ``[tap, post, pre]`` weights."""
    w = np.asarray(weight, dtype=np.int32)
    w = w[None] if w.ndim == 2 else w
    return FixedProjection(
        source=source,
        target=target,
        weight=w,
        exponent=exponent,
        delay_steps=np.broadcast_to(np.asarray(delay, dtype=np.int32), w.shape),
    )


def network(
    populations: Sequence[FixedPopulation],
    projections: Sequence[FixedProjection],
    *,
    inputs: int = 1,
    input_max: int = 1,
    name: str = "net",
) -> FixedGraph:
    """Make a program of dt 1 ms without a readout."""
    return FixedGraph(
        name=name,
        dt_s=1e-3,
        input_size=inputs,
        input_max=input_max,
        populations=tuple(populations),
        projections=tuple(projections),
    )


def legal_weights(
    rng: np.random.Generator, mask: NDArray[np.bool_], groups: tuple[NDArray[np.int32], NDArray[np.int32]]
) -> NDArray[np.int32]:
    """Draw weights on the grid of one randomly chosen sign mode, corner values among them."""
    sign = rng.integers(3)
    size = rng.integers(0, 256, mask.shape) >> rng.integers(0, 7)
    size = np.where(rng.random(mask.shape) < 0.05, 255, size)
    if sign < 2:
        weight = size * (1 if sign else -1)
    else:
        weight = rng.choice([-1, 1], mask.shape) * (size & ~1)
        weight = np.where(rng.random(mask.shape) < 0.02, -256, weight)
    weight = np.where(mask, weight, 0)
    for j in np.unique(groups[1]):
        for n in np.unique(groups[0]):
            block = np.ix_(np.flatnonzero(groups[0] == n), np.flatnonzero(groups[1] == j))
            if (weight[block] <= 0).all():  # a connection of one sign holds -255 at most
                weight[block] = np.maximum(weight[block], -255)
    return weight.astype(np.int32)


def random_family(
    rng: np.random.Generator,
    prefix: str,
    *,
    members: int,
    n_steps: int,
    input_max: int,
    lean: bool = False,
    max_delay: int = 63,
    soft: bool = False,
) -> Pack:
    """Draw one family.

    Parameters
    ----------
    rng
        Everything comes from here.
    prefix
        Of the population names.
    members
        How many independent networks.
    n_steps
        Length of the input.
    input_max
        1 for binary inputs.
    lean
        Fewer taps, groups and delayed projections: Lava's time goes with these, not with neurons.
    max_delay
        Longest delay drawn; drawn often on purpose, like 0.
    soft
        Whether its populations subtract the threshold, half of them at once and half one step late.
    """
    few = [1, 1, 1, 1, 1, 2] if lean else [1, 1, 2, 3]
    per_member = {INPUT: int(rng.integers(2, 6))}
    names = [f"{prefix}p{i}" for i in range(rng.integers(1, 4))]
    for name in names:
        per_member[name] = int(rng.integers(3, 9))
    owner = {name: np.repeat(np.arange(members), n) for name, n in per_member.items()}
    group: dict[str, NDArray[np.int32]] = {INPUT: np.zeros(len(owner[INPUT]), dtype=np.int32)}
    for name in names:
        n_groups = int(rng.choice(few))
        group[name] = rng.permutation(np.arange(len(owner[name])) % n_groups).astype(np.int32)

    edges = list(zip([INPUT, *names], names, strict=False))
    edges += [(name, name) for name in names if rng.random() < 0.5]
    if len(names) > 1 and rng.random() < 0.5:
        edges.append((INPUT, names[-1]))  # a skip connection
    projections, arrival = [], dict.fromkeys(names, 0.0)
    for source, target in edges:
        n_taps = int(rng.choice(few))
        graded = source == INPUT and input_max > 1
        exponent = int(rng.choice([-7, -3, -1, 0, 0, 1, 3] if graded else [-7, -4, -1, 0, 0, 0, 1, 4, 7]))
        longest = int(rng.choice([0, 0, 0, 1, 5, max_delay] if lean else [0, 2, 9, max_delay]))
        shape = (len(owner[target]), len(owner[source]))
        own = owner[target][:, None] == owner[source][None]
        density = rng.uniform(0.3, 1)
        weight = np.stack(
            [
                legal_weights(rng, own & (rng.random(shape) < density), (group[target], group[source]))
                for _ in range(n_taps)
            ]
        )
        delay = rng.integers(0, longest + 1, weight.shape)
        delay = np.where(rng.random(weight.shape) < 0.1, longest, delay)
        projections.append(projection(source, target, weight, delay, exponent))
        largest = np.abs(weight).sum(axis=(0, 2)).max() * (input_max if graded else 1)
        assert largest * 2.0**exponent < MAX_ARRIVAL
        used = np.abs(weight[weight != 0])
        arrival[target] = max(arrival[target], (used.mean() if used.size else 1) * 2.0**exponent)

    populations = []
    for name in names:
        n = len(owner[name])
        n_groups = int(group[name].max()) + 1
        # thresholds that a few arrivals reach, and some that are a round number of them: exact hits
        vth = np.minimum(131071, np.rint(arrival[name] * rng.choice([0, 0.5, 1, 2, 4, 16], n_groups)))
        du = rng.choice([0, 100, 1023, 4094, DU_NO_FILTER, DU_NO_FILTER, DU_NO_FILTER], n_groups)
        dv = rng.choice([0, 0, 1, 163, 819, 2048, 4095], n_groups)
        biased = rng.random() < 0.5
        changes: dict[str, object] = {}
        if soft:  # thresholds that a connection can subtract, also those that take two
            large = rng.choice([0, 0, 37, 300, 12345, MAX_FALL], n_groups)
            vth = np.minimum(MAX_FALL, np.maximum(vth, large * (rng.random() < 0.5)))
            du = np.full(n_groups, DU_NO_FILTER)
            changes["reset"] = rng.choice(["subtract", "subtract_late"])
        populations.append(
            population(
                name,
                n,
                du=du[group[name]],
                dv=dv[group[name]],
                vth=vth[group[name]],
                bias_mantissa=rng.integers(-4096, 4096, n) * (rng.random(n) < 0.4) if biased else 0,
                bias_exponent=rng.integers(0, 8, n) if biased else 0,
                v_initial=rng.integers(-5000, 5000, n) if rng.random() < 0.3 else 0,
                group=group[name],
                latency_steps=int(rng.integers(0, 3)),
                **changes,
            )
        )
    rate = rng.uniform(0.02, 0.5, len(owner[INPUT]))
    spikes = (rng.random((1, n_steps, len(rate))) < rate).astype(np.uint8)
    if input_max > 1:
        spikes *= rng.integers(1, input_max + 1, spikes.shape, dtype=np.uint8)
    return Pack(
        network(populations, projections, inputs=len(rate), input_max=input_max),
        spikes,
        tuple({name: np.flatnonzero(owner[name] == m) for name in owner} for m in range(members)),
    )


def pack(parts: Sequence[Pack]) -> Pack:
    """Put packs side by side: inputs one after the other, population names kept (they must differ)."""
    starts = np.cumsum([0, *(part.program.input_size for part in parts)])
    populations, projections, members = [], [], []
    for part, start in zip(parts, starts, strict=False):
        populations += part.program.populations
        for p in part.program.projections:
            if p.source == INPUT:
                wide = np.zeros((2, *p.weight.shape[:2], starts[-1]), dtype=np.int32)
                wide[0, ..., start : start + part.program.input_size] = p.weight
                wide[1, ..., start : start + part.program.input_size] = p.delay_steps
                projections.append(replace(p, weight=wide[0], delay_steps=wide[1]))
            else:
                projections.append(p)
        members += [{**member, INPUT: member[INPUT] + start} for member in part.members]
    program = network(
        populations,
        projections,
        inputs=int(starts[-1]),
        input_max=max(part.program.input_max for part in parts),
        name="pack",
    )
    return Pack(program, np.concatenate([part.spikes for part in parts], axis=2), tuple(members))


def member_program(whole: Pack, member: dict[str, NDArray[np.int64]]) -> tuple[FixedGraph, NDArray[np.uint8]]:
    """Cut one small network out of a pack, with its input."""
    populations, projections = [], []
    for p in whole.program.populations:
        if p.name in member:
            own = member[p.name]
            values = {key: getattr(p, key)[own] for key in (*PER_NEURON, "scale", "origin")}
            relabelled = np.unique(p.group[own], return_inverse=True)[1].astype(np.int32)
            populations.append(replace(p, **values, group=relabelled))
    for q in whole.program.projections:
        if q.target in member:
            part = np.ix_(np.arange(q.weight.shape[0]), member[q.target], member[q.source])
            projections.append(replace(q, weight=q.weight[part], delay_steps=q.delay_steps[part]))
    program = network(
        populations, projections, inputs=len(member[INPUT]), input_max=whole.program.input_max, name="member"
    )
    return program, whole.spikes[:, :, member[INPUT]]


def single(program: FixedGraph, spikes: NDArray[np.uint8]) -> Pack:
    """Make a pack of one network."""
    own = {p.name: np.arange(p.size) for p in program.populations}
    return Pack(program, spikes, ({INPUT: np.arange(program.input_size), **own},))


def corners(n_steps: int, *, max_delay: int = 63) -> list[Pack]:
    """Give the hand-made networks whose names say what they reach; each has one population of that name."""
    always = np.ones((1, n_steps, 1), dtype=np.uint8)
    once = np.zeros_like(always)
    once[0, 0] = 1
    sparse = np.zeros_like(always)
    sparse[0, ::7] = 1

    def one(name: str, weight: int, spikes: NDArray[np.uint8], *, delay=0, exponent=0, **values) -> Pack:
        program = network(
            [population(name, 1, **values)], [projection(INPUT, name, [[weight]], delay, exponent)]
        )
        return single(program, spikes)

    return [
        one("wraps_up", 255, always, exponent=7, du=0, vth=131071),
        one("wraps_down", -255, always, exponent=7, du=0, vth=131071),
        one("saturates_up", 255, always, exponent=7, dv=1, vth=131071),
        one("saturates_down", -255, always, exponent=7, dv=1, vth=131071),
        one("hits_exactly", 10, always, vth=30),
        one("hits_zero", 0, always, vth=0),
        one("waits_longest", 64, once, delay=max_delay, vth=10),
        one("waits_not", 64, once, delay=0, vth=10),
        one("floors_below_zero", -1, sparse, exponent=-7, dv=163, vth=131071),
        one("floors_to_zero", 127, sparse, exponent=-7, dv=163, vth=131071),
        one("leaks_towards_zero", -3, sparse, dv=2047, vth=10, du=2047),
        one("largest_bias", 2, sparse, bias_mantissa=4095, bias_exponent=7, vth=131071),
        one("smallest_bias", 2, sparse, bias_mantissa=-4096, bias_exponent=7, vth=131071),
        one("starts_high", 2, sparse, v_initial=2**23 - 1, dv=41, vth=131071),
    ]


def soft_corners(n_steps: int) -> list[Pack]:
    """Give hand-made networks of soft resets: exact hits, several thresholds a step, ends of registers."""
    always = np.ones((1, n_steps, 1), dtype=np.uint8)

    def one(name: str, weight: int, reset: str, *, exponent: int = 0, **values: object) -> Pack:
        own = population(f"{name}_{reset}", 1, reset=reset, **values)
        return single(
            network([own], [projection(INPUT, own.name, [[weight]], 0, exponent)], name=name), always
        )

    made = []
    for reset in ("subtract", "subtract_late"):
        made += [
            one("hits_exactly", 10, reset, vth=30),
            one("misses_by_one", 10, reset, vth=31, dv=0),
            one("threshold_of_zero", -1, reset, vth=0, v_initial=-1, bias_mantissa=3),
            one("starts_above", 1, reset, vth=3, v_initial=2**23 - 1, dv=41),
            one("runs_away", 255, reset, vth=100, dv=1),
            one("saturates_up", 255, reset, exponent=7, vth=10, dv=1),
            one("saturates_down", -255, reset, exponent=7, vth=MAX_FALL, dv=1),
            one("subtracts_most", 255, reset, exponent=6, vth=MAX_FALL, dv=163),
            one("takes_two_connections", 255, reset, vth=1023, dv=819),
            one("forgets_all_but_a_bit", 255, reset, vth=200, dv=4095),
            one("mostly_bias", 1, reset, vth=77, dv=409, bias_mantissa=4095, bias_exponent=3),
        ]
    return made


def _corners(n_steps: int, *, soft: bool) -> list[Pack]:
    return soft_corners(n_steps) if soft else corners(n_steps)


def random_pack(
    seed: int,
    *,
    families: int,
    members: int,
    n_steps: int,
    graded: bool,
    lean: bool = False,
    with_corners: bool = True,
    soft: bool = False,
) -> Pack:
    """Draw a pack; the same arguments give the same pack."""
    rng = np.random.default_rng(seed)
    input_max = 15 if graded else 1
    parts = [
        random_family(
            rng, f"f{i}", members=members, n_steps=n_steps, input_max=input_max, lean=lean, soft=soft
        )
        for i in range(families)
    ]
    return pack([*parts, *(_corners(n_steps, soft=soft) if with_corners else ())])


def mismatches(whole: Pack, found: Traces, expected: Traces) -> list[str]:
    """Compare u, v and spikes of every step; give one line for each population and quantity that differs."""
    lines = []
    for p in whole.program.populations:
        for key in ("u", "v", "spikes"):
            a, b = getattr(found.populations[p.name], key), getattr(expected.populations[p.name], key)
            assert a.shape == b.shape
            wrong = a != b
            if wrong.any():
                sample, step, neuron = np.argwhere(wrong)[0]
                where = (sample, step, neuron)
                lines.append(
                    f"{key} of {p.name} neuron {neuron} at step {step} of sample {sample}: "
                    f"expected {b[where]}, got {a[where]}; {int(wrong.sum())} of {wrong.size} differ"
                )
    return lines


def need_lava() -> None:
    """Skip the test, with the reason, where Lava is not installed."""
    try:
        lava_python()
    except NeurodeployError as error:
        pytest.skip(f"needs Lava ({error.findings[0].found}); run `neurodeploy lava install`")
