"""Progress of a training on a terminal: a bar where there is one, else a line an epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from neurodeploy.progress import NO_FACTS, Progress, silent

METRICS = "train_loss"
"""Of the facts of a training: an epoch's metrics have it, a batch has not."""


def epoch_line(metrics: Mapping[str, Any], epochs: int) -> str:
    """Give one epoch's metrics as a line."""
    sigma = metrics["sigma_steps"]
    rates = " ".join(f"{rate:.3f}" for rate in metrics["spikes_per_neuron_and_step"])
    return (
        f"epoch {metrics['epoch']:>3}/{epochs}  loss {metrics['train_loss']:.4f}  "
        f"train {metrics['train_accuracy']:6.2%}  validation {metrics['validation_accuracy']:6.2%}  "
        + (f"sigma {sigma:.2f} steps  " if sigma is not None else "")
        + f"spikes/neuron/step {rates}  {metrics['seconds']:.1f} s"
    )


@contextmanager
def reported(*, quiet: bool = False) -> Iterator[Progress]:
    """Give a function that shows progress on stderr, so that stdout holds results alone.

    Parameters
    ----------
    quiet
        Show nothing.
    """
    if quiet:
        yield silent
        return
    console = Console(stderr=True)
    if not console.is_terminal:

        def plain(stage: str, done: int = 0, total: int = 0, facts: Mapping[str, Any] = NO_FACTS) -> None:  # noqa: ARG001
            if METRICS in facts:
                console.print(epoch_line(facts, total), soft_wrap=True, highlight=False)

        yield plain
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("epochs"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console) as bars:
        task = bars.add_task("training", total=None)

        def show(stage: str, done: int = 0, total: int = 0, facts: Mapping[str, Any] = NO_FACTS) -> None:
            part = facts["batch"] / facts["batches"] if facts.get("batches") else 0.0
            bars.update(task, description=stage, completed=done + part, total=total)
            if METRICS in facts:
                bars.console.print(epoch_line(facts, total), soft_wrap=True, highlight=False)

        yield show
