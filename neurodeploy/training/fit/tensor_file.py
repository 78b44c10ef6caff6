"""Tensors in a file: safetensors, written whole or not at all, with a checksum of their values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from neurodeploy.files import write_bytes
from neurodeploy.runs.folder import unreadable


def save_tensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, str] | None = None) -> None:
    """Write tensors as safetensors, atomically.

    The file is made in memory: safetensors' own writer has errors of its own where a disk is full.
    """
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
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise unreadable(path, error, "a safetensors file") from None


def digest_of(tensors: Mapping[str, Tensor]) -> str:
    """Give the SHA-256 of names, types, shapes and values, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
