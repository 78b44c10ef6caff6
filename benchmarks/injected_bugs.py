"""Inject bugs into programs and count which of them the certificate (P0) finds, names and places.

    python benchmarks/injected_bugs.py [BUNDLE ...] [--networks N] [--seed N] [--each N]

Every bug is what a wrong line of an exporter would have made of the program: a delay one too long, delays
truncated or clamped, another gain, a decay, threshold or bias that is off, weights transposed, of another
sign, of the wrong neuron. They are put into the programs of the bundles given and of random networks, each
lowered as usual. A bug is named where a finding has the code of its kind and its place. Healthy programs, the
same ones before the bug, must have no finding. Exits with 1 where one is missed or a healthy one is accused.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import numpy as np
from bug_kinds import KINDS, Part, with_part

from neurodeploy.bundle.bundle import open_bundle
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection, Readout
from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.registry import load_target
from neurodeploy.units import delay_to_steps

TARGET = "loihi2"


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
            v_leak=leak * one, v_reset=one * float(rng.choice([0.0, 0.0, -0.1])),
            r=one * float(rng.choice([1.0, 2.0])),
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


def main() -> int:
    """Count and print the table."""
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
