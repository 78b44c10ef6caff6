"""Export: from a run or a NIR file to a bundle, stage after stage, measured on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import neurodeploy
from neurodeploy.bundle.golden import save_golden
from neurodeploy.bundle.layout import GOLDEN, MODEL, SAMPLES
from neurodeploy.bundle.manifest import NOT_MEASURED, Manifest
from neurodeploy.bundle.manifest_file import write_manifest
from neurodeploy.bundle.place import bundle_folder, check_place
from neurodeploy.data.samples import Samples, save_samples
from neurodeploy.findings.codes_parity import SILENT_POPULATION
from neurodeploy.findings.codes_program import WITHOUT_EFFECT
from neurodeploy.findings.finding import Finding, Severity, raise_errors
from neurodeploy.graph.model import Graph
from neurodeploy.graph.observed import Observed
from neurodeploy.nir.read import read_nir
from neurodeploy.nir.write import write_nir
from neurodeploy.passes.by_name import spelled
from neurodeploy.passes.draft import Pass
from neurodeploy.progress import Progress, silent
from neurodeploy.source import read_source
from neurodeploy.targets.registry import TARGET_FILE, nameable
from neurodeploy.targets.target import Lowered, Target, WritesFloat
from neurodeploy.verify.ladder import ladder

GOLDEN_SAMPLES = 8
"""How many samples a bundle keeps every population's spikes of."""


@dataclass(frozen=True, slots=True, eq=False)
class ExportResult:
    """Where the bundle is, what was found, what each rung measured, and the manifest."""

    bundle: Path
    findings: tuple[Finding, ...]
    rungs: list[dict[str, Any]]
    manifest: Manifest


def export(
    source: Path | Graph | Observed,
    *,
    target: str | Path | Target[Any],
    out: Path,
    dt_s: float | None = None,
    dialect: str | None = None,
    calibrate: Path | Samples | None = None,
    verify: bool = True,
    passes: Sequence[Pass] = (),
    seed: int | None = None,
    with_float: bool = False,
    traces: Path | None = None,
    score: str | None = None,
    input_max: int | None = None,
    progress: Progress = silent,
) -> ExportResult:
    """Quantise and compile a network into a bundle, and measure what every rounding cost.

    Parameters
    ----------
    source
        A run folder of ``neurodeploy train``, a NIR file, a network, or one with traces of its own.
    target
        Name of a target, path of a target file, or a target.
    out
        The bundle's folder; it appears when everything in it is written.
    dt_s
        Length of a step in seconds, for NIR files that do not record it.
    dialect
        Who wrote a NIR file, see :func:`neurodeploy.nir.read.read_nir`.
    calibrate
        Samples, or an npz of ``spikes`` (and ``labels``), that a network without a run is calibrated and
        measured on.
    verify
        Whether to measure the ladder; without it the manifest says that it was not.
    passes
        Run on the trained network before it is lowered.
    seed
        Of the random input that is used where there are no samples at all; 0 by default.
    with_float
        Whether the target also writes the trained network in floats; ND096 where it does not do so.
    traces
        npz of what the network did where it was trained, see
        :func:`neurodeploy.bundle.given_traces.observed_of`: P1 holds the network against it.
    score, input_max
        As for :func:`neurodeploy.nir.read.read_nir`.
    progress
        Called with the stages.

    Raises
    ------
    NeurodeployError
        Any finding of the stages, and ND096 for an option that would change nothing; then nothing is written.
    """
    check_place(out)
    chip = nameable(target)
    if with_float:
        _check_float(chip)
    progress(f"reading {source.graph.name if isinstance(source, Observed) else source.name}")
    loaded = read_source(
        source,
        dt_s=dt_s,
        dialect=dialect,
        calibrate=calibrate,
        seed=seed,
        traces=traces,
        score=score,
        input_max=input_max,
    )
    progress("lowering")
    calibration = loaded.samples.get("calibration") or next(iter(loaded.samples.values()))
    lowered = chip.lower(loaded.graph, calibration=calibration.spikes, passes=passes)
    program = lowered.program
    sets = {name: samples for name, samples in loaded.samples.items() if name != "calibration"} or {
        "calibration": calibration
    }
    findings = [*loaded.graph.notes, *_fitting(chip, lowered, sets, progress)]
    with bundle_folder(out) as folder:
        progress("writing NIR and compiling")
        write_nir(loaded.graph, folder / MODEL)
        compiled = chip.write(program, folder)
        if isinstance(target, str | Path) and Path(target).suffix == ".toml":
            (folder / TARGET_FILE).write_bytes(Path(target).read_bytes())
        save_samples(folder / SAMPLES, sets)
        golden_input = loaded.golden_input
        if golden_input is None:
            golden_input = next(iter(sets.values())).spikes[:GOLDEN_SAMPLES]
        if with_float and isinstance(chip, WritesFloat):
            progress("writing the float network and comparing it")
            compiled = {**compiled, "float": chip.write_float(loaded.graph, folder, golden_input)}
        fixed = chip.simulate(program, golden_input, record=("spikes", "v"))
        save_golden(folder / GOLDEN, golden_input, trained=loaded.golden, fixed=fixed)
        rungs = _measured(folder, chip, sets, progress) if verify else []
        findings += _silent(rungs)
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
                    "passes": [spelled(each) for each in passes],
                    "resources": dict(chip.resources(program).totals),
                },
                findings=[finding.to_dict() for finding in findings],
                rungs=rungs if verify else NOT_MEASURED,
                samples={name: len(samples) for name, samples in sets.items()},
                **loaded.facts,
            ),
        )
    return ExportResult(out, tuple(findings), rungs, manifest)


def _check_float(chip: Target[Any]) -> None:
    """ND096: a target that writes no network in floats."""
    if not isinstance(chip, WritesFloat):
        raise WITHOUT_EFFECT.error(
            where="--float",
            found=f"the target {chip.name} writes no network in floats",
            help="Leave --float out: model.nir holds the trained network.",
        )


def _measured(
    folder: Path, chip: Target[Any], sets: Mapping[str, Samples], progress: Progress
) -> list[dict[str, Any]]:
    """Measure the ladder on every set: on what a reader of the files gets, not on what is in memory."""
    graph, program = read_nir(folder / MODEL), chip.read(folder)
    rungs: list[dict[str, Any]] = []
    for name, samples in sets.items():
        stage = f"measuring the ladder on {name}"
        progress(stage, 0, len(samples))
        tell = partial(_tell, progress, stage, samples)
        rungs += [
            {"set": name, **rung.to_dict()} for rung in ladder(graph, chip, program, samples, progress=tell)
        ]
    return rungs


def _silent(rungs: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Warn of populations without a spike: nothing of theirs was measured."""
    found = []
    for name in dict.fromkeys(rung["set"] for rung in rungs):
        first, *_, last = (rung["spikes"] for rung in rungs if rung["set"] == name)
        found += [
            SILENT_POPULATION.finding(
                where=f"{population}, samples {name!r}",
                found=f"no spike as integers, {first[population]} in float",
                limit="at least 1 spike",
                help="Give samples that make it fire (--calibrate), or see who wrote the file: a gain, decay "
                "or reset may be lost (--dialect). `verify` may fail for it.",
                severity=Severity.WARNING,
            )
            for population, n_spikes in last.items()
            if not n_spikes
        ]
    return found


def _fitting(
    chip: Target[Any], lowered: Lowered[Any], sets: Mapping[str, Samples], progress: Progress
) -> list[Finding]:
    """Hold a program and what every sample drives in it against the target; give what is no error."""
    findings = [*lowered.findings, *raise_errors(chip.check(lowered.program))]
    progress("running every sample: do sums and readouts stay in range?")
    for name, samples in sets.items():
        findings += raise_errors(chip.range_findings(lowered.program, samples.spikes, f"samples {name!r}"))
    return findings


def _tell(progress: Progress, stage: str, samples: Samples, done: int) -> None:
    progress(stage, done, len(samples))
