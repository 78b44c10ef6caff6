"""The manifest of a bundle as a checked type: every key, its type and its range."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard

from neurodeploy.bundle.layout import MANIFEST, OWN
from neurodeploy.findings.codes_usage import BAD_MANIFEST
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.model import SCORES, Readout

SCHEMA = 2
"""Of the manifests that are written. Schema 1 had the same keys but no checksum of the manifest itself."""

MAX_DEPTH = 16
"""How deep a manifest's values may be nested; those that are written reach 5."""

NOT_MEASURED = "not measured (--no-verify)"
"""What stands in place of the rungs where none were measured."""

WITNESS = "witness"
"""The key of ``training`` that says who computed the golden traces of a network that was not trained here."""

_MAX_STEPS = 2**31 - 1
_MAX_SEED = 2**64 - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Manifest:
    """What a bundle is: checked when it is made and when it is read.

    Attributes
    ----------
    name
        Of the network.
    dt_s
        Length of a step, in seconds (key ``dt``).
    input_size, input_max
        Number of sources, and the largest count that one takes in a step, 1..255 (key ``input``).
    latency_steps
        How many steps each population is late on the chip, in the order of the graph.
    readout
        Which population is read out and how; None without one.
    target
        Name of the target that the program was made for.
    backend
        ``name`` of the target's code, and its own facts.
    sha256
        Digest of every other file, by name; filled in when the manifest is written.
    versions, rounding, quantisation, findings, rungs, samples, recipe, seed, training
        As docs/decisions/0001 lists them: facts for readers, ready for JSON.
    schema
        1 or 2.

    Raises
    ------
    NeurodeployError
        ND009 with a finding for each key that does not hold what it should.
    """

    name: str
    dt_s: float
    input_size: int
    input_max: int
    latency_steps: Mapping[str, int]
    readout: Readout | None
    target: str
    backend: Mapping[str, Any]
    sha256: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    rounding: str = ""
    quantisation: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Mapping[str, str]] = ()
    rungs: Sequence[Mapping[str, Any]] | str = NOT_MEASURED
    samples: Mapping[str, int] = field(default_factory=dict)
    recipe: str | None = None
    seed: int | None = None
    training: Mapping[str, Any] | None = None
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        for key in ("backend", "quantisation", "findings", "rungs", "training"):
            object.__setattr__(self, key, copy.deepcopy(getattr(self, key)))
        problems = list(misfits(self.to_dict()))
        if problems:
            raise refused("the manifest", problems)

    def to_dict(self) -> dict[str, Any]:
        """Give the manifest under the keys of the file, ready for JSON."""
        readout = self.readout
        return {
            "schema": self.schema,
            "versions": dict(self.versions),
            "name": self.name,
            "dt": self.dt_s,
            "input": {"size": self.input_size, "max": self.input_max},
            "latency_steps": dict(self.latency_steps),
            "readout": None
            if readout is None
            else {"population": readout.population, "score": readout.score},
            "rounding": self.rounding,
            "target": self.target,
            "backend": self.backend,
            "quantisation": self.quantisation,
            "findings": list(self.findings),
            "rungs": self.rungs if isinstance(self.rungs, str) else list(self.rungs),
            "samples": dict(self.samples),
            "recipe": self.recipe,
            "seed": self.seed,
            "training": self.training,
            "sha256": dict(self.sha256),
        }

    @property
    def witness(self) -> str | None:
        """Who computed the golden traces of the float network, where it was not trained here."""
        found = None if self.training is None else self.training.get(WITNESS)
        return found if isinstance(found, str) else None

    def with_files(self, sha256: Mapping[str, str]) -> Manifest:
        """Give the same manifest in the current schema, for files with these digests."""
        return replace(self, sha256=sha256, schema=SCHEMA)


def from_dict(content: Mapping[str, Any], *, where: str) -> Manifest:
    """Make a manifest of the keys of a file.

    Parameters
    ----------
    content
        As parsed, ``schema`` 1 or 2. A schema 1 file may lack the keys that are only facts for readers.
    where
        The file, for findings.

    Raises
    ------
    NeurodeployError
        ND009 with a finding for each key that is missing, unknown or holds something else.
    """
    problems = list(misfits(content))
    needed = _NEEDED if content.get("schema") == 1 else tuple(_KEYS)
    problems += [(key, "nothing", _KEYS[key][0]) for key in needed if key not in content]
    if problems:
        raise refused(where, problems)
    values = {key: value for key, value in content.items() if key not in ("dt", "input", "readout")}
    readout = content.get("readout")
    return Manifest(
        **values,
        dt_s=float(content["dt"]),
        input_size=content["input"]["size"],
        input_max=content["input"]["max"],
        readout=None if readout is None else Readout(**readout),
    )


def misfits(content: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield key, found and wanted for everything in a manifest's keys that is not as it should be."""
    if (problem := _not_plain(content)) is not None:
        yield "", problem, "finite numbers and Unicode texts"
        return
    for key, value in content.items():
        if key not in _KEYS:
            yield key, "a key that no manifest has", ", ".join(_KEYS)
        elif not _KEYS[key][1](value):
            yield key, _short(value), _KEYS[key][0]
    sha256 = content.get("sha256")
    if _is_table(sha256) and sha256 and (missing := [name for name in OWN if name not in sha256]):
        yield "sha256", f"no {', '.join(missing)}", f"at least {', '.join(OWN)}"


def refused(where: str, problems: Sequence[tuple[str, str, str]]) -> NeurodeployError:
    """Give ND009 with a finding for each problem of :func:`misfits`."""
    return NeurodeployError(
        BAD_MANIFEST.finding(
            where=f"{where}: {key}" if key else where,
            found=found,
            limit=wanted,
            help="Export the bundle again.",
        )
        for key, found, wanted in problems
    )


def is_plain_name(name: object) -> TypeGuard[str]:
    """Say whether a text names a file of the bundle's own folder: one printable word of a path, no more."""
    return (
        isinstance(name, str)
        and name.isprintable()
        and name not in ("", ".", "..")
        and not set(name) & set("/\\:")
    )


def _not_plain(content: object) -> str | None:
    """Say what a JSON value holds that a manifest must not: deep nesting, infinity, NaN, half a character."""
    stack = [(content, 0)]
    while stack:
        value, depth = stack.pop()
        if depth > MAX_DEPTH:
            return f"values nested more than {MAX_DEPTH} deep"
        if isinstance(value, float) and not math.isfinite(value):
            return f"the number {value}"
        if isinstance(value, str) and not _encodes(value):
            return f"the text {_short(value)}, which holds half a character (a surrogate)"
        if isinstance(value, Mapping):
            stack += [(part, depth + 1) for pair in value.items() for part in pair]
        elif isinstance(value, (list, tuple)):
            stack += [(part, depth + 1) for part in value]
    return None


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _short(value: object) -> str:
    """Give a value in at most 80 characters; it may be huge."""
    text = repr(value) if not isinstance(value, (Mapping, list)) else f"{type(value).__name__}({len(value)})"
    return text if len(text) <= 80 else f"{text[:77]}..."


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str)


def _is_table(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _whole(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _table_of(check: Callable[[Any], bool]) -> Callable[[object], bool]:
    return lambda value: _is_table(value) and all(check(entry) for entry in value.values())


def _list_of(check: Callable[[Any], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, (list, tuple)) and all(check(entry) for entry in value)


def _or_none(check: Callable[[Any], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or check(value)


def _exactly(**checks: Callable[[Any], bool]) -> Callable[[object], bool]:
    return lambda value: (
        _is_table(value) and set(value) == set(checks) and all(checks[key](value[key]) for key in checks)
    )


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _is_seconds(value: object) -> bool:
    return type(value) in (int, float) and 0 < value < 1e9  # type: ignore[operator]


def _is_backend(value: object) -> bool:
    return _is_table(value) and is_plain_name(value.get("name"))


def _is_target(value: object) -> bool:
    """Say whether a text names a target; with this ending it would be read as a file, wherever one is."""
    return is_plain_name(value) and not value.endswith(".toml")


def _is_sha256(value: object) -> bool:
    return _table_of(_is_digest)(value) and all(
        is_plain_name(name) and name != MANIFEST
        for name in value  # type: ignore[attr-defined]
    )


_KEYS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "schema": ("1 or 2", _whole(1, SCHEMA)),
    "versions": ("versions by package", _table_of(_is_text)),
    "name": ("a text", _is_text),
    "dt": ("seconds, above 0 and below 1e9", _is_seconds),
    "input": (
        "size from 1, max 1..255",
        _exactly(size=_whole(1, _MAX_STEPS), max=_whole(1, 255)),
    ),
    "latency_steps": ("whole steps by population", _table_of(_whole(0, _MAX_STEPS))),
    "readout": (
        f"a population and a score of {', '.join(SCORES)}; or null",
        _or_none(_exactly(population=_is_text, score=lambda score: score in SCORES)),
    ),
    "rounding": ("a text", _is_text),
    "target": ("the name of a target, not a file", _is_target),
    "backend": ("facts with a name", _is_backend),
    "quantisation": ("facts by name", _is_table),
    "findings": ("findings, each of texts", _list_of(_table_of(_is_text))),
    "rungs": (
        "what each rung measured, or a text that says why not",
        lambda value: _is_text(value) or _list_of(_is_table)(value),
    ),
    "samples": ("how many samples by set", _table_of(_whole(0, _MAX_STEPS))),
    "recipe": ("a text or null", _or_none(_is_text)),
    "seed": ("a whole number or null", _or_none(_whole(-_MAX_SEED, _MAX_SEED))),
    "training": ("facts by name, or null", _or_none(_is_table)),
    "sha256": ("64 hexadecimal digits by plain file name", _is_sha256),
}

_NEEDED = ("schema", "name", "dt", "input", "latency_steps", "target", "backend", "sha256")
"""Without these no bundle can be read."""
