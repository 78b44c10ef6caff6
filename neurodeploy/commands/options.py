"""Arguments and output that several commands share."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from neurodeploy.findings.codes_usage import NO_SUCH_PATH
from neurodeploy.findings.finding import Finding, Severity, nearest

json_option = click.option("--json", "as_json", is_flag=True, help="JSON on stdout, with the same exit code.")
threads_option = click.option(
    "--threads", type=click.IntRange(min=1), help="Threads to use; by default every core of the process."
)
target_option = click.option(
    "--target",
    default="loihi",
    show_default=True,
    metavar="NAME|FILE.toml",
    help="Name of a target, or a TOML file.",
)


def existing(path: Path) -> Path:
    """Give a path that exists, or raise ND001 with the nearest name beside it."""
    if path.exists():
        return path
    beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    raise NO_SUCH_PATH.error(where=str(path), help=nearest(path.name, beside) or "Check the path.")


def show_findings(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print findings: JSON to stdout, or text to stderr, coloured on a terminal without ``NO_COLOR``."""
    if as_json:
        click.echo(json.dumps({"findings": [finding.to_dict() for finding in findings]}, indent=1))
        return
    colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    for number, finding in enumerate(findings):
        text = finding.render()
        if colour:
            head, _, tail = text.partition(":")
            shade = "red" if finding.severity is Severity.ERROR else "yellow"
            text = f"{click.style(head, bold=True, fg=shade)}:{tail}"
        click.echo(("\n" if number else "") + text, err=True)


def print_json(payload: Mapping[str, Any]) -> None:
    """Print a JSON object to stdout."""
    click.echo(json.dumps(payload, indent=1, allow_nan=False))


def progress_lines(*, quiet: bool) -> Callable[[str], None]:
    """Give a function that says on stderr what is being done: on a terminal, one line that changes.

    Off a terminal a line is printed once for each stage: what follows a comma is a count, and left out.
    """
    if quiet:
        return lambda _: None
    if sys.stderr.isatty():

        def rewrite(line: str) -> None:
            click.echo(f"\r\x1b[2K{line}", nl=False, err=True)

        return rewrite
    said: set[str] = set()

    def once(line: str) -> None:
        stage = line.partition(",")[0]
        if stage not in said:
            said.add(stage)
            click.echo(stage, err=True)

    return once


def end_progress(*, quiet: bool) -> None:
    """Clear the changing line of :func:`progress_lines`."""
    if not quiet and sys.stderr.isatty():
        click.echo("\r\x1b[2K", nl=False, err=True)


def colours() -> bool:
    """Say whether stdout is a terminal that may be coloured."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    from neurodeploy.files import atomic_file

    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
