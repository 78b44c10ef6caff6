"""Measure the fast integer simulator: against the machine's limit, the reference and Lava, and how it scales.

    python benchmarks/simulator.py [--rounds N] [--markdown docs/results/simulator.md] [--lava BUNDLE]

Every ratio is between two things measured in turn in the same run. Times are wall clock; the minimum and the
median of the rounds are given, since other work on the machine only ever adds to a time.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from limit import BareScatter
from networks import inputs, network
from scaling import plot_all, sweep_all

from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.loihi.simulate.fast import Stream, available_cores, simulate
from neurodeploy.targets.loihi.simulate.naive import simulate_reference
from neurodeploy.targets.loihi.simulate.tables import make_state
from neurodeploy.targets.loihi.simulate.wiring import make_plan

SAMPLES, STEPS = 2264, 100
"""The test set of the spoken-digits task, at its usual length."""


def timed(work: Callable[[], object]) -> float:
    """Give the seconds that something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def rounds(n: int, **works: Callable[[], float]) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Run several measurements in turn, ``n`` times each; give what they return, and their CPU seconds."""
    times: dict[str, list[float]] = {name: [] for name in works}
    cpu: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(n):
        for name, work in works.items():
            started = time.process_time()
            times[name].append(work())
            cpu[name].append(time.process_time() - started)
    return times, cpu


def against_the_limit(n_rounds: int) -> list[str]:
    """Compare the whole test set with a bare scatter-add of the same events, by threads."""
    program, spikes = network(), inputs(SAMPLES, STEPS)
    traces = simulate(program, spikes, record=("spikes",))
    bare = BareScatter(program, spikes, traces)
    events = traces.facts["synaptic_events"]
    rates = ", ".join(f"{name} {100 * t.spikes.mean():.1f} %" for name, t in traces.populations.items())
    lines = [
        "## Against the machine's limit",
        "",
        f"Network {program.name}, delays 0..24, {SAMPLES} samples of {STEPS} steps; spikes a neuron and "
        f"step: input {100 * spikes.mean():.1f} %, {rates}; {events / SAMPLES / 1e3:.0f} k synaptic events a "
        f"sample. The limit is a loop that adds the same weights to the same places and does nothing else.",
        "",
        "| threads | what | min s | median s | samples/s | events/s | of limit | CPU s | of limit, CPU |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    bare.run(1)
    for threads in sorted({1, available_cores()}):
        works: dict[str, Callable[[], float]] = {"bare scatter-add": lambda n=threads: bare.run(n)}
        for record in ((), ("spikes",), ("spikes", "v")):
            name = f"record={record}"
            works[name] = lambda r=record, n=threads: timed(
                lambda: simulate(program, spikes, record=r, threads=n)
            )
        times, cpu = rounds(n_rounds, **works)
        best, best_cpu = min(times["bare scatter-add"]), min(cpu["bare scatter-add"])
        for name, t in times.items():
            c = min(cpu[name])
            lines.append(
                f"| {threads} | {name} | {min(t):.3f} | {statistics.median(t):.3f} | {SAMPLES / min(t):,.0f} "
                f"| {events / min(t) / 1e9:.2f} G | {100 * best / min(t):.0f} % | {c:.3f} "
                f"| {100 * best_cpu / c:.0f} % |"
            )
    return lines


def against_the_reference(n_rounds: int) -> list[str]:
    """Compare with the readable reference on one sample."""
    program, spikes = network(), inputs(1, STEPS)
    many = inputs(200, STEPS)
    times, _ = rounds(
        max(2, n_rounds // 3),
        reference=lambda: timed(lambda: simulate_reference(program, spikes)),
        fast=lambda: timed(lambda: simulate(program, many)) / len(many),
    )
    slow, quick = min(times["reference"]), min(times["fast"])
    return [
        "## Against the readable reference",
        "",
        f"One sample of {STEPS} steps: reference {slow:.2f} s, fast twin {1e3 * quick:.3f} ms (mean of "
        f"{len(many)} samples, {available_cores()} threads): **{slow / quick:,.0f} times** faster.",
    ]


def streaming() -> list[str]:
    """Measure the latency of one step of a stream."""
    program, spikes = network(), inputs(20, STEPS)
    stream = Stream(program)
    stream.step(spikes[0, 0])
    times = []
    for sample in spikes:
        stream.reset()
        times += [timed(lambda v=values: stream.step(v)) for values in sample]
    low, middle, high = np.percentile(times, [0, 50, 99]) * 1e6
    return [
        "## Streaming",
        "",
        f"`Stream.step`, network {program.name}, {len(times)} steps: minimum {low:.0f} us, "
        f"median {middle:.0f} us, 99th percentile {high:.0f} us a step, Python call included.",
    ]


def memory() -> list[str]:
    """Measure what a simulation holds besides its input, and how that grows with samples and steps."""
    program = network()
    plan = make_plan(program)
    state = make_state(plan.tables, plan.window)
    tables_mb = sum(a.nbytes for a in plan.tables) / 1e6
    state_mb = sum(a.nbytes for a in state) / 1e6
    lines = [
        "## Memory",
        "",
        f"Tables {tables_mb:.1f} MB (once) and buffers {state_mb:.1f} MB for each thread, whatever",
        "the samples and steps. Peak of all that one call that records nothing allocates (`tracemalloc`),",
        "beside the size of the readout's v, which the score needs:",
        "",
        "| samples | steps | peak MB | of it the readout's v, MB |",
        "| --- | --- | --- | --- |",
    ]
    for n_samples, n_steps in ((10, 100), (100, 100), (1000, 100), (10, 10000)):
        spikes = inputs(n_samples, n_steps)
        tracemalloc.start()
        simulate(program, spikes, record=(), threads=1)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        lines.append(f"| {n_samples} | {n_steps} | {peak:.1f} | {n_samples * n_steps * 20 * 4 / 1e6:.1f} |")
    return lines


def against_lava(bundle: Path, n_samples: int, n_rounds: int) -> list[str]:
    """Compare with Lava on the same bundle and samples in the same run; every spike and v is compared.

    Where no bundle is at ``bundle``, the random network of the other measurements is written there.
    """
    from neurodeploy.data.samples import load_samples
    from neurodeploy.targets.loihi.lava.run import run_lava
    from neurodeploy.targets.loihi.program_file import read_program, write_program

    if not bundle.exists():
        bundle.mkdir(parents=True)
        write_program(network(), bundle / "program.h5")
    program: FixedGraph = read_program(bundle / "program.h5")
    held_out = load_samples(bundle / "samples.npz") if (bundle / "samples.npz").exists() else {}
    samples = held_out["test"].spikes if "test" in held_out else inputs(SAMPLES, STEPS)
    few = samples[:n_samples]
    lava_s = []
    for _ in range(2):  # the second run's start is warm
        started = time.perf_counter()
        lava = run_lava(bundle, few, timeout_s=3600)
        lava_s.append((time.perf_counter() - started) / len(few))
    works = {
        str(record): lambda r=record: timed(lambda: simulate(program, samples, record=r)) / len(samples)
        for record in (("spikes",), ("spikes", "v"))
    }
    times, _ = rounds(n_rounds, **works)
    fast = simulate(program, few)
    different = sum(
        int(
            (trace.spikes != fast.populations[name].spikes).sum()
            + (trace.v != fast.populations[name].v).sum()
        )
        for name, trace in lava.populations.items()
    )
    lines = [
        "## Against Lava",
        "",
        f"Bundle `{bundle.name}` ({program.name}), {samples.shape[1]} steps. Lava: {min(lava_s):.2f} s "
        f"a sample ({len(few)} samples, start included, the better of two runs). Fast twin: the whole set of "
        f"{len(samples)}, {available_cores()} threads, minimum of {n_rounds} rounds. Of the {len(few)} "
        f"samples, **{different}** values of spikes and v differ.",
        "",
        "| recorded | ms a sample | times faster than Lava |",
        "| --- | --- | --- |",
    ]
    for name, t in times.items():
        lines.append(f"| {name} | {1e3 * min(t):.3f} | {min(lava_s) / min(t):,.0f} |")
    return lines


def machine() -> str:
    """Describe the machine and how busy it is."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        model = next(
            (x.split(":")[1].strip() for x in cpuinfo.read_text().splitlines() if "model name" in x), model
        )
    load = os.getloadavg()[0]
    return (
        f"{model}, {available_cores()} cores, Python {platform.python_version()}, NumPy {np.__version__}; "
        f"load before the run {load:.1f}{' (other work was running: expect better)' if load > 1 else ''}."
    )


def main() -> int:
    """Run every measurement; see the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--markdown", type=Path, help="write the page here, and its figures beside it")
    parser.add_argument("--lava", type=Path, metavar="BUNDLE", help="also compare with Lava on this bundle")
    parser.add_argument("--lava-samples", type=int, default=3)
    options = parser.parse_args()

    described = machine()
    simulate(network(), inputs(2))  # compile
    command = " ".join(["python benchmarks/simulator.py", *sys.argv[1:]])
    parts = [
        ["# The integer simulator, measured", "", f"`{command}`", "", described],
        against_the_limit(options.rounds),
        against_the_reference(options.rounds),
        streaming(),
        memory(),
    ]
    sweeps = sweep_all(options.rounds)
    parts.append(sweeps.table())
    if options.markdown:
        options.markdown.parent.mkdir(parents=True, exist_ok=True)
        parts.append(["", *plot_all(sweeps, options.markdown.parent)])
    if options.lava:
        parts.append(against_lava(options.lava, options.lava_samples, options.rounds))
    text = "\n\n".join("\n".join(part) for part in parts) + "\n"
    print(text)
    if options.markdown:
        options.markdown.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
