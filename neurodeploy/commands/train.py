"""``neurodeploy train``: train a recipe into a run folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from neurodeploy.commands import completion, options

if TYPE_CHECKING:
    from neurodeploy.training.fit.session import TrainResult


@click.command("train")
@click.argument("recipe", shell_complete=completion.recipes)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="The run folder.  [default: runs/<recipe>-<seed>]"
)
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="Folder with the data files.")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a key of the recipe; repeatable.",
    shell_complete=completion.keys,
)
@click.option("--epochs", type=click.IntRange(min=1), help="Instead of the recipe's train.epochs.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Instead of the recipe's train.seed.")
@click.option("--threads", type=click.IntRange(0, 1024), help="0 takes every core.  [default: train.threads]")
@options.trained_for_option
@click.option("--resume", is_flag=True, help="Go on exactly where the run in the folder stopped.")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout, without progress.")
def command(
    *,
    recipe: str,
    out: Path | None,
    data_dir: Path | None,
    overrides: tuple[str, ...],
    epochs: int | None,
    seed: int | None,
    threads: int | None,
    target: str,
    resume: bool,
    as_json: bool,
) -> None:
    """Train RECIPE, the name of a shipped one (see `neurodeploy models`) or a TOML file.

    A recipe that no export to the target could keep is refused before anything runs (exit 3). Weights are
    selected on the validation set; the test set is measured once, at the end. Several processes share each
    batch under `torchrun --nproc-per-node N -m neurodeploy train ...`.
    """
    # OpenMP reads it when torch is imported: threads that spin cost 4 to 6 times on a machine that is in use.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from neurodeploy.recipe import load_recipe
    from neurodeploy.targets.registry import load_target

    given = {"train.epochs": epochs, "train.seed": seed}
    settings = [f"{key}={value}" for key, value in given.items() if value is not None]
    loaded = load_recipe(recipe, [*overrides, *settings])
    chip = None if target == options.NO_TARGET else load_target(target)
    # After these: a typing mistake is answered before torch is imported, which takes seconds.
    from neurodeploy.commands.training_progress import reported
    from neurodeploy.training.train import train

    folder = out or Path("runs") / f"{loaded.name}-{loaded.train.seed}"
    first = os.environ.get("RANK", "0") == "0"  # torchrun starts the program several times; one speaks
    with reported(quiet=as_json or not first) as progress:
        result = train(
            loaded,
            folder,
            data_dir=data_dir,
            threads=threads,
            resume=resume,
            target=chip,
            progress=progress,
        )
    if not first:
        return
    if as_json:
        options.print_json({"run": str(folder), **options.in_percent(result.facts)}, schema="train")
        return
    _show(result, folder, target)


def _show(result: TrainResult, folder: Path, target: str) -> None:
    """Say what came out and how to go on."""
    for note in result.notes:
        options.echo(f"note: {note}")
    options.echo(
        f"validation {result.validation.accuracy:.2%} of {result.facts['validation']['samples']} samples, "
        f"test {result.test.accuracy:.2%} of {result.facts['test']['samples']}, "
        f"epoch {result.selected_epoch} of {result.epochs}, {result.seconds:.0f} s"
    )
    options.echo(f"run: {folder}")
    if target != options.NO_TARGET:
        options.echo(f"next: neurodeploy export {folder} --target {target}")
