"""``manifest.json`` on disk: written with a checksum of its own, read within bounds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neurodeploy.bundle.layout import MANIFEST
from neurodeploy.bundle.manifest import SCHEMA, Manifest, from_dict
from neurodeploy.files import atomic_file, sha256
from neurodeploy.findings.codes_usage import BUNDLE_CHANGED, NO_SUCH_PATH, NOT_A_BUNDLE, OTHER_SCHEMA
from neurodeploy.findings.finding import NeurodeployError

MAX_BYTES = 16 * 2**20
"""Of a manifest that is read, 16 MiB; those that are written take some 10 kB."""

CHECKSUM = "self_sha256"
"""Key of the manifest's own checksum: sha256 of the canonical JSON of all other keys (schema 2)."""


def write_manifest(folder: Path, manifest: Manifest) -> Manifest:
    """Write ``manifest.json`` with the digest of every other file of the folder.

    Parameters
    ----------
    folder
        The bundle; it holds files and no folders.
    manifest
        Whatever digests it has are replaced.

    Returns
    -------
    Manifest
        What was written.

    Raises
    ------
    NeurodeployError
        ND009: a file has a name that a manifest cannot list, or a folder is in the folder.
    """
    digests = {path.name: sha256(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    written = manifest.with_files(digests)
    content = written.to_dict()
    with atomic_file(folder / MANIFEST) as temporary:
        temporary.write_bytes(_text({**content, CHECKSUM: checksum(content)}).encode("ascii"))
    return written


def checksum(content: Mapping[str, Any]) -> str:
    """Give the sha256 of the canonical JSON (sorted keys, no spaces, ASCII) of all keys but the checksum."""
    others = {key: value for key, value in content.items() if key != CHECKSUM}
    canonical = json.dumps(others, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Read a bundle's manifest.

    A manifest of schema 2 must be, byte for byte, what :func:`write_manifest` writes (line ends aside, which
    version control may change), so that no change to it goes unnoticed. Schema 1 had no checksum; its
    values are checked all the same.

    Raises
    ------
    NeurodeployError
        ND001 no such folder, ND006 not a bundle or an unreadable manifest, ND007 another schema version,
        ND008 with exit code 5: the manifest was changed, ND009 a key does not hold what it should.
    """
    folder = Path(folder)
    try:
        folder.stat()
    except OSError as error:
        raise NO_SUCH_PATH.error(
            where=str(folder), found=error.strerror or "", help="Check the path."
        ) from None
    path = folder / MANIFEST
    try:
        raw = _read(path)
        content = json.loads(raw, object_pairs_hook=_no_key_twice, parse_constant=_no_constant)
        if not isinstance(content, dict) or "schema" not in content:
            raise ValueError("no key 'schema'")
    except (OSError, ValueError, RecursionError) as error:
        raise _not_a_bundle(path, _said(error)) from None
    schema = content["schema"]
    if type(schema) is not int or not 1 <= schema <= SCHEMA:
        raise OTHER_SCHEMA.error(
            where=str(path),
            found=repr(schema)[:80],
            limit=f"1 to {SCHEMA}",
            help="Export it again with this version of neurodeploy.",
        )
    if schema > 1:
        _check_own_checksum(path, content, raw)
    return from_dict({key: value for key, value in content.items() if key != CHECKSUM}, where=str(path))


def _read(path: Path) -> bytes:
    """Read a regular file of at most :data:`MAX_BYTES`; a link could lead anywhere."""
    if path.is_symlink() or not path.is_file():
        raise FileNotFoundError("no such file" if not path.is_symlink() else "a symbolic link")
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise ValueError(f"more than {MAX_BYTES} bytes")
    return raw


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key stands twice")
    return table


def _no_constant(text: str) -> float:
    raise ValueError(f"the number {text}")


def _check_own_checksum(path: Path, content: Mapping[str, Any], raw: bytes) -> None:
    """Raise ND008 unless the file is what was written."""
    try:
        changed = content.get(CHECKSUM) != checksum(content) or raw.replace(b"\r\n", b"\n") != _text(
            content
        ).encode("ascii")
    except (ValueError, RecursionError) as error:  # infinite numbers, deep nesting
        raise _not_a_bundle(path, _said(error)) from None
    if changed:
        raise BUNDLE_CHANGED.error(
            message="the manifest of the bundle was changed after the export",
            where=str(path),
            found="other content than its checksum says",
            limit=f"{CHECKSUM} in {MANIFEST}",
            help="Export the bundle again; do not edit it.",
        )


def _text(content: Mapping[str, Any]) -> str:
    """Give a manifest's file as text, all ASCII."""
    return json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n"


def _said(error: Exception) -> str:
    return "values nested too deep" if isinstance(error, RecursionError) else str(error)


def _not_a_bundle(path: Path, found: str) -> NeurodeployError:
    return NOT_A_BUNDLE.error(
        where=str(path),
        found=found.splitlines()[0][:200],
        help="Make a bundle with `neurodeploy export RUN --target loihi`.",
    )
