"""What a bundle's files say of each other: hashes, the target's rules, and the file that the chip reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neurodeploy.findings.codes_parity import ARTEFACT_DIFFERS
from neurodeploy.findings.finding import NeurodeployError, raise_errors
from neurodeploy.targets.limits import load_target
from neurodeploy.targets.loihi import netx_read
from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.loihi.rules import rules
from neurodeploy.verify.gates import Check, judge, skipped


def check_listed(manifest: Mapping[str, Any]) -> Check:
    """Report the hashes, which were found in order when the bundle was opened."""
    n_files = len(manifest["sha256"])
    return judge(
        "hashes",
        "content = sha256 in the manifest",
        n_compared=n_files,
        problems=(),
        agreed=f"{n_files} files",
    )


def check_rules(program: FixedGraph, target: str) -> Check:
    """Hold the program that was read against the rules of its target.

    Parameters
    ----------
    program
        What the simulators will run.
    target
        Name, from the manifest. A target that is known only by a file of its own is not here: the check is
        then skipped, and says so.

    Raises
    ------
    NeurodeployError
        ND2xx with exit code 3: no chip can hold this program, so what a simulator computes proves nothing.
    """
    title = "program within the target's limits"
    try:
        chip = load_target(target)
    except NeurodeployError:
        return skipped(
            "rules", title, f"target {target!r} is not among the shipped ones: no limits are known"
        )
    notes = raise_errors(rules(program, chip))
    n_parts = len(program.populations) + len(program.projections)
    return judge(
        "rules",
        title,
        n_compared=n_parts,
        problems=(),
        agreed=f"{n_parts} populations and projections within the limits of {chip.name}",
        notes=notes,
    )


def check_chip_file(bundle: Path, program: FixedGraph, manifest: Mapping[str, Any]) -> Check:
    """Hold the file that the chip's own software reads against the program, with a reader of its own."""
    title = "chip's file = program"
    written = bool(dict(manifest.get("backend") or {}).get("netx"))
    there = (bundle / netx_read.FILE).is_file()
    if not there and not written:
        return skipped("files", title, "the bundle has no such file: its format cannot hold this program")
    if there:
        problems = list(netx_read.network_findings(bundle, program))
    else:
        problems = [
            ARTEFACT_DIFFERS.finding(
                where=str(bundle / netx_read.FILE),
                found="no file",
                limit="the manifest says that it was written",
                help=netx_read.HELP,
            )
        ]
    return judge(
        "files",
        title,
        n_compared=len(program.populations),
        problems=problems,
        agreed=f"every weight, delay, bias, decay and threshold equal, {len(program.populations)} layers",
    )
