"""Checkpoints: everything that a training needs to go on exactly where it stopped, without pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from neurodeploy.files import atomic_file
from neurodeploy.findings.codes_training import RUN_FILE_CHANGED
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.runs.folder import unreadable
from neurodeploy.training.fit.tensor_file import digest_of, load_tensors, save_tensors

STATE = "state.json"
SCHEMA = 2
"""2: with checksums of the tensors and of the rest."""


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


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; a crash at any moment leaves the last one whole.

    The tensors go to a file named after the epoch, then ``state.json`` is replaced so that it names that
    file, then older tensors go.
    """
    name = f"epoch-{checkpoint.epoch:05d}.safetensors"
    groups = {"model": checkpoint.model, "best": checkpoint.best, "optimiser": checkpoint.optimiser}
    tensors = {f"{group}/{key}": t for group, state in groups.items() for key, t in state.items()}
    save_tensors(folder / name, tensors)
    content = {
        "schema": SCHEMA,
        "epoch": checkpoint.epoch,
        "tensors": name,
        "tensors_sha256": digest_of(tensors),
        "facts": checkpoint.facts,
    }
    content["sha256"] = _digest(content)
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
        ND002 it cannot be read; ND057 it does not hold what was written.
    """
    path = folder / STATE
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            raise ValueError(f"schema {content['schema']}, not {SCHEMA}")
        stored = content.pop("sha256")
        epoch, name, facts = int(content["epoch"]), str(content["tensors"]), dict(content["facts"])
        expected = str(content["tensors_sha256"])
        intact = stored == _digest(content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise unreadable(path, error, f"a checkpoint of schema {SCHEMA}") from None
    if not intact or Path(name).name != name:
        raise _changed(path)
    tensors, _ = load_tensors(folder / name)
    if digest_of(tensors) != expected:
        raise _changed(folder / name)
    groups: dict[str, dict[str, Tensor]] = {"model": {}, "best": {}, "optimiser": {}}
    for full, tensor in tensors.items():
        group, _, key = full.partition("/")
        groups[group][key] = tensor
    return Checkpoint(epoch, groups["model"], groups["best"], groups["optimiser"], facts)


def _digest(content: Mapping[str, Any]) -> str:
    """Give the SHA-256 of a table that is ready for JSON, whatever its layout in the file."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()


def _changed(path: Path) -> NeurodeployError:
    return RUN_FILE_CHANGED.error(
        where=str(path),
        limit="the checksum that was written with it",
        help=f"Restore {path.parent} from a copy, or remove it: --resume then begins with the first epoch.",
    )
