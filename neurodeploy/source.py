"""What an export starts from: a run, a NIR file, or a network with the traces of who trained it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.bundle.given_traces import observed_of
from neurodeploy.bundle.idle_options import kind_of, refuse_idle
from neurodeploy.bundle.manifest import WITNESS
from neurodeploy.data.samples import Samples
from neurodeploy.graph.lowering import canonical
from neurodeploy.graph.model import Graph
from neurodeploy.graph.observed import Observed
from neurodeploy.nir.read import read_nir
from neurodeploy.traces import Traces
from neurodeploy.verify.comparison import cut
from neurodeploy.verify.levels import refuse_unequal

GOLDEN_OBSERVED = 64
"""How many samples of given traces a bundle keeps; P1 at the export compares all of them."""

RANDOM_SAMPLES, RANDOM_STEPS, RANDOM_RATE = 16, 100, 0.05
"""The input of a bundle made without any samples: Bernoulli spikes, marked as such."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What is exported: the graph, samples to measure on, and what the trained network did.

    Attributes
    ----------
    graph
        In float, delays as trained.
    samples
        Sets by name: ``validation``, ``test``, ``calibration``; or ``given``; or ``random``.
    golden_input, golden
        Inputs ``[sample, step, source]`` and the trained network's float64 traces; None for NIR files.
    facts
        For the manifest: recipe, seed, accuracies of the training.
    """

    graph: Graph
    samples: Mapping[str, Samples]
    golden_input: NDArray[np.uint8] | None
    golden: Traces | None
    facts: Mapping[str, Any]


def read_source(
    path: Path | Graph | Observed,
    *,
    dt_s: float | None = None,
    dialect: str | None = None,
    calibrate: Path | Samples | None = None,
    seed: int | None = None,
    traces: Path | None = None,
    score: str | None = None,
    input_max: int | None = None,
) -> Source:
    """Read a run folder or a NIR file, or take a network; see :class:`Source`."""
    options: dict[str, object] = {"dt": dt_s, "dialect": dialect, "calibrate": calibrate, "seed": seed}
    options |= {"traces": traces, "score": score, "input-max": input_max}
    refuse_idle(kind_of(path), {name for name, value in options.items() if value is not None})
    if isinstance(path, Observed):
        return _witnessed(path, {"given": path.samples})
    if isinstance(path, Path) and path.is_dir():
        from neurodeploy.training.to_graph import load_run

        run = load_run(path)
        return Source(
            canonical(run.graph),  # what the NIR file gives back: the ladder compares tap by tap
            run.samples,
            run.golden_input,
            run.golden,
            {"recipe": run.recipe.name, "seed": run.recipe.train.seed, "training": run.facts},
        )
    graph = (
        canonical(path)
        if isinstance(path, Graph)
        else read_nir(path, dt_s=dt_s, dialect=dialect, score=score, input_max=input_max)
    )
    observed = None if traces is None else observed_of(graph, traces)
    readout = graph.readout
    n_classes = None if readout is None else graph.population(readout.population).size
    if isinstance(calibrate, Samples):
        given = Samples(
            calibrate.spikes,
            calibrate.labels,
            calibrate.mask,
            size=graph.input_size,
            maximum=graph.input_max,
            n_classes=n_classes,
            where="calibrate",
        )
        samples = {"given": given}
    elif calibrate is not None:
        given = Samples.from_npz(
            calibrate, size=graph.input_size, maximum=graph.input_max, n_classes=n_classes
        )
        samples = {"given": given}
    elif observed is not None:
        samples = {"given": observed.samples}
    else:
        rng = np.random.default_rng(seed or 0)
        shape = (RANDOM_SAMPLES, RANDOM_STEPS, graph.input_size)
        samples = {"random": Samples((rng.random(shape) < RANDOM_RATE).astype(np.uint8))}
    if observed is not None:
        return _witnessed(observed, samples)
    return Source(graph, samples, None, None, {"recipe": None, "seed": seed or 0, "training": None})


def _witnessed(network: Observed, samples: Mapping[str, Samples]) -> Source:
    """Take a network with traces, after holding it against them; ND470 where it computes something else."""
    network = replace(network, graph=canonical(network.graph))
    refuse_unequal(network)
    traces = cut(network.traces, slice(0, GOLDEN_OBSERVED))
    facts = {WITNESS: network.witness, "witnessed_samples": len(network.spikes), **network.facts}
    return Source(
        network.graph,
        samples,
        network.spikes[:GOLDEN_OBSERVED],
        traces,
        {"recipe": None, "seed": None, "training": facts},
    )
