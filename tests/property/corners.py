"""Integer networks made by hand, each for one edge of one rule."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from programs import Case, make_population, make_program, make_projection

from neurodeploy.graph.model import INPUT
from neurodeploy.targets.loihi.chip import STATE_LIMIT
from neurodeploy.targets.loihi.program import FixedGraph


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
    always = {"bias_mantissa": 4095, "bias_exponent": 3, "vth": 1, "dv": 4095}
    full = [make_population(name, 3, **always) for name in ("a", "b")]
    chain = [make_projection(INPUT, "a", [[[2]] * 3]), make_projection("a", "b", [[[2] * 3] * 3])]
    yield "every neuron spikes at every step", make_program(full, chain, 1), np.ones((2, 140, 1))
    for exponent in (-1, -3):
        yield f"weight 8, shifted without a rest by {exponent}", *_one(8, 1, exponent=exponent, vth=131071)
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
