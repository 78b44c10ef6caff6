"""Change what a bundle says, in ways that no verification may pass over."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from benchmarks.fuzz import labels
from benchmarks.fuzz.case import BAD_INPUT, NO_PASS

DEAD = "dead-perfect"
"""A seed bundle that classified perfectly until its weights were set to 0."""

Meaning = tuple[str, frozenset[int]]
"""What was changed, and the exit codes of `verify` that are right then."""


def load(path: Path) -> labels.Arrays:
    """Give the arrays of a sound npz."""
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def golden(folder: Path, rng: random.Random, seeds: Path) -> Meaning:  # noqa: ARG001
    """Take away from the golden file what it is compared with."""
    arrays = load(folder / "golden.npz")
    level = rng.choice(sorted({name.partition("/")[0] for name in arrays if "/" in name}))
    spikes = sorted(name for name in arrays if name.startswith(f"{level}/") and name.endswith("/spikes"))
    chosen = rng.choice(spikes)
    kind = rng.choice(
        ("no steps", "no samples", "a population gone", "v gone", "fewer steps", "fewer samples",
         "fewer neurons",
         "a level gone", "one spike flipped", "v off by one", "v NaN", "one trace for all")
    )  # fmt: skip
    inner = [name for name in arrays if name.startswith(f"{level}/")]
    trace = [chosen, chosen.removesuffix("spikes") + "v"]
    if kind == "no steps":
        arrays = {name: data[:, :0] for name, data in arrays.items()}
    elif kind == "no samples":
        arrays = {name: data[:0] for name, data in arrays.items()}
    elif kind == "a population gone":
        if len(spikes) < 2:
            kind = "fewer steps"
        else:
            for name in trace:
                arrays.pop(name, None)
    elif kind == "a level gone":
        for name in inner:
            del arrays[name]
    elif kind == "v gone":
        for name in inner:
            if name.endswith("/v"):
                del arrays[name]
    elif kind == "one spike flipped":
        arrays[chosen].flat[rng.randrange(arrays[chosen].size)] ^= 1
    elif kind == "v off by one":
        arrays[trace[1]] = arrays[trace[1]] + 1
    elif kind == "v NaN":
        arrays[trace[1]] = np.full(arrays[trace[1]].shape, np.nan)
    cut = {
        "fewer steps": lambda data: data[:, :-1],
        "fewer samples": lambda data: data[:-1],
        "fewer neurons": lambda data: data[..., :-1],
        "one trace for all": lambda data: data[:1],
    }.get(kind)
    if cut:
        for name in set(trace) & set(arrays):
            arrays[name] = cut(arrays[name])
    np.savez(folder / "golden.npz", **arrays)
    return f"golden {level}: {kind}", NO_PASS


def samples(folder: Path, rng: random.Random, seeds: Path) -> Meaning:
    """Make the labels of a set meaningless, or a whole set empty."""
    arrays = load(folder / "samples.npz")
    if not any(name.endswith("labels") for name in arrays):
        return golden(folder, rng, seeds)
    prefix = sorted(name for name in arrays if name.endswith("spikes"))[0].removesuffix("spikes")
    what = labels.spoil(arrays, rng, prefix=prefix)
    np.savez(folder / "samples.npz", **arrays)
    return what, BAD_INPUT


REGISTERS: tuple[tuple[str, str, int], ...] = (
    ("populations", "vth", 2**30), ("populations", "vth", -7), ("populations", "dv", 100_000),
    ("populations", "dv", -5), ("populations", "du", 2**20), ("populations", "du", -9000),
    ("populations", "bias_mantissa", 2**20), ("populations", "v_initial", 2**30), ("projections", "weight",
     30_000),
    ("projections", "weight", -2000), ("projections", "delay_steps", 30_000), ("projections", "delay_steps",
     500),
    ("projections", "delay_steps", 2_000_000_000), ("projections", "weight", 2_000_000_000),
)  # fmt: skip


def registers(folder: Path, rng: random.Random, seeds: Path) -> Meaning:  # noqa: ARG001
    """Put an integer into the program that no register of the chip holds."""
    group, key, value = rng.choice(REGISTERS)
    with h5py.File(folder / "program.h5", "r+") as file:
        place = f"{group}/{rng.choice(sorted(file[group]))}/{key}"
        data = np.array(file[place][()]).astype(np.int32)
        if key in ("weight", "delay_steps", "bias_mantissa", "v_initial"):
            # A synapse of weight 0 does not exist, and its delay says nothing.
            there = (
                np.flatnonzero(file[f"{place.rpartition('/')[0]}/weight"][()]) if key == "delay_steps" else []
            )
            data.flat[rng.choice(list(there) or range(data.size))] = value
        else:
            data[...] = value  # one value in a group of neurons
        del file[place]
        file[place] = data
    return f"program: {key} {value}, beyond its register", BAD_INPUT


ATTRIBUTES: tuple[tuple[str, str, int], ...] = (
    ("populations", "latency_steps", 10**9), ("projections", "exponent", 31), ("projections", "exponent",
     -31),
    ("", "input_size", 10**9), ("", "input_size", 1), ("", "input_max", 10**6), ("populations",
     "latency_steps", -1),
)  # fmt: skip


def attributes(folder: Path, rng: random.Random, seeds: Path) -> Meaning:  # noqa: ARG001
    """Give an attribute of the program a value that no chip or no shape allows."""
    group, key, value = rng.choice(ATTRIBUTES)
    with h5py.File(folder / "program.h5", "r+") as file:
        item = file[f"{group}/{rng.choice(sorted(file[group]))}"] if group else file
        item.attrs[key] = value
    if key == "exponent":
        return f"program: {key} {value}, beyond its register", BAD_INPUT
    return f"program: {key} {value}", NO_PASS if key == "latency_steps" else BAD_INPUT


def dead(folder: Path, rng: random.Random, seeds: Path) -> Meaning:  # noqa: ARG001
    """Set every weight of the program to 0: nothing of the golden file can come out."""
    with h5py.File(folder / "program.h5", "r+") as file:
        for name in file["projections"]:
            data = file[f"projections/{name}/weight"]
            data[...] = np.zeros(data.shape, data.dtype)
    return "program: all weights 0", NO_PASS


def dead_and_proven(folder: Path, rng: random.Random, seeds: Path) -> Meaning:
    """Take the bundle whose weights are all 0 and whose golden file says so: accuracy is lost, and gated."""
    if not (seeds / DEAD).exists():
        return dead(folder, rng, seeds)
    shutil.rmtree(folder)
    shutil.copytree(seeds / DEAD, folder)
    return "program: all weights 0, golden file made anew, --max-drop", NO_PASS


def netx(folder: Path, rng: random.Random, seeds: Path) -> Meaning:
    """Change a weight of network.net, so that the chip would run another network than was verified."""
    path = folder / "network.net"
    if not path.exists():
        return dead(folder, rng, seeds)
    with h5py.File(path, "r+") as file:
        data = file["layer/1/weight"]
        array = np.array(data[()])
        array.flat[rng.randrange(array.size)] += rng.choice((-64, 64))
        data[...] = array
    return "network.net is not the program", NO_PASS


def other_model(folder: Path, rng: random.Random, seeds: Path) -> Meaning:
    """Put the network of another bundle in the place of the one that was deployed."""
    ours = (folder / "model.nir").read_bytes()
    others = [path for path in sorted(seeds.glob("bundle-*/model.nir")) if path.read_bytes() != ours]
    with h5py.File(folder / "program.h5") as file:
        sizes = [group["vth"].shape for group in file["populations"].values()]
    for path in others:
        with h5py.File(path.parent / "program.h5") as file:
            if [group["vth"].shape for group in file["populations"].values()] != sizes:
                shutil.copyfile(path, folder / "model.nir")
                return "model.nir has other populations than the program", NO_PASS
    return dead(folder, rng, seeds)


CHANGES: tuple[Callable[[Path, random.Random, Path], Meaning], ...] = (
    golden, golden, golden, samples, samples, registers, registers, attributes, dead, dead_and_proven, netx,
    other_model,
)  # fmt: skip
