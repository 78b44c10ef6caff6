"""The SHA-256 of a file, in bounded memory."""

from __future__ import annotations

import hashlib
from pathlib import Path

_PART = 2**20


def sha256(path: Path) -> str:
    """Give the SHA-256 of a file as hexadecimal digits, reading 1 MiB at a time."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_PART):
            digest.update(part)
    return digest.hexdigest()
