"""What the schema refuses, as findings that name the key, the allowed values and the nearest right key."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from neurodeploy.findings.codes_usage import BAD_VALUE, KEY_WITHOUT_EFFECT, UNKNOWN_KEY
from neurodeploy.findings.finding import Finding, nearest
from neurodeploy.recipe.keys import key, keys, tables
from neurodeploy.recipe.section import RuleError, UnusedKeyError

KEYS_PAGE = "Keys are listed in docs/reference/recipes.md."


def findings_of(error: ValidationError, *, where: str) -> list[Finding]:
    """Turn a validation error into findings: ND022 unknown key, ND023 wrong value, ND024 to ND026 rules."""
    return list(_findings(error, where))


def _findings(error: ValidationError, where: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for item in error.errors(include_url=False):
        names = [str(part) for part in item["loc"] if isinstance(part, str)]
        path = ".".join(names)
        cause = item.get("ctx", {}).get("error")
        if isinstance(cause, RuleError):
            yield from cause.findings
        elif isinstance(cause, UnusedKeyError):
            yield KEY_WITHOUT_EFFECT.finding(
                where=f"{where}: {'.'.join([*names, cause.key])}",
                found=cause.found,
                limit=f"counts only with {cause.needs}",
                help="Remove the key, or change the other one.",
            )
        elif item["type"] == "extra_forbidden":
            yield _unknown(path, where)
        elif path not in seen:  # a list reports each item, then itself
            seen.add(path)
            yield _wrong(path, item["input"], item["msg"], where, missing=item["type"] == "missing")


def _unknown(path: str, where: str) -> Finding:
    section, _, name = path.rpartition(".")
    known_tables = tables()
    siblings = list(known_tables[section].model_fields) if section in known_tables else []
    elsewhere = [entry.path for entry in keys() if entry.path.rpartition(".")[2] == name]
    return UNKNOWN_KEY.finding(
        where=f"{where}: {path}",
        found=name,
        limit=", ".join(siblings),
        help=nearest(name, siblings) or (f"did you mean {elsewhere[0]!r}?" if elsewhere else KEYS_PAGE),
    )


def _wrong(path: str, found: object, message: str, where: str, *, missing: bool) -> Finding:
    entry = key(path)
    limit = "a table" if entry is None else entry.limit
    options = [word.strip("'") for word in limit.split(", ")] if limit.startswith("'") else []
    close = nearest(found, options) if isinstance(found, str) else ""
    return BAD_VALUE.finding(
        message="a key of the recipe is missing" if missing else "a key of the recipe has a wrong value",
        where=f"{where}: {path}",
        found="nothing" if missing else f"{_short(found)} ({message})",
        limit=limit,
        help=close or (entry.description if entry is not None else KEYS_PAGE),
    )


def _short(found: object) -> str:
    text = repr(found)
    return text if len(text) <= 200 else f"{text[:200]}..."
