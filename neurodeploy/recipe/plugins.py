"""Data sets of other packages: how a recipe names one, and how its keys are checked.

A package brings a data set by an entry point of the group ``neurodeploy.datasets``, whose name is what
``data.kind`` says::

    [project.entry-points."neurodeploy.datasets"]
    toy = "toy_package.data:Toy"

    @dataclass(frozen=True)
    class Toy:                          # its fields are the keys of the recipe's table [data.options]
        trials: int = 64
        rate: float = 0.1

        def load(self, data: Data, *, folder: Path | None, seed: int) -> DataSets: ...

Fields have plain types (bool, int, float, str, tuples of them), and a ``ValueError`` of ``__post_init__``
refuses a value. An unknown key is refused as any other of a recipe, and a recipe that is written down holds
the defaults too. What ``load`` takes and gives stands in :class:`neurodeploy.data.sample_set.DataSource`. The
kinds of this package stay: another package cannot take their names, nor two packages the same one.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from neurodeploy.findings.codes_parity import PLUGIN_BROKEN
from neurodeploy.findings.codes_usage import BAD_VALUE, UNKNOWN_KEY
from neurodeploy.findings.finding import Finding, NeurodeployError, nearest
from neurodeploy.recipe.section import RuleError

GROUP = "neurodeploy.datasets"
BUILT_IN = ("mts-xor", "events", "shd", "ssc")
"""Kinds of data that need no plug-in."""

TABLE = "data.options"
_STRICT = ConfigDict(strict=True, allow_inf_nan=False)


def dataset_names() -> tuple[str, ...]:
    """List the kinds of data of other packages, sorted, without importing any.

    Raises
    ------
    NeurodeployError
        ND424 (exit code 4) a name is taken twice, or is one of :data:`BUILT_IN`.
    """
    return tuple(sorted(_entries()))


def options_of(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check the table ``[data.options]`` and give it with every default.

    Parameters
    ----------
    kind
        One of :func:`dataset_names`.
    given
        The table.

    Raises
    ------
    RuleError
        With ND022 for an unknown key and ND023 for one that is missing or has a wrong value.
    NeurodeployError
        ND424 (exit code 4) the plug-in cannot be loaded.
    """
    source = make_source(kind, given)
    return {field.name: getattr(source, field.name) for field in _options(type(source))}


def make_source(kind: str, options: Mapping[str, Any]) -> Any:
    """Load the plug-in of a kind and make its data source; errors as :func:`options_of`."""
    entry = _entries()[kind]
    try:
        found = entry.load()
        fit = (
            isinstance(found, type)
            and dataclasses.is_dataclass(found)
            and callable(getattr(found, "load", 0))
        )
        hints = typing.get_type_hints(found) if fit else {}
        adapters = {name: TypeAdapter(kind, config=_STRICT) for name, kind in hints.items()}
    except Exception as error:  # whatever a stranger's module raises when it is imported
        raise _unusable(entry, f"{type(error).__name__}: {error}") from error
    if not fit:
        raise _unusable(entry, f"{type(found).__name__} {getattr(found, '__name__', '')}".strip())
    values: dict[str, Any] = {}
    wrong = list(_checked(found, options, adapters, values))
    if not wrong:
        try:
            return found(**values)
        except ValueError as error:
            wrong = [BAD_VALUE.finding(where=TABLE, found=str(error), help=_known(found))]
        except Exception as error:
            raise _unusable(entry, f"{type(error).__name__}: {error}") from error
    raise RuleError(tuple(wrong))


def _checked(
    source: type[Any],
    options: Mapping[str, Any],
    adapters: Mapping[str, TypeAdapter[Any]],
    values: dict[str, Any],
) -> Iterator[Finding]:
    """Put the checked options into ``values``; yield what is wrong."""
    fields = {field.name: field for field in _options(source)}
    for name in options:
        if name not in fields:
            close = nearest(name, fields)
            yield UNKNOWN_KEY.finding(
                where=f"{TABLE}.{name}", found=name, limit=", ".join(fields), help=close or _known(source)
            )
    for name, field in fields.items():
        if name in options:
            value = options[name]
            try:
                # Lists stand for tuples, as TOML has none.
                values[name] = adapters[name].validate_python(
                    tuple(value) if isinstance(value, list) else value
                )
            except ValidationError as error:
                reason = error.errors(include_url=False)[0]["msg"]
                yield BAD_VALUE.finding(
                    where=f"{TABLE}.{name}", found=f"{value!r} ({reason})"[:300], limit=str(field.type)
                )
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            yield BAD_VALUE.finding(
                message="a key of the recipe is missing",
                where=f"{TABLE}.{name}",
                found="nothing",
                limit=str(field.type),
            )


def _options(source: type[Any]) -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(source) if field.init]


def _known(source: type[Any]) -> str:
    names = ", ".join(field.name for field in _options(source)) or "none"
    return f"Keys of {source.__name__}: {names}."


def _entries() -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        taken = found.get(entry.name)
        if entry.name in BUILT_IN or (taken is not None and taken.value != entry.value):
            raise PLUGIN_BROKEN.error(
                message="two packages bring a data set of the same name",
                where=f"entry points {GROUP}: {entry.name}",
                found=f"{entry.value}, and {'neurodeploy itself' if taken is None else taken.value}",
                limit="one",
                help="Remove one of the two packages, or rename its entry point.",
            )
        found[entry.name] = entry
    return found


def _unusable(entry: EntryPoint, found: str) -> NeurodeployError:
    return PLUGIN_BROKEN.error(
        where=f"{entry.name} = {entry.value}",
        found=found.splitlines()[0][:300],
        limit=f"a dataclass with a method load, see the group {GROUP}",
        help="Repair or remove the package that brings it.",
    )
