"""Verify a bundle: every parity level in turn, each with a status and a reason."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from neurodeploy import __version__
from neurodeploy.bundle.bundle import Bundle, open_bundle
from neurodeploy.bundle.manifest import Manifest
from neurodeploy.data.samples import Samples
from neurodeploy.findings.codes_parity import UNKNOWN_RUNTIME
from neurodeploy.findings.finding import nearest
from neurodeploy.targets.target import Runtime
from neurodeploy.verify.gates import Check, judge
from neurodeploy.verify.in_runtime import check_runtime, choose_inputs
from neurodeploy.verify.levels import check_drop, check_golden, check_trained, check_twins, measure_sets
from neurodeploy.verify.verification import Verification

BACKENDS = ("lava",)
"""Backends that ``require`` may name: those that can be missing."""

LAVA_IF_REQUIRED = 4
"""How many samples Lava runs where it is required and no number is given."""

NOT_VERIFIED = "calibration"
"""The set that the integers were fitted on: never one to measure on."""


def verify(
    bundle: Path,
    *,
    samples: int | None = None,
    lava: int | None = None,
    require: Collection[str] = (),
    max_drop: float | None = None,
    given: Path | None = None,
    threads: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
    runtime: Runtime | None = None,
) -> Verification:
    """Run every check on a bundle.

    Parameters
    ----------
    bundle
        The folder.
    samples
        How many samples of each set P2 measures; None for all.
    lava
        How many samples Lava runs; None for none, or for :data:`LAVA_IF_REQUIRED` if Lava is required.
    require
        Backends without which the verification cannot pass: ``lava``.
    max_drop
        Largest drop of accuracy from float to integers, in percentage points; None measures without a limit.
    given
        npz with ``spikes`` (and ``labels``, ``mask``) to measure on in place of the bundle's own sets.
    threads
        For the simulators; by default every core.
    progress
        Called with a line for each stage.
    runtime
        What P3 runs the bundle in; by default the target's own.

    Returns
    -------
    Verification
        With a status and a reason for every check.

    Raises
    ------
    NeurodeployError
        ND008 (exit code 5) where the content does not match its hashes; ND427 an unknown backend in
        ``require``; ND0xx for unreadable files.
    """
    bundle = Path(bundle)
    for name in require:
        if name not in BACKENDS:
            raise UNKNOWN_RUNTIME.error(
                where="--require", found=name, limit=", ".join(BACKENDS), help=nearest(name, BACKENDS)
            )
    progress("checking hashes")
    opened = open_bundle(bundle)
    manifest = opened.manifest
    checks: list[Check] = [_hashes(manifest)]
    graph, target, program, golden = opened.graph, opened.target, opened.program, opened.golden
    sets = _sets(opened, given)
    progress("P1: trained network against NIR file")
    checks.append(check_trained(graph, golden, threads=threads))
    results = measure_sets(graph, target, program, sets, samples=samples, threads=threads, progress=progress)
    checks.append(check_drop(results, max_drop))
    progress("integers against those at export")
    checks.append(check_golden(target, program, golden, threads=threads))
    progress("fast simulator against the reference")
    checks.append(check_twins(target, program, golden, threads=threads))
    required = "lava" in require
    asked = lava if lava is not None else (LAVA_IF_REQUIRED if required else 0)
    source, inputs = choose_inputs(sets, golden.spikes, asked)
    if asked:
        progress(f"P3: Lava on {len(inputs)} samples")
    given_runtime = runtime or next(iter(target.runtimes.values()), None)
    checks.append(
        check_runtime(
            bundle,
            target,
            program,
            inputs,
            asked=asked,
            source=source,
            required=required,
            runtime=given_runtime,
            progress=progress,
        )
    )
    return Verification(
        bundle=str(bundle),
        name=manifest.name,
        target=manifest.target,
        dt_s=graph.dt_s,
        checks=tuple(checks),
        sets=tuple(results),
        versions=versions(manifest),
    )


def _hashes(manifest: Manifest) -> Check:
    """Report the hashes, which :func:`open_bundle` has found in order."""
    n_files = len(manifest.sha256)
    return judge(
        "hashes",
        "content = sha256 in the manifest",
        n_compared=n_files,
        problems=(),
        agreed=f"{n_files} files",
    )


def _sets(bundle: Bundle, given: Path | None) -> dict[str, Samples]:
    """Give the sets to measure on, checked against what the network takes."""
    if given is not None:
        manifest = bundle.manifest
        return {
            "given": Samples.from_npz(
                given, size=manifest.input_size, maximum=manifest.input_max, n_classes=bundle.n_classes
            )
        }
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
