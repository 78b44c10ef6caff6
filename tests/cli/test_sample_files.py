"""Samples that mean nothing stop every command that reads them, before anything runs or is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from neurodeploy.cli import program

Arrays = dict[str, Any]

BAD: dict[str, tuple[Callable[[Arrays], Arrays], str]] = {
    "text": (lambda a: {"labels": a["labels"].astype(str)}, "ND013"),
    "one-hot": (lambda a: {"labels": np.eye(3, dtype=int)[a["labels"]]}, "ND012"),
    "floats": (lambda a: {"labels": a["labels"] * 1.0}, "ND013"),
    "another length": (lambda a: {"labels": a["labels"][:5]}, "ND012"),
    "one label": (lambda a: {"labels": a["labels"][:1]}, "ND012"),
    "mask of another shape": (lambda a: {"mask": np.ones(40, dtype=bool)}, "ND014"),
    "mask all false": (lambda a: {"mask": np.zeros((24, 40), dtype=bool)}, "ND014"),
    "no samples": (lambda a: {"spikes": a["spikes"][:0], "labels": a["labels"][:0]}, "ND015"),
    "no steps": (lambda a: {"spikes": a["spikes"][:, :0]}, "ND015"),
    "complex spikes": (lambda a: {"spikes": a["spikes"] + 0j}, "ND011"),
}
WITHOUT_A_CLASS = {"a label 99": (lambda a: {"labels": np.append(99, a["labels"][1:])}, "ND013")}


def words_of(command: str, folder: Path, bad: Path, out: Path) -> list[str]:
    return {
        "run": ["run", str(folder / "bundle"), "--backend", "fixed", "--input", str(bad), "-o", str(out)],
        "verify": ["verify", str(folder / "bundle"), "--input", str(bad), "--max-drop", "0"],
        "export": ["export", str(folder / "tiny.nir"), "--calibrate", str(bad), "-o", str(out)],
    }[command]


@pytest.mark.parametrize("command", ["run", "verify", "export"])
@pytest.mark.parametrize("name", [*BAD, *WITHOUT_A_CLASS])
def test_bad_samples_are_one_finding_and_nothing_runs(
    name: str, command: str, tiny_folder: Path, given: Path, tmp_path: Path
) -> None:
    if command == "run" and name in WITHOUT_A_CLASS:
        pytest.skip("`run` compares no labels and does not know the classes")
    change, code = (BAD | WITHOUT_A_CLASS)[name]
    arrays = dict(np.load(given))
    np.savez(tmp_path / "bad.npz", **{**arrays, **change(arrays)})
    out = tmp_path / "out"
    result = CliRunner().invoke(program, words_of(command, tiny_folder, tmp_path / "bad.npz", out))
    assert result.exit_code == 2, result.output
    assert result.stderr.count("error[") == 1 and f"error[{code}]" in result.stderr
    assert not out.exists() and [path.name for path in tmp_path.iterdir()] == ["bad.npz"]
