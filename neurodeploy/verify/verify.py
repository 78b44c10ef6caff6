"""Verify a bundle: every parity level in turn, each with a status and a reason."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from neurodeploy import __version__
from neurodeploy.bundle.golden import load_golden
from neurodeploy.data.samples import Samples, load_samples
from neurodeploy.files import check_hashes
from neurodeploy.findings.codes_parity import UNKNOWN_RUNTIME
from neurodeploy.findings.codes_usage import WRONG_USAGE
from neurodeploy.findings.finding import nearest
from neurodeploy.nir.read import read_nir
from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.loihi.program_file import read_program
from neurodeploy.verify.accuracy import check_accuracy, measure_sets
from neurodeploy.verify.artefact import check_chip_file, check_listed, check_rules
from neurodeploy.verify.lava import LavaRunner, check_lava, choose_inputs
from neurodeploy.verify.levels import check_golden, check_trained, check_twins
from neurodeploy.verify.thresholds import Thresholds
from neurodeploy.verify.verification import Verification

RUNTIMES = ("lava",)
"""What can be asked to run the bundle, besides our own simulators."""

NOT_VERIFIED = "calibration"
"""The set that the integers were fitted on: never one to measure on."""


def verify(
    bundle: Path,
    *,
    samples: int | None = None,
    runtimes: Mapping[str, int] | None = None,
    if_present: Mapping[str, int] | None = None,
    max_drop: float | None = None,
    confidence: float | None = None,
    given: Path | None = None,
    threads: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
    runner: LavaRunner | None = None,
) -> Verification:
    """Run every check on a bundle.

    Parameters
    ----------
    bundle
        The folder.
    samples
        How many samples of each set P2 measures; None for all.
    runtimes
        How many samples each runtime must run, by its name: one that is missing is exit code 4.
    if_present
        The same for runtimes that may be missing: then the check is skipped, with the reason.
    max_drop, confidence
        See :class:`neurodeploy.verify.thresholds.Thresholds`.
    given
        npz with ``spikes`` (and ``labels``, ``mask``) to measure on in place of the bundle's own sets.
    threads
        For the simulators; by default every core.
    progress
        Called with a line for each stage.
    runner
        Lava; by default the Loihi backend's.

    Returns
    -------
    Verification
        With a status and a reason for every check.

    Raises
    ------
    NeurodeployError
        ND008 (exit code 5) where the content does not match its hashes; ND2xx (exit code 3) where the program
        breaks a rule of its target; ND080 for limits and numbers that mean nothing, ND427 for an unknown
        runtime; ND0xx for unreadable files, and for samples, labels or masks that mean nothing.
    """
    bundle = Path(bundle)
    thresholds = Thresholds(max_drop=max_drop, confidence=confidence)
    asked, required = _asked(runtimes or {}, if_present or {})
    progress("checking hashes")
    manifest = check_hashes(bundle)
    program = read_program(bundle / "program.h5")
    checks = [
        check_listed(manifest),
        check_rules(program, str(manifest.get("target", ""))),
        check_chip_file(bundle, program, manifest),
    ]
    progress("reading the network and its samples")
    graph = read_nir(bundle / "model.nir")
    golden = load_golden(bundle / "golden.npz")
    sets = _sets(bundle, program, given)
    progress("P1: trained network against NIR file")
    trained_here = manifest.get("training") is not None
    checks.append(check_trained(graph, golden, trained_here=trained_here, threads=threads))
    results = measure_sets(
        graph,
        program,
        sets,
        samples=samples,
        confidence=thresholds.interval,
        threads=threads,
        progress=progress,
    )
    checks.append(check_accuracy(results, thresholds, trained=golden.trained))
    progress("integers against those at export")
    checks.append(check_golden(program, golden, threads=threads))
    progress("fast simulator against the reference")
    checks.append(check_twins(program, golden, threads=threads))
    source, inputs = choose_inputs(sets, golden.spikes, asked)
    if asked:
        progress(f"P3: Lava on {len(inputs)} samples")
    checks.append(
        check_lava(
            bundle,
            program,
            inputs,
            asked=asked,
            source=source,
            required=required,
            runner=runner or _loihi_runner(),
            progress=progress,
        )
    )
    return Verification(
        bundle=str(bundle),
        name=str(manifest.get("name", "")),
        target=str(manifest.get("target", "")),
        dt_s=program.dt_s,
        checks=tuple(checks),
        sets=tuple(results),
        versions=versions(manifest),
    )


def _asked(runtimes: Mapping[str, int], if_present: Mapping[str, int]) -> tuple[int, bool]:
    """Give how many samples the runtime must run, and whether it may be missing."""
    for name, number in [*runtimes.items(), *if_present.items()]:
        if name not in RUNTIMES:
            raise UNKNOWN_RUNTIME.error(
                where="verify", found=name, limit=", ".join(RUNTIMES), help=nearest(name, RUNTIMES)
            )
        if number < 1:
            raise WRONG_USAGE.error(
                message="wrong usage: a runtime is asked to run no samples",
                where=name,
                found=str(number),
                limit="at least 1",
            )
    if twice := set(runtimes) & set(if_present):
        raise WRONG_USAGE.error(
            message="wrong usage: a runtime is asked for as required and as one that may be missing",
            where=", ".join(sorted(twice)),
            help="Give one of the two.",
        )
    (name,) = RUNTIMES
    return runtimes.get(name, if_present.get(name, 0)), name in runtimes


def _sets(bundle: Path, program: FixedGraph, given: Path | None) -> dict[str, Samples]:
    """Give the sets to measure on, checked against what the network takes."""
    readout = program.readout
    n_classes = None if readout is None else program.population(readout.population).size
    takes: dict[str, Any] = {
        "size": program.input_size,
        "maximum": program.input_max,
        "n_classes": n_classes,
    }
    if given is not None:
        return {"given": Samples.from_npz(given, **takes)}
    sets = load_samples(bundle / "samples.npz", **takes)
    without = {name: samples for name, samples in sets.items() if name != NOT_VERIFIED}
    return without or sets


def versions(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Give the versions of what takes part now, and of what made the bundle."""
    found = {"neurodeploy": __version__, "python": ".".join(str(x) for x in sys.version_info[:3])}
    for package in ("numpy", "numba", "h5py", "nir"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    made = manifest.get("versions", {})
    return found | {f"exported with {name}": str(number) for name, number in dict(made).items()}


def _loihi_runner() -> LavaRunner:
    """Give the Loihi backend's Lava."""
    from neurodeploy.verify.loihi_lava import LoihiLava

    return LoihiLava()
