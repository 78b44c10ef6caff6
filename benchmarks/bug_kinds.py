"""Kinds of bugs that an exporter can have, as changes of a program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.model import Graph
from neurodeploy.targets.loihi.program import FixedGraph, FixedPopulation, FixedProjection
from neurodeploy.units import delay_to_steps

Part = FixedPopulation | FixedProjection


@dataclass(frozen=True)
class Kind:
    """One kind of bug.

    Attributes
    ----------
    name
        For the table.
    code
        Of the finding that names it.
    change
        Gives a population or projection with the bug, or None where it would change nothing there.
    """

    name: str
    code: str
    change: Callable[[Graph, FixedGraph, Part, np.random.Generator], Part | None]


def synapses(fixed: FixedProjection, change: Callable[[NDArray[np.int32]], NDArray[np.int32]]) -> Part:
    """Change the delays of all synapses."""
    return replace(
        fixed, delay_steps=np.where(fixed.weight != 0, change(fixed.delay_steps), 0).astype(np.int32)
    )


def later(steps: int) -> Callable[..., Part | None]:
    """Make every delay of a projection this much longer."""

    def change(_graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
        return synapses(part, lambda d: d + steps) if isinstance(part, FixedProjection) else None

    return change


def one_delay(_graph: Graph, _program: FixedGraph, part: Part, rng: np.random.Generator) -> Part | None:
    """Make one single delay a step longer."""
    if not isinstance(part, FixedProjection) or not part.weight.any():
        return None
    at = tuple(rng.choice(np.argwhere(part.weight)))
    delay = part.delay_steps.copy()
    delay[at] += 1
    return replace(part, delay_steps=delay)


def truncated(graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
    """Cut delays to whole steps instead of rounding them."""
    if not isinstance(part, FixedProjection):
        return None
    real = next(p for p in graph.projections if p.name == part.name)
    cut = np.floor(real.delay_s / graph.dt_s + 1e-6).astype(int) - delay_to_steps(real.delay_s, graph.dt_s)
    return synapses(part, lambda d: d + cut.astype(np.int32)) if cut[part.weight != 0].any() else None


def clamped(_graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
    """Move the longest delays to a shorter one."""
    if not isinstance(part, FixedProjection):
        return None
    most = int(part.delay_steps.max(initial=0)) - 1
    return synapses(part, lambda d: np.minimum(d, most)) if most >= 0 else None


def gain(factor: float) -> Callable[..., Part | None]:
    """Multiply weights by a factor."""

    def change(_graph: Graph, _program: FixedGraph, part: Part, rng: np.random.Generator) -> Part | None:
        if not isinstance(part, FixedProjection) or np.abs(part.weight).max(initial=0) < 40:
            return None
        step = 2 if (part.weight > 0).any() and (part.weight < 0).any() else 1
        # what was rounded away is not known here: any part of a step
        real = np.where(part.weight != 0, part.weight + step * rng.uniform(-0.5, 0.5, part.weight.shape), 0)
        moved = np.clip(np.rint(real * factor / step) * step, -256 if step == 2 else -255, 254)
        return replace(part, weight=moved.astype(np.int32))

    return change


def transposed(_graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
    """Transpose a square weight matrix, and not its delays."""
    if not isinstance(part, FixedProjection) or part.weight.shape[1] != part.weight.shape[2]:
        return None
    return replace(part, weight=np.ascontiguousarray(part.weight.transpose(0, 2, 1)))


def other_sign(_graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
    """Give weights the other sign."""
    if not isinstance(part, FixedProjection) or not part.weight.any():
        return None
    return replace(part, weight=np.clip(-part.weight, -256, 254))


def shifted_neurons(
    _graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator
) -> Part | None:
    """Give every neuron the weights of its neighbour."""
    if not isinstance(part, FixedProjection) or part.weight.shape[1] < 3:
        return None
    return replace(
        part, weight=np.roll(part.weight, 1, axis=1), delay_steps=np.roll(part.delay_steps, 1, axis=1)
    )


def other_exponent(_graph: Graph, _program: FixedGraph, part: Part, rng: np.random.Generator) -> Part | None:
    """Take an exponent that is one off."""
    if not isinstance(part, FixedProjection) or not part.weight.any():
        return None
    return replace(part, exponent=part.exponent + int(rng.choice([-1, 1])))


def register(name: str, by: int, *, spiking: bool = False) -> Callable[..., Part | None]:
    """Move a register of every neuron."""

    def change(_graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
        if not isinstance(part, FixedPopulation) or (spiking and not part.spiking):
            return None
        moved = np.clip(
            getattr(part, name) + by,
            0 if name in ("dv", "du") else None,
            4095 if name in ("dv", "du") else None,
        )
        return replace(part, **{name: moved}) if (moved != getattr(part, name)).any() else None

    return change


def no_bias(_graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
    """Leave the bias out."""
    if not isinstance(part, FixedPopulation) or np.abs(part.bias_mantissa).max(initial=0) < 2:
        return None
    return replace(part, bias_mantissa=np.zeros_like(part.bias_mantissa))


def other_bias_sign(
    _graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator
) -> Part | None:
    """Give the bias the other sign."""
    if not isinstance(part, FixedPopulation) or np.abs(part.bias_mantissa).max(initial=0) < 2:
        return None
    return replace(part, bias_mantissa=-part.bias_mantissa)


def not_rewound(graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
    """Start a late population as if it were not late."""
    if not isinstance(part, FixedPopulation) or part.latency_steps == 0:
        return None
    real = graph.population(part.name)
    start = np.rint((real.v_leak - part.origin) * part.scale).astype(np.int32)
    off = np.abs(start - part.v_initial) * (1 - part.dv / 4096) ** part.latency_steps
    return replace(part, v_initial=start) if off.max() > 2 else None  # else forgotten when its time begins


def other_group(_graph: Graph, _program: FixedGraph, part: Part, rng: np.random.Generator) -> Part | None:
    """Put a neuron into a group of another decay."""
    if not isinstance(part, FixedPopulation) or part.n_groups < 2:
        return None
    neuron = int(rng.integers(part.size))
    others = np.flatnonzero(np.abs(part.dv - part.dv[neuron]) > 8)
    if not others.size:
        return None
    model = int(rng.choice(others))
    changed = {}
    for name in ("group", "dv", "du", "vth"):
        values = getattr(part, name).copy()
        values[neuron] = values[model]
        changed[name] = values
    return replace(part, **changed)


KINDS = (
    Kind("delay one step too long", "ND485", later(1)),
    Kind("one single delay off by one", "ND485", one_delay),
    Kind("delays truncated", "ND485", truncated),
    Kind("delays clamped one step short", "ND485", clamped),
    Kind("gain 1.02", "ND492", gain(1.02)),
    Kind("gain 1.10", "ND492", gain(1.10)),
    Kind("gain 0.95", "ND492", gain(0.95)),
    Kind("weights transposed", "ND492", transposed),
    Kind("weights of the other sign", "ND492", other_sign),
    Kind("weights of the neighbour", "ND492", shifted_neurons),
    Kind("weight exponent off by one", "ND492", other_exponent),
    Kind("dv + 3", "ND486", register("dv", 3)),
    Kind("dv - 1", "ND486", register("dv", -1)),
    Kind("du without - 1", "ND486", register("du", 1)),
    Kind("threshold - 1", "ND489", register("vth", -1, spiking=True)),
    Kind("threshold + 1", "ND489", register("vth", 1, spiking=True)),
    Kind("bias left out", "ND490", no_bias),
    Kind("bias of the other sign", "ND490", other_bias_sign),
    Kind("start not rewound", "ND491", not_rewound),
    Kind("neuron in another group", "ND486", other_group),
    Kind("one step of latency too many", "ND485", register("latency_steps", 1)),
)


def with_part(program: FixedGraph, old: Part, new: Part) -> FixedGraph:
    """Put a changed population or projection in place of the old one."""
    return replace(
        program,
        populations=tuple(new if p is old else p for p in program.populations),
        projections=tuple(new if p is old else p for p in program.projections),
    )
