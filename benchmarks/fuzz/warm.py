"""Import once what the commands need, so that a forked command starts in milliseconds."""

from __future__ import annotations

import contextlib
import importlib
import os
import tempfile
import warnings
from pathlib import Path

from benchmarks.fuzz import execute
from benchmarks.fuzz.case import usual

LIGHT = (
    ("check", "chain.nir", "--dt", "0.001"),
    ("inspect", "chain.nir", "--dt", "0.001", "--json"),
    ("inspect", "delays.toml", "--json"),
    ("export", "chain.nir", "--dt", "0.001", "--calibrate", "labelled.npz", "-o", "OUT/b"),
    ("run", "bundle-chain", "--backend", "fixed", "--input", "in.npz", "-o", "OUT/o.npz"),
    ("run", "bundle-chain", "--backend", "float", "--input", "in.npz", "-o", "OUT/o.npz"),
    ("verify", "bundle-chain", "--junit", "OUT/j.xml", "--report", "OUT/r.html"),
    ("check", "absent.nir"),
)
HEAVY = (
    ("train", "delays.toml", "-o", "OUT/run"),
    ("train", "events.toml", "--data", "data", "-o", "OUT/run2"),
)


def warm(seeds: Path, *, heavy: bool) -> None:
    """Run sound commands in a process of its own, and import here the modules that it imported.

    Nothing is run in this process: a kernel that has started threads must not be forked.
    """
    with tempfile.TemporaryDirectory() as name:
        listed = Path(name) / "modules"
        pid = os.fork()
        if pid == 0:
            _list_modules(HEAVY if heavy else LIGHT, seeds, Path(name))
        os.waitpid(pid, 0)
        modules = listed.read_text().split("\n") if listed.exists() else []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in modules:
            with contextlib.suppress(Exception):
                importlib.import_module(module)


def _list_modules(commands: tuple[tuple[str, ...], ...], seeds: Path, folder: Path) -> None:
    import sys

    try:
        execute.redirect(folder, "utf-8")
        os.chdir(seeds)
        for words in commands:
            command = usual(*(word.replace("OUT", str(folder)) for word in words))
            sys.argv = ["neurodeploy", *command.args]
            execute.call()
        names = [name for name in sys.modules if name.partition(".")[0] not in ("__main__", "benchmarks")]
        (folder / "modules").write_text("\n".join(names))
    finally:
        os._exit(0)
