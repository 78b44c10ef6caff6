"""The run folder: which file is where, and how a finished run is read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from neurodeploy.bundle import atomic_file
from neurodeploy.diagnostics import Finding, NeurodeployError
from neurodeploy.recipe import Recipe, dump_recipe, load_recipe
from neurodeploy.training.checkpoint import load_tensors, save_tensors, unreadable
from neurodeploy.training.network import Network

RECIPE = "recipe.toml"
MODEL = "model.safetensors"
METRICS = "metrics.jsonl"
RESULT = "result.json"
SAMPLES = "samples.npz"
CHECKPOINT = "checkpoint"
TENSORBOARD = "tensorboard"


def open_run(path: Path, recipe: Recipe, *, resume: bool) -> None:
    """Make a run folder, or find the one to go on with.

    Raises
    ------
    NeurodeployError
        ND051 the folder exists and ``resume`` is off; ND052 it was begun with another recipe; ND053 there is
        nothing to resume.
    """
    if not resume:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise NeurodeployError(
                Finding(
                    code="ND051",
                    message="the run folder exists",
                    where=str(path),
                    help="Continue it with --resume, choose another name with -o, or remove it yourself.",
                )
            )
        path.mkdir(parents=True, exist_ok=True)
        with atomic_file(path / RECIPE) as temporary:
            temporary.write_text(dump_recipe(recipe), encoding="utf-8")
        return
    if not (path / RECIPE).is_file():
        raise NeurodeployError(
            Finding(
                code="ND053",
                message="there is no run to resume",
                where=str(path),
                limit=f"a run folder with {RECIPE}",
                help="Leave out --resume to begin one.",
            )
        )
    before, now = dump_recipe(load_recipe(path / RECIPE)), dump_recipe(recipe)
    if before != now:
        changed = [
            f"{old.strip()} (now {new.strip()})"
            for old, new in zip(before.splitlines(), now.splitlines(), strict=False)
            if old != new
        ]
        raise NeurodeployError(
            Finding(
                code="ND052",
                message="the run was begun with another recipe, so it cannot go on exactly where it stopped",
                where=str(path / RECIPE),
                found="; ".join(changed[:3]) or "more or fewer keys",
                limit="the recipe, epochs and seed that it was begun with",
                help="Resume with the same settings, or begin another run with -o.",
            )
        )


def save_network(path: Path, network: Network, state: dict[str, Any]) -> None:
    """Write the selected weights, with the sizes that the data decided."""
    facts = {"n_inputs": str(network.n_inputs), "n_classes": str(network.n_classes)}
    save_tensors(path / MODEL, state, facts)


def read_network(path: Path) -> Network:
    """Read the selected network of a finished run, in evaluation mode.

    Raises
    ------
    NeurodeployError
        ND001 no such folder, ND050 not a finished run, ND002 the weights cannot be read or do not fit the
        recipe, or a finding of the recipe.
    """
    if not path.exists():
        raise NeurodeployError(
            Finding(code="ND001", message="no such file or folder", where=str(path), help="Check the path.")
        )
    missing = [name for name in (RECIPE, MODEL, SAMPLES, RESULT) if not (path / name).is_file()]
    if missing:
        begun = (path / RECIPE).is_file()
        raise NeurodeployError(
            Finding(
                code="ND050",
                message="the training has not finished" if begun else "the folder is not a training run",
                where=str(path),
                found=f"no {', '.join(missing)}",
                limit=f"{RECIPE}, {MODEL}, {SAMPLES} and {RESULT}",
                help=f"Finish it: `neurodeploy train {path / RECIPE} -o {path} --resume`."
                if begun
                else "Make one with `neurodeploy train RECIPE`.",
            )
        )
    recipe = load_recipe(path / RECIPE)
    state, facts = load_tensors(path / MODEL)
    try:
        network = Network(recipe, int(facts["n_inputs"]), int(facts["n_classes"]))
        network.load_state_dict(state)
    except (KeyError, ValueError, RuntimeError) as error:
        raise unreadable(path / MODEL, error, f"the weights of {RECIPE}") from None
    return network.eval()


def write_result(path: Path, result: dict[str, Any]) -> None:
    """Write ``result.json``; its presence says that the training has finished."""
    with atomic_file(path / RESULT) as temporary:
        temporary.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")


def read_result(path: Path) -> dict[str, Any]:
    """Read ``result.json``; ND002 where it cannot be read."""
    try:
        return dict(json.loads((path / RESULT).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise unreadable(path / RESULT, error, "a JSON file") from None
