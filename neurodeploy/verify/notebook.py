"""A verification as a notebook shows it: small HTML tables, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from neurodeploy.findings.printable import printable

if TYPE_CHECKING:
    from neurodeploy.verify.verification import SetResult, Verification


def checks_html(verification: Verification) -> str:
    """Give the checks as a table, and the ladder of each set below it."""
    title = f"{verification.name}, target {verification.target}, exit code {verification.exit_code}"
    rows = [(check.name, check.title, check.status.value, check.reason) for check in verification.checks]
    ladders = "".join(ladder_html(result) for result in verification.sets)
    return _table(title, ("check", "what", "result", "compared, or why not"), rows) + ladders


def ladder_html(result: SetResult) -> str:
    """Give one set's ladder as a table, from the trained floats down."""
    title = f"ladder on {result.name}, {result.n_samples} of {result.n_available} samples"
    columns = ("rung", "accuracy %", "agreement %", *(f"{name} spikes ≠ %" for name in result.mismatch))
    rows = [
        (
            rung.title,
            _percent(rung.accuracy),
            _percent(rung.agreement),
            *(_percent(rung.mismatch.get(name)) for name in result.mismatch),
        )
        for rung in result.rungs
    ]
    return _table(title, columns, rows)


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_text(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    caption = f"<caption>{_text(title)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(text: str) -> str:
    return escape(printable(text))


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
