"""Turn files that are kept in a folder into cases: nir-*, b-*, in-*, t-* and shd-*."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.fuzz import kind_bundle, kind_nir, kind_npz, kind_recipe, kind_shd
from benchmarks.fuzz.campaign import Job
from benchmarks.fuzz.case import NO_PASS, Case, Command, must

NO_PASS_NAMES = re.compile(
    r"^b-(golden|vth|dv|du|delay|latency|weight|model-of|dead|netx|bias|exponent|outside)"
)
"""Bundles whose names say that no verification may pass over them."""

BAD_LABELS = re.compile(r"^in-(labels|mask)")
"""Inputs whose names say that no accuracy can be measured on them."""

SOUND = re.compile(r"-ok(\.|$)")


def replayed(folder: Path, seeds: Path) -> list[Job]:
    """Give a job for each file whose name says its kind."""
    found = []
    for path in sorted(folder.iterdir()):
        for prefix, (kind, build) in _KINDS.items():
            if path.name.startswith(prefix):
                found.append(Job(kind, f"replay-{path.stem}", _bound(build, path, seeds)))
    return found


def _bound(build: Callable[[Path, Path, Path], Case], path: Path, seeds: Path) -> Callable[[Path], Case]:
    return lambda folder: build(path, folder, seeds)


def _nir(path: Path, folder: Path, _: Path) -> Case:
    shutil.copyfile(path, folder / path.name)
    if SOUND.search(path.name):
        return Case(path.name, kind_nir.sound(path.name))
    return Case(path.name, kind_nir.commands(random.Random(1), path.name, dt_s="0.001"))


def _bundle(path: Path, folder: Path, seeds: Path) -> Case:
    bundle = folder / kind_bundle.FOLDER
    shutil.copytree(path, bundle, symlinks=True, copy_function=shutil.copyfile)
    bundle.chmod(0o755)
    kind_bundle.prepare(folder, seeds / "bundle-chain")
    verify = (NO_PASS, "as its name says") if NO_PASS_NAMES.match(path.name) else None
    return Case(path.name, kind_bundle.commands(random.Random(1), verify=verify))


def _input(path: Path, folder: Path, seeds: Path) -> Case:
    shutil.copyfile(path, folder / path.name)
    kind_npz.prepare(folder, seeds)
    meaningless = "as its name says" if BAD_LABELS.match(path.name) else ""
    commands = kind_npz.commands(random.Random(1), path.name, meaningless=meaningless)
    if not SOUND.search(path.name):
        return Case(path.name, commands)
    return Case(path.name, tuple(_passes(command) for command in commands if command.args[0] == "run"))


def _passes(command: Command) -> Command:
    return must(command, frozenset({0}), "though the file is sound")


def _recipe(path: Path, folder: Path, seeds: Path) -> Case:
    shutil.copyfile(path, folder / path.name)
    kind_recipe.prepare(folder, seeds)
    return Case(path.name, kind_recipe.commands(random.Random(1), path.name))


def _data(path: Path, folder: Path, seeds: Path) -> Case:
    kind_shd.prepare(folder, seeds)
    role = "test" if "test" in path.stem else "train"
    shutil.copyfile(path, folder / kind_shd.DATA / f"digits_{role}.h5")
    return Case(path.name, kind_shd.commands(random.Random(1)))


_KINDS: dict[str, tuple[str, Callable[[Path, Path, Path], Case]]] = {
    "nir-": ("nir", _nir),
    "b-": ("bundle", _bundle),
    "in-": ("npz", _input),
    "t-": ("recipe", _recipe),
    "shd-": ("shd", _data),
}
