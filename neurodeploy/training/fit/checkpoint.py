"""Checkpoints: everything that a training needs to go on exactly where it stopped, without pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from neurodeploy.files import atomic_file, write_bytes
from neurodeploy.runs.folder import unreadable

STATE = "state.json"
SCHEMA = 1


@dataclass(slots=True)
class Checkpoint:
    """What stands between two epochs.

    Random numbers are not among it: the order of the samples, augmentation and dropout of an epoch are
    drawn from generators made of (seed, epoch, batch), so the epoch's number says what they will be.

    Attributes
    ----------
    epoch
        Epochs that are finished.
    model, best
        State of the network now, and at its best epoch (empty where only the last counts).
    optimiser
        Adam's moments and step counts, ``<parameter>/<key>``.
    facts
        Everything else, ready for JSON: sigma's state, the best epoch and its accuracy, seconds so far.
    """

    epoch: int
    model: dict[str, Tensor]
    best: dict[str, Tensor]
    optimiser: dict[str, Tensor]
    facts: dict[str, Any]


def copied(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give a copy of a network's state on the CPU that later training does not change."""
    return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in state.items()}


def optimiser_state(optimiser: torch.optim.Optimizer, network: nn.Module) -> dict[str, Tensor]:
    """Give Adam's moments and step counts by parameter name."""
    return {
        f"{name}/{key}": value.detach().cpu().clone().contiguous()
        for name, parameter in network.named_parameters()
        for key, value in optimiser.state.get(parameter, {}).items()
    }


def restore_optimiser(
    optimiser: torch.optim.Optimizer, network: nn.Module, state: Mapping[str, Tensor]
) -> None:
    """Put back what :func:`optimiser_state` gave."""
    parameters = dict(network.named_parameters())
    for full, value in state.items():
        name, _, key = full.rpartition("/")
        parameter = parameters[name]
        # Adam keeps its step count on the CPU, its moments beside the parameter.
        place = value if key == "step" else value.to(parameter.device)
        optimiser.state.setdefault(parameter, {})[key] = place.clone()


def save_tensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, str] | None = None) -> None:
    """Write tensors as safetensors, atomically."""
    # In memory first: where a disk is full, the system's own error tells it, not safetensors'.
    write_bytes(path, save(dict(tensors), metadata=dict(facts) if facts else None))


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read tensors and their metadata.

    Raises
    ------
    NeurodeployError
        ND002 the file is missing, truncated or not safetensors.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise unreadable(path, error, "a safetensors file") from None


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; a crash at any moment leaves the last one whole.

    The tensors go to a file named after the epoch, then ``state.json`` is replaced so that it names that
    file, then older tensors go.
    """
    name = f"epoch-{checkpoint.epoch:05d}.safetensors"
    groups = {"model": checkpoint.model, "best": checkpoint.best, "optimiser": checkpoint.optimiser}
    tensors = {f"{group}/{key}": t for group, state in groups.items() for key, t in state.items()}
    save_tensors(folder / name, tensors)
    content = {"schema": SCHEMA, "epoch": checkpoint.epoch, "tensors": name, "facts": checkpoint.facts}
    with atomic_file(folder / STATE) as temporary:
        temporary.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
    for old in folder.glob("epoch-*.safetensors"):
        if old.name != name:
            old.unlink()


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """Read a checkpoint; None where there is none.

    Raises
    ------
    NeurodeployError
        ND002 it cannot be read.
    """
    path = folder / STATE
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text())
        epoch, name, facts = int(content["epoch"]), str(content["tensors"]), dict(content["facts"])
        if content["schema"] != SCHEMA:
            raise ValueError(f"schema {content['schema']}, not {SCHEMA}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise unreadable(path, error, f"a checkpoint of schema {SCHEMA}") from None
    tensors, _ = load_tensors(folder / name)
    groups: dict[str, dict[str, Tensor]] = {"model": {}, "best": {}, "optimiser": {}}
    for full, tensor in tensors.items():
        group, _, key = full.partition("/")
        groups[group][key] = tensor
    return Checkpoint(epoch, groups["model"], groups["best"], groups["optimiser"], facts)
