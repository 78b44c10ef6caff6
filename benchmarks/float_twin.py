"""How fast the float twin is: against the reference on a few samples, and alone on a whole test set.

    python benchmarks/float_twin.py [--samples N] [--threads N] [--rate P]

The network is 140-256-256-20 with learned-like delays of 0 to 25 steps, one tap, 100 steps, as the published
networks for spoken digits; weights are random, scaled so that the hidden neurons fire.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from neurodeploy.graph.interpret import interpret, interpret_reference
from neurodeploy.graph.interpret.fast import available_threads
from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection, Readout
from neurodeploy.traces import Traces

DT_S = 0.01
SIZES = (140, 256, 256, 20)
MAX_DELAY_STEPS = 25
REFERENCE_SAMPLES = 8


def network(rng: np.random.Generator) -> Graph:
    names = (INPUT, "hidden1", "hidden2", "readout")
    populations = []
    for name, size, tau_s in zip(names[1:], SIZES[1:], (0.02, 0.05, 0.1), strict=True):
        one = np.ones(size)
        populations.append(
            Population(
                name=name,
                model=NeuronModel.LI if name == "readout" else NeuronModel.LIF,
                tau_s=tau_s * one,
                v_threshold=one,
                v_leak=0 * one,
                v_reset=0 * one,
                r=one,
                tau_syn_s=DT_S * one,
                w_in=one,
                bias=0 * one,
            )
        )
    projections = []
    for k, gain in enumerate((1.0, 1.0, 0.5)):
        shape = (1, SIZES[k + 1], SIZES[k])
        steps = rng.integers(0, MAX_DELAY_STEPS + 1, shape)
        projections.append(
            Projection(
                source=names[k], target=names[k + 1], weight=rng.normal(0, gain, shape), delay_s=steps * DT_S
            )
        )
    return Graph(
        name="140-256-256-20",
        dt_s=DT_S,
        input_size=SIZES[0],
        populations=tuple(populations),
        projections=tuple(projections),
        readout=Readout(population="readout"),
    )


def seconds(run: object, *args: object, repeats: int, **options: object) -> tuple[float, float, Traces]:
    """Median wall time and processor time of some runs, and the last result.

    Processor time says what the work costs even where other programs share the machine.
    """
    wall, cpu = [], []
    for _ in range(repeats):
        start, cpu_start = time.perf_counter(), time.process_time()
        traces = run(*args, **options)  # type: ignore[operator]
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - cpu_start)
    return float(np.median(wall)), float(np.median(cpu)), traces


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=2264, help="size of the SHD test set by default")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rate", type=float, default=0.05, help="spikes per input and step")
    parser.add_argument("--threads", type=int, default=available_threads())
    options = parser.parse_args()

    rng = np.random.default_rng(0)
    graph = network(rng)
    spikes = (rng.random((options.samples, options.steps, SIZES[0])) < options.rate).astype(np.uint8)
    interpret(graph, spikes[:1])  # compile

    few = spikes[:REFERENCE_SAMPLES]
    _, slow, reference = seconds(interpret_reference, graph, few, repeats=3)
    _, fast, twin = seconds(interpret, graph, few, repeats=3, threads=1)
    for p in graph.populations:
        a, b = reference.populations[p.name], twin.populations[p.name]
        assert np.array_equal(a.spikes, b.spikes), f"{p.name}: the twins spike differently"
        assert np.abs(a.v - b.v).max() < 1e-9, f"{p.name}: the twins' v differ"  # type: ignore[operator]
    print(f"{graph.name}, delays 0..{MAX_DELAY_STEPS}: {len(few)} samples x {options.steps} steps, 1 thread")
    print(f"  reference  {slow:8.3f} s of processor time")
    print(f"  fast twin  {fast:8.3f} s   {slow / fast:.0f} times as fast, spikes equal, v within 1e-9")

    for threads in dict.fromkeys((1, options.threads)):
        whole, cpu, traces = seconds(interpret, graph, spikes, repeats=3, record=("spikes",), threads=threads)
        events = traces.facts["synaptic_events"]
        print(f"{options.samples} samples x {options.steps} steps, {threads} thread(s), median of 3")
        rate = f"{options.samples / whole:,.0f} samples/s, {events / whole:.3g} synaptic events/s"
        print(f"  fast twin  {whole:8.3f} s ({cpu:.3f} s of processor time)   {rate}")
    for name, trace in traces.populations.items():
        print(f"  {name}: {trace.spikes.mean():.3f} spikes per neuron and step")


if __name__ == "__main__":
    main()
