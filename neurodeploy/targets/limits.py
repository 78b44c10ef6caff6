"""Targets: a chip and its limits, read from TOML."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodeploy.findings.codes_usage import BAD_LIMIT, BAD_TARGET_FILE, NO_SUCH_PATH, UNKNOWN_TARGET
from neurodeploy.findings.finding import Finding, NeurodeployError, nearest
from neurodeploy.shipped import names, path_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REQUIRED_LIMITS = (
    "max_delay_steps",
    "weight_bits",
    "weight_magnitude",
    "weight_mixed_max",
    "weight_mixed_min",
    "weight_exponent_min",
    "weight_exponent_max",
    "dv_max",
    "du_max",
    "vth_max",
    "bias_mantissa_min",
    "bias_mantissa_max",
    "bias_exponent_max",
    "state_max",
    "accumulator_max",
    "tau_groups_max",
    "input_max",
    "neurons_per_core",
    "synapse_bytes_per_core",
    "cores",
    "neurons_per_chip",
)
"""What rules and the quantiser ask for; a target file without one of them is refused."""


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
class Target:
    """A chip.

    Attributes
    ----------
    name, title
        Short and long name.
    backend
        Name of the backend that compiles for it.
    limits
        By name.
    """

    name: str
    title: str
    backend: str
    limits: Mapping[str, Limit]

    def limit(self, name: str) -> Limit:
        """Give one limit; KeyError for a name that is not in :data:`REQUIRED_LIMITS` nor in the file."""
        return self.limits[name]


def load_target(name_or_path: str | Path) -> Target:
    """Read a target by name, or from a TOML file by path.

    Raises
    ------
    NeurodeployError
        ND027 unknown name, ND028 unreadable TOML or a wrong key or type, ND029 a limit is missing or
        says no value, unit or source.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        name = str(name_or_path)
        path = path_of("targets", name)
        if name not in names("targets"):
            raise UNKNOWN_TARGET.error(
                where=name,
                limit=", ".join(names("targets")),
                help=nearest(name, names("targets")) or "`neurodeploy targets` lists them.",
            )
    elif not path.is_file():
        raise NO_SUCH_PATH.error(where=str(path), help="Check the path.")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NeurodeployError(_broken(path, "", str(error).splitlines()[0])) from None
    return _parse(path, content)


def _broken(path: Path, key: str, found: str, limit: str = "a target file in TOML") -> Finding:
    return BAD_TARGET_FILE.finding(
        where=f"{path}: {key}" if key else str(path),
        found=found,
        limit=limit,
        help="Compare it with the shipped targets/loihi2.toml.",
    )


def _parse(path: Path, content: dict[str, Any]) -> Target:
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
    for name in REQUIRED_LIMITS:
        if name not in tables:
            findings.append(_bad_limit(path, name, "missing"))
    limits = {}
    for name, table in tables.items():
        reason = _limit_misfit(table)
        if reason:
            findings.append(_bad_limit(path, name, reason))
        else:
            limits[name] = Limit(name=name, **table)
    if findings:
        raise NeurodeployError(findings)
    return Target(
        name=str(text["name"]), title=str(text["title"]), backend=str(text["backend"]), limits=limits
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


def _bad_limit(path: Path, name: str, found: str) -> Finding:
    return BAD_LIMIT.finding(
        where=f"{path}: limits.{name}",
        found=found,
        limit="value (a whole number), unit, source, verified_on",
        help="State the value with the place where it is written.",
    )
