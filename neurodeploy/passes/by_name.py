"""Passes by name: ours and those of plug-ins, found through entry points, with options as text."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from neurodeploy.findings.codes_parity import PLUGIN_BROKEN
from neurodeploy.findings.codes_usage import BAD_PASS
from neurodeploy.findings.finding import nearest
from neurodeploy.passes.draft import Pass

GROUP = "neurodeploy.passes"


def _entries() -> dict[str, EntryPoint]:
    """Give every pass by name, without importing any; a clash of names is an error."""
    entries: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        if entry.name in entries and entries[entry.name].value != entry.value:
            raise PLUGIN_BROKEN.error(
                message="two packages bring a pass of the same name",
                where=entry.name,
                found=f"{entries[entry.name].value} and {entry.value}",
                help="Remove one of the packages.",
            )
        entries[entry.name] = entry
    return entries


def pass_names() -> list[str]:
    """List the passes, sorted, without importing any."""
    return sorted(_entries())


def load_pass(text: str) -> Pass:
    """Make a pass from ``name`` or ``name:option=value,option=value``.

    Parameters
    ----------
    text
        Options are the fields of the pass; their values are read as whole numbers, numbers, ``true`` and
        ``false``, or text, as the field's default has it.

    Raises
    ------
    NeurodeployError
        ND088: no such pass or option, or a value of another kind; ND424: the plug-in cannot be loaded.
    """
    name, _, rest = text.partition(":")
    entries = _entries()
    if name not in entries:
        raise BAD_PASS.error(
            where="--pass",
            found=name,
            limit=", ".join(sorted(entries)),
            help=nearest(name, entries) or "Install the package that brings it.",
        )
    try:
        kind = entries[name].load()
    except Exception as error:
        raise _broken(entries[name], f"{type(error).__name__}: {error}") from error
    if not (isinstance(kind, type) and is_dataclass(kind)):
        raise _broken(entries[name], f"{kind!r} is no dataclass")
    made = kind(**_options(name, rest, {field.name: field.default for field in fields(kind) if field.init}))
    if not isinstance(made, Pass):
        raise _broken(entries[name], f"{kind.__name__} is not a Pass")
    return made


def spelled(each: Pass) -> str:
    """Give the text from which :func:`load_pass` makes an equal pass, if its package is installed."""
    known: list[str] = [field.name for field in fields(each) if field.init] if is_dataclass(each) else []
    options = [f"{name}={_text(getattr(each, name))}" for name in known]
    return each.name + (f":{','.join(options)}" if options else "")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _options(name: str, text: str, defaults: dict[str, Any]) -> dict[str, Any]:
    """Read ``key=value,...`` by the kinds of the defaults."""
    options: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or key not in defaults:
            raise BAD_PASS.error(
                where=f"--pass {name}",
                found=part,
                limit=", ".join(f"{known}=..." for known in defaults) or "no options",
                help=nearest(key, defaults) or "Write options as name:option=value,option=value.",
            )
        try:
            options[key] = _value(value, defaults[key])
        except ValueError:
            raise BAD_PASS.error(
                where=f"--pass {name}: {key}",
                found=value,
                limit=f"a {type(defaults[key]).__name__}",
                help="Give a value of the same kind as the default.",
            ) from None
    return options


def _value(text: str, default: object) -> object:
    if isinstance(default, bool):
        if text not in ("true", "false"):
            raise ValueError(text)
        return text == "true"
    if isinstance(default, int):
        return int(text)
    if isinstance(default, float):
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(text)
        return number
    return text


def _broken(entry: EntryPoint, found: str) -> Exception:
    return PLUGIN_BROKEN.error(
        where=f"{entry.name} = {entry.value}",
        found=found.splitlines()[0],
        limit=f"a frozen dataclass that is a neurodeploy.passes.draft.Pass, in the group {GROUP}",
        help="Repair or remove the package that brings it.",
    )
