"""Export: from a run or a NIR file to a bundle, stage after stage, measured on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurodeploy
from neurodeploy.bundle.folder import bundle_folder
from neurodeploy.bundle.golden import save_golden
from neurodeploy.bundle.layout import GOLDEN, MODEL, SAMPLES
from neurodeploy.bundle.manifest import NOT_MEASURED, Manifest
from neurodeploy.bundle.manifest_file import write_manifest
from neurodeploy.data.samples import Samples, save_samples
from neurodeploy.findings.finding import Finding, raise_errors
from neurodeploy.graph.lowering import canonical
from neurodeploy.graph.model import Graph
from neurodeploy.nir.read import read_nir
from neurodeploy.nir.write import write_nir
from neurodeploy.passes.draft import Pass
from neurodeploy.targets.registry import TARGET_FILE, load_target
from neurodeploy.traces import Traces
from neurodeploy.verify.ladder import ladder

GOLDEN_SAMPLES = 8
"""How many samples a bundle keeps every population's spikes of."""

RANDOM_SAMPLES, RANDOM_STEPS, RANDOM_RATE = 16, 100, 0.05
"""The input of a bundle made without any samples: Bernoulli spikes, marked as such."""

Progress = Callable[[str], None]


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


@dataclass(frozen=True, slots=True, eq=False)
class ExportResult:
    """Where the bundle is, what was found, what each rung measured, and the manifest."""

    bundle: Path
    findings: tuple[Finding, ...]
    rungs: list[dict[str, Any]]
    manifest: Manifest


def export(
    source: Path,
    *,
    target: str,
    out: Path,
    dt_s: float | None = None,
    calibrate: Path | None = None,
    verify: bool = True,
    passes: Sequence[Pass] = (),
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> ExportResult:
    """Quantise and compile a network into a bundle, and measure what every rounding cost.

    Parameters
    ----------
    source
        A run folder of ``neurodeploy train``, or a NIR file.
    target
        Name of a target or path of a target file.
    out
        The bundle's folder; it appears when everything in it is written.
    dt_s
        Length of a step in seconds, for NIR files that do not record it.
    calibrate
        npz with ``spikes`` (and ``labels``) that a NIR file is calibrated and measured on.
    verify
        Whether to measure the ladder; without it the manifest says that it was not.
    passes
        Run on the trained network before it is lowered.
    seed
        Of the random input that is used where there are no samples at all.
    progress
        Called with a line for each stage.

    Raises
    ------
    NeurodeployError
        Any finding of the stages; then nothing is written.
    """
    chip = load_target(target)
    progress(f"reading {source}")
    loaded = read_source(source, dt_s=dt_s, calibrate=calibrate, seed=seed)
    progress("lowering")
    calibration = loaded.samples.get("calibration") or next(iter(loaded.samples.values()))
    lowered = chip.lower(loaded.graph, calibration=calibration.spikes, passes=passes)
    program = lowered.program
    findings = list(lowered.findings)
    findings += raise_errors(chip.check(program))
    sets = {name: samples for name, samples in loaded.samples.items() if name != "calibration"} or {
        "calibration": calibration
    }
    progress("running every sample: do sums and readouts stay in range?")
    for name, samples in sets.items():
        findings += raise_errors(chip.range_findings(program, samples.spikes, f"samples {name!r}"))
    with bundle_folder(out) as folder:
        progress("writing NIR and compiling")
        write_nir(loaded.graph, folder / MODEL)
        compiled = chip.write(program, folder)
        if Path(target).suffix == ".toml":
            (folder / TARGET_FILE).write_bytes(Path(target).read_bytes())
        save_samples(folder / SAMPLES, sets)
        golden_input = loaded.golden_input
        if golden_input is None:
            golden_input = next(iter(sets.values())).spikes[:GOLDEN_SAMPLES]
        fixed = chip.simulate(program, golden_input, record=("spikes", "v"))
        save_golden(folder / GOLDEN, golden_input, trained=loaded.golden, fixed=fixed)
        # The rungs are measured on what a reader of the files gets, not on what is in memory.
        rungs: list[dict[str, Any]] = []
        if verify:
            graph = read_nir(folder / MODEL)
            for name, samples in sets.items():
                progress(f"measuring the ladder on {len(samples)} samples of {name}")
                rungs += [
                    {"set": name, **rung.to_dict()}
                    for rung in ladder(graph, chip, chip.read(folder), samples)
                ]
        manifest = write_manifest(
            folder,
            Manifest(
                name=loaded.graph.name,
                dt_s=loaded.graph.dt_s,
                input_size=loaded.graph.input_size,
                input_max=loaded.graph.input_max,
                latency_steps=lowered.latency_steps,
                readout=loaded.graph.readout,
                target=chip.name,
                backend=compiled,
                versions={"neurodeploy": neurodeploy.__version__, "numpy": np.__version__},
                rounding="to the nearest, ties away from zero; states decay toward zero",
                quantisation={
                    **lowered.facts,
                    "passes": [repr(each) for each in passes],
                    "resources": dict(chip.resources(program).totals),
                },
                findings=[finding.to_dict() for finding in findings],
                rungs=rungs if verify else NOT_MEASURED,
                samples={name: len(samples) for name, samples in sets.items()},
                **loaded.facts,
            ),
        )
    return ExportResult(out, tuple(findings), rungs, manifest)


def read_source(path: Path, *, dt_s: float | None, calibrate: Path | None, seed: int) -> Source:
    """Read a run folder or a NIR file; see :class:`Source`."""
    if path.is_dir():
        from neurodeploy.training.to_graph import load_run

        run = load_run(path)
        return Source(
            canonical(run.graph),  # what the NIR file gives back: the ladder compares tap by tap
            run.samples,
            run.golden_input,
            run.golden,
            {"recipe": run.recipe.name, "seed": run.recipe.train.seed, "training": run.facts},
        )
    graph = read_nir(path, dt_s=dt_s)
    if calibrate is not None:
        readout = graph.readout
        given = Samples.from_npz(
            calibrate,
            size=graph.input_size,
            maximum=graph.input_max,
            n_classes=None if readout is None else graph.population(readout.population).size,
        )
        samples = {"given": given}
    else:
        rng = np.random.default_rng(seed)
        shape = (RANDOM_SAMPLES, RANDOM_STEPS, graph.input_size)
        samples = {"random": Samples((rng.random(shape) < RANDOM_RATE).astype(np.uint8))}
    return Source(graph, samples, None, None, {"recipe": None, "seed": seed, "training": None})
