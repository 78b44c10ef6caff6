"""Integer networks on both sides of each decision of the fast simulator's plan, with what it must decide."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
from programs import make_population, make_program, make_projection

from neurodeploy.graph.model import INPUT
from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.loihi.simulate.wiring import Plan


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
