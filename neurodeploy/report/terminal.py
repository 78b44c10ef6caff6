"""A verification for the terminal: tables with rich, plain text where colours are not wanted."""

from __future__ import annotations

import io
import math
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from neurodeploy.findings.finding import Exit, Finding
from neurodeploy.findings.printable import printable
from neurodeploy.report.columns import LEAST_WIDTH, number_tables, word_table
from neurodeploy.verify.gates import Status
from neurodeploy.verify.verification import SetResult, Verification

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH = 110
"""Columns of a report that is given as text; a terminal has its own."""

ENDLESS = 100_000
"""Columns of a pipe or file: nothing is broken there, so that ``grep`` finds a row whole."""

STYLES = {
    Status.PASSED: "green",
    Status.MEASURED: "cyan",
    Status.FAILED: "bold red",
    Status.SKIPPED: "yellow",
}

VERDICTS = {
    Exit.OK: "every required check ran and passed",
    Exit.GATE_FAILED: "a gate failed",
    Exit.BACKEND_MISSING: "a required backend is missing or did not run",
}
"""What the exit codes of a verification mean; the others are raised before there is one."""


def print_verification(verification: Verification, *, colour: bool) -> None:
    """Print the report to stdout."""
    _draw(verification, _console(colour))


def text_of(verification: Verification, *, width: int = WIDTH) -> str:
    """Give the report as plain text, for a terminal of some width."""
    stream = io.StringIO()
    _draw(verification, _console(False, stream, width=width))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def print_text(item: Table | str, *, err: bool = False) -> None:
    """Print a table or text with the colours that the stream allows; names in it cannot steer a terminal."""
    if item == "":
        return
    stream = sys.stderr if err else sys.stdout
    if isinstance(item, str):
        print(printable(item, lines=True), file=stream)
        return
    _console(stream.isatty(), stream).print(item, markup=False, highlight=False)


def findings_text(findings: Sequence[Finding]) -> str:
    """Give findings as text, one after the other; nothing in them can steer a terminal."""
    return printable("\n\n".join(finding.render() for finding in findings), lines=True)


def _console(colour: bool, stream: Any = None, *, width: int | None = None) -> Console:
    """Make a console; rich itself respects ``NO_COLOR``."""
    from rich.console import Console

    stream = sys.stdout if stream is None else stream
    if width is None:
        width = max(Console(file=stream).width, LEAST_WIDTH) if stream.isatty() else ENDLESS
    if colour:
        return Console(file=stream, width=width)
    return Console(file=stream, width=width, no_color=True, force_terminal=False, color_system=None)


def _draw(verification: Verification, console: Console) -> None:
    """Print every part."""
    name, target = printable(verification.name), printable(verification.target)
    title = f"{name}  target {target}  dt {verification.dt_s:g} s"
    console.print(title, style="bold", markup=False, highlight=False)
    console.print(_checks_table(verification))
    tables = _accuracy_tables(verification.sets, width=console.width)
    for result in verification.sets:
        rungs = [rung.to_dict() for rung in result.rungs]
        tables += _ladder_tables(result.name, rungs, width=console.width)
    for name in ("P1", "P3"):
        tables += _population_tables(verification, name, width=console.width)
    for table in tables:
        console.print(table)
    findings = [finding for check in verification.checks for finding in check.findings]
    if findings:
        console.print(findings_text(findings), markup=False, highlight=False)
        console.print()
    code = verification.exit_code
    style = STYLES[Status.PASSED if code == Exit.OK else Status.FAILED]
    console.print(verdict(verification), style=style, markup=False, highlight=False)


def verdict(verification: Verification) -> str:
    """Give the result in a line.

    What was only measured and what was skipped are named, so that a pass does not look like more.
    """
    code = verification.exit_code
    ended = {
        status: [check.name for check in verification.checks if check.status is status] for status in Status
    }
    said = VERDICTS[code]
    if code == Exit.OK and ended[Status.MEASURED]:
        said = "every check with a limit passed"
    if ended[Status.MEASURED]:
        said += f"; only measured: {', '.join(ended[Status.MEASURED])}"
    if ended[Status.SKIPPED]:
        said += f"; skipped: {', '.join(ended[Status.SKIPPED])}"
    return f"{printable(said)} (exit code {code})"


def _checks_table(verification: Verification) -> Table:
    from rich.text import Text

    table = word_table("", ("check", "what", "result", "compared, or why not"))
    for check in verification.checks:
        table.add_row(
            Text(printable(check.name)),
            Text(printable(check.title)),
            Text(check.status.value, style=STYLES[check.status]),
            Text(printable(check.reason)),
        )
    return table


def _accuracy_tables(sets: Sequence[SetResult], *, width: int) -> list[Table]:
    """P2: one row a set."""
    if not sets:
        return []
    confidences = {result.drop.confidence for result in sets if result.drop is not None}
    interval = f"{100 * max(confidences, default=0.95):g} % interval"
    columns = ("set", "samples", "float %", "integer %", "drop, points", interval, "agreement %")
    rows = []
    for result in sets:
        drop = result.drop
        rows.append(
            (
                result.name,
                f"{result.n_samples} of {result.n_available}",
                _percent(None if drop is None else drop.before),
                _percent(None if drop is None else drop.after),
                "-" if drop is None else f"{drop.drop:+.2f} ± {_percent(drop.standard_error)}",
                "-" if drop is None else f"{drop.low:+.2f} to {drop.high:+.2f}",
                _percent(result.agreement),
            )
        )
    return number_tables("P2: accuracy of float and integers", columns, rows, width=width)


def rungs_table(rungs: Sequence[Mapping[str, Any]], *, width: int | None = None) -> list[Table]:
    """Give the ladder of each set in the rungs of an export, in tables that fit a width or the terminal."""
    width = _console(False).width if width is None else width
    names = list(dict.fromkeys(rung["set"] for rung in rungs))
    return [
        table
        for name in names
        for table in _ladder_tables(name, [rung for rung in rungs if rung["set"] == name], width=width)
    ]


def _ladder_tables(name: str, rungs: Sequence[Mapping[str, Any]], *, width: int) -> list[Table]:
    """Give one ladder, from the trained floats down."""
    populations = list(rungs[0]["spike_mismatch_percent"])
    rows = [
        (
            rung["title"],
            _percent(rung["accuracy_percent"]),
            _percent(rung["agreement_percent"]),
            *(_percent(rung["spike_mismatch_percent"].get(p), digits=3) for p in populations),
        )
        for rung in rungs
    ]
    columns = ("rung", "accuracy %", "agreement %", *(f"{p} spikes ≠ %" for p in populations))
    return number_tables(f"ladder on {name}: one rounding after the other", columns, rows, width=width)


def _population_tables(verification: Verification, name: str, *, width: int) -> list[Table]:
    """Give one row a population for P1 or P3; nothing where it did not run."""
    checks = [check for check in verification.checks if check.name == name]
    if not checks or not checks[0].facts.get("populations"):
        return []
    columns = ("population", "neuron-steps", "spike mismatches", "v mismatches")
    rows = [
        (
            population,
            f"{counts['compared']:,}",
            f"{counts['spikes']:,}" if "spikes" in counts else "not compared",
            f"{counts['v']:,}" if "v" in counts else "not compared",
        )
        for population, counts in checks[0].facts["populations"].items()
    ]
    return number_tables(f"{name}: {checks[0].title}", columns, rows, width=width)


def _percent(x: float | None, *, digits: int = 2) -> str:
    return "-" if x is None or not math.isfinite(x) else f"{x:.{digits}f}"
