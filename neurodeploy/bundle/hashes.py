"""The files of a bundle held against the digests of its manifest."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from neurodeploy.bundle.layout import MANIFEST
from neurodeploy.bundle.manifest import Manifest
from neurodeploy.files import sha256
from neurodeploy.findings.codes_usage import BUNDLE_CHANGED, NO_OWN_CHECKSUM, UNLISTED_FILE
from neurodeploy.findings.finding import Exit, Finding, NeurodeployError

_NAMED = 5
"""How many unlisted files a note names."""


def check_files(folder: Path, manifest: Manifest) -> None:
    """Hash every listed file; only plain files of the bundle's own folder are opened, never a link.

    Raises
    ------
    NeurodeployError
        ND008 with exit code 5: files are missing or changed.
    """
    _raise([finding for name in manifest.sha256 for finding in _check(folder, name, manifest)])


def check_unlisted(folder: Path, manifest: Manifest, *, reserved: Collection[str]) -> tuple[Finding, ...]:
    """Look at what else is in the folder, without reading any of it.

    Parameters
    ----------
    folder
        The bundle.
    manifest
        Its manifest.
    reserved
        Names that are read where they are there: unlisted ones would be used unchecked.

    Returns
    -------
    tuple[Finding, ...]
        Notes: ND044 other files are in the folder, ND045 the manifest itself has no checksum.

    Raises
    ------
    NeurodeployError
        ND008 with exit code 5: a reserved file is there and not listed.
    """
    listed = {MANIFEST, *manifest.sha256}
    unlisted = sorted(entry.name for entry in os.scandir(folder) if entry.name not in listed)
    what, found = "is not in its manifest", "an extra file that would be read"
    _raise([_changed(folder / name, what, found) for name in unlisted if name in reserved])
    notes = []
    if unlisted:
        more = len(unlisted) - _NAMED
        named = ", ".join(unlisted[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        notes.append(
            UNLISTED_FILE.finding(where=str(folder), found=named, help="Keep other files outside the bundle.")
        )
    if manifest.schema == 1:
        notes.append(NO_OWN_CHECKSUM.finding(where=str(folder / MANIFEST), found="schema 1"))
    return tuple(notes)


def _raise(problems: list[Finding]) -> None:
    if problems:
        raise NeurodeployError(problems, Exit.BUNDLE_CHANGED)


def _check(folder: Path, name: str, manifest: Manifest) -> Iterator[Finding]:
    """Hold one listed file against its digest."""
    path = folder / name
    try:
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a symbolic link" if stat.S_ISLNK(mode) else "no plain file"
            yield _changed(path, "was changed after the export", kind)
        elif (found := sha256(path)) != manifest.sha256[name]:
            yield _changed(path, "was changed after the export", f"sha256 {found[:16]}...")
    except FileNotFoundError:
        yield _changed(path, "is missing", "no file")
    except OSError as error:
        yield _changed(path, "cannot be read", error.strerror or str(error))


def _changed(path: Path, what: str, found: str) -> Finding:
    return BUNDLE_CHANGED.finding(
        message=f"a file of the bundle {what}",
        where=str(path),
        found=found,
        limit=f"the sha256 in {MANIFEST}",
        help="Export the bundle again; do not edit it.",
    )
