"""Where the shipped recipes and targets are: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Kind = Literal["models", "targets"]


def folder(kind: Kind) -> Path:
    """Give the folder that holds the shipped TOML files of a kind."""
    package = Path(__file__).parent
    shipped = package / "_shipped" / kind
    return shipped if shipped.is_dir() else package.parent / kind


def names(kind: Kind) -> list[str]:
    """List the names of the shipped TOML files of a kind, sorted."""
    return sorted(path.stem for path in folder(kind).glob("*.toml"))


def path_of(kind: Kind, name: str) -> Path:
    """Give the path of a shipped TOML file; it need not exist."""
    return folder(kind) / f"{name}.toml"
