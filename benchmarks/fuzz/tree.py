"""Change an HDF5 file's structure: values, types, shapes, names, links and attributes of what is in it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from benchmarks.fuzz import odd

GIANT = ((2**40,), (10**6, 10**6), (10**9,), (1, 2**33), (2**20, 2**20, 2))
"""Shapes that a few bytes declare and no machine holds."""


def mutate(path: Path, rng: random.Random, under: str = "/") -> str:
    """Apply one structural change somewhere under a group; say which and where."""
    with h5py.File(path, "r+") as file:
        places = _places(file[under])
        if not places:
            return "nothing to change"
        place = rng.choice(places)
        change = rng.choice(_CHANGES)
        try:
            return f"{change(file, place, rng)} {place}"
        except (TypeError, ValueError, OSError, KeyError, RuntimeError, OverflowError) as error:
            return f"{change.__name__} {place} could not be made ({type(error).__name__})"


def _places(group: h5py.Group) -> list[str]:
    found: list[str] = []
    group.visititems(lambda _, item: found.append(item.name))
    return sorted(found)


def replace(file: h5py.File, place: str, value: object, **options: object) -> None:
    """Put another data set in the place of what is there."""
    if place in file:
        del file[place]
    file.create_dataset(place, data=value, **options)


def _data(file: h5py.File, place: str) -> np.ndarray:
    item = file[place]
    if not isinstance(item, h5py.Dataset):
        raise TypeError(place)
    return np.asarray(item[()])


def value(file: h5py.File, place: str, rng: random.Random) -> str:
    """Set one or all of the numbers to an odd one."""
    data = _data(file, place)
    if data.dtype.kind not in "iufb":
        replace(file, place, rng.choice(odd.TEXTS).replace("\x00", ""))
        return "text"
    data = data.astype(np.float64) if rng.random() < 0.5 and data.dtype.kind in "iu" else data.copy()
    new = odd.number(rng)
    with np.errstate(all="ignore"):
        chosen = np.array(new).astype(data.dtype)
    if rng.random() < 0.5 or data.ndim == 0 or not data.size:
        data[...] = chosen
    else:
        data.flat[rng.randrange(data.size)] = chosen
    replace(file, place, data)
    return f"value {new}"


def dtype(file: h5py.File, place: str, rng: random.Random) -> str:
    """Give the same numbers another type."""
    data = _data(file, place)
    kind = rng.choice(
        ("c16", "f2", "f4", "f8", "i1", "u1", "i8", "u8", "?", "S8", "text", "struct", "vlen", ">f8")
    )
    if kind == "text":
        replace(file, place, [str(x) for x in data.ravel()[:50]])
    elif kind == "struct":
        replace(file, place, np.zeros(data.shape, [("a", "f8"), ("b", "i4")]))
    elif kind == "vlen":
        del file[place]
        made = file.create_dataset(place, (max(1, len(data.ravel()[:9])),), h5py.vlen_dtype(np.float64))
        made[0] = np.array([1.0, 2.0])
    else:
        with np.errstate(all="ignore"):
            replace(file, place, data.astype(kind))
    return f"type {kind}"


def shape(file: h5py.File, place: str, rng: random.Random) -> str:
    """Give the array another shape."""
    data = _data(file, place)
    kind = rng.choice(
        ("axis", "flat", "transpose", "none", "longer", "shorter", "scalar", "null", "empty axes")
    )
    if kind == "axis":
        data = data[None]
    elif kind == "flat":
        data = data.ravel()
    elif kind == "transpose":
        data = data.T
    elif kind == "none":
        data = data.ravel()[:0]
    elif kind == "longer":
        data = np.concatenate([data, data[:1]]) if data.ndim else np.array([data, data])
    elif kind == "shorter":
        data = data[:-1] if data.ndim else data
    elif kind == "scalar":
        data = np.asarray(data.ravel()[0]) if data.size else np.array(0.0)
    elif kind == "empty axes":
        data = np.zeros((0,) * max(2, data.ndim), data.dtype if data.dtype.kind != "O" else "f8")
    if kind == "null":
        replace(file, place, h5py.Empty("f8"))
    elif data.dtype.kind == "O":
        replace(file, place, data, dtype=h5py.string_dtype())
    else:
        replace(file, place, data)
    return f"shape {kind}"


def giant(file: h5py.File, place: str, rng: random.Random) -> str:
    """Declare a shape that is not stored."""
    declared = rng.choice(GIANT)
    kind = rng.choice(("f8", "f4", "i8", "i4", "u1", "S100"))
    if place in file:
        del file[place]
    options = rng.choice(({}, {"chunks": True}, {"chunks": True, "compression": "gzip"}))
    file.create_dataset(place, declared, kind, **options)
    return f"giant {declared} of {kind}"


def drop(file: h5py.File, place: str, rng: random.Random) -> str:  # noqa: ARG001
    """Remove it."""
    del file[place]
    return "drop"


def rename(file: h5py.File, place: str, rng: random.Random) -> str:
    """Give it another name."""
    parent, _, _ = place.rpartition("/")
    name = rng.choice(odd.TEXTS).replace("/", "|").replace("\x00", "") or "y"
    file.move(place, f"{parent}/{name if name not in ('.', '..') else 'dots'}")
    return f"rename {name[:30]!r}"


def duplicate(file: h5py.File, place: str, rng: random.Random) -> str:
    """Copy it beside itself, or over a neighbour."""
    parent, _, name = place.rpartition("/")
    others = sorted(file[parent or "/"])
    target = rng.choice([f"{name}2", *others])
    if target in others:
        if target == name:
            target = f"{name}3"
        else:
            file.copy(place, f"{parent}/copied")
            del file[f"{parent}/{target}"]
            file.move(f"{parent}/copied", f"{parent}/{target}")
            return f"copy over {target}"
    file.copy(place, f"{parent}/{target}")
    return f"copy as {target}"


def kind_of_item(file: h5py.File, place: str, rng: random.Random) -> str:
    """Make a group of a data set, or a data set of a group."""
    was_group = isinstance(file[place], h5py.Group)
    del file[place]
    if was_group:
        file[place] = odd.number(rng)
    else:
        file.create_group(place).create_dataset("x", data=[1, 2])
    return "group for data" if not was_group else "data for group"


def link(file: h5py.File, place: str, rng: random.Random) -> str:
    """Put a link in its place: to itself, to the root, to nothing, to another file."""
    kind = rng.choice(("itself", "root", "nothing", "external", "neighbour", "parent"))
    parent, _, name = place.rpartition("/")
    neighbour = rng.choice(sorted(file[parent or "/"]))
    del file[place]
    targets = {"itself": place, "nothing": "/nowhere", "neighbour": f"{parent}/{neighbour}"}
    if kind == "root":
        file[place] = file["/"]
    elif kind == "parent":
        file[parent or "/"][name] = file[parent or "/"]
    elif kind == "external":
        file[place] = h5py.ExternalLink("absent.h5", "/x")
    else:
        file[place] = h5py.SoftLink(targets[kind])
    return f"link to {kind}"


def attribute(file: h5py.File, place: str, rng: random.Random) -> str:
    """Set, change or remove an attribute of it, or of the root."""
    item = file[place if rng.random() < 0.5 else "/"]
    present = sorted(item.attrs)
    name = rng.choice(present) if present and rng.random() < 0.9 else rng.choice(("x", "dt", "type"))
    kind = rng.choice(("number", "text", "array", "drop", "empty", "complex"))
    if kind == "drop":
        if name in item.attrs:
            del item.attrs[name]
    elif kind == "number":
        item.attrs[name] = odd.number(rng)
    elif kind == "text":
        item.attrs[name] = rng.choice(odd.TEXTS)
    elif kind == "array":
        item.attrs[name] = np.arange(6.0).reshape(2, 3)
    elif kind == "complex":
        item.attrs[name] = 1 + 2j
    else:
        item.attrs[name] = h5py.Empty("f8")
    return f"attribute {name} {kind} of"


def compressed_garbage(file: h5py.File, place: str, rng: random.Random) -> str:
    """Store chunks that the declared filter cannot read."""
    data = _data(file, place)
    if data.dtype.kind == "O" or not data.size or not data.ndim:
        raise TypeError(place)
    del file[place]
    made = file.create_dataset(place, data.shape, data.dtype, chunks=data.shape, compression="gzip")
    made.id.write_direct_chunk((0,) * data.ndim, rng.randbytes(40))
    return "chunk of noise"


_CHANGES: tuple[Callable[[h5py.File, str, random.Random], str], ...] = (
    value, value, value, dtype, dtype, shape, shape, giant, drop, rename, duplicate, kind_of_item, link,
    attribute, compressed_garbage,
)  # fmt: skip
