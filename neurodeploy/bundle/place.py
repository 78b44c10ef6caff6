"""Where a bundle may be written: a new folder, an empty one, or one that holds a bundle and nothing else."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from neurodeploy.bundle.layout import MANIFEST
from neurodeploy.bundle.manifest_file import read_manifest
from neurodeploy.files import atomic_folder, check_folder
from neurodeploy.findings.finding import NeurodeployError


def bundle_folder(path: Path) -> AbstractContextManager[Path]:
    """Give a temporary folder that becomes the bundle ``path`` on success.

    Raises
    ------
    NeurodeployError
        ND005: something else is there, as :func:`neurodeploy.files.atomic_folder` says.
    """
    return atomic_folder(path, is_ours=is_nothing_but_a_bundle)


def check_place(path: Path) -> None:
    """Raise ND005 where :func:`bundle_folder` would, before anything that takes time."""
    check_folder(path, is_ours=is_nothing_but_a_bundle)


def is_nothing_but_a_bundle(folder: Path) -> bool:
    """Say whether a folder has a manifest of ours and no entry that it does not list."""
    try:
        listed = {MANIFEST, *read_manifest(folder).sha256}
    except NeurodeployError:
        return False
    return {entry.name for entry in folder.iterdir()} <= listed
