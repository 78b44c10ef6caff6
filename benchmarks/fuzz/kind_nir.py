"""Cases of kind `nir`: a mutated NIR file through check, inspect and export."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from benchmarks.fuzz import odd, raw, tree
from benchmarks.fuzz.case import Case, Command, encoding_of, json_or_text, must, usual
from benchmarks.fuzz.nir_extremes import EXTREMES
from benchmarks.fuzz.seeds import CHANNELS

FILE = "net.nir"


def build(rng: random.Random, folder: Path, seeds: Path) -> Case:
    """Mutate one of the seed networks one to three times, or make an extreme one."""
    path = folder / FILE
    if rng.random() < 0.08:
        what = rng.choice(EXTREMES)(path, rng)
        return Case(what, commands(rng))
    source = rng.choice(sorted(seeds.glob("*.nir")))
    shutil.copyfile(source, path)
    done = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        chance = rng.random()
        if chance < 0.12:
            done.append(raw.damage(path, rng))
            break
        if chance < 0.55:
            done.append(tree.mutate(path, rng))
        else:
            done.append(_meaningful(path, rng))
    return Case(f"{source.stem}: {'; '.join(done)}", commands(rng))


STEPS_S = ("0.001", "0.001", "0.001", "0.01", "1e-9", "1000", "5e-324")
"""Lengths of a step that are given on the command line."""


def commands(rng: random.Random, name: str = FILE, *, dt_s: str = "") -> tuple[Command, ...]:
    """Give the commands that a NIR file goes through; without ``dt_s`` it is drawn."""
    encoding = encoding_of(rng)
    dt = ("--dt", dt_s or rng.choice(STEPS_S))
    quick = ("--no-verify",) if rng.random() < 0.6 else ()
    return (
        usual("check", name, *dt, *json_or_text(rng), encoding=encoding),
        usual("inspect", name, *dt, *json_or_text(rng), encoding=encoding),
        usual(
            "export",
            name,
            *dt,
            "-o",
            "bundle",
            *quick,
            *json_or_text(rng),
            output="bundle",
            encoding=encoding,
        ),
    )


def _meaningful(path: Path, rng: random.Random) -> str:
    """Change what a NIR reader looks at: types, parameters, shapes, edges or metadata."""
    with h5py.File(path, "r+") as file:
        try:
            return rng.choice(_CHANGES)(file, rng)
        except (TypeError, ValueError, KeyError, OSError, RuntimeError, OverflowError, IndexError) as error:
            return f"could not be made ({type(error).__name__})"


def _node(file: h5py.File, rng: random.Random) -> str:
    return f"/node/nodes/{rng.choice(sorted(file['node/nodes']))}"


def _type(file: h5py.File, rng: random.Random) -> str:
    place = _node(file, rng)
    name = rng.choice(
        ("LIF", "LI", "CubaLIF", "CubaLI", "Affine", "Linear", "Scale", "Delay", "Input", "Output", "Flatten",
         "IF", "I", "Threshold", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d", "NIRGraph", "", "lif",
         "x" * 3000, "\x1b[31m")
    )  # fmt: skip
    tree.replace(file, f"{place}/type", name)
    return f"type of {place} {name[:20]!r}"


def _parameter(file: h5py.File, rng: random.Random) -> str:
    place = _node(file, rng)
    keys = sorted(set(file[place]) - {"type"})
    key = rng.choice(keys)
    data = np.array(file[f"{place}/{key}"][()], dtype=np.float64)
    new = float(rng.choice(odd.FLOATS + odd.INTEGERS))
    if rng.random() < 0.5 and data.size:
        data.flat[rng.randrange(data.size)] = new
    else:
        data = np.full_like(data, new)
    tree.replace(file, f"{place}/{key}", data)
    return f"{place}/{key} = {new}"


def _resized(file: h5py.File, rng: random.Random) -> str:
    place = _node(file, rng)
    key = rng.choice(sorted(set(file[place]) - {"type"}))
    new = rng.choice(((0,), (1,), (7,), (4, 4), (3, 0), (2, 2, 2), (4, 5, 1), ()))
    tree.replace(file, f"{place}/{key}", np.full(new, 0.01))
    return f"{place}/{key} of shape {new}"


_WINDOWS = {
    "stride": (0, -1, 1.5, [0, 1], [2, 1], [1, 1, 1], 10**9, 2**62, float("nan"), "x"),
    "padding": (-1, [-1, 0], [2, 2], 10**9, 4_000_000, 2**62, "same", "valid", "sane", float("inf")),
    "dilation": (0, -1, [2, 1], 10**6, 2**62, [1, 1, 1]),
    "groups": (0, -1, 2, 3, 2**40, 0.5, [1, 1]),
    "kernel_size": (0, -1, 10**9, [2, 1], 4_000_000, [10**6, 10**6], "x"),
    "input_shape": ([0, 6], [10**9, 6], [2**40, 2**40], [6, 6, 6], 36, [9, 4], "x"),
}
"""Values of convolutions and pools that mean nothing, or nothing of any use."""


def _window(file: h5py.File, rng: random.Random) -> str:
    nodes = file["node/nodes"]
    found = [(name, key) for name in sorted(nodes) for key in sorted(_WINDOWS) if key in nodes[name]]
    if not found:
        return _type(file, rng)
    name, key = rng.choice(found)
    value = rng.choice(_WINDOWS[key])
    tree.replace(file, f"/node/nodes/{name}/{key}", value)
    return f"{key} of {name} = {value}"


def _size(file: h5py.File, rng: random.Random) -> str:
    end = rng.choice(("input", "output"))
    value = rng.choice(
        ([-5], [0], [10**9], [100_000], [2**62], [float("nan")], [3.5], ["5"], [], [1, CHANNELS], [5, 10**9],
         [[5]], 5, [5] * 40, [1] * 2000)
    )  # fmt: skip
    tree.replace(file, f"/node/nodes/{end}/shape", value)
    return f"shape of {end} {str(value)[:30]}"


def _edges(file: h5py.File, rng: random.Random) -> str:
    edges = [[_text(x) for x in pair] for pair in file["node/edges"][()]]
    names = sorted(file["node/nodes"])
    kind = rng.choice(
        ("drop", "twice", "loop", "unknown", "turn", "add", "all", "none", "wide", "flat", "odd name")
    )
    at = rng.randrange(len(edges))
    if kind == "drop":
        del edges[at]
    elif kind == "twice":
        edges.append(edges[at])
    elif kind == "loop":
        edges.append([names[at % len(names)]] * 2)
    elif kind == "unknown":
        edges[at][rng.randrange(2)] = "nowhere"
    elif kind == "turn":
        edges[at].reverse()
    elif kind == "add":
        edges.append([rng.choice(names), rng.choice(names)])
    elif kind == "all":
        edges = [[a, b] for a in names for b in names]
    elif kind == "none":
        edges = []
    elif kind == "wide":
        edges = [[*pair, "x"] for pair in edges]
    elif kind == "odd name":
        edges[at][rng.randrange(2)] = rng.choice(odd.TEXTS)
    value = [x for pair in edges for x in pair] if kind == "flat" else edges
    if value:
        tree.replace(file, "/node/edges", value)
    else:
        tree.replace(
            file, "/node/edges", np.zeros((0, 2), dtype=h5py.string_dtype()), dtype=h5py.string_dtype()
        )
    return f"edges {kind}"


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _renamed(file: h5py.File, rng: random.Random) -> str:
    """Rename a node in the edges as well, so that only the name is odd."""
    old = rng.choice(sorted(set(file["node/nodes"]) - {"input", "output"}))
    new = rng.choice([name for name in odd.TEXTS if name and "/" not in name and name not in (".", "..")])
    file.move(f"node/nodes/{old}", f"node/nodes/{new}")
    edges = [[new if _text(x) == old else _text(x) for x in pair] for pair in file["node/edges"][()]]
    tree.replace(file, "/node/edges", edges)
    return f"{old} is called {new[:30]!r}"


def _metadata(file: h5py.File, rng: random.Random) -> str:
    key = rng.choice(("dt", "dt", "name", "input_max", "readout", "score", "x", ""))
    place = f"/node/metadata/{key}" if key else "/node/metadata"
    value = rng.choice(
        (odd.number(rng), rng.choice(odd.TEXTS), np.arange(3.0), np.zeros((0,)), 1 + 2j, True,
         h5py.Empty("f8"),
         [b"a", b"b"], b"\xff\xfe", np.zeros(3, [("a", "f8")]))
    )  # fmt: skip
    if key == "" and "metadata" in file["node"]:
        del file["node/metadata"]
    tree.replace(file, place, value)
    return f"{place} {str(value)[:20]!r}"


_CHANGES: tuple[Callable[[h5py.File, random.Random], str], ...] = (
    _type, _parameter, _parameter, _parameter, _resized, _size, _edges, _edges, _renamed, _metadata,
    _metadata, _window, _window, _window,
)  # fmt: skip


def sound(name: str) -> tuple[Command, ...]:
    """Give the commands for a sound NIR file: each must pass."""
    return tuple(
        must(command, frozenset({0}), "though the file is sound")
        for command in commands(random.Random(0), name, dt_s="0.001")
    )
