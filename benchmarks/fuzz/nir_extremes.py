"""Write NIR files that are extreme but not damaged: long, deep, branching, wide, with colliding names."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from pathlib import Path

import h5py
import nir
import numpy as np

from benchmarks.fuzz.seeds import CHANNELS, CLASSES, affine, lif


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
    edges = [("input", "w"), ("w", "n"), ("n", "output")]
    # nir itself refuses the contradiction where it checks types; a file may hold it all the same.
    nir.write(path, nir.NIRGraph(nodes | {"w": nir.Scale(np.ones(2))}, edges, type_check=False))
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


EXTREMES: tuple[Callable[[Path, random.Random], str], ...] = (chain, deep, diamonds, wide, colliding)
