"""The keys of a recipe as a list and as the reference page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic_core import PydanticUndefined

from neurodeploy.recipe.schema import Recipe
from neurodeploy.recipe.section import Section

PREAMBLE = """# Keys of a recipe

<!-- Generated from the schema by:
python -c "from neurodeploy.recipe import reference; print(reference(), end='')" -->

A recipe is a TOML file. Every key below can be set in the file or with `--set section.key=value`. An unknown
key, a value out of range and a key that has no effect beside the others are errors. `_s` is seconds, `_steps`
steps of `data.dt_s`. A file may also hold a table `[variants]` with entries
`name = ["section.key=value", ...]`, chosen as `RECIPE:name`.
"""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: dotted path, allowed values, default, meaning, and the switch that makes it count."""

    path: str
    limit: str
    default: object
    description: str
    required: bool
    switch: str | None
    switch_values: tuple[str, ...]


@cache
def keys() -> tuple[Key, ...]:
    """List every key of a recipe, in the schema's order; tables themselves are not keys."""
    return tuple(_walk(Recipe, ""))


@cache
def _by_path() -> dict[str, Key]:
    return {entry.path: entry for entry in keys()}


def key(path: str) -> Key | None:
    """Give a key by its dotted path; None where there is no such key."""
    return _by_path().get(path)


def tables() -> dict[str, type[Section]]:
    """Give the tables of a recipe by dotted path; the top level is the empty path."""
    found: dict[str, type[Section]] = {"": Recipe}
    for path, section in list(_tables(Recipe, "")):
        found[path] = section
    return found


def _tables(section: type[Section], prefix: str) -> Iterator[tuple[str, type[Section]]]:
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            yield f"{prefix}{name}", inner
            yield from _tables(inner, f"{prefix}{name}.")


def _walk(section: type[Section], prefix: str) -> Iterator[Key]:
    properties = section.model_json_schema()["properties"]
    for name, field in section.model_fields.items():
        inner = field.annotation
        path = f"{prefix}{name}"
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from _walk(inner, f"{path}.")
            continue
        needs = section.needs(name)
        yield Key(
            path=path,
            limit=_limit(properties[name]),
            default=None if field.default is PydanticUndefined else field.default,
            description=field.description or "",
            required=field.is_required(),
            switch=None if needs is None else f"{prefix}{needs[0]}",
            switch_values=() if needs is None else needs[1],
        )


def _limit(schema: dict[str, Any]) -> str:
    """Say in words what a JSON schema allows."""
    if "anyOf" in schema:
        return _limit(next(option for option in schema["anyOf"] if option.get("type") != "null"))
    if "enum" in schema:
        return ", ".join(repr(value) for value in schema["enum"])
    kind = schema.get("type")
    if kind == "array":
        return f"a list of {schema['minItems']} to {schema['maxItems']} items, each {_limit(schema['items'])}"
    if kind == "object":
        return "a table"
    if kind == "boolean":
        return "true or false"
    if kind == "string":
        return f"text that matches {schema['pattern']}" if "pattern" in schema else "text"
    bounds = [
        f"{sign} {schema[bound]:g}" if isinstance(schema[bound], float) else f"{sign} {schema[bound]}"
        for bound, sign in (
            ("minimum", ">="),
            ("exclusiveMinimum", ">"),
            ("maximum", "<="),
            ("exclusiveMaximum", "<"),
        )
        if bound in schema
    ]
    return " ".join(["a whole number" if kind == "integer" else "a number", " and ".join(bounds)]).strip()


def reference() -> str:
    """Give the reference page of the recipe schema as Markdown."""
    lines = [PREAMBLE]
    for path, section in tables().items():
        rows = [entry for entry in keys() if entry.path.rpartition(".")[0] == path]
        lines.append(
            f"## {f'[{path}]' if path else 'Top level'}\n\n{(section.__doc__ or '').splitlines()[0]}\n"
        )
        lines.append("| key | default | allowed | meaning |\n| --- | --- | --- | --- |")
        for entry in rows:
            name = entry.path.rpartition(".")[2]
            used = ""
            if entry.switch is not None:
                switch = entry.switch.rpartition(".")[2]
                used = f" Only with `{switch}` {' or '.join(f'`{value}`' for value in entry.switch_values)}."
            default = (
                "required" if entry.required else "" if entry.default is None else f"`{_toml(entry.default)}`"
            )
            lines.append(f"| `{name}` | {default} | {entry.limit} | {entry.description}{used} |")
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return str(list(value))
    if isinstance(value, dict):
        return "{}"
    return f'"{value}"' if isinstance(value, str) else str(value)
