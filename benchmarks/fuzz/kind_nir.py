"""Cases of kind `nir`: a mutated NIR file through check, inspect and export."""

from __future__ import annotations

import itertools
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import nir
import numpy as np

from benchmarks.fuzz import odd, raw, tree
from benchmarks.fuzz.case import Case, Command, encoding_of, json_or_text, must, usual
from benchmarks.fuzz.seeds import CHANNELS, CLASSES, affine, lif

FILE = "net.nir"


def build(rng: random.Random, folder: Path, seeds: Path) -> Case:
    """Mutate one of the seed networks one to three times, or make an extreme one."""
    path = folder / FILE
    if rng.random() < 0.08:
        what = rng.choice(_EXTREMES)(path, rng)
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


def commands(rng: random.Random, name: str = FILE) -> tuple[Command, ...]:
    """Give the commands that a NIR file goes through."""
    encoding = encoding_of(rng)
    dt = ("--dt", rng.choice(("0.001", "0.001", "0.001", "0.01", "1e-9", "1000", "5e-324")))
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
         "IF", "I", "Threshold", "Conv1d", "Conv2d", "SumPool2d", "NIRGraph", "", "lif", "x" * 3000,
         "\x1b[31m")
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
    _metadata,
)  # fmt: skip


def _row(path: Path, n: int, name: Callable[[int], str]) -> None:
    """Write a chain of n populations of one neuron."""
    nodes: dict = {
        "input": nir.Input({"input": np.array([1])}),
        "output": nir.Output({"output": np.array([1])}),
    }
    edges, last = [], "input"
    for i in range(n):
        nodes[f"w{i}"], nodes[name(i)] = nir.Linear(np.ones((1, 1), "f4")), lif(1)
        edges += [(last, f"w{i}"), (f"w{i}", name(i))]
        last = name(i)
    nir.write(path, nir.NIRGraph(nodes, [*edges, (last, "output")]))


def chain(path: Path, rng: random.Random) -> str:
    """Write a long chain of layers, or of linear nodes alone."""
    n = rng.choice((50, 150, 300))
    if rng.random() < 0.5:
        _row(path, n, lambda i: f"n{i}")
        return f"chain of {n} layers"
    nodes: dict = {f"w{i}": nir.Scale(np.ones(2)) for i in range(n)}
    nodes |= {
        "input": nir.Input({"input": np.array([2])}),
        "n": lif(2),
        "output": nir.Output({"output": np.array([2])}),
    }
    names = ["input", *[f"w{i}" for i in range(n)], "n", "output"]
    nir.write(path, nir.NIRGraph(nodes, list(itertools.pairwise(names))))
    return f"chain of {n} scales"


def deep(path: Path, rng: random.Random) -> str:
    """Write graphs in graphs."""
    n = rng.choice((5, 60, 250))
    with h5py.File(path, "w") as file:
        file["version"], place = "1.0.8", "node"
        for _ in range(n):
            file[f"{place}/type"] = "NIRGraph"
            file[f"{place}/edges"] = [["input", "g"], ["g", "output"]]
            for end in ("input", "output"):
                file[f"{place}/nodes/{end}/type"] = end.capitalize()
                file[f"{place}/nodes/{end}/shape"] = [2]
            place += "/nodes/g"
        file[f"{place}/type"], file[f"{place}/scale"] = "Scale", np.ones(2)
    return f"{n} graphs in one another"


def diamonds(path: Path, rng: random.Random) -> str:
    """Write nodes that part and join again and again: 2**n ways through."""
    n = rng.choice((10, 22, 40))
    one = np.full(1, 1.0)
    nodes: dict = {
        "input": nir.Input({"input": np.array([1])}),
        "n": lif(1),
        "output": nir.Output({"output": np.array([1])}),
    }
    edges, last = [], "input"
    for i in range(n):
        nodes |= {f"a{i}": nir.Scale(one), f"b{i}": nir.Scale(one), f"c{i}": nir.Scale(one)}
        edges += [(last, f"a{i}"), (last, f"b{i}"), (f"a{i}", f"c{i}"), (f"b{i}", f"c{i}")]
        last = f"c{i}"
    nir.write(path, nir.NIRGraph(nodes, [*edges, (last, "n"), ("n", "output")]))
    return f"{n} diamonds"


def wide(path: Path, rng: random.Random) -> str:
    """Write a small network whose input says that it is wide."""
    n = rng.choice((10_000, 100_000, 10**6))
    nodes = {
        "input": nir.Input({"input": np.array([n])}),
        "n": lif(2),
        "output": nir.Output({"output": np.array([2])}),
    }
    nir.write(
        path,
        nir.NIRGraph(nodes | {"w": nir.Scale(np.ones(2))}, [("input", "w"), ("w", "n"), ("n", "output")]),
    )
    return f"{n} inputs and two neurons"


def colliding(path: Path, rng: random.Random) -> str:
    """Write node names that become equal once nested names are joined."""
    generator = np.random.default_rng(rng.randrange(2**32))
    doors = {
        "input": nir.Input({"input": np.array([4])}),
        "output": nir.Output({"output": np.array([CLASSES])}),
    }
    inner = nir.NIRGraph(
        {**doors, "w": affine(generator, CLASSES, 4), "n": lif(CLASSES)},
        [("input", "w"), ("w", "n"), ("n", "output")],
    )
    outer = {
        "input": nir.Input({"input": np.array([CHANNELS])}),
        "output": nir.Output({"output": np.array([CLASSES])}),
        "w": affine(generator, 4, CHANNELS), "g.n": lif(4), "g": inner,
    }  # fmt: skip
    nir.write(path, nir.NIRGraph(outer, [("input", "w"), ("w", "g.n"), ("g.n", "g"), ("g", "output")]))
    return "names that collide when flattened"


_EXTREMES: tuple[Callable[[Path, random.Random], str], ...] = (chain, deep, diamonds, wide, colliding)


def sound(name: str) -> tuple[Command, ...]:
    """Give the commands for a sound NIR file: each must pass."""
    return tuple(
        must(command, frozenset({0}), "though the file is sound")
        for command in commands(random.Random(0), name)
    )
