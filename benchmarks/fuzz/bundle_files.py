"""Damage a bundle's files and manifest without regard to whether they still make sense together."""

from __future__ import annotations

import hashlib
import json
import os
import random
from pathlib import Path
from typing import Any

from benchmarks.fuzz import odd, raw, tree, zips

MANIFEST = "manifest.json"


def mend(folder: Path) -> None:
    """Make the manifest's hashes fit the files that it lists, where it can be read."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        listed = manifest["sha256"]
        for name in list(listed):
            if (folder / name).is_file() and (folder / name).resolve().is_relative_to(folder.resolve()):
                listed[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    except (ValueError, KeyError, TypeError, OSError, AttributeError, RecursionError):
        return
    path.write_text(json.dumps(manifest), encoding="utf-8")


def file(folder: Path, rng: random.Random) -> str:
    """Damage one listed file, in a way that its format makes sense of."""
    name = rng.choice(sorted(p.name for p in folder.iterdir() if p.is_file() and p.name != MANIFEST))
    path = folder / name
    if rng.random() < 0.25:
        return f"{name} {raw.damage(path, rng)}"
    if path.suffix == ".npz":
        return f"{name} {zips.damage(path, rng, rng.choice(sorted(zips.read(path))))}"
    return f"{name} {tree.mutate(path, rng)}"


def manifest(folder: Path, rng: random.Random) -> str:
    """Change, drop, add or retype a field of the manifest, at any depth."""
    path = folder / MANIFEST
    content = json.loads(path.read_text(encoding="utf-8"))
    if rng.random() < 0.12:
        return _text(path, rng)
    at: Any = content
    way = []
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = rng.choice(keys)
        way.append(str(key))
        if not isinstance(at[key], (dict, list)) or not at[key] or rng.random() < 0.4:
            break
        at = at[key]
    kind = rng.choice(("value", "value", "value", "drop", "add", "wrap"))
    if kind == "drop":
        del at[key]
    elif kind == "wrap":
        at[key] = [at[key]]
    elif kind == "add" and isinstance(at, dict):
        at[rng.choice(odd.TEXTS)] = odd.json_value(rng)
    else:
        at[key] = odd.json_value(rng)
    path.write_text(json.dumps(content), encoding="utf-8")
    return f"manifest {kind} {'.'.join(way)[:60]}"


def _text(path: Path, rng: random.Random) -> str:
    """Change the manifest's text."""
    text = path.read_text(encoding="utf-8")
    kind = rng.choice(
        ("bytes", "deep", "deep value", "utf-16", "twice", "list", "empty", "huge number", "latin-1")
    )
    if kind == "bytes":
        return f"manifest {raw.damage(path, rng)}"
    changed = {
        "deep": "[" * 100_000,
        "deep value": text.replace("{", '{"x": ' + "[" * 5000 + "]" * 5000 + ",", 1),
        "twice": text.replace("{", '{"schema": 1, "sha256": {},', 1),
        "list": f"[{text}]",
        "empty": "",
        "huge number": text.replace("{", '{"x": ' + "9" * 6000 + ",", 1),
    }
    if kind in changed:
        path.write_text(changed[kind], encoding="utf-8")
    elif kind == "utf-16":
        path.write_text(text, encoding="utf-16")
    else:
        path.write_bytes(text.replace("loihi", "lo\xefhi").encode("latin-1"))
    return f"manifest text {kind}"


def extra(folder: Path, rng: random.Random) -> str:
    """Add a file that the manifest does not list."""
    name = rng.choice((".DS_Store", "r.html", "notes.txt", "é.txt", "Thumbs.db"))
    (folder / name).write_bytes(b"anything")
    return f"extra file {name}"


def entries(folder: Path, rng: random.Random) -> str:
    """Put links, folders, pipes or nothing in the place of a file."""
    name = rng.choice(sorted(p.name for p in folder.iterdir()))
    path = folder / name
    kind = rng.choice(("absent", "folder", "dangling", "loop", "pipe", "device", "unreadable name"))
    if kind == "unreadable name":
        Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.bin")).write_bytes(b"x")
        return "a file name that is no UTF-8"
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "dangling":
        path.symlink_to("nowhere")
    elif kind == "loop":
        path.symlink_to(name)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    return f"{name} {kind}"


def outside(folder: Path, rng: random.Random) -> str:
    """List a file that is not in the bundle, or leave one out of the list."""
    path = folder / MANIFEST
    content = json.loads(path.read_text(encoding="utf-8"))
    if rng.random() < 0.4:
        name = rng.choice(("program.h5", "model.nir", "golden.npz", "samples.npz"))
        del content["sha256"][name]
        what = f"{name} is not in the manifest"
    else:
        (folder.parent / "outside.txt").write_bytes(b"outside")
        name = rng.choice(
            (
                "../outside.txt",
                str(folder.parent / "outside.txt"),
                "x/../../outside.txt",
                "/proc/self/mem",
                "/dev/zero",
            )
        )
        content["sha256"][name] = hashlib.sha256(b"outside").hexdigest()
        what = "the manifest names a file outside"
    path.write_text(json.dumps(content), encoding="utf-8")
    return what
