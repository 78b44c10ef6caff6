"""Target files: the numbers of a chip, read from TOML, each with its unit and source."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodeploy.findings.codes_usage import BAD_LIMIT, BAD_TARGET_FILE, NO_SUCH_PATH
from neurodeploy.findings.finding import Finding, NeurodeployError, nearest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One number of a chip.

    Attributes
    ----------
    name
        Its key in the TOML file.
    value, unit
        The number and what it counts.
    source
        Document and section, or package version, file and symbol.
    verified_on
        Day and manner of the last check against the source.
    """

    name: str
    value: int
    unit: str
    source: str
    verified_on: str

    def __str__(self) -> str:
        return f"{self.value} {self.unit} ({self.source})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a target file says of a chip.

    Attributes
    ----------
    name, title
        Short and long name.
    backend
        Name of the code that compiles for it: an entry point of the group ``neurodeploy.targets``.
    limits
        By name.
    where
        The file, for findings.
    """

    name: str
    title: str
    backend: str
    limits: Mapping[str, Limit]
    where: str

    def require(self, names: Iterable[str]) -> None:
        """Raise ND029 for every limit that the target's code asks for and the file does not have."""
        missing = [bad_limit(self.where, name, "missing") for name in names if name not in self.limits]
        if missing:
            raise NeurodeployError(missing)


def read_profile(path: Path) -> Profile:
    """Read a target file.

    Raises
    ------
    NeurodeployError
        ND001 no such file, ND028 unreadable TOML or a wrong key or type, ND029 a limit says no value, unit
        or source.
    """
    if not path.is_file():
        raise NO_SUCH_PATH.error(where=str(path), help="Check the path.")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise NeurodeployError(
            _broken(path, "", (str(error) or type(error).__name__).splitlines()[0])
        ) from None
    return _parse(path, content)


def _broken(path: Path, key: str, found: str, limit: str = "a target file in TOML") -> Finding:
    return BAD_TARGET_FILE.finding(
        where=f"{path}: {key}" if key else str(path),
        found=found,
        limit=limit,
        help="Compare it with the shipped targets/loihi2.toml.",
    )


def _parse(path: Path, content: dict[str, Any]) -> Profile:
    findings: list[Finding] = []
    known = ("name", "title", "backend", "limits")
    for key in content:
        if key not in known:
            findings.append(_broken(path, key, "unknown key", nearest(key, known) or ", ".join(known)))
    text = {}
    for key in ("name", "title", "backend"):
        text[key] = content.get(key)
        if not isinstance(text[key], str) or not text[key]:
            findings.append(_broken(path, key, repr(text[key]), "a text"))
    tables = content.get("limits", {})
    if not isinstance(tables, dict):
        raise NeurodeployError([*findings, _broken(path, "limits", repr(tables), "one table for each limit")])
    limits = {}
    for name, table in tables.items():
        reason = _limit_misfit(table)
        if reason:
            findings.append(bad_limit(str(path), name, reason))
        else:
            limits[name] = Limit(name=name, **table)
    if findings:
        raise NeurodeployError(findings)
    return Profile(
        name=str(text["name"]),
        title=str(text["title"]),
        backend=str(text["backend"]),
        limits=limits,
        where=str(path),
    )


def _limit_misfit(table: object) -> str:
    fields = ("value", "unit", "source", "verified_on")
    if not isinstance(table, dict):
        return f"{table!r} is not a table"
    if unknown := set(table) - set(fields):
        return f"unknown key {', '.join(sorted(unknown))}"
    if type(table.get("value")) is not int:
        return f"value = {table.get('value')!r} is not a whole number"
    for key in fields[1:]:
        if not isinstance(table.get(key), str) or not table[key].strip():
            return f"no {key}"
    return ""


def bad_limit(where: str, name: str, found: str) -> Finding:
    """Give ND029 for one limit of a target file."""
    return BAD_LIMIT.finding(
        where=f"{where}: limits.{name}",
        found=found,
        limit="value (a whole number), unit, source, verified_on",
        help="State the value with the place where it is written.",
    )
