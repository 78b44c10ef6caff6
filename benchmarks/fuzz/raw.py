"""Damage the bytes of a file without regard to what they mean."""

from __future__ import annotations

import random
from pathlib import Path


def damage(path: Path, rng: random.Random) -> str:
    """Flip, cut, insert, overwrite or repeat bytes of a file; say what was done."""
    data = bytearray(path.read_bytes())
    if not data:
        path.write_bytes(rng.randbytes(16))
        return "bytes: noise in an empty file"
    place = rng.randrange(len(data))
    kind = rng.choice(("flip", "flip", "flips", "cut", "insert", "zeros", "ones", "repeat", "empty", "noise"))
    if kind == "flip":
        data[place] ^= 1 << rng.randrange(8)
    elif kind == "flips":
        for _ in range(rng.randrange(2, 30)):
            data[rng.randrange(len(data))] = rng.randrange(256)
    elif kind == "cut":
        del data[place:]
    elif kind == "insert":
        data[place:place] = rng.randbytes(rng.randrange(1, 64))
    elif kind == "zeros":
        data[place : place + 16] = bytes(len(data[place : place + 16]))
    elif kind == "ones":
        data[place : place + 8] = b"\xff" * len(data[place : place + 8])
    elif kind == "repeat":
        data[place:place] = data[place : place + 64]
    elif kind == "empty":
        data.clear()
    else:
        data[:] = rng.randbytes(min(len(data), 500))
    path.write_bytes(bytes(data))
    return f"bytes: {kind} at {place}"
