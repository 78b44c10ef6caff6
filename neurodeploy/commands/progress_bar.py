"""Progress on a terminal: the stage and a bar on stderr; off a terminal, a line for each stage."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from neurodeploy.commands import options
from neurodeploy.findings.printable import printable
from neurodeploy.progress import NO_FACTS, Progress, silent


@contextmanager
def shown(first: str, *, quiet: bool) -> Iterator[Progress]:
    """Give a Progress that is visible at once, and gone when the work ends or fails.

    Parameters
    ----------
    first
        The stage that is shown until the work itself names one: loading what it needs may take seconds.
    quiet
        Show nothing, because stdout and stderr are for a machine.
    """
    if quiet:
        yield silent
    elif sys.stderr.isatty():
        with _bar() as say:
            say(first)
            yield say
    else:
        said = set()

        def once(stage: str, done: int = 0, total: int = 0, facts: Mapping[str, Any] = NO_FACTS) -> None:  # noqa: ARG001
            if stage not in said:
                said.add(stage)
                options.echo(stage, err=True)

        once(first)
        yield once


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show one line that moves: stage, bar, count and time."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[count]}", markup=False),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("", total=None, count="")
        stages = [""]

        def say(stage: str, done: int = 0, total: int = 0, facts: Mapping[str, Any] = NO_FACTS) -> None:  # noqa: ARG001
            if stage != stages[-1]:
                stages.append(stage)
                bars.reset(task, description=printable(stage), total=total or None, count="")
            count = f"{done} of {total}" if total else ""
            bars.update(task, completed=done, total=total or None, count=count, refresh=True)

        yield say
