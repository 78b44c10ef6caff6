"""What triggers each code: one small function for each, found by its code."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from neurodeploy.bundle.manifest_file import CHECKSUM, checksum, read_manifest, write_manifest
from neurodeploy.cli import program
from neurodeploy.findings.finding import Finding, NeurodeployError

SMALL = (
    "data.train_trials=16",
    "data.validation_trials=8",
    "data.test_trials=8",
    "network.hidden=[4]",
    "train.epochs=1",
    "train.threads=1",
)
"""Settings of a training that takes a moment."""
TRIGGERS: dict[str, Trigger] = {}
"""By code; filled by the modules of this folder."""
SLOW: set[str] = set()
"""Codes whose trigger takes more than a second or two."""


@dataclass
class Place:
    """An empty folder to work in, and the small network's files.

    Attributes
    ----------
    folder
        The current folder, so that relative names in findings are the same everywhere.
    tiny
        Holds ``tiny.nir``, ``given.npz`` and ``bundle``.
    patch
        Environment, PATH and the like.
    runs
        Finished trainings, for all triggers together.
    """

    folder: Path
    tiny: Path
    patch: pytest.MonkeyPatch
    runs: Path

    def command(self, *words: str | Path) -> str:
        """Run a command; give all that it printed."""
        result = CliRunner().invoke(program, [str(word) for word in words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout + result.stderr

    def trained(self, name: str, *settings: str) -> Path:
        """Train a small network, once for all triggers, and copy its run to ``run``."""
        if not (self.runs / name).is_dir():
            words = [word for setting in (*SMALL, *settings) for word in ("--set", setting)]
            self.command("train", "mts-xor", *words, "-o", self.runs / name)
        shutil.copytree(self.runs / name, "run")
        return Path("run")

    def exported(self) -> Path:
        """Export that run to ``BUNDLE``."""
        self.command("export", self.trained("plain"), "-o", "BUNDLE")
        return Path("BUNDLE")

    def nir(self) -> Path:
        """Copy the network's file."""
        return Path(shutil.copy(self.tiny / "tiny.nir", "tiny.nir"))

    def given(self) -> Path:
        """Copy the samples."""
        return Path(shutil.copy(self.tiny / "given.npz", "given.npz"))

    def bundle(self, *, rehash: Callable[[Path], object] | None = None) -> Path:
        """Copy the bundle, let it be changed, and write its hashes anew."""
        shutil.copytree(self.tiny / "bundle", "BUNDLE")
        if rehash is not None:
            rehash(Path("BUNDLE"))
            write_manifest(Path("BUNDLE"), read_manifest(Path("BUNDLE")))
        return Path("BUNDLE")

    def with_manifest(self, change: Callable[[dict[str, Any]], object], *, checked: bool = True) -> Path:
        """Copy the bundle with another manifest; its own checksum is mended, or taken away."""
        path = self.bundle() / "manifest.json"
        content = json.loads(path.read_text())
        content.pop(CHECKSUM)
        change(content)
        whole = content | ({CHECKSUM: checksum(content)} if checked else {})
        path.write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n")
        return path.parent


Trigger = Callable[[Place], "str | Iterable[Finding] | None"]


def triggers(code: str, *, slow: bool = False) -> Callable[[Trigger], Trigger]:
    """Say that a function triggers a code: it gives what was printed, or findings, or raises them."""

    def register(function: Trigger) -> Trigger:
        assert code not in TRIGGERS, code
        TRIGGERS[code] = function
        if slow:
            SLOW.add(code)
        return function

    return register


def text_of(code: str, place: Place) -> str:
    """Trigger a code and give the text of its first finding."""
    try:
        given = TRIGGERS[code](place)
    except NeurodeployError as error:
        given = error.findings
    if given is None:
        raise AssertionError(f"{code}: nothing was found")
    text = given if isinstance(given, str) else "\n\n".join(finding.render() for finding in given)
    found = re.search(rf"^(error|warning|note)\[{code}\]: .*(\n   ?[-|h].*)*", text, re.MULTILINE)
    assert found is not None, f"{code} is not among:\n{text}"
    return found.group()
