"""The trained network of a run: written when the training ends, read back to be deployed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neurodeploy.recipe import load_recipe
from neurodeploy.runs.folder import MODEL, RECIPE, unreadable
from neurodeploy.runs.run import require_finished
from neurodeploy.training.fit.checkpoint import load_tensors, save_tensors
from neurodeploy.training.model.network import Network


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
    require_finished(path)
    recipe = load_recipe(path / RECIPE)
    state, facts = load_tensors(path / MODEL)
    try:
        network = Network(recipe, int(facts["n_inputs"]), int(facts["n_classes"]))
        network.load_state_dict(state)
    except (KeyError, ValueError, RuntimeError) as error:
        raise unreadable(path / MODEL, error, f"the weights of {RECIPE}") from None
    return network.eval()
