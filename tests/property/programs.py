"""Random integer networks over every rule of the chip, with corner values, and corner cases made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.model import INPUT, SCORES, Readout
from neurodeploy.targets.loihi.chip import STATE_LIMIT
from neurodeploy.targets.loihi.program import FixedGraph, FixedPopulation, FixedProjection
from neurodeploy.traces import Traces

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


def soft_case(seed: int, **sizes: int) -> Case:
    """Make the network of a seed with soft resets in its spiking populations, at once or one step late."""
    program, spikes = random_case(seed, **sizes)
    rng = np.random.default_rng(seed)
    kinds = [str(rng.choice(["subtract", "subtract_late", "zero"])) for _ in program.populations]
    populations = tuple(
        replace(p, reset=kind if p.spiking else "zero")
        for p, kind in zip(program.populations, kinds, strict=True)
    )
    return replace(program, populations=populations), spikes


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
