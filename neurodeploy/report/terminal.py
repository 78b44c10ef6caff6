"""A verification for the terminal: tables with rich, plain text where colours are not wanted."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neurodeploy.findings.finding import Exit, Finding
from neurodeploy.verify.gates import Status
from neurodeploy.verify.verification import SetResult, Verification

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH = 110
"""Columns of the plain form; a terminal has its own."""

STYLES = {Status.PASSED: "green", Status.FAILED: "bold red", Status.SKIPPED: "yellow"}

VERDICTS = {
    Exit.OK: "every required check ran and passed",
    Exit.GATE_FAILED: "a gate failed",
    Exit.BACKEND_MISSING: "a required backend is missing or did not run",
}
"""What the exit codes of a verification mean; the others are raised before there is one."""


def print_verification(verification: Verification, *, colour: bool) -> None:
    """Print the report to stdout."""
    _draw(verification, _console(colour))


def text_of(verification: Verification) -> str:
    """Give the report as plain text."""
    stream = io.StringIO()
    _draw(verification, _console(False, stream))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def print_text(item: Table | str, *, err: bool = False) -> None:
    """Print a table or text with the colours that the stream allows."""
    if item == "":
        return
    stream = sys.stderr if err else sys.stdout
    _console(stream.isatty(), stream).print(item, markup=False, highlight=False)


def findings_text(findings: Sequence[Finding]) -> str:
    """Give findings as text, one after the other."""
    return "\n\n".join(finding.render() for finding in findings)


def _console(colour: bool, stream: Any = None) -> Console:
    """Make a console; rich itself respects ``NO_COLOR``."""
    from rich.console import Console

    if colour:
        return Console(file=stream)
    return Console(file=stream, width=WIDTH, no_color=True, force_terminal=False, color_system=None)


def _draw(verification: Verification, console: Console) -> None:
    """Print every part."""
    title = f"{verification.name}  target {verification.target}  dt {verification.dt_s:g} s"
    console.print(title, style="bold", markup=False, highlight=False)
    console.print(_checks_table(verification))
    if verification.sets:
        console.print(_accuracy_table(verification.sets))
        for result in verification.sets:
            console.print(_ladder_table(result.name, [rung.to_dict() for rung in result.rungs]))
    for name in ("P1", "P3"):
        table = _population_table(verification, name)
        if table is not None:
            console.print(table)
    findings = [finding for check in verification.checks for finding in check.findings]
    if findings:
        console.print(findings_text(findings), markup=False, highlight=False)
        console.print()
    code = verification.exit_code
    style = STYLES[Status.PASSED if code == Exit.OK else Status.FAILED]
    console.print(verdict(verification), style=style, markup=False, highlight=False)


def verdict(verification: Verification) -> str:
    """Give the result in a line; what was skipped is named, so that a pass does not look like more."""
    code = verification.exit_code
    left_out = [check.name for check in verification.checks if check.status is Status.SKIPPED]
    skipped = f"; skipped: {', '.join(left_out)}" if left_out else ""
    return f"{VERDICTS[code]}{skipped} (exit code {code})"


def _table(title: str, columns: Iterable[str], *, left: int = 1) -> Table:
    """Make a table whose first ``left`` columns hold words and the others numbers."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number < left else "right", no_wrap=number == 0)
    return table


def _checks_table(verification: Verification) -> Table:
    from rich.text import Text

    table = _table("", ("check", "what", "result", "compared, or why not"), left=4)
    for check in verification.checks:
        table.add_row(
            check.name,
            check.title,
            Text(check.status.value, style=STYLES[check.status]),
            Text(check.reason),
        )
    return table


def _accuracy_table(sets: Sequence[SetResult]) -> Table:
    """P2: one row a set."""
    columns = ("set", "samples", "float %", "integer %", "drop, points", "95 % interval", "agreement %")
    table = _table("P2: accuracy of float and integers", columns)
    for result in sets:
        drop = result.drop
        table.add_row(
            result.name,
            f"{result.n_samples} of {result.n_available}",
            _percent(None if drop is None else drop.before),
            _percent(None if drop is None else drop.after),
            "-" if drop is None else f"{drop.drop:+.2f} ± {drop.standard_error:.2f}",
            "-" if drop is None else f"{drop.low:+.2f} to {drop.high:+.2f}",
            _percent(result.agreement),
        )
    return table


def rungs_table(rungs: Sequence[Mapping[str, Any]]) -> list[Table]:
    """Give one ladder table for each set in the rungs of an export."""
    names = list(dict.fromkeys(rung["set"] for rung in rungs))
    return [_ladder_table(name, [rung for rung in rungs if rung["set"] == name]) for name in names]


def _ladder_table(name: str, rungs: Sequence[Mapping[str, Any]]) -> Table:
    """Give one ladder, from the trained floats down."""
    populations = list(rungs[0]["spike_mismatch_percent"])
    table = _table(
        f"ladder on {name}: one rounding after the other",
        ("rung", "accuracy %", "agreement %", *(f"{p} spikes ≠ %" for p in populations)),
    )
    for rung in rungs:
        table.add_row(
            rung["title"],
            _percent(rung["accuracy_percent"]),
            _percent(rung["agreement_percent"]),
            *(f"{rung['spike_mismatch_percent'].get(p, float('nan')):.3f}" for p in populations),
        )
    return table


def _population_table(verification: Verification, name: str) -> Table | None:
    """Give one row a population for P1 or P3; None where it did not run."""
    check = verification.check(name) if any(c.name == name for c in verification.checks) else None
    if check is None or not check.facts.get("populations"):
        return None
    table = _table(
        f"{name}: {check.title}", ("population", "neuron-steps", "spike mismatches", "v mismatches")
    )
    for population, counts in check.facts["populations"].items():
        table.add_row(
            population,
            f"{counts['compared']:,}",
            f"{counts['spikes']:,}" if "spikes" in counts else "not compared",
            f"{counts['v']:,}" if "v" in counts else "not compared",
        )
    return table


def _percent(x: float | None) -> str:
    return "-" if x is None else f"{x:.2f}"
