"""A recipe as TOML for a person: every key with its meaning, and what it may be."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import tomli_w

from neurodeploy.recipe.keys import Key, keys
from neurodeploy.recipe.load import dump_recipe
from neurodeploy.recipe.plugins import TABLE as OPTIONS
from neurodeploy.recipe.schema import Recipe
from neurodeploy.recipe.toml_text import parse_toml

WIDTH = 100


def commented(recipe: Recipe, *, unused: bool = False) -> str:
    """Give a recipe as TOML with a comment above each key; read again, it is the same recipe.

    Parameters
    ----------
    recipe
        What to write: every key that has an effect, defaults included.
    unused
        Whether keys that have no effect beside the others are there too, as comments.
    """
    values = parse_toml(dump_recipe(recipe))
    lines: list[str] = []
    table = ""
    for entry in keys():
        section, _, name = entry.path.rpartition(".")
        inner = _at(values, section)
        if entry.path == OPTIONS:
            continue
        used = inner is not None and name in inner
        if not used and not unused:
            continue
        if section != table:
            table = section
            # A table whose every key is a comment must not be there: it would be a key without effect.
            head = f"[{section}]"
            lines += ["", head if inner is not None else f"# {head}"]
        lines += _comment(entry)
        if used and inner is not None:
            lines.append(_line(name, inner[name]))
        else:
            lines.append(f"# {_example(entry)}")
    options = _at(values, OPTIONS)
    if options:
        lines += ["", f"[{OPTIONS}]", tomli_w.dumps(options).rstrip("\n")]
    return "\n".join(lines).lstrip("\n") + "\n"


def _at(values: dict[str, Any], path: str) -> dict[str, Any] | None:
    """Give a table by its dotted path; None where it is not there."""
    inner: Any = values
    for name in path.split(".") if path else ():
        inner = inner.get(name) if isinstance(inner, dict) else None
    return inner if isinstance(inner, dict) else None


def _comment(entry: Key) -> Iterator[str]:
    only = ""
    if entry.switch is not None:
        values = " or ".join(entry.switch_values)
        only = f" Only with {entry.switch} = {values}."
    text = f"{entry.description}{only} ({entry.limit})"
    yield from textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="#   ")


def _example(entry: Key) -> str:
    """Give a key with its default, as a line."""
    default = list(entry.default) if isinstance(entry.default, tuple) else entry.default
    name = entry.path.rpartition(".")[2]
    return f"{name} =" if default is None else _line(name, default)


def _line(name: str, value: Any) -> str:
    """Give a key and its value as one line: a list too, whose items hold no line breaks."""
    text = tomli_w.dumps({name: value}).rstrip("\n")
    return text.replace("\n    ", " ").replace(",\n]", "]").replace("[ ", "[", 1)
