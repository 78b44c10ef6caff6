"""The random network of the simulator's benchmarks: 140-256-256-20 with delays, firing like a trained one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.model import INPUT, Readout
from neurodeploy.targets.loihi.chip import DU_NO_FILTER
from neurodeploy.targets.loihi.program import FixedGraph, FixedPopulation, FixedProjection

HIDDEN_RATE = 0.07
"""Spikes a step and neuron that thresholds are set for: trained networks of this kind fire at 5 to 10 %."""


def network(
    sizes: tuple[int, ...] = (140, 256, 256, 20),
    *,
    n_delays: int = 25,
    connectivity: float = 1.0,
    seed: int = 0,
) -> FixedGraph:
    """Give a chain of dense layers with mixed even weights and delays uniform in ``0..n_delays-1``."""
    rng = np.random.default_rng(seed)
    names = [INPUT, *(f"hidden{k}" for k in range(1, len(sizes) - 1)), "readout"]
    populations = tuple(
        _population(name, size, vth=_threshold(before, connectivity, first=k == 0), spiking=name != "readout")
        for k, (name, size, before) in enumerate(zip(names[1:], sizes[1:], sizes[:-1], strict=True))
    )
    projections = []
    for k in range(1, len(sizes)):
        shape = (1, sizes[k], sizes[k - 1])
        weight = 2 * rng.integers(-32, 36, shape) * (rng.random(shape) < connectivity)
        projections.append(
            FixedProjection(
                source=names[k - 1],
                target=names[k],
                weight=weight.astype(np.int32),
                exponent=0,
                delay_steps=rng.integers(0, n_delays, shape).astype(np.int32),
            )
        )
    return FixedGraph(
        name="-".join(map(str, sizes)),
        dt_s=0.01,
        input_size=sizes[0],
        input_max=1,
        populations=populations,
        projections=tuple(projections),
        readout=Readout(population="readout"),
    )


def _threshold(n_before: int, connectivity: float, *, first: bool) -> int:
    """Give a threshold that a sum of independent inputs passes about as often as wanted (found by trial)."""
    deviation = 37.4 * np.sqrt(n_before * connectivity * (0.04 if first else HIDDEN_RATE))
    return int(1.75 * deviation)


def _population(name: str, n: int, *, vth: int, spiking: bool) -> FixedPopulation:
    def all_of(value: int) -> NDArray[np.int32]:
        return np.full(n, value, dtype=np.int32)

    return FixedPopulation(
        name=name,
        spiking=spiking,
        scale=np.full(n, 6400.0),
        origin=np.zeros(n),
        dv=all_of(3600 if spiking else 200),
        du=all_of(DU_NO_FILTER),
        vth=all_of(vth if spiking else 131071),
        bias_mantissa=all_of(0),
        bias_exponent=all_of(0),
        v_initial=all_of(0),
        group=all_of(0),
        latency_steps=0,
    )


def inputs(
    n_samples: int, n_steps: int = 100, n_sources: int = 140, *, density: float = 0.04, seed: int = 1
) -> NDArray[np.uint8]:
    """Give binary input whose channels differ in rate, as real spikes do (gamma distributed)."""
    rng = np.random.default_rng(seed)
    rate = np.minimum(rng.gamma(0.7, density / 0.7, n_sources), 0.9)
    rate *= density / rate.mean()
    return (rng.random((n_samples, n_steps, n_sources), dtype=np.float32) < rate).astype(np.uint8)
