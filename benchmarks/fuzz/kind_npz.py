"""Cases of kind `npz`: a mutated input through run, verify --input and export --calibrate."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np

from benchmarks.fuzz import labels, odd, raw, zips
from benchmarks.fuzz.case import BAD_INPUT, Case, Command, encoding_of, json_or_text, must, usual

FILE = "in.npz"
BUNDLE = "sound"


def build(rng: random.Random, folder: Path, seeds: Path) -> Case:
    """Mutate labelled spikes on the level of the zip, of an array, or of what labels mean."""
    path = folder / FILE
    shutil.copyfile(seeds / "labelled.npz", path)
    prepare(folder, seeds)
    chance = rng.random()
    if chance < 0.35:
        return Case(zips.damage(path, rng, rng.choice(("spikes.npy", "labels.npy"))), commands(rng))
    if chance < 0.45:
        return Case(raw.damage(path, rng), commands(rng))
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    if chance < 0.75:
        what = labels.spoil(arrays, rng)
        np.savez(path, **arrays)
        return Case(what, commands(rng, meaningless=what))
    what = _array(arrays, rng)
    np.savez(path, **arrays)
    return Case(what, commands(rng))


def prepare(folder: Path, seeds: Path) -> None:
    """Put what an input is fed to into the case's folder."""
    shutil.copytree(seeds / "bundle-chain", folder / BUNDLE)
    shutil.copyfile(seeds / "chain.nir", folder / "net.nir")


def commands(rng: random.Random, name: str = FILE, *, meaningless: str = "") -> tuple[Command, ...]:
    """Give the commands that an input goes through; a meaningless one is bad input for a gate."""
    encoding = encoding_of(rng)
    gate = usual(
        "verify", BUNDLE, "--input", name, "--max-drop", "100", *json_or_text(rng), encoding=encoding
    )
    backend = rng.choice(("fixed", "float"))
    run = usual(
        "run", BUNDLE, "--backend", backend, "--input", name, "-o", "out.npz", *json_or_text(rng),
        output="out.npz", encoding=encoding,
    )  # fmt: skip
    export = usual(
        "export", "net.nir", "--calibrate", name, "--max-drop", "100", "-o", "bundle", *json_or_text(rng),
        output="bundle", encoding=encoding,
    )  # fmt: skip
    if not meaningless:
        return (run, gate, export)
    return (run, must(gate, BAD_INPUT, meaningless), must(export, BAD_INPUT, meaningless))


def _array(arrays: dict[str, np.ndarray], rng: random.Random) -> str:
    """Give the spikes or labels another type, shape or odd values."""
    name = rng.choice(("spikes", "spikes", "labels"))
    data = arrays[name]
    kind = rng.choice(
        ("c16", "f8", "f2", "?", "i8", "u8", "S4", "U4", "m8[s]", "M8[s]", "struct", ">i4", "f16", "axis",
         "flat", "none",
         "scalar", "value", "wider", "fortran")
    )  # fmt: skip
    if kind == "struct":
        arrays[name] = np.zeros(data.shape, [("a", "u1"), ("b", "f8")])
    elif kind == "axis":
        arrays[name] = data[None]
    elif kind == "flat":
        arrays[name] = data.ravel()
    elif kind == "none":
        del arrays[name]
    elif kind == "scalar":
        arrays[name] = np.array(1)
    elif kind == "wider":
        arrays[name] = np.concatenate([data, data], axis=-1)
    elif kind == "fortran":
        arrays[name] = np.asfortranarray(data)
    elif kind == "value":
        arrays[name] = data.astype(np.float64)
        arrays[name].flat[rng.randrange(data.size)] = odd.number(rng)
    elif kind == "f16":
        arrays[name] = data.astype(np.longdouble)
    elif kind in ("m8[s]", "M8[s]"):
        arrays[name] = data.astype(np.int64).astype(kind)
    else:
        arrays[name] = data.astype(kind)
    return f"{name} {kind}"
