"""Recipes from TOML with overrides, and back to TOML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from neurodeploy import shipped as resources
from neurodeploy.findings.codes_usage import (
    BAD_OVERRIDE,
    BAD_VALUE,
    NO_SUCH_PATH,
    UNKNOWN_KEY,
    UNKNOWN_RECIPE,
)
from neurodeploy.findings.finding import NeurodeployError, nearest
from neurodeploy.recipe.keys import key, keys, tables
from neurodeploy.recipe.misfits import KEYS_PAGE, findings_of
from neurodeploy.recipe.plugins import TABLE as OPTIONS
from neurodeploy.recipe.schema import Recipe
from neurodeploy.recipe.section import Section
from neurodeploy.recipe.toml_text import parse_toml, read_toml

VARIANTS = "variants"
"""Table of a recipe file: name of a variant = list of overrides, as ``--set`` takes them."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A shipped recipe: its name, what it does, where it comes from and the names of its variants."""

    name: str
    description: str
    source: str
    variants: tuple[str, ...]


def list_recipes() -> list[Listed]:
    """List the shipped recipes, sorted by name."""
    listed = []
    for name in resources.names("models"):
        table, variants = _read(resources.path_of("models", name))
        listed.append(
            Listed(
                name, str(table.get("description", "")), str(table.get("source", "")), tuple(sorted(variants))
            )
        )
    return listed


def load_recipe(name_or_path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe, apply a variant and overrides, and check all of it.

    Parameters
    ----------
    name_or_path
        Name of a shipped recipe (``mts-xor``), with a variant (``mts-xor:reversed``), or a TOML file
        (``my.toml``, ``my.toml:variant``).
    overrides
        ``section.key=value`` with a TOML value; a bare word is a string. Later ones win. A changed switch
        (``network.projection.kind=dense``) drops the file's keys that it makes useless.

    Returns
    -------
    Recipe
        Checked and frozen. A variant's name is ``<recipe>-<variant>``.

    Raises
    ------
    NeurodeployError
        ND001 no such file, ND002 not TOML, ND020 unknown recipe or variant, ND021 an override is not
        ``key=value``, ND022 unknown key, ND023 wrong value, ND024 tau below dt, ND025 keys that do not fit
        each other, ND026 a key without effect.
    """
    path, variant = _find(str(name_or_path))
    table, variants = _read(path)
    where = str(path)
    chosen: list[str] = []
    if variant is not None:
        if variant not in variants:
            raise UNKNOWN_RECIPE.error(
                message="the recipe has no such variant",
                where=where,
                found=variant,
                limit=", ".join(sorted(variants)) or "it has no variants",
                help=nearest(variant, variants) or "Leave the variant out.",
            )
        chosen += variants[variant]
        table["name"] = f"{table.get('name', path.stem)}-{variant}"
    return parse_recipe(table, [*chosen, *overrides], where=where)


def parse_recipe(table: Mapping[str, Any], overrides: Sequence[str] = (), *, where: str = "recipe") -> Recipe:
    """Check a recipe that is already a table; findings as :func:`load_recipe`."""
    merged = _copied(table)
    settings = [_parsed(text) for text in overrides]
    for name, value in settings:
        *sections, last = name.split(".")
        inner: Any = merged
        for section in sections:
            inner = inner.setdefault(section, {}) if isinstance(inner, dict) else None
        if isinstance(inner, dict):  # else the file has a value where a table belongs: the schema says so
            inner[last] = value
    _drop_useless(merged, {name for name, _ in settings})
    try:
        return Recipe.model_validate(merged)
    except ValidationError as error:
        raise NeurodeployError(findings_of(error, where=where)) from None


def dump_recipe(recipe: Recipe) -> str:
    """Give a recipe as TOML: every key that has an effect, in the schema's order, defaults included."""
    return tomli_w.dumps(_dumped(recipe))


def _dumped(section: Section) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if value is None or not section.used(name):
            continue
        if isinstance(value, Section):
            plain[name] = _dumped(value)
        else:
            plain[name] = _plain(value)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if item is not None}
    return value


def _find(text: str) -> tuple[Path, str | None]:
    """Give the file of a recipe and the variant; a name without a suffix or folder is a shipped recipe."""
    base, colon, variant = text.rpartition(":")
    if not colon or Path(text).is_file() or not variant.replace("-", "").isalnum():
        base, variant = text, ""
    if base.endswith(".toml") or "/" in base or "\\" in base:
        path = Path(base)
        if not path.is_file():
            raise NO_SUCH_PATH.error(where=base, help="Check the path.")
        return path, variant or None
    known = resources.names("models")
    if base not in known:
        raise UNKNOWN_RECIPE.error(
            message="no recipe has this name",
            where=base,
            limit=", ".join(known),
            help=nearest(base, known) or "Give a name from `neurodeploy models`, or the path of a TOML file.",
        )
    return resources.path_of("models", base), variant or None


def _read(path: Path) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Read a file and take its variants out."""
    table = read_toml(path, help="Start from a shipped recipe: `neurodeploy inspect mts-xor`.")
    variants = table.pop(VARIANTS, {})
    if not isinstance(variants, dict) or not all(
        isinstance(items, list) and all(isinstance(item, str) for item in items)
        for items in variants.values()
    ):
        raise BAD_VALUE.error(
            message="a key of the recipe has a wrong value",
            where=f"{path}: {VARIANTS}",
            found=repr(variants)[:300],
            limit='a table of name = ["section.key=value", ...]',
            help='For example: reversed = ["network.tau.dtau_s=-0.2"].',
        )
    return table, variants


def _parsed(text: str) -> tuple[str, Any]:
    """Split ``section.key=value`` and read the value as TOML; a bare word is a string."""
    name, equals, value = text.partition("=")
    name, value = name.strip(), value.strip()
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes of the command line that are no UTF-8
        raise BAD_OVERRIDE.error(where=ascii(text)[:300], limit="text in UTF-8", help=KEYS_PAGE) from None
    if not equals or not name or not all(name.split(".")):
        raise BAD_OVERRIDE.error(where=text, limit="section.key=value, as train.epochs=10", help=KEYS_PAGE)
    check_key(name, where=f"--set {text}")
    try:
        parsed = parse_toml(f"value = {value}")
    except ValueError:
        return name, value
    return name, parsed["value"] if list(parsed) == ["value"] else value


def check_key(name: str, *, where: str, others: Sequence[str] = ()) -> None:
    """Refuse a dotted key that recipes do not have (ND022), with the nearest of those and of ``others``."""
    if key(name) is not None or _is_option(name):
        return
    known = [*(entry.path for entry in keys()), *others]
    last = name.rpartition(".")[2]
    same = [path for path in known if path.rpartition(".")[2] == last]
    close = same[0] if len(same) == 1 else ""
    raise UNKNOWN_KEY.error(
        where=where,
        found=name,
        help=f"did you mean {close!r}?" if close else nearest(name, known) or KEYS_PAGE,
    )


def _is_option(name: str) -> bool:
    """Say whether a key belongs to a plug-in's table, which has no tables in it."""
    table, _, last = name.rpartition(".")
    return table == OPTIONS and bool(last)


def _copied(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _copied(value) if isinstance(value, Mapping) else value for name, value in table.items()}


def _drop_useless(table: dict[str, Any], set_by_hand: set[str]) -> None:
    """Drop the file's keys that an overridden switch makes useless; those set by hand stay, refused."""
    for path, section in tables().items():
        inner = _table_at(table, path)
        prefix = f"{path}." if path else ""
        for name in section.model_fields:
            own = f"{prefix}{name}"
            if (
                inner is None
                or name not in inner
                or any(f"{given}.".startswith(f"{own}.") for given in set_by_hand)
            ):
                continue
            current = name
            while (needs := section.needs(current)) is not None:  # its switch, and that one's
                switch = needs[0]
                if f"{prefix}{switch}" in set_by_hand and not section.admits(current, inner.get(switch)):
                    inner.pop(name, None)
                current = switch


def _table_at(table: dict[str, Any], path: str) -> dict[str, Any] | None:
    """Give an inner table; None where the recipe does not have it."""
    inner: Any = table
    for name in path.split(".") if path else ():
        inner = inner.get(name) if isinstance(inner, dict) else None
    return inner if isinstance(inner, dict) else None
