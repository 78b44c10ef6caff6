"""TOML read with bounds: on the size of a file, the depth of its tables and the size of its numbers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from neurodeploy.findings.codes_usage import UNREADABLE_FILE

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_BYTES = 1 << 20
"""A recipe has some thousand bytes; a file of gigabytes is something else."""

MAX_DEPTH = 16
"""How deep tables and lists may lie in each other; a recipe's lie 4 deep."""

MAX_BITS = 63
"""TOML's integers have 64 bits with their sign; Python's reader takes any number of digits."""


def read_toml(path: Path, *, help: str = "Check the path.") -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    NeurodeployError
        ND002 the file cannot be read, is larger than :data:`MAX_BYTES`, is no TOML in UTF-8, is nested deeper
        than :data:`MAX_DEPTH`, or holds an integer of more than 64 bits.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        return parse_toml(content.decode("utf-8").replace("\r\n", "\n"))
    except (OSError, ValueError) as error:
        raise UNREADABLE_FILE.error(
            where=str(path),
            found=str(error).splitlines()[0][:300],
            limit="a TOML file in UTF-8",
            help=help,
        ) from None


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML; a ``ValueError`` says what is wrong, be it the syntax, the depth or a number."""
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise ValueError(f"nested deeper than {MAX_DEPTH}") from None
    # Without recursion, as the depth is what is checked.
    level: list[tuple[str, Any]] = [("", table)]
    for _ in range(MAX_DEPTH):
        inner: list[tuple[str, Any]] = []
        for name, value in level:
            if isinstance(value, dict):
                inner += [(f"{name}.{key}" if name else key, item) for key, item in value.items()]
            elif isinstance(value, list):
                inner += [(name, item) for item in value]
            elif isinstance(value, int) and value.bit_length() > MAX_BITS:
                raise ValueError(f"{name} is a whole number of {value.bit_length()} bits, of 64 at most")
        level = inner
    if level:
        raise ValueError(f"{level[0][0][:80]} is nested deeper than {MAX_DEPTH}")
    return table
