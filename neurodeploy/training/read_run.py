"""The trained network of a run: written when the training ends, read back to be deployed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from neurodeploy.findings.codes_training import RUN_FILE_CHANGED
from neurodeploy.recipe import Recipe, load_recipe
from neurodeploy.runs.folder import MODEL, RECIPE, unreadable
from neurodeploy.runs.run import require_finished
from neurodeploy.training.fit.tensor_file import digest_of, load_tensors, save_tensors
from neurodeploy.training.model.spiking_network import SpikingNetwork

FACTS = "network"
"""Name of the metadata of the weights' file: one JSON table, since the order of several is not fixed."""


def save_network(path: Path, network: SpikingNetwork, state: Mapping[str, Tensor]) -> None:
    """Write the selected weights, with the sizes that the data decided and a checksum."""
    facts = {"n_inputs": network.n_inputs, "n_classes": network.n_classes, "sha256": digest_of(state)}
    save_tensors(path / MODEL, state, {FACTS: json.dumps(facts, sort_keys=True)})


def read_network(path: Path) -> SpikingNetwork:
    """Read the selected network of a finished run, in evaluation mode.

    Raises
    ------
    NeurodeployError
        ND001 no such folder, ND050 not a finished run, ND002 the weights cannot be read or do not fit the
        recipe, ND057 they do not hold what was written, or a finding of the recipe.
    """
    require_finished(path)
    recipe = load_recipe(path / RECIPE)
    state, facts = load_tensors(path / MODEL)
    try:
        n_inputs, n_classes = _sizes(state, facts, path / MODEL)
        _check_shapes(recipe, state, n_inputs, n_classes)
        network = SpikingNetwork(recipe, n_inputs, n_classes)
        _check_types(state, network.state_dict())
        network.load_state_dict(state)
    except (KeyError, ValueError, TypeError, RuntimeError, RecursionError) as error:
        raise unreadable(path / MODEL, error, f"the weights of {RECIPE}") from None
    return network.eval()


def _sizes(state: Mapping[str, Tensor], facts: Mapping[str, str], path: Path) -> tuple[int, int]:
    """Give inputs and classes, and hold the weights against their checksum.

    Runs of version 0.1 and before have no checksum, and a metadata entry for each size.
    """
    known = json.loads(facts[FACTS]) if FACTS in facts else facts
    expected = known.get("sha256") if isinstance(known, dict) else None
    if expected is not None and expected != digest_of(state):
        raise RUN_FILE_CHANGED.error(
            where=str(path),
            limit="the checksum that was written with it",
            help="Restore it from a copy, or train again.",
        )
    return int(known["n_inputs"]), int(known["n_classes"])


def _check_shapes(recipe: Recipe, state: Mapping[str, Tensor], n_inputs: int, n_classes: int) -> None:
    """Refuse weights of other sizes before a network of the recipe's sizes is made."""
    sizes = [n_inputs, *recipe.network.hidden, n_classes]
    names = [f"hidden.{index}.connection.weight" for index in range(len(sizes) - 2)]
    for name, before, size in zip([*names, "readout.weight"], sizes[:-1], sizes[1:], strict=True):
        if tuple(state[name].shape[1:]) != (size, before):
            raise ValueError(f"{name} is {list(state[name].shape)}, not [tap, {size}, {before}]")


def _check_types(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Refuse tensors of another type, which torch would convert."""
    for name, tensor in state.items():
        if name in expected and tensor.dtype != expected[name].dtype:
            raise ValueError(f"{name} is {tensor.dtype}, not {expected[name].dtype}")
