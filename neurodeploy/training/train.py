"""Train a recipe into a run folder."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neurodeploy.data.sets import load_data
from neurodeploy.findings.codes_training import BATCH_TOO_SMALL, LIF_SOFT_RESET
from neurodeploy.findings.codes_usage import SYSTEM_REFUSES
from neurodeploy.machine import available_cores
from neurodeploy.ops.threads import training_threads
from neurodeploy.progress import Progress, silent
from neurodeploy.recipe import Recipe
from neurodeploy.recipe.load import parse_recipe
from neurodeploy.runs.folder import CHECKPOINT, locked_run, open_run
from neurodeploy.targets.registry import DEFAULT_TARGET
from neurodeploy.targets.target import Target
from neurodeploy.training.fit.checkpoint import load_checkpoint
from neurodeploy.training.fit.session import Session, TrainResult
from neurodeploy.training.model.neurons import NEURONS
from neurodeploy.training.model.spiking_network import SpikingNetwork
from neurodeploy.training.world import World, joined_world
from neurodeploy.training.worst_case import check_target


def train(
    recipe: Recipe,
    out: Path,
    *,
    data_dir: Path | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    resume: bool = False,
    target: str | Path | Target[Any] | None = DEFAULT_TARGET,
    progress: Progress = silent,
) -> TrainResult:
    """Train a recipe and write a run folder.

    Weights are selected on the validation set (or the last epoch's are taken, ``train.keep``); the test set
    is evaluated once, with the selected weights. Under torchrun every process calls this; the first writes.

    Parameters
    ----------
    recipe
        What to train.
    out
        The run folder: new or empty, unless ``resume``.
    data_dir
        Folder with the data files.
    epochs, seed
        Instead of the recipe's; they are written into the run's recipe.
    threads
        Instead of the recipe's; 0 takes every core (shared among torchrun's local processes).
    resume
        Go on from the last checkpoint, exactly: the run ends in the same weights as one that was never
        interrupted (with the same number of threads and processes).
    target
        Whose rules the recipe must keep, before anything else is done: a name, a target file or an object.
        None trains whatever can be trained.
    progress
        Called after each batch and each epoch, in the first process.

    Raises
    ------
    NeurodeployError
        ND2xx (exit 3) a rule of the target, ND051 to ND053 about the folder, ND054 the loss is not finite,
        ND055 fewer samples in a batch than processes, ND056 soft reset of a neuron that has none, ND046 more
        than this machine's memory, ND084 the system refuses a file (a full disk), ND085 another
        process trains into the folder; findings of the data, of a damaged run (ND002, ND057) and of the
        recipe.
    KeyboardInterrupt
        Passed on; the run can be resumed from its last finished epoch.
    """
    recipe = with_settings(recipe, epochs=epochs, seed=seed)
    out = Path(out)
    if target is not None:
        check_target(recipe, target)
    n = n_threads(recipe.train.threads if threads is None else threads)
    with joined_world() as world, training_threads(n), _refusals(out):
        started = time.perf_counter()
        check_trainable(recipe, world)
        data = load_data(recipe, data_dir, recipe.train.seed)
        with locked_run(out) if world.first else contextlib.nullcontext():
            if world.first:
                open_run(out, recipe, resume=resume)
            world.wait()
            network = SpikingNetwork(recipe, data.train.n_channels, data.n_classes).to(world.device)
            network.world = world
            session = Session(
                recipe=recipe,
                out=out,
                network=network,
                data=data,
                world=world,
                progress=progress,
                started=started,
            )
            session.restore(load_checkpoint(out / CHECKPOINT))
            session.run()
            return session.finish()


@contextlib.contextmanager
def _refusals(out: Path) -> Iterator[None]:
    """Turn what the system refuses while a run is written (a full disk) into ND084."""
    try:
        yield
    except OSError as error:
        raise SYSTEM_REFUSES.error(
            where=str(error.filename or out),
            found=error.strerror or str(error),
            help="Make room or check the path; a run that has begun continues with --resume.",
        ) from error


def with_settings(recipe: Recipe, *, epochs: int | None = None, seed: int | None = None) -> Recipe:
    """Give the recipe with another number of epochs or seed, checked again."""
    overrides = [] if epochs is None else [f"train.epochs={epochs}"]
    overrides += [] if seed is None else [f"train.seed={seed}"]
    return parse_recipe(_given(recipe), overrides, where=recipe.name) if overrides else recipe


def _given(section: Any) -> dict[str, Any]:
    """Give a recipe as the table it was read from: without defaults, so that no key is without effect."""
    return dict(section.model_dump(exclude_unset=True, exclude_none=True))


def n_threads(asked: int) -> int:
    """Give the number of threads of this process; 0 takes the cores, shared among local processes."""
    return asked or max(1, available_cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def check_trainable(recipe: Recipe, world: World) -> None:
    """Refuse what cannot be trained, see :func:`train`."""
    smallest = max(1, recipe.train.batch_size // 4)
    if world.size > smallest:
        raise BATCH_TOO_SMALL.error(
            where="train.batch_size",
            found=f"batches from {smallest} samples (batch_size / 4), {world.size} processes",
            limit="at least one sample of every batch for each process",
            help="Raise train.batch_size, or start fewer processes.",
        )
    if recipe.network.reset not in NEURONS[recipe.network.neuron].resets:
        raise LIF_SOFT_RESET.error(
            where="network.reset",
            found='reset = "soft" with neuron = "lif"',
            limit='reset = "hard", or neuron = "lif_box"',
            help="Change one of the two.",
        )


__all__ = ["TrainResult", "train", "with_settings"]
