"""Cases of kind `shd`: mutated data files in SHD's format through a tiny training."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import h5py
import numpy as np

from benchmarks.fuzz import odd, raw, tree
from benchmarks.fuzz.case import Case, Command, encoding_of, json_or_text, usual

DATA = "data"


def build(rng: random.Random, folder: Path, seeds: Path) -> Case:
    """Mutate the training or the test file."""
    prepare(folder, seeds)
    name = rng.choice(("train", "train", "test"))
    path = folder / DATA / f"digits_{name}.h5"
    done = []
    for _ in range(rng.choice((1, 1, 2))):
        chance = rng.random()
        if chance < 0.15:
            done.append(raw.damage(path, rng))
            break
        done.append(tree.mutate(path, rng) if chance < 0.55 else _meaningful(path, rng))
    return Case(f"{name}: {'; '.join(done)}", commands(rng))


def prepare(folder: Path, seeds: Path) -> None:
    """Put sound data files and a recipe for them into the case's folder."""
    shutil.copytree(seeds / "data", folder / DATA)
    shutil.copyfile(seeds / "events.toml", folder / "events.toml")


def commands(rng: random.Random) -> tuple[Command, ...]:
    """Give the training that reads the files."""
    train = usual(
        "train", "events.toml", "--data", DATA, "-o", "trained", "--threads", "1", *json_or_text(rng),
        output="trained", encoding=encoding_of(rng),
    )  # fmt: skip
    return (train,)


def _meaningful(path: Path, rng: random.Random) -> str:
    """Change labels, lists, units, times or keys."""
    with h5py.File(path, "r+") as file:
        try:
            return rng.choice((_labels, _labels, _lists, _spikes, _keys))(file, rng)
        except (TypeError, ValueError, KeyError, OSError, RuntimeError, OverflowError, IndexError) as error:
            return f"could not be made ({type(error).__name__})"


def _labels(file: h5py.File, rng: random.Random) -> str:
    labels = np.array(file["labels"][()]).astype(np.int64)
    new = rng.choice((-1, 10**6, 2**40, 2**63 - 1, 255, 4, 20, 70_000))
    kind = rng.choice(("one", "all", "short", "float", "2-D", "same"))
    if kind == "one":
        labels[rng.randrange(labels.size)] = new
    elif kind == "all":
        labels[:] = new
    elif kind == "short":
        labels = labels[:-1]
    elif kind == "same":
        labels[:] = 0
    tree.replace(
        file, "/labels", labels[:, None] if kind == "2-D" else labels + 0.5 if kind == "float" else labels
    )
    return f"labels {kind} {new}"


def _lists(file: h5py.File, rng: random.Random) -> str:
    """Give one list another length, or the lists another type."""
    name = rng.choice(("spikes/times", "spikes/units"))
    data = file[name]
    kind = rng.choice(("short", "empty", "long", "all empty", "flat", "text"))
    at = rng.randrange(data.shape[0])
    if kind == "short":
        data[at] = data[at][:-1]
    elif kind == "empty":
        data[at] = data[at][:0]
    elif kind == "long":
        data[at] = np.resize(data[at], 200_000)
    elif kind == "all empty":
        for set_ in (file["spikes/times"], file["spikes/units"]):
            for i in range(set_.shape[0]):
                set_[i] = set_[i][:0]
    elif kind == "flat":
        tree.replace(file, f"/{name}", np.zeros(data.shape, np.float32 if "times" in name else np.int32))
    else:
        tree.replace(file, f"/{name}", ["x"] * data.shape[0])
    return f"{name} {kind}"


def _spikes(file: h5py.File, rng: random.Random) -> str:
    """Put an odd time or unit into one list."""
    name = rng.choice(("spikes/times", "spikes/units"))
    data = file[name]
    at = rng.randrange(data.shape[0])
    new = rng.choice(odd.FLOATS) if "times" in name else rng.choice((-1, 700, 10**6, 2**31 - 1, -(2**31)))
    values = np.array(data[at])
    with np.errstate(all="ignore"):
        values[rng.randrange(values.size)] = new
    data[at] = values
    return f"{name} {new}"


def _keys(file: h5py.File, rng: random.Random) -> str:
    """Change the names of the classes."""
    kind = rng.choice(("giant", "none", "few", "numbers", "two axes"))
    if "extra/keys" in file:
        del file["extra/keys"]
    if kind == "giant":
        file.create_dataset("extra/keys", (rng.choice((10**6, 10**9, 10**12)),), "S5")
    elif kind != "none":
        file["extra/keys"] = {"few": np.array([b"a"]), "numbers": np.arange(4), "two axes": np.zeros((2, 2))}[
            kind
        ]
    return f"keys {kind}"
