"""Targets by name: shipped target files, files of users, and plug-ins found through entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from neurodeploy.findings.codes_parity import PLUGIN_BROKEN
from neurodeploy.findings.codes_usage import UNKNOWN_TARGET
from neurodeploy.findings.finding import NeurodeployError, nearest
from neurodeploy.shipped import names, path_of
from neurodeploy.targets.limits import Profile, read_profile
from neurodeploy.targets.target import Target

GROUP = "neurodeploy.targets"
DEFAULT_TARGET = "loihi2"
"""What a recipe is held against where nobody says which target."""

TARGET_FILE = "target.toml"
"""Copy of a user's target file in a bundle that was made for it."""


def _entries() -> dict[str, EntryPoint]:
    """Give the code of every target by name, without importing any; a clash of names is an error."""
    entries: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        known = entries.get(entry.name)
        if (known is not None and known.value != entry.value) or entry.name in names("targets"):
            raise PLUGIN_BROKEN.error(
                message="two targets have the same name",
                where=entry.name,
                found=f"{known.value if known else 'a shipped target file'} and {entry.value}",
                help="Remove one of the packages that bring them.",
            )
        entries[entry.name] = entry
    return entries


def target_names() -> list[str]:
    """List what ``--target`` takes besides files, sorted, without importing any target's code."""
    return sorted({*names("targets"), *_entries()})


def load_target(name_or_path: str | Path) -> Target[Any]:
    """Give a target by its name, by the name of its code (its default chip), or from a TOML file.

    Raises
    ------
    NeurodeployError
        ND001 no such file; ND027 an unknown name, or a file whose ``backend`` has no code; ND028, ND029 the
        file cannot be used; ND424 with exit code 4: a plug-in cannot be loaded, or two have one name.
    """
    name = str(name_or_path)
    if Path(name).suffix == ".toml":
        return _of_profile(read_profile(Path(name)))
    if name in names("targets"):
        return _of_profile(read_profile(path_of("targets", name)))
    if name in _entries():
        return _made(_entries()[name], None)
    raise UNKNOWN_TARGET.error(
        where=name,
        limit=", ".join(target_names()),
        help=nearest(name, target_names()) or "`neurodeploy targets` lists them.",
    )


def nameable(target: str | Path | Target[Any]) -> Target[Any]:
    """Give a target that whoever opens a bundle finds again, by name or by the file that is copied into it.

    Raises
    ------
    NeurodeployError
        As :func:`load_target`; ND027 also for an object whose name means other limits, or nothing.
    """
    if isinstance(target, str | Path):
        return load_target(target)
    known = load_target(target.name) if target.name in target_names() else None
    if known is None or dict(known.limits) != dict(target.limits):
        raise UNKNOWN_TARGET.error(
            message="a bundle could not name this target",
            where=target.name,
            found="other limits than those of that name" if known else "no target of that name",
            limit=", ".join(target_names()),
            help="Give the target's TOML file in place of the object: the bundle then holds a copy.",
        )
    return target


def target_of(bundle: Path, name: str) -> Target[Any]:
    """Give the target that a bundle was made for: from its own copy of a user's target file, or by name."""
    own = bundle / TARGET_FILE
    return load_target(own if own.is_file() else name)


def _of_profile(profile: Profile) -> Target[Any]:
    """Give the target whose code a target file names."""
    entries = _entries()
    if profile.backend not in entries:
        raise UNKNOWN_TARGET.error(
            message="no code compiles for this target",
            where=f"{profile.where}: backend",
            found=repr(profile.backend),
            limit=", ".join(sorted(entries)),
            help=nearest(profile.backend, entries) or "Install the package that brings it.",
        )
    return _made(entries[profile.backend], profile)


def _made(entry: EntryPoint, profile: Profile | None) -> Target[Any]:
    """Load a target's code and let it make the target."""
    try:
        target = entry.load()(profile)
    except NeurodeployError:
        raise
    except Exception as error:
        raise _unusable(entry, f"{type(error).__name__}: {error}") from error
    if not isinstance(target, Target):
        raise _unusable(entry, f"{type(target).__name__} is not a Target")
    return target


def _unusable(entry: EntryPoint, found: str) -> NeurodeployError:
    return PLUGIN_BROKEN.error(
        where=f"{entry.name} = {entry.value}",
        found=found.splitlines()[0],
        limit="a function that gives a neurodeploy.targets.target.Target",
        help="Repair or remove the package that brings it.",
    )
