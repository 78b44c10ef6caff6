"""Verify a bundle: every parity level in turn, each with a status and a reason."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from neurodeploy import __version__
from neurodeploy.bundle.bundle import Bundle, open_bundle
from neurodeploy.bundle.manifest import Manifest
from neurodeploy.data.samples import Samples
from neurodeploy.findings.codes_parity import UNKNOWN_RUNTIME
from neurodeploy.findings.codes_usage import WRONG_USAGE
from neurodeploy.findings.finding import nearest
from neurodeploy.progress import Progress, silent
from neurodeploy.targets.target import Runtime
from neurodeploy.verify.accuracy import check_accuracy, measure_sets
from neurodeploy.verify.artefact import (
    check_certificate,
    check_chip_file,
    check_listed,
    check_rules,
)
from neurodeploy.verify.drop_limit import Thresholds
from neurodeploy.verify.gates import Check
from neurodeploy.verify.in_runtime import check_runtime, choose_inputs
from neurodeploy.verify.levels import check_golden, check_trained, check_twins
from neurodeploy.verify.verification import Verification

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
    progress: Progress = silent,
    runtime: Runtime | None = None,
) -> Verification:
    """Run every check on a bundle.

    Parameters
    ----------
    bundle
        The folder.
    samples
        How many samples of each set P2 measures; None for all.
    runtimes
        How many samples each runtime must run, by its name; the empty name is the target's first. One that
        is missing is exit code 4.
    if_present
        The same for runtimes that may be missing: then the check is skipped, with the reason.
    max_drop, confidence
        See :class:`neurodeploy.verify.drop_limit.Thresholds`.
    given
        npz with ``spikes`` (and ``labels``, ``mask``) to measure on in place of the bundle's own sets.
    threads
        For the simulators; by default every core.
    progress
        Called with the stages.
    runtime
        What P3 runs the bundle in, in place of the target's own of that name.

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
    thresholds = Thresholds(max_drop=max_drop, confidence=confidence)
    wanted = _wanted(runtimes or {}, if_present or {})
    progress("checking hashes")
    opened = open_bundle(bundle)
    manifest, target = opened.manifest, opened.target
    known = {**target.runtimes, **({} if runtime is None else {runtime.name: runtime})}
    wanted = _resolved(wanted, known, target.name)
    progress("reading the network and its samples")
    program, graph, golden = opened.program, opened.graph, opened.golden
    checks = _artefact(opened)
    sets = _sets(opened, given)
    progress("P1: trained network against NIR file")
    trained_here = manifest.recipe is not None or manifest.training is not None
    witness = manifest.witness
    checks.append(check_trained(graph, golden, trained_here=trained_here, witness=witness, threads=threads))
    results = measure_sets(
        graph,
        target,
        program,
        sets,
        samples=samples,
        confidence=thresholds.interval,
        threads=threads,
        progress=progress,
    )
    checks.append(check_accuracy(results, thresholds, trained=golden.trained))
    progress("integers against those at export")
    checks.append(check_golden(graph, target, program, golden, threads=threads))
    progress("fast simulator against the reference")
    checks.append(check_twins(graph, target, program, golden, threads=threads))
    checks += _in_runtimes(opened, sets, wanted, known, threads=threads, progress=progress)
    return Verification(
        bundle=str(bundle),
        name=manifest.name,
        target=manifest.target,
        dt_s=graph.dt_s,
        checks=tuple(checks),
        sets=tuple(results),
        versions=versions(manifest),
    )


def _artefact(bundle: Bundle) -> list[Check]:
    """Check the files, the target's rules, and what was written for the chip's own software."""
    graph, target, program = bundle.graph, bundle.target, bundle.program
    n_parts = len(graph.populations) + len(graph.projections)
    passes = bundle.manifest.quantisation.get("passes", ())
    return [
        check_listed(bundle.manifest, bundle.findings),
        check_rules(target, program, n_parts=n_parts),
        check_certificate(graph, target, program, passes=passes, n_parts=n_parts),
        check_chip_file(bundle.path, target, program, n_layers=len(graph.populations)),
    ]


def _wanted(runtimes: Mapping[str, int], if_present: Mapping[str, int]) -> dict[str, tuple[int, bool]]:
    """Give, by runtime, how many samples it runs and whether it must be there; refuse what means nothing."""
    for name, number in [*runtimes.items(), *if_present.items()]:
        if number < 1:
            raise WRONG_USAGE.error(
                message="wrong usage: a runtime is asked to run no samples",
                where=name,
                found=str(number),
                limit="at least 1",
            )
    if "" in {**runtimes, **if_present} and len({**runtimes, **if_present}) > 1:
        raise WRONG_USAGE.error(
            message="wrong usage: a runtime without a name is asked for beside others",
            where="verify",
            found=", ".join(name or "the target's first" for name in {**runtimes, **if_present}),
            help="Name each of them: --runtime NAME=N.",
        )
    if twice := set(runtimes) & set(if_present):
        raise WRONG_USAGE.error(
            message="wrong usage: a runtime is asked for as required and as one that may be missing",
            where=", ".join(sorted(twice)),
            help="Give one of the two.",
        )
    required = {name: (number, True) for name, number in runtimes.items()}
    return required | {name: (number, False) for name, number in if_present.items()}


def _resolved(
    wanted: Mapping[str, tuple[int, bool]], known: Mapping[str, Runtime], target: str
) -> dict[str, tuple[int, bool]]:
    """Give the wishes by the names that the target has; refuse a runtime that it has not."""
    resolved: dict[str, tuple[int, bool]] = {}
    for name, wish in wanted.items():
        full = name or next(iter(known), "")
        if full not in known:
            raise UNKNOWN_RUNTIME.error(
                where=f"target {target}",
                found=name or "a runtime was asked for",
                limit=", ".join(known) or "it has none besides our simulator",
                help=nearest(name, known),
            )
        if full in resolved:
            raise WRONG_USAGE.error(
                message="wrong usage: a runtime is asked for twice", where=full, help="Give one number."
            )
        resolved[full] = wish
    return resolved


def _in_runtimes(
    bundle: Bundle,
    sets: Mapping[str, Samples],
    wanted: Mapping[str, tuple[int, bool]],
    known: Mapping[str, Runtime],
    *,
    threads: int | None,
    progress: Progress,
) -> list[Check]:
    """P3 in every runtime that was asked for; where none was, one check that was skipped."""
    checks = []
    for name in wanted or [*known][:1] or [""]:
        asked, required = wanted.get(name, (0, False))
        source, inputs = choose_inputs(sets, bundle.golden.spikes, asked)
        if asked:
            progress(f"P3: {name.capitalize()}", 0, len(inputs))
        checks.append(
            check_runtime(
                bundle.path,
                bundle.graph,
                bundle.target,
                bundle.program,
                inputs,
                asked=asked,
                source=source,
                required=required,
                runtime=known.get(name),
                threads=threads,
                progress=progress,
            )
        )
    return checks


def _sets(bundle: Bundle, given: Path | None) -> dict[str, Samples]:
    """Give the sets to measure on, checked against what the network takes."""
    if given is not None:
        manifest = bundle.manifest
        takes = {"size": manifest.input_size, "maximum": manifest.input_max}
        return {"given": Samples.from_npz(given, **takes, n_classes=bundle.n_classes)}
    sets = dict(bundle.samples)
    without = {name: samples for name, samples in sets.items() if name != NOT_VERIFIED}
    return without or sets


def versions(manifest: Manifest) -> dict[str, str]:
    """Give the versions of what takes part now, and of what made the bundle."""
    found = {"neurodeploy": __version__, "python": ".".join(str(x) for x in sys.version_info[:3])}
    for package in ("numpy", "numba", "h5py", "nir"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found | {f"exported with {name}": number for name, number in manifest.versions.items()}
