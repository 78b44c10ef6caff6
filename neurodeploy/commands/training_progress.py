"""Progress of a training on a terminal: a bar where there is one, else a line an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from neurodeploy.training.fit.session import Progress

Report = Callable[[Progress], None]


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
def reported(*, quiet: bool = False) -> Iterator[Report]:
    """Give a function that shows progress on stderr, so that stdout holds results alone.

    Parameters
    ----------
    quiet
        Show nothing.
    """
    if quiet:
        yield lambda _: None
        return
    console = Console(stderr=True)
    if not console.is_terminal:

        def plain(progress: Progress) -> None:
            if progress.metrics is not None:
                console.print(epoch_line(progress.metrics, progress.epochs), soft_wrap=True, highlight=False)

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

        def show(progress: Progress) -> None:
            part = progress.batch / progress.batches if progress.batches else 0.0
            bars.update(task, completed=progress.epoch + part, total=progress.epochs)
            if progress.metrics is not None:
                bars.console.print(
                    epoch_line(progress.metrics, progress.epochs), soft_wrap=True, highlight=False
                )

        yield show
