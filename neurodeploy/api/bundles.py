"""Make bundles, open them, compute with them and prove them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from neurodeploy.api.given import (
    PathLike,
    Spikes,
    bundle_of,
    graph_of,
    opened,
    spikes_for,
    without_effect,
)
from neurodeploy.bundle.bundle import Bundle
from neurodeploy.data.samples import Samples
from neurodeploy.data.samples import accuracy as _accuracy
from neurodeploy.files.paths import existing
from neurodeploy.findings.codes_parity import UNKNOWN_RUNTIME
from neurodeploy.findings.finding import nearest
from neurodeploy.graph.model import Graph
from neurodeploy.progress import Progress, silent
from neurodeploy.runs.run import Run
from neurodeploy.traces import Traces

if TYPE_CHECKING:
    from neurodeploy.verify.verification import Verification

FLOAT, FIXED = "float", "fixed"
"""Backends that every bundle has: the float network, and the target's own simulator."""


def open_bundle(path: PathLike) -> Bundle:
    """Open a bundle: read its manifest and check the digest of every file.

    Raises
    ------
    NeurodeployError
        ND001, ND006, ND007, ND009: no such bundle, or a manifest that cannot be used; ND008 with exit code 5:
        a file is missing or changed.
    """
    return bundle_of(path)


def simulate(
    network: Graph | Run | Bundle | PathLike,
    spikes: Spikes,
    *,
    record: Sequence[str] = ("spikes", "v"),
    threads: int | None = None,
) -> Traces:
    """Compute what a network does with input spikes: a bundle in integers, anything else in float64.

    Parameters
    ----------
    network
        A bundle (its target's simulator, bit for bit what the chip computes), or a graph, a run or a NIR file
        (the float interpreter); or a path of one.
    spikes
        Whole numbers ``[sample, step, source]``, samples, or an npz file of them.
    record
        What to keep: ``spikes``, ``v``, and for bundles ``u``.
    threads
        By default every core of the process; the result does not depend on it.

    Returns
    -------
    Traces
        Latencies removed: step t of every population is step t of the trained network.

    Raises
    ------
    NeurodeployError
        ND010, ND011, ND015 for the spikes; findings of what cannot be read.
    """
    found = opened(network)
    if isinstance(found, Bundle):
        given = spikes_for(found, spikes)
        return found.target.simulate(found.program, given, record=record, threads=threads)
    from neurodeploy.graph.interpret import interpret

    graph = graph_of(found)
    return interpret(graph, spikes_for(graph, spikes), record=record, threads=threads)


def run(
    bundle: Bundle | PathLike,
    spikes: Spikes,
    *,
    backend: str,
    record: Sequence[str] = ("spikes", "v"),
    threads: int | None = None,
    timeout_s: float | None = None,
    progress: Progress = silent,
) -> Traces:
    """Run a bundle on one backend; no backend ever takes the place of another.

    Parameters
    ----------
    bundle
        A bundle or its folder.
    spikes
        Whole numbers ``[sample, step, source]``, samples, or an npz file of them.
    backend
        ``float``: the float network; ``fixed``: the target's simulator; or a runtime of the target, as
        ``lava``.
    record
        What to keep: ``spikes``, ``v``, ``u`` (not of the float network).
    threads
        For ``float`` and ``fixed``.
    timeout_s
        For a runtime: how long it may take.
    progress
        Called with the stages.

    Raises
    ------
    NeurodeployError
        ND427 an unknown backend; with exit code 4 one that is missing or breaks off; ND096 an option that the
        backend does not have.
    """
    opened_bundle = bundle_of(bundle)
    given = spikes_for(opened_bundle, spikes)
    if backend in (FLOAT, FIXED):
        if timeout_s is not None:
            raise without_effect("timeout_s", f"the backend {backend}", "Leave it out.")
        progress("computing in float64" if backend == FLOAT else "simulating integers")
        network = opened_bundle.graph if backend == FLOAT else opened_bundle
        return simulate(network, given, record=record, threads=threads)
    runtimes = opened_bundle.target.runtimes
    if backend not in runtimes:
        known = (FLOAT, FIXED, *runtimes)
        raise UNKNOWN_RUNTIME.error(
            where="backend", found=backend, limit=", ".join(known), help=nearest(backend, known)
        )
    if threads is not None:
        raise without_effect("threads", f"the backend {backend}", "It has processes of its own.")
    name = backend.capitalize()
    progress(name, 0, len(given))
    return runtimes[backend].run(
        opened_bundle.path,
        given,
        record=record,
        timeout_s=timeout_s,
        progress=lambda done, total: progress(name, done, total),
    )


def verify(
    bundle: Bundle | PathLike,
    *,
    samples: int | None = None,
    runtimes: Mapping[str, int] | None = None,
    if_present: Mapping[str, int] | None = None,
    max_drop: float | None = None,
    confidence: float | None = None,
    given: PathLike | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> Verification:
    """Prove that a bundle computes what was trained, level by level.

    Parameters
    ----------
    bundle
        A bundle or its folder; its files are read and checked anew.
    samples
        How many samples of each set P2 measures; None for all.
    runtimes
        How many samples each runtime must run (P3), by its name, as ``{"lava": 4}``; the empty name is the
        target's first. One that is missing is exit code 4.
    if_present
        The same for runtimes that may be missing: then the check is skipped, with the reason.
    max_drop
        Largest drop of accuracy from float to integers, in percentage points; without it, accuracy is
        measured and nothing is said to have passed.
    confidence
        Hold ``max_drop`` against the upper end of the paired interval at this confidence, between 0 and 1.
    given
        npz with ``spikes`` (and ``labels``, ``mask``) to measure on in place of the bundle's own sets.
    threads
        For the simulators; by default every core.
    progress
        Called with the stages.

    Returns
    -------
    Verification
        With a status and a reason for every check, and the exit code.

    Raises
    ------
    NeurodeployError
        ND008 with exit code 5 where the content does not match its hashes; findings of what cannot be read.
    """
    from neurodeploy.verify.verify import verify

    return verify(
        bundle.path if isinstance(bundle, Bundle) else existing(bundle),
        samples=samples,
        runtimes=runtimes,
        if_present=if_present,
        max_drop=max_drop,
        confidence=confidence,
        given=None if given is None else existing(given),
        threads=threads,
        progress=progress,
    )


def accuracy(samples: Samples, traces: Traces) -> float | None:
    """Give the fraction of right decisions, over the masked steps where decisions are per step.

    Parameters
    ----------
    samples
        With labels.
    traces
        Of the same samples, from :func:`simulate` or :func:`run`.

    Returns
    -------
    float | None
        Between 0 and 1; None where the samples have no labels or the network no readout.
    """
    return _accuracy(samples, traces)
