"""Folders and files on disk: atomic writes, hashes, manifests and npz files without pickle."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_usage import (
    ARRAY_MISSING,
    BUNDLE_CHANGED,
    NO_SUCH_PATH,
    NOT_A_BUNDLE,
    OTHER_SCHEMA,
    OUTPUT_EXISTS,
    UNREADABLE_FILE,
)
from neurodeploy.findings.finding import Exit, NeurodeployError

SCHEMA = 1
MANIFEST = "manifest.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest date a zip entry can hold: files must not depend on the clock


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; rename it to ``path`` on success, remove it on failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside ``path``; put it in its place on success, remove it on failure.

    An existing folder is replaced only if it holds a manifest, so that a mistyped ``-o`` cannot wipe a home.
    """
    path = Path(path)
    if path.exists() and not (path / MANIFEST).is_file() and (not path.is_dir() or any(path.iterdir())):
        raise OUTPUT_EXISTS.error(where=str(path), help="Choose another name with -o, or remove it yourself.")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        if path.exists():
            shutil.rmtree(path)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sha256(path: Path) -> str:
    """Give the SHA-256 of a file as hexadecimal digits."""
    with path.open("rb") as file:
        return (
            hashlib.file_digest(file, "sha256").hexdigest()
            if hasattr(hashlib, "file_digest")
            else (hashlib.sha256(file.read()).hexdigest())
        )


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write ``manifest.json`` with the schema version and the hash of every other file of the folder."""
    digests = {
        str(path.relative_to(folder)): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    content = {"schema": SCHEMA, **manifest, "sha256": digests}
    with atomic_file(folder / MANIFEST) as temporary:
        temporary.write_text(json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read a bundle's manifest.

    Raises
    ------
    NeurodeployError
        ND001 no such folder, ND006 not a bundle or an unreadable manifest, ND007 another schema version.
    """
    if not folder.exists():
        raise NO_SUCH_PATH.error(where=str(folder), help="Check the path.")
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text())
        schema = manifest["schema"]
        manifest["sha256"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NOT_A_BUNDLE.error(
            where=str(path),
            found=f"{type(error).__name__}: {error}",
            help="Make a bundle with `neurodeploy export RUN --target loihi`.",
        ) from None
    if schema != SCHEMA:
        raise OTHER_SCHEMA.error(
            where=str(path),
            found=str(schema),
            limit=str(SCHEMA),
            help="Export it again with this version of neurodeploy.",
        )
    return dict(manifest)


def check_hashes(folder: Path) -> dict[str, Any]:
    """Read a manifest and check every file of the bundle against it.

    Raises
    ------
    NeurodeployError
        ND008 with exit code 5 where a file is missing, changed or unknown; otherwise as
        :func:`read_manifest`.
    """
    manifest = read_manifest(folder)
    findings = []
    for name, digest in manifest["sha256"].items():
        path = folder / name
        if not path.is_file():
            findings.append(("is missing", name, "no file"))
        elif (found := sha256(path)) != digest:
            findings.append(("was changed after the export", name, f"sha256 {found[:16]}..."))
    known = {*manifest["sha256"], MANIFEST}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and str(path.relative_to(folder)) not in known:
            findings.append(("is not in the manifest", str(path.relative_to(folder)), "an extra file"))
    if findings:
        raise NeurodeployError(
            [
                BUNDLE_CHANGED.finding(
                    message=f"a file of the bundle {what}",
                    where=str(folder / name),
                    found=found,
                    limit="the sha256 in manifest.json",
                    help="Export the bundle again; do not edit it.",
                )
                for what, name, found in findings
            ],
            Exit.BUNDLE_CHANGED,
        )
    return manifest


def save_npz(path: Path, arrays: Mapping[str, NDArray[Any]], *, compress: bool = True) -> None:
    """Write arrays as npz: same arrays, same bytes, whatever the clock says.

    Parameters
    ----------
    path
        The file; written under a temporary name first.
    arrays
        By name; names may hold ``/``. No object arrays.
    compress
        Whether to deflate; spikes shrink some thirty times.
    """
    with atomic_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
            archive.writestr(entry, buffer.getvalue(), compresslevel=3 if compress else None)


def load_npz(path: Path, required: tuple[str, ...] = ()) -> dict[str, NDArray[Any]]:
    """Read an npz file without pickle.

    Raises
    ------
    NeurodeployError
        ND001 no such file, ND002 unreadable (truncated, not npz, pickled objects), ND003 an array is missing.
    """
    if not path.is_file():
        raise NO_SUCH_PATH.error(where=str(path), help="Check the path.")
    try:
        # Opened here: NumPy leaves a file open where it finds it is no zip archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise UNREADABLE_FILE.error(
            where=str(path),
            found=str(error).splitlines()[0] if str(error) else type(error).__name__,
            limit="an npz file without pickled objects",
            help="Write it with numpy.savez(path, spikes=...).",
        ) from None
    missing = [name for name in required if name not in arrays]
    if missing:
        raise ARRAY_MISSING.error(
            where=str(path),
            found=f"arrays {', '.join(sorted(arrays)) or 'none'}",
            limit=f"needs {', '.join(missing)}",
            help="Write it with numpy.savez(path, spikes=...).",
        )
    return arrays
