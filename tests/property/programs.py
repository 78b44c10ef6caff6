"""Random integer networks over every rule of the chip, with corner values, and corner cases made by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.model import INPUT, SCORES, Readout
from neurodeploy.graph.trace import Traces
from neurodeploy.quantise.fixed import STATE_LIMIT, FixedGraph, FixedPopulation, FixedProjection
from neurodeploy.simulate.plan import Plan

Case = tuple[FixedGraph, NDArray[np.integer]]


def make_population(name: str, n: int, **values: object) -> FixedPopulation:
    """Give a population; every register is given as one number or an array, by default a plain LIFBox."""
    registers = {
        "dv": 400,
        "du": 4095,
        "vth": 100,
        "bias_mantissa": 0,
        "bias_exponent": 0,
        "v_initial": 0,
        "group": 0,
    }
    fixed = {key: values.pop(key, default) for key, default in registers.items()}
    arrays = {key: np.array(np.broadcast_to(value, (n,)), dtype=np.int32) for key, value in fixed.items()}
    return FixedPopulation(
        name=name,
        spiking=bool(values.pop("spiking", True)),
        scale=np.full(n, 4096.0),
        origin=np.zeros(n),
        latency_steps=int(values.pop("latency_steps", 0)),  # type: ignore[call-overload]
        **arrays,
    )


def make_projection(
    source: str, target: str, weight: object, delay: object = 0, exponent: int = 0
) -> FixedProjection:
    """Give a projection from ``[tap, post, pre]`` or ``[post, pre]`` numbers."""
    weights = np.array(weight, dtype=np.int32)
    weights = weights[None] if weights.ndim == 2 else weights
    delays = np.array(np.broadcast_to(np.asarray(delay), weights.shape), dtype=np.int32)
    return FixedProjection(
        source=source, target=target, weight=weights, exponent=exponent, delay_steps=delays
    )


def make_program(
    populations: list[FixedPopulation],
    projections: list[FixedProjection],
    input_size: int,
    *,
    input_max: int = 1,
    readout: Readout | None = None,
) -> FixedGraph:
    """Give a network."""
    return FixedGraph(
        name="case",
        dt_s=0.01,
        input_size=input_size,
        input_max=input_max,
        populations=tuple(populations),
        projections=tuple(projections),
        readout=readout,
    )


def random_case(
    seed: int, *, n_populations: int = 3, size: int = 5, n_steps: int = 40, n_samples: int = 2
) -> Case:
    """Make a network and its input from a seed; larger arguments allow larger ones.

    Each register is drawn from its corners as often as from its middle; decays and thresholds are constant
    within a group, as on the chip.
    """
    rng = np.random.default_rng(seed)
    input_size = int(rng.integers(1, size + 1))
    input_max = int(rng.choice([1, 1, 1, 3, 255]))
    populations = [
        _random_population(rng, f"p{k}", int(rng.integers(1, size + 1))) for k in range(n_populations)
    ]
    sizes = {INPUT: input_size} | {p.name: p.size for p in populations}
    pairs = [(INPUT, "p0")]
    for target in populations:
        pairs += [(source, target.name) for source in sizes if rng.random() < 0.45]
    projections = [
        _random_projection(rng, source, target, sizes[target], sizes[source]) for source, target in pairs
    ]
    readout = Readout(population=populations[-1].name, score=str(rng.choice(SCORES)))
    program = make_program(populations, projections, input_size, input_max=input_max, readout=readout)
    density = rng.choice([0.05, 0.3, 1.0])
    active = rng.random((n_samples, n_steps, input_size)) < density
    values = (
        rng.choice([1, input_max], size=active.shape)
        if rng.random() < 0.5
        else rng.integers(1, input_max + 1, size=active.shape)
    )
    return program, (active * values).astype(np.uint8)


def _random_population(rng: np.random.Generator, name: str, n: int) -> FixedPopulation:
    n_groups = int(rng.integers(1, min(n, 3) + 1))
    group = np.concatenate([np.arange(n_groups), rng.integers(0, n_groups, n - n_groups)])
    rng.shuffle(group)

    def by_group(*corners: int, low: int, high: int) -> NDArray[np.int64]:
        middle = rng.integers(low, high + 1, n_groups)
        return np.where(rng.random(n_groups) < 0.5, rng.choice(corners, n_groups), middle)[group]

    def each(*corners: int, low: int, high: int) -> NDArray[np.int64]:
        return np.where(rng.random(n) < 0.5, rng.choice(corners, n), rng.integers(low, high + 1, n))

    strong = rng.random() < 0.3
    return make_population(
        name,
        n,
        dv=by_group(0, 1, 4095, low=0, high=4095),
        du=by_group(4095, 0, 4094, low=0, high=4095),
        vth=by_group(0, 1, 131071, low=0, high=300),
        bias_mantissa=each(-4096, 4095, low=-64, high=64) if strong else each(0, low=-64, high=64),
        bias_exponent=each(0, 7, low=0, high=7),
        v_initial=each(0, STATE_LIMIT, -STATE_LIMIT, low=-5000, high=5000) if strong else 0,
        group=group,
        latency_steps=int(rng.integers(0, 3)),
    )


def _random_projection(
    rng: np.random.Generator, source: str, target: str, n_post: int, n_pre: int
) -> FixedProjection:
    shape = (int(rng.choice([1, 1, 1, 2, 3])), n_post, n_pre)
    sign = rng.choice(["mixed", "mixed", "positive", "negative"])
    if sign == "mixed":
        weight = 2 * rng.integers(-128, 128, shape)
        extremes = [-256, 254, 2, -2]
    else:
        weight = rng.integers(0, 256, shape)
        extremes = [255, 1]
    weight = np.where(rng.random(shape) < 0.2, rng.choice(extremes, shape), weight)
    weight = np.where(rng.random(shape) < rng.choice([0.0, 0.3, 0.9]), 0, weight)
    weight = -weight if sign == "negative" else weight
    longest = int(rng.choice([0, 1, 8, 25, 63]))
    delay = rng.integers(0, longest + 1, shape)
    delay = np.where(rng.random(shape) < 0.2, longest, delay)
    exponent = int(rng.choice([0, 0, -1, -3, -8, 2, 7]))
    return make_projection(source, target, weight, delay, exponent)


def first_difference(expected: Traces, found: Traces) -> str | None:
    """Name the first step, population, quantity and neuron at which two traces differ; None where none does.

    Quantities are compared in the order in which a step computes them: u, then v, then the spike.
    """
    differences = []
    for order, (name, reference) in enumerate(expected.populations.items()):
        for rank, quantity in enumerate(("u", "v", "spikes")):
            a, b = getattr(reference, quantity), getattr(found.populations[name], quantity)
            if a is None or b is None or a.shape != b.shape or a.dtype != b.dtype:
                return f"{quantity} of {name}: one of {a!r} and {b!r} is of another form"
            for sample, step, neuron in np.argwhere(a != b)[:1]:
                text = f"expected {a[sample, step, neuron]}, got {b[sample, step, neuron]}"
                where = f"{quantity} of neuron {neuron} of {name} at step {step} of sample {sample}"
                differences.append((sample, step, order, rank, f"{where}: {text}"))
    if differences:
        return str(min(differences)[-1])
    for fact in ("max_abs_accumulator", "synaptic_events"):
        if expected.facts[fact] != found.facts[fact]:
            return f"{fact}: expected {expected.facts[fact]}, got {found.facts[fact]}"
    return None


def corner_cases() -> Iterator[tuple[str, Case]]:
    """Give networks made by hand, each for one edge of one rule."""
    for name, program, spikes in (*_state_corners(), *_arrival_corners()):
        yield name, (program, np.asarray(spikes, dtype=np.uint8))


def refused_cases() -> Iterator[tuple[str, Case]]:
    """Give networks whose sums or currents leave 32 bits, and one on the last legal side of each limit."""
    for sign in (1, -1):
        # 4 synapses of 128 << 7: one unit of all inputs adds 2**16 to a, which may not pass 2**24
        registers = {"vth": 131071, "dv": 0, "du": 1000}
        for title, values in (
            ("a at its limit", [255]),
            ("u beyond 32 bits, then silence", [255] * 8),
            ("u stays within 32 bits by its wrap", EDGE_OF_U),
            ("u just beyond 32 bits", [*EDGE_OF_U[:-1], EDGE_OF_U[-1] + 8]),
        ):
            program = make_program(
                [
                    make_population(
                        "n", 1, **{**registers, "du": 0} if values[:1] == EDGE_OF_U[:1] else registers
                    )
                ],
                [make_projection(INPUT, "n", [[sign * 128] * 4], exponent=7)],
                4,
                input_max=255,
            )
            spikes = np.zeros((2, 140, 4), dtype=np.uint8)
            spikes[0, : len(values)] = np.array(values)[:, None]
            yield f"{title}, sign {sign}", (program, spikes)


EDGE_OF_U = [174, 174, 174]
"""Input values after which u, wrapped once a step, is the last multiple within 32 bits (du 0)."""


def _one(weight: int, value: int, n_steps: int = 8, exponent: int = 0, **registers: object) -> Case:
    """Give one neuron with one synapse that gets a value at every step."""
    program = make_program(
        [make_population("n", 1, **registers)],
        [make_projection(INPUT, "n", [[weight]], exponent=exponent)],
        1,
        input_max=max(value, 1),
    )
    return program, np.full((1, n_steps, 1), value)


def _state_corners() -> Iterator[tuple[str, FixedGraph, NDArray]]:
    quiet = {"vth": 131071, "dv": 0}
    # 128 << 7 is 16384, times 8 is 131072, and << 6 is exactly 2**23
    for value, sign in ((7, 1), (8, 1), (9, 1), (7, -1), (8, -1), (9, -1), (16, 1), (16, -1), (17, 1)):
        for du in (0, 4095, 1000):
            yield (
                f"u wraps at {sign * value} eighths, du {du}",
                *_one(sign * 128, value, exponent=7, du=du, **quiet),
            )
    for mantissa in (4095, -4096):
        for dv in (0, 1, 4095):
            start = STATE_LIMIT if mantissa > 0 else -STATE_LIMIT
            registers = {"vth": 131071, "bias_mantissa": mantissa, "bias_exponent": 7, "v_initial": start}
            yield f"v saturates, bias {mantissa}, dv {dv}", *_one(2, 0, dv=dv, **registers)
    for mantissa in (9, 10, 11):
        registers = {"vth": 10, "bias_mantissa": mantissa, "bias_exponent": 6, "dv": 4095}
        yield f"bias {mantissa} against threshold 10", *_one(2, 0, **registers)
    for weight in (9, 10, 11):
        yield f"weight {weight} against threshold 10", *_one(weight, 1, vth=10, dv=4095)
    for start in (-1, 1, -4097, 4097, STATE_LIMIT, -STATE_LIMIT):
        for dv in (0, 1, 2048, 4095):
            yield f"v decays from {start}, dv {dv}", *_one(2, 0, v_initial=start, vth=131071, dv=dv)
    for weight in (-1, 1, -255, 255):
        for du in (0, 1, 2047, 4094):
            program, spikes = _one(weight, 1, n_steps=12, vth=131071, dv=4095, du=du)
            spikes[0, 1:] = 0
            yield f"u decays after {weight}, du {du}", program, spikes


def _arrival_corners() -> Iterator[tuple[str, FixedGraph, NDArray]]:
    rng = np.random.default_rng(5)
    for delay in (0, 1, 62, 63):
        program = make_program([make_population("n", 1)], [make_projection(INPUT, "n", [[7]], delay)], 1)
        spikes = np.zeros((2, 140, 1))
        spikes[:, [0, 63, 64, 127]] = 1
        spikes[0, 135:] = 1  # still on its way when the next sample starts
        yield f"delay {delay}", program, spikes
    for exponent in (-8, -7, -1, 1, 7):
        weight = rng.choice([-255, -7, -1], (2, 3, 4))
        delay = rng.integers(0, 3, weight.shape)
        population = make_population("n", 3, group=[0, 1, 0], vth=131071, dv=0)
        program = make_program([population], [make_projection(INPUT, "n", weight, delay, exponent)], 4)
        yield f"all-negative weights, exponent {exponent}", program, rng.random((1, 12, 4)) < 0.6
    # the floor is taken apart for each tap, source group, source step and delay
    for title, taps, groups, delays in (
        ("taps", 2, [0, 0], [[[0, 0]], [[0, 0]]]),
        ("source groups", 1, [0, 1], [[[0, 0]]]),
        ("delays", 1, [0, 0], [[[0, 1]]]),
        ("one sum", 1, [0, 0], [[[0, 0]]]),
    ):
        source = make_population("s", 2, group=groups, vth=0, bias_mantissa=1, dv=4095)
        target = make_population("n", 1, vth=131071, dv=0)
        program = make_program(
            [source, target], [make_projection("s", "n", np.ones((taps, 1, 2)), np.array(delays), -1)], 1
        )
        yield f"the floor by {title}", program, np.zeros((1, 6, 1))
    ring = [make_population(f"r{k}", 2, vth=3, bias_mantissa=k, bias_exponent=6) for k in range(3)]
    loop = [
        make_projection(f"r{k}", f"r{(k + 1) % 3}", [[5, -3], [2, 4]], [[0, 63], [1, 2]]) for k in range(3)
    ]
    program = make_program(ring, [make_projection(INPUT, "r0", [[9], [3]]), *loop], 1)
    yield "a ring of three populations", program, np.ones((2, 150, 1))
    # listed against the direction of the spikes: the order of populations must not matter
    chain = [make_population(name, 2, vth=1) for name in ("last", "first", "apart")]
    program = make_program(
        chain,
        [make_projection("first", "last", [[9, 9], [4, 4]], 3), make_projection(INPUT, "first", [[9], [4]])],
        1,
    )
    yield "listed backwards", program, np.ones((1, 20, 1))
    # more neurons than a word of spikes has bytes, few of them firing at a time
    weight = np.diag(np.full(21, 60))
    program = make_program(
        [make_population("wide", 21, vth=10, dv=4095), make_population("next", 19, vth=10, dv=4095)],
        [
            make_projection(INPUT, "wide", weight),
            make_projection("wide", "next", weight[:19], rng.integers(0, 4, (19, 21))),
        ],
        21,
    )
    yield "a layer wider than a word", program, rng.random((2, 30, 21)) < 0.08
    for title, delays in (("one delay", 2), ("many delays", rng.integers(0, 40, (9, 3)))):
        program = make_program(
            [make_population("n", 9, vth=131071, dv=0)],
            [make_projection(INPUT, "n", rng.integers(1, 200, (9, 3)), delays)],
            3,
            input_max=3,
        )
        yield f"graded 0..3 with {title}", program, rng.integers(0, 4, (1, 50, 3))
    program = make_program([make_population("n", 3)], [make_projection(INPUT, "n", np.zeros((3, 2)))], 2)
    yield "no synapse at all", program, np.ones((1, 5, 2))
    graded = make_program(
        [make_population("n", 2, vth=131071, du=100)],
        [
            make_projection(INPUT, "n", [[255, 255], [255, 0]], 1),
            make_projection(INPUT, "n", [[-255, -3], [0, -1]], [[4, 9], [0, 2]], -3),
        ],
        2,
        input_max=255,
    )
    yield "graded 255", graded, rng.choice([0, 1, 254, 255], (2, 30, 2))


@dataclasses.dataclass(frozen=True)
class Layout:
    """What the plan of a network must be: proven word lengths, and kinds of parts."""

    wide: bool
    offset_bytes: int
    kinds: tuple[str, ...]
    window: int
    looped: tuple[int, ...] = (0,)
    inner_parts: int = 0


def layout_of(plan: Plan) -> Layout:
    """Give what a plan decided."""
    kinds = tuple(("scatter", "dense", "cells")[kind] for kind in plan.tables.kind)
    looped = tuple(plan.tables.looped.tolist())
    inner = int(plan.tables.n_parts[:, 0].sum())
    return Layout(plan.wide, plan.tables.offset.dtype.itemsize, kinds, plan.window, looped, inner)


def layout_cases() -> Iterator[tuple[str, FixedGraph, Layout]]:
    """Give networks on both sides of each decision of the layout, with what it must decide."""

    def single(
        weight: object, delay: object = 0, exponent: int = 0, input_max: int = 1, n: int = 1
    ) -> FixedGraph:
        projection = make_projection(INPUT, "n", weight, delay, exponent)
        return make_program(
            [make_population("n", n)], [projection], projection.weight.shape[2], input_max=input_max
        )

    # 32-bit state is proven for |a| < 2**18: 1028 * 255 = 262140, and 4 more make 262144
    full = np.full((1, 1029), 255)
    for last, wide in ((3, False), (4, True)):
        full[0, -1] = last
        yield f"bound 2**18 - {4 - last}", single(full), Layout(wide, 4 if wide else 2, ("dense",), 128)
        yield f"bound -(2**18 - {4 - last})", single(-full), Layout(wide, 4 if wide else 2, ("dense",), 128)
    # 8 synapses of 128 << 7, graded 2: 2**18
    yield "graded bound", single(np.full((1, 8), 128), 0, 7, 2), Layout(True, 4, ("dense",), 128)
    yield "the same, not graded", single(np.full((1, 8), 128), 0, 7, 1), Layout(False, 2, ("dense",), 128)
    # a recurrent weight counts once and is not multiplied by the input's maximum
    for n, wide in ((15, False), (16, True)):
        loop = make_program(
            [make_population("n", n)],
            [make_projection(INPUT, "n", [[1]] * n), make_projection("n", "n", np.full((n, n), 128), 1, 7)],
            1,
            input_max=1 if wide else 255,
        )
        layout = Layout(wide, 4 if wide else 2, ("dense", "dense"), 128, looped=(1,), inner_parts=1)
        yield f"a strong loop of {n}", loop, layout
    # each floor may add 1: 2040 * (255 / 2 + 1) + 5 / 2 + 1 = 2**18 - 1 / 2
    shifted = np.full((1, 2041), 255)
    for last, wide in ((5, False), (6, True)):
        shifted[0, -1] = last
        yield f"floors, last {last}", single(shifted, 0, -1), Layout(wide, 4 if wide else 2, ("cells",), 128)
    # dense rows add the taps of one delay: 128 * 255 + 127 = 2**15 - 1
    taps = np.full((129, 1, 1), 255)
    for last, wide in ((127, False), (128, True)):
        taps[-1] = last
        layout = Layout(wide, 4 if wide else 2, ("dense",), 128)
        yield f"taps that add to 2**15 - {128 - last}", single(taps), layout
    strong = make_program(
        [make_population("n", 1)],
        [
            make_projection(INPUT, "n", [[1]]),
            make_projection(INPUT, "n", [[255]], 0, 8),
            make_projection(INPUT, "n", [[1]]),
        ],
        1,
    )
    yield "one projection of three is wide", strong, Layout(True, 4, ("dense",) * 3, 128)
    yield "one weight wider than 16 bits", single([[255]], 0, 8), Layout(True, 4, ("dense",), 128)
    yield "one weight of 16 bits", single([[127]], 0, 8), Layout(False, 2, ("dense",), 128)
    yield "a shift that floors", single([[1, 2]], 0, -1), Layout(False, 2, ("cells",), 128)
    yield "a shift that divides", single([[4, 2]], 0, -1), Layout(False, 2, ("dense",), 128)
    # a share of 25 % of one delay makes rows worth it: 5 of 20 do, 4 of 20 do not
    for count, kind in ((5, "dense"), (4, "scatter")):
        weight = np.zeros((4, 5))
        weight.flat[:count] = 1
        yield f"{count} synapses of 20", single(weight, 0, 0, n=4), Layout(False, 2, (kind,), 128)
    both = np.zeros((4, 5))
    both[:, [0, 2]], both[0, 1] = 1, 1
    delays = np.where(np.arange(5) == 1, 3, 0) * np.ones((4, 1))
    yield "a full row and one more", single(both, delays, n=4), Layout(False, 2, ("dense", "scatter"), 128)
    # 63 * 1025 + 960 = 65535 is the largest offset of 16 bits
    for post, bytes_ in ((960, 2), (961, 4)):
        weight = np.zeros((1025, 2))
        weight[post, 0] = 1
        yield f"offset to {post}", single(weight, 63, n=1025), Layout(False, bytes_, ("scatter",), 128)
        cells = single(weight, 63, -1, n=1025)
        yield f"cell of {post}", cells, Layout(False, bytes_, ("cells",), 128)
    # 128 steps of 4096 neurons are 2**19
    for n, window in ((4095, 128), (4096, 64), (8191, 64), (8192, 32), (2**19, 1)):
        layout = Layout(False, 2, ("dense",), window)
        yield f"a window for {n + 1} neurons", single(np.ones((n, 1)), n=n), layout
    # two that reach one another run step by step; what feeds them and what they feed does not
    names = ("before", "a", "b", "after")
    links = [(INPUT, "before"), ("before", "a"), ("a", "b"), ("b", "a"), ("b", "after"), ("before", "after")]
    mixed = make_program(
        [make_population(name, 1) for name in names], [make_projection(s, t, [[1]]) for s, t in links], 1
    )
    yield "a loop inside a chain", mixed, Layout(False, 2, ("dense",) * 6, 128, (0, 1, 0), inner_parts=2)


def with_latency(program: FixedGraph, steps: int) -> FixedGraph:
    """Give the program with every population later by some steps."""
    populations = tuple(
        dataclasses.replace(p, latency_steps=p.latency_steps + steps) for p in program.populations
    )
    return dataclasses.replace(program, populations=populations)
