"""What a bundle's files say of each other: hashes, rules, certificate, and the file that the chip reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neurodeploy.bundle.manifest import Manifest
from neurodeploy.findings.finding import Finding, NeurodeployError, raise_errors
from neurodeploy.graph.model import Graph
from neurodeploy.passes.by_name import load_pass
from neurodeploy.passes.draft import Draft, run_passes
from neurodeploy.targets.target import Certifies, ChecksFiles, Target
from neurodeploy.verify.gates import Check, judge, skipped


def check_listed(manifest: Manifest, notes: Sequence[Finding] = ()) -> Check:
    """Report the hashes, which were found in order when the bundle was opened, with what was noted then."""
    n_files = len(manifest.sha256)
    return judge(
        "hashes",
        "content = sha256 in the manifest",
        n_compared=n_files,
        problems=(),
        agreed=f"{n_files} files",
        notes=notes,
    )


def check_rules(target: Target[Any], program: Any, *, n_parts: int) -> Check:
    """Hold the program that was read against the rules of its target.

    Parameters
    ----------
    target
        Whose rules.
    program
        What the simulators will run.
    n_parts
        How many populations and projections it has.

    Raises
    ------
    NeurodeployError
        ND2xx with exit code 3: no chip can hold this program, so what a simulator computes proves nothing.
    """
    notes = raise_errors(target.check(program))
    return judge(
        "rules",
        "program within the target's limits",
        n_compared=n_parts,
        problems=(),
        agreed=f"{n_parts} populations and projections within the limits of {target.name}",
        notes=notes,
    )


def check_certificate(
    graph: Graph, target: Target[Any], program: Any, *, passes: Sequence[Any], n_parts: int
) -> Check:
    """P0: hold every number of the program against the interval that the NIR file gives it; nothing runs.

    Parameters
    ----------
    graph
        The NIR file, read back: the network before the passes.
    target, program
        What it was lowered to.
    passes
        As the manifest spells them (:func:`neurodeploy.passes.by_name.spelled`); they run first.
    n_parts
        How many populations and projections the program has.
    """
    title = "program = a legal rounding of the NIR file"
    if not isinstance(target, Certifies):
        return skipped("P0", title, f"the target {target.name} cannot say what a legal rounding is")
    try:
        asked = [load_pass(str(each)) for each in passes]
    except NeurodeployError:
        reason = f"it was made with passes that are not installed: {', '.join(map(str, passes))}"
        return skipped("P0", title, reason)
    graph = run_passes(Draft(graph, None), asked).graph
    after = f", after {', '.join(map(str, passes))}" if passes else ""
    return judge(
        "P0",
        title,
        n_compared=n_parts,
        problems=target.certify(graph, program),
        agreed=f"delays, decays, groups, thresholds, biases, starts and weights of {n_parts} populations and "
        f"projections{after}",
    )


def check_chip_file(bundle: Path, target: Target[Any], program: Any, *, n_layers: int) -> Check:
    """Hold the file that the chip's own software reads against the program, with a reader of its own."""
    title = "chip's file = program"
    if not isinstance(target, ChecksFiles):
        return skipped("files", title, f"the target {target.name} has no second reader of its files")
    problems = target.file_findings(program, bundle)
    if problems is None:
        return skipped("files", title, "the bundle has no such file: its format cannot hold this program")
    return judge(
        "files",
        title,
        n_compared=n_layers,
        problems=problems,
        agreed=f"every number of {n_layers} layers equal, read back by code that did not write it",
    )
