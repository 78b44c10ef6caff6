"""Sound NIR files with something wrong in one to three places, from a seed."""

import copy

import h5py
import nir_files as files
import numpy as np

NUMBERS = [0.0, -1.0, 1e-320, 5e-324, 1e30, 1e300, -1e300, np.nan, np.inf, 2.0**31, 2.0**63, 0.5, 1e18, 1e-9]
NAMES = ["input", "a.b", "a/b", "[red]x", "\x1b[2J", "", "..", "x" * 70, "->", "output", "é", "\u202e"]
TYPES = ["LIF", "LI", "CubaLIF", "CubaLI", "Affine", "Linear", "Scale", "Delay", "Flatten", "Input", "Output"]
TYPES += ["NIRGraph", "Conv2d", "", "lif"]


def originals():
    """Networks that use every node that can be read."""
    one = np.ones(2)
    cuba = {"tau_mem": 0.05 * one, "tau_syn": 0.02 * one, "r": one, "v_leak": 0 * one, "w_in": 2 * one}
    spikes = {"v_threshold": one, "v_reset": 0 * one}
    square = files.node("Linear", weight=np.array([[0.5, -1.0], [2.0, 0.25]]))
    delay = files.node("Delay", delay=np.array([0.01, 0.03]))
    li = files.node("LI", tau=0.1 * one, r=one, v_leak=0 * one)
    yield files.sound(name="a", input_max=3)
    yield files.chain(delay, square, files.lif(), square, delay, li, n_in=2, readout="n5", score="last")
    flatten = files.node("Flatten", start_dim=0, end_dim=-1, input_type=np.array([2]))
    scale = files.node("Scale", scale=np.array([1.5, 2.0]))
    yield files.chain(
        flatten, scale, files.node("CubaLIF", **cuba | spikes), square, files.node("CubaLI", **cuba), n_in=2
    )
    tree = files.chain(square, files.lif(), li, n_in=2, input_max=1)
    doors = {"i": files.node("Input", shape=np.array([2])), "o": files.node("Output", shape=np.array([2]))}
    inner = {"lif": files.lif(), "back": square, "later": delay}
    edges = [("i", "lif"), ("lif", "later"), ("later", "back"), ("back", "lif"), ("lif", "o")]
    tree["nodes"]["n1"] = files.graph(doors | inner, edges)
    tree["nodes"]["n2"] = square
    tree["nodes"]["n3"] = li
    tree["edges"] = np.array(
        [["input", "n0"], ["n0", "n1"], ["n1", "n2"], ["n2", "n3"], ["n3", "output"]], dtype=object
    )
    yield tree


def places(tree, path=()):
    """Every group and value of a tree, by its path."""
    for key, value in tree.items():
        yield (*path, key), value
        if isinstance(value, dict):
            yield from places(value, (*path, key))


def giant(rng):
    """An array or text of which nothing is stored."""
    shape = tuple(int(rng.choice([0, 1, 7, 2**20, 10**9, 2**40])) for _ in range(rng.integers(1, 4)))
    dtype = [np.float64, np.uint8, "S9", h5py.string_dtype(), np.complex128, h5py.ref_dtype][rng.integers(6)]
    chunks = bool(rng.random() < 0.5) and 0 not in shape and max(shape) < 10**9

    def put(group, key):
        try:
            group.create_dataset(key, shape=shape, dtype=dtype, chunks=chunks or None)
        except (ValueError, OverflowError):  # beyond what HDF5 itself can declare
            group.create_dataset(key, data=np.zeros(3))

    return put


def strange(rng, value, tree):
    """Another value for one that was sound."""
    link = [h5py.SoftLink("/node"), h5py.SoftLink("/no"), h5py.ExternalLink("x.nir", "/node")][
        rng.integers(3)
    ]

    def put(group, key):
        group[key] = link if rng.random() < 0.8 else group.file["node"]

    others = [v for _, v in places(tree)]
    array = value if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size else np.ones(2)
    changed = array.astype(np.float64)
    changed.flat[rng.integers(array.size)] = NUMBERS[rng.integers(len(NUMBERS))]
    if array is value and rng.random() < 0.6:
        return changed if rng.random() < 0.5 else value * rng.normal(1.0, 0.5, value.shape)
    choices = [
        changed,
        changed.astype(np.float16) if np.abs(changed).max() < 1e4 else changed,
        np.full_like(array, NUMBERS[rng.integers(len(NUMBERS))]),
        np.repeat(array, rng.integers(0, 4), axis=int(rng.integers(array.ndim))),
        array[None],
        array.astype(complex),
        NUMBERS[rng.integers(len(NUMBERS))],
        int(rng.integers(-5, 10)),
        TYPES[rng.integers(len(TYPES))],
        NAMES[rng.integers(len(NAMES))],
        np.array([["n0", "n1"], ["n1", "n0"]][: rng.integers(0, 3)], dtype=object).reshape(-1, 2),
        {},
        giant(rng),
        put,
        np.void(b"abc"),
        copy.deepcopy(others[rng.integers(len(others))]),
    ]
    return choices[rng.integers(len(choices))]


def mutated(seed):
    """Give a tree with one to three changes."""
    rng = np.random.default_rng(seed)
    trees = list(originals())
    tree = copy.deepcopy(trees[rng.integers(len(trees))])
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        found = [(p, v) for p, v in places(tree) if p[-1] != "type" or rng.random() < 0.2]
        if not found:
            break
        path, value = found[rng.integers(len(found))]
        group = tree
        for key in path[:-1]:
            group = group[key]
        kind = rng.random()
        if kind < 0.1:
            del group[path[-1]]
        elif kind < 0.2:
            name = NAMES[rng.integers(len(NAMES))].replace("/", "|") or "-"
            group[name] = group.pop(path[-1])
        elif kind < 0.3:
            edges = [e for p, e in found if p[-1] == "edges" and isinstance(e, np.ndarray) and e.size]
            if edges:
                edge = edges[rng.integers(len(edges))]
                edge.flat[rng.integers(edge.size)] = edge.flat[rng.integers(edge.size)]
        else:
            group[path[-1]] = strange(rng, value, tree)
    return tree
