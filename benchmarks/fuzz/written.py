"""Say what is wrong about the files that a command left: half-written, left over, or not what is wanted."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from benchmarks.fuzz.case import Command


def names(folder: Path) -> frozenset[str]:
    """Give the entries of a folder, one level deep and inside the folders there."""
    return frozenset(str(path.relative_to(folder)) for path in folder.rglob("*"))


def left_over(folder: Path, before: frozenset[str]) -> Iterator[str]:
    """Say which temporary names are there that were not before."""
    for name in sorted(names(folder) - before):
        last = name.rpartition("/")[2]
        if last.endswith((".tmp", "~")) or last.startswith("."):
            yield "left a temporary file"
            return


def wrong_output(command: Command, code: int, folder: Path, *, broke: bool) -> Iterator[str]:
    """Say what is wrong with the output of a command that ended by itself.

    A command that passed leaves a whole output, one that refused leaves none. One that broke, by a
    traceback or an internal error, may leave either.
    """
    yield from _reports(command, folder)
    name, path = command.args[0], folder / command.output
    if not command.output:
        return
    if name == "train":
        if code == 0 and not broke:
            yield from _run(path)
    elif broke and not path.exists():
        return
    elif broke or code in (0, 1):
        reason = _bundle(path) if name == "export" else _npz(path)
        if reason:
            yield f"{name}: exit {code}, but {reason}"
    elif path.exists():
        yield f"{name}: exit {code}, but an output is there"


def _bundle(path: Path) -> str:
    """Say why a folder is no whole bundle."""
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        for name, digest in manifest["sha256"].items():
            if hashlib.sha256((path / name).read_bytes()).hexdigest() != digest:
                return f"{name} does not fit its hash"
    except (OSError, ValueError, KeyError) as error:
        return f"the bundle is not whole ({type(error).__name__})"
    return "" if "program.h5" in manifest["sha256"] else "the bundle has no program"


def _npz(path: Path) -> str:
    """Say why a file holds no arrays."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return "" if [archive[name] for name in archive.files] else "the output holds no array"
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        return f"the output cannot be read ({type(error).__name__})"


def _run(path: Path) -> Iterator[str]:
    """Say what is wrong with a run that was reported as finished."""
    from safetensors.numpy import load_file

    try:
        json.loads((path / "result.json").read_text(encoding="utf-8"), parse_constant=_refuse)
        weights = load_file(path / "model.safetensors")
    except Exception as error:
        yield f"train: exit 0, but the run is not whole ({type(error).__name__})"
        return
    if not all(np.isfinite(array).all() for array in weights.values() if array.dtype.kind == "f"):
        yield "train: exit 0, but the weights are not finite"


def _refuse(word: str) -> None:
    raise ValueError(word)


def _reports(command: Command, folder: Path) -> Iterator[str]:
    """Say whether the XML and HTML of `verify` cannot be read."""
    for option in ("--junit", "--report"):
        if option not in command.args:
            continue
        path = folder / command.args[command.args.index(option) + 1]
        if not path.exists():
            continue
        if option == "--junit":
            try:
                ElementTree.parse(path)
            except ElementTree.ParseError:
                yield "verify: --junit gives no XML"
        elif not path.read_text(encoding="utf-8", errors="replace").rstrip().endswith("</html>"):
            yield "verify: --report gives no whole page"
