"""How the fast integer simulator's time grows with samples, steps, neurons, delays, density and threads."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from networks import inputs, network
from numpy.typing import NDArray

from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.loihi.simulate.fast import available_cores, simulate


@dataclass
class Sweep:
    """One quantity varied: its values, and for each the best seconds and the synaptic events."""

    name: str
    x: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    events: list[int] = field(default_factory=list)

    def measure(
        self, x: float, program: FixedGraph, spikes: NDArray[np.uint8], n_rounds: int, threads: int
    ) -> None:
        """Add a point: the minimum of several runs that record nothing."""
        times = []
        for _ in range(n_rounds):
            clock = time.perf_counter if threads > 1 or self.name == "threads" else time.process_time
            started = clock()
            traces = simulate(program, spikes, record=(), threads=threads)
            times.append(clock() - started)
        self.x.append(x)
        self.seconds.append(min(times))
        self.events.append(traces.facts["synaptic_events"])


@dataclass
class Sweeps:
    """Every sweep, and the two from which linearity in events is judged."""

    sweeps: list[Sweep]

    def table(self) -> list[str]:
        """Give the markdown table, and the fits of time to events."""
        lines = [
            "## Scaling",
            "",
            "One thread, CPU time (wall clock in the last sweep), nothing recorded; minimum of the rounds.",
            "",
            "| varied | value | s | synaptic events | events/s |",
            "| --- | --- | --- | --- | --- |",
        ]
        for sweep in self.sweeps:
            for x, s, e in zip(sweep.x, sweep.seconds, sweep.events, strict=True):
                lines.append(f"| {sweep.name} | {x:g} | {s:.4f} | {e:,} | {e / s / 1e9:.2f} G |")
        lines += ["", "Time against synaptic events, least squares `s = a + b * events`:", ""]
        for sweep in self.sweeps:
            if sweep.name in LINEAR:
                constant, slope, r2 = fit(sweep)
                lines.append(
                    f"- {sweep.name}: {1e3 * constant:.1f} ms + {1e9 * slope:.3f} ns an event, R2 = {r2:.4f}"
                )
        return lines


LINEAR = ("samples", "input density", "connectivity")


def fit(sweep: Sweep) -> tuple[float, float, float]:
    """Fit seconds to events by a line: constant, slope and R2."""
    events, seconds = np.array(sweep.events, float), np.array(sweep.seconds)
    slope, constant = np.polyfit(events, seconds, 1)
    residual = seconds - (constant + slope * events)
    return float(constant), float(slope), float(1 - residual.var() / seconds.var())


def sweep_all(n_rounds: int) -> Sweeps:
    """Measure every sweep."""
    base, spikes = network(), inputs(200)
    sweeps = {
        name: Sweep(name)
        for name in (
            "samples",
            "steps",
            "hidden neurons",
            "delays",
            "input density",
            "connectivity",
            "threads",
        )
    }
    for n in (25, 50, 100, 200, 400, 800):
        sweeps["samples"].measure(n, base, inputs(n), n_rounds, 1)
    for n in (25, 50, 100, 200, 400, 1600):
        sweeps["steps"].measure(n, base, inputs(40, n), n_rounds, 1)
    for n in (64, 128, 256, 512, 1024):
        sweeps["hidden neurons"].measure(n, network((140, n, n, 20)), inputs(50), n_rounds, 1)
    for n in (1, 2, 4, 8, 16, 25, 63):
        sweeps["delays"].measure(n, network(n_delays=n), spikes, n_rounds, 1)
    for density in (0.0, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32):
        sweeps["input density"].measure(density, _one_layer(1.0), _density(density), n_rounds, 1)
    for connectivity in (0.05, 0.1, 0.25, 0.5, 0.75, 1.0):
        sweeps["connectivity"].measure(connectivity, _one_layer(connectivity), _density(0.16), n_rounds, 1)
    for n in sorted({1, 2, available_cores()}):
        sweeps["threads"].measure(n, base, inputs(800), n_rounds, n)
    return Sweeps(list(sweeps.values()))


def _one_layer(connectivity: float) -> FixedGraph:
    """Give one layer without a score, so that nothing but synapses changes the time."""
    return replace(network((140, 256), connectivity=connectivity), readout=None)


def _density(density: float) -> NDArray[np.uint8]:
    return (np.random.default_rng(3).random((200, 100, 140)) < density).astype(np.uint8)


def plot_all(sweeps: Sweeps, folder: Path) -> list[str]:
    """Draw every sweep; give the markdown that shows the figure."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 4, figsize=(15, 7), layout="constrained")
    for axis, sweep in zip(axes.flat, sweeps.sweeps, strict=False):
        axis.plot(sweep.x, np.array(sweep.seconds) * 1e3, "o-", color="tab:blue")
        axis.set(xlabel=sweep.name, ylabel="time, ms", ylim=(0, None))
        rate = axis.twinx()
        rate.plot(sweep.x, np.array(sweep.events) / np.array(sweep.seconds) / 1e9, "x:", color="tab:orange")
        rate.set(ylabel="10^9 synaptic events/s (dotted)", ylim=(0, None))
    last = axes.flat[-1]
    for sweep in sweeps.sweeps:
        if sweep.name in LINEAR:
            constant, slope, r2 = fit(sweep)
            events = np.array(sweep.events)
            (line,) = last.plot(events / 1e6, (constant + slope * events) * 1e3, "-", lw=1)
            last.plot(
                events / 1e6,
                np.array(sweep.seconds) * 1e3,
                "o",
                color=line.get_color(),
                label=f"{sweep.name}, R2 {r2:.4f}",
            )
    last.set(xlabel="10^6 synaptic events", ylabel="time, ms")
    last.legend()
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "simulator_scaling.png", dpi=110, metadata={"Software": None})
    plt.close(figure)
    return ["![Time and throughput against each quantity](simulator_scaling.png)"]
