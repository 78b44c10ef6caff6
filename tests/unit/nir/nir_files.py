"""NIR files as nested dictionaries, to be written soundly or broken in one place."""

from itertools import pairwise

import h5py
import numpy as np


def node(kind, **parameters):
    return {"type": kind, **parameters}


def lif(n=2, **changes):
    one = np.ones(n)
    values = {"tau": 0.05 * one, "r": one, "v_leak": 0 * one, "v_threshold": one, "v_reset": 0 * one}
    return node("LIF", **values | changes)


def graph(nodes, edges, metadata=None):
    pairs = np.array(edges, dtype=object).reshape(-1, 2)
    tree = {"type": "NIRGraph", "nodes": nodes, "edges": pairs}
    return tree if metadata is None else tree | {"metadata": metadata}


def chain(*nodes, n_in=3, n_out=2, **metadata):
    """Join nodes in a row between an input and an output, named n0, n1, ..."""
    named = {
        "input": node("Input", shape=np.array([n_in])),
        **{f"n{k}": each for k, each in enumerate(nodes)},
        "output": node("Output", shape=np.array([n_out])),
    }
    names = list(named)
    return graph(named, list(pairwise(names)), {"dt": 0.01} | metadata)


def sound(**metadata):
    """Three inputs, weights and two LIF neurons."""
    return chain(node("Affine", weight=np.arange(6.0).reshape(2, 3), bias=np.zeros(2)), lif(), **metadata)


def write(path, tree):
    """Write a tree of dictionaries as the group ``node``; a function is called with its group and name."""

    def into(group, content):
        for key, value in content.items():
            if isinstance(value, dict):
                into(group.create_group(key), value)
            elif callable(value):
                value(group, key)
            elif isinstance(value, np.ndarray) and value.dtype == object:
                group.create_dataset(key, data=value, dtype=h5py.string_dtype())
            else:
                group.create_dataset(key, data=value)

    with h5py.File(path, "w") as file:
        into(file.create_group("node"), tree)
    return path
