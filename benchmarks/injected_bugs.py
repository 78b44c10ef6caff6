"""Inject bugs into programs and count which of them the certificate (P0) finds, names and places.

    python benchmarks/injected_bugs.py [BUNDLE ...] [--networks N] [--seed N] [--page FILE]

Every bug is what a wrong line of an exporter would have made of the program: a delay one too long, delays that
are truncated or clamped, another gain, a decay, threshold or bias that is off, weights transposed, of another
sign, of the wrong neuron. They are put into the programs of the bundles given and of random networks, each
lowered as usual. A bug is named where a finding has the code of its kind and its place. Healthy programs, the
same ones before the bug, must have no finding. Exits with 1 where a bug is missed or a healthy program accused.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from neurodeploy.bundle.bundle import open_bundle
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection, Readout
from neurodeploy.targets.loihi.program import FixedGraph, FixedPopulation, FixedProjection
from neurodeploy.targets.registry import load_target
from neurodeploy.units import delay_to_steps

TARGET = "loihi2"
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
    return replace(fixed, delay_steps=np.where(fixed.weight != 0, change(fixed.delay_steps), 0).astype(np.int32))


def later(steps: int) -> Callable[..., Part | None]:
    """Every delay of a projection is this much longer."""

    def change(_graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
        return synapses(part, lambda d: d + steps) if isinstance(part, FixedProjection) else None

    return change


def one_delay(_graph: Graph, _program: FixedGraph, part: Part, rng: np.random.Generator) -> Part | None:
    """One single delay is one step off."""
    if not isinstance(part, FixedProjection) or not part.weight.any():
        return None
    at = tuple(rng.choice(np.argwhere(part.weight)))
    delay = part.delay_steps.copy()
    delay[at] += 1
    return replace(part, delay_steps=delay)


def truncated(graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
    """Delays are cut to whole steps and not rounded."""
    if not isinstance(part, FixedProjection):
        return None
    real = next(p for p in graph.projections if p.name == part.name)
    cut = np.floor(real.delay_s / graph.dt_s + 1e-6).astype(int) - delay_to_steps(real.delay_s, graph.dt_s)
    return synapses(part, lambda d: d + cut.astype(np.int32)) if cut[part.weight != 0].any() else None


def clamped(_graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
    """The longest delays are moved to a shorter one."""
    if not isinstance(part, FixedProjection):
        return None
    most = int(part.delay_steps.max(initial=0)) - 1
    return synapses(part, lambda d: np.minimum(d, most)) if most >= 0 else None


def gain(factor: float) -> Callable[..., Part | None]:
    """Weights are too large or too small by a factor."""

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
    """A square weight matrix is transposed, its delays are not."""
    if not isinstance(part, FixedProjection) or part.weight.shape[1] != part.weight.shape[2]:
        return None
    return replace(part, weight=np.ascontiguousarray(part.weight.transpose(0, 2, 1)))


def other_sign(_graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
    """Weights have the other sign."""
    if not isinstance(part, FixedProjection) or not part.weight.any():
        return None
    return replace(part, weight=np.clip(-part.weight, -256, 254))


def shifted_neurons(_graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
    """Every neuron has the weights of its neighbour."""
    if not isinstance(part, FixedProjection) or part.weight.shape[1] < 3:
        return None
    return replace(part, weight=np.roll(part.weight, 1, axis=1), delay_steps=np.roll(part.delay_steps, 1, axis=1))


def other_exponent(_graph: Graph, _program: FixedGraph, part: Part, rng: np.random.Generator) -> Part | None:
    """The exponent is one off."""
    if not isinstance(part, FixedProjection) or not part.weight.any():
        return None
    return replace(part, exponent=part.exponent + int(rng.choice([-1, 1])))


def register(name: str, by: int, *, spiking: bool = False) -> Callable[..., Part | None]:
    """A register of every neuron is off."""

    def change(_graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
        if not isinstance(part, FixedPopulation) or (spiking and not part.spiking):
            return None
        moved = np.clip(getattr(part, name) + by, 0 if name in ("dv", "du") else None, 4095 if name in ("dv", "du") else None)
        return replace(part, **{name: moved}) if (moved != getattr(part, name)).any() else None

    return change


def no_bias(_graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
    """The bias is left out."""
    if not isinstance(part, FixedPopulation) or np.abs(part.bias_mantissa).max(initial=0) < 2:
        return None
    return replace(part, bias_mantissa=np.zeros_like(part.bias_mantissa))


def other_bias_sign(_graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
    """The bias has the other sign."""
    if not isinstance(part, FixedPopulation) or np.abs(part.bias_mantissa).max(initial=0) < 2:
        return None
    return replace(part, bias_mantissa=-part.bias_mantissa)


def not_rewound(graph: Graph, _program: FixedGraph, part: Part, _rng: np.random.Generator) -> Part | None:
    """A late population starts as if it were not late."""
    if not isinstance(part, FixedPopulation) or part.latency_steps == 0:
        return None
    real = graph.population(part.name)
    start = np.rint((real.v_leak - part.origin) * part.scale).astype(np.int32)
    off = np.abs(start - part.v_initial) * (1 - part.dv / 4096) ** part.latency_steps
    return replace(part, v_initial=start) if off.max() > 2 else None  # else forgotten when its time begins


def other_group(_graph: Graph, _program: FixedGraph, part: Part, rng: np.random.Generator) -> Part | None:
    """A neuron is put into a group of another decay."""
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


def random_graph(rng: np.random.Generator, number: int) -> Graph:
    """Draw a network as people train them: one to three hidden layers, then a readout."""
    dt_s = float(rng.choice([0.001, 0.005, 0.01]))
    n_layers = int(rng.integers(1, 4))
    same = bool(rng.random() < 0.4)
    first = int(rng.integers(6, 60))
    sizes = [first] * n_layers if same else [int(n) for n in rng.integers(6, 60, n_layers)]
    names = [f"hidden{k + 1}" for k in range(n_layers)]
    n_inputs = first if same else int(rng.integers(5, 60))
    whole = bool(rng.random() < 0.5)
    populations, projections = [], []
    before, n_before = INPUT, n_inputs
    for name, size in zip([*names, "readout"], [*sizes, int(rng.integers(2, 20))], strict=True):
        spiking = name != "readout"
        filtered = bool(rng.random() < 0.3)
        model = {
            (True, True): NeuronModel.CUBA_LIF, (True, False): NeuronModel.LIF,
            (False, True): NeuronModel.CUBA_LI, (False, False): NeuronModel.LI,
        }[spiking, filtered]  # fmt: skip
        one = np.ones(size)
        tau = dt_s * np.exp(rng.normal(2.5, 0.8, size if rng.random() < 0.5 else 1)) * one
        leak = float(rng.choice([0.0, 0.0, 0.1, -0.2]))
        populations.append(Population(
            name=name, model=model, tau_s=np.maximum(tau, dt_s), v_threshold=one * float(rng.uniform(0.5, 2)),
            v_leak=leak * one, v_reset=one * float(rng.choice([0.0, 0.0, -0.1])), r=one * float(rng.choice([1.0, 2.0])),
            tau_syn_s=dt_s * float(rng.uniform(1.5, 8)) * one, w_in=one * float(rng.uniform(0.5, 4)),
            bias=rng.normal(0, 0.05, size) if rng.random() < 0.6 else 0 * one,
        ))  # fmt: skip
        longest = int(rng.choice([0, 5, 20, 50]))
        taps = int(rng.choice([1, 1, 2]))
        delay = rng.uniform(0, longest + 0.4, (taps, size, n_before)) * dt_s
        weight = rng.normal(0.1, 1, (taps, size, n_before)) * 4 / np.sqrt(n_before)
        weight[rng.random(weight.shape) < rng.choice([0.0, 0.5])] = 0
        projections.append(Projection(
            source=before, target=name, weight=weight,
            delay_s=delay_to_steps(delay, dt_s) * dt_s if whole else delay,
        ))  # fmt: skip
        before, n_before = name, size
    return Graph(
        name=f"random{number}", dt_s=dt_s, input_size=n_inputs, populations=tuple(populations),
        projections=tuple(projections), readout=Readout(population="readout"),
    )  # fmt: skip


def random_cases(count: int, seed: int) -> Iterator[tuple[str, Graph, FixedGraph]]:
    """Lower random networks, half of them with calibration samples."""
    rng = np.random.default_rng(seed)
    target = load_target(TARGET)
    made = 0
    while made < count:
        graph = random_graph(rng, made)
        samples = (rng.random((8, 40, graph.input_size)) < rng.uniform(0.02, 0.2)).astype(np.uint8)
        try:
            lowered = target.lower(graph, calibration=samples if rng.random() < 0.5 else None)
        except NeurodeployError:
            continue  # it does not fit the chip
        made += 1
        yield graph.name, graph, lowered.program


def with_part(program: FixedGraph, old: Part, new: Part) -> FixedGraph:
    """Put a changed population or projection in place of the old one."""
    return replace(
        program,
        populations=tuple(new if p is old else p for p in program.populations),
        projections=tuple(new if p is old else p for p in program.projections),
    )


def main() -> int:
    """Count, print the table, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundles", nargs="*", type=Path)
    parser.add_argument("--networks", type=int, default=20, help="random networks besides")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", type=int, default=1, help="bugs of each kind in each program")
    arguments = parser.parse_args()
    target = load_target(TARGET)
    rng = np.random.default_rng(arguments.seed + 1)
    cases = [(str(p), (b := open_bundle(p)).graph, b.program) for p in arguments.bundles]
    cases += list(random_cases(arguments.networks, arguments.seed))
    found: Counter[str] = Counter()
    named: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    accused, seconds = 0, 0.0
    for name, graph, program in cases:
        start = perf_counter()
        findings = target.certify(graph, program)
        seconds = max(seconds, perf_counter() - start)
        if findings:
            accused += 1
            print(f"healthy, accused: {name}\n{findings[0].render()}")
        parts: list[Part] = [*program.populations, *program.projections]
        for kind in KINDS:
            done = 0
            for k in rng.permutation(len(parts)):
                changed = kind.change(graph, program, parts[k], rng)
                if changed is None or done == arguments.each:
                    continue
                done += 1
                tried[kind.name] += 1
                findings = target.certify(graph, with_part(program, parts[k], changed))
                found[kind.name] += bool(findings)
                named[kind.name] += any(f.code == kind.code and parts[k].name in f.where for f in findings)
                if not findings:
                    print(f"missed: {kind.name} in {parts[k].name} of {name}")
    print(f"{'kind':36} {'tried':>6} {'found':>6} {'named':>6}")
    for kind in KINDS:
        print(f"{kind.name:36} {tried[kind.name]:6} {found[kind.name]:6} {named[kind.name]:6}")
    total, all_found, all_named = tried.total(), found.total(), named.total()
    print(f"{'all':36} {total:6} {all_found:6} {all_named:6}  ({100 * all_named / total:.1f} % named)")
    print(f"healthy programs {len(cases)}, accused {accused}; the slowest took {seconds:.3f} s")
    return int(accused > 0 or all_found < total)


if __name__ == "__main__":
    sys.exit(main())
