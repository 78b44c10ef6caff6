"""Write npz files whose zip archive or array headers are not what NumPy would write."""

from __future__ import annotations

import io
import random
import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np


def npy(array: np.ndarray) -> bytes:
    """Give an array in NumPy's format."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=False)
    return buffer.getvalue()


def header(text: str, data: bytes = b"") -> bytes:
    """Give NumPy's format around any header text."""
    body = text.encode("latin-1", "replace") + b"\n"
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(body)) + body + data


def declared(descr: str, shape: str, data: bytes = b"") -> bytes:
    """Give a header that declares a type and a shape, whatever data follow."""
    return header(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}", data)


def read(path: Path) -> dict[str, bytes]:
    """Give the members of a sound npz."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, members: list[tuple[str, bytes]], *, deflate: bool = True) -> None:
    """Write members in order; a name may stand twice."""
    method = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)


def damage(path: Path, rng: random.Random, victim: str) -> str:
    """Change the archive or one member of it; say what was done."""
    members = read(path)
    victim = victim if victim in members else sorted(members)[0]
    kind = rng.choice(
        ("encrypted", "method", "truncated", "twice", "giant", "deep header", "object", "not npy", "crc",
         "sizes",
         "bomb", "names", "empty", "header text", "no suffix", "short data")
    )  # fmt: skip
    if kind in ("encrypted", "method", "crc", "sizes"):
        write(path, list(members.items()))
        _patch(path, rng, kind)
        return f"zip {kind}"
    if kind == "truncated":
        data = path.read_bytes()
        path.write_bytes(data[: rng.randrange(len(data))])
        return "zip truncated"
    if kind == "twice":
        write(path, [*members.items(), (victim, npy(np.zeros((1, 1, 1))))])
        return f"{victim} twice"
    if kind == "names":
        name = rng.choice(
            (
                "../out.npy",
                "/abs.npy",
                "a" * 3000 + ".npy",
                "\x1b[31m.npy",
                "é漢.npy",
                ".npy",
                "x\\y.npy",
                "a/b/c/spikes.npy",
            )
        )
        write(path, [*members.items(), (name, members[victim])])
        return f"a member {name[:20]!r}"
    if kind == "empty":
        write(path, [])
        return "zip of nothing"
    if kind == "no suffix":
        write(path, [(name.removesuffix(".npy"), data) for name, data in members.items()])
        return "members without .npy"
    members[victim] = _member(kind, members[victim], rng)
    write(path, list(members.items()))
    return f"{victim} {kind}"


def _member(kind: str, sound: bytes, rng: random.Random) -> bytes:
    """Give a member that is no sound array."""
    if kind == "giant":
        shape = rng.choice(
            ("(100000, 100000, 5)", "(1099511627776,)", "(2, 10, 4000000000)", "(-1, 5)", "(9e9,)")
        )
        return declared(rng.choice(("'|u1'", "'<f8'", "'<i8'")), shape, bytes(100))
    if kind == "bomb":
        return declared("'|u1'", "(1, 1, 200000000)", bytes(200_000_000))
    if kind == "deep header":
        depth = rng.choice((50, 400, 9000))
        return header("(" * depth + ")" * depth)
    if kind == "object":
        return declared("'|O'", "(1,)", b"not a pickle that anything may load")
    if kind == "header text":
        return header(
            rng.choice(
                (
                    "",
                    "{}",
                    "{'descr': 1}",
                    "__import__('os')",
                    "{'descr': '<f8', 'shape': ()}",
                    "\x00",
                    "{" * 90,
                )
            )
        )
    if kind == "short data":
        return sound[: -rng.randrange(1, 60)]
    return rng.choice((b"", b"hello", b"\x93NUMPY", b"\x93NUMPY\x09\x09", b"PK\x03\x04"))


def _patch(path: Path, rng: random.Random, kind: str) -> None:
    """Change fields of every header of the archive, or of the first."""
    data = bytearray(path.read_bytes())
    place = {"encrypted": (6, 8), "method": (8, 10), "crc": (14, 16), "sizes": (22, 24)}[kind]
    for magic, offset in ((b"PK\x03\x04", place[0]), (b"PK\x01\x02", place[1])):
        at = data.find(magic)
        while at >= 0:
            if kind == "encrypted":
                data[at + offset] |= 1
            elif kind == "method":
                data[at + offset : at + offset + 2] = struct.pack("<H", rng.choice((1, 9, 12, 14, 99)))
            elif kind == "crc":
                data[at + offset] ^= 0xFF
            else:
                data[at + offset : at + offset + 4] = struct.pack("<I", rng.choice((0, 1, 2**31, 2**32 - 2)))
            at = data.find(magic, at + 4)
    path.write_bytes(bytes(data))
