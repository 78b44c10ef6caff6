"""Rule 10: whatever path or array a user gives, the answer is a result or a finding, never a traceback."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result

from neurodeploy.cli import COMMANDS, program

pytestmark = pytest.mark.slow

SMALL = "data.train_trials=8 data.validation_trials=8 data.test_trials=8 network.hidden=[4] train.epochs=1"
SET = " ".join(f"--set {setting}" for setting in SMALL.split())
LINES: dict[str, str] = {
    "init": "init mts-xor -o new.toml",
    "train": f"train mine.toml -o new --threads 1 {SET}",
    "export": "export tiny.nir --calibrate given.npz -o new",
    "verify": "verify BUNDLE --samples 1",
    "run": "run BUNDLE --backend fixed --input given.npz -o new.npz",
    "check": "check tiny.nir",
    "inspect": "inspect tiny.nir",
    "nir": "nir tiny.nir -o new.nir",
    "sweep": f"sweep mine.toml -o new --seeds 0 --jobs 1 {SET}",
    "targets": "targets loihi2",
}
"""For each command that takes a path, a line that works."""
ALSO_PATHS = {
    *("init recipe", "train recipe", "sweep recipe", "inspect path", "targets name"),
    *("train --target", "sweep --target", "export --target", "check --target"),
}
"""Parameters that take a name or a path, so that click does not know them as paths."""
WRITTEN = {"-o", "--json-to", "--junit", "--report"}
HEAVY = ("train", "sweep")
"""Commands that import torch, or start Pythons that do."""
KINDS = (
    *("missing", "folder", "file", "empty", "dangling", "loop"),
    *("here", "below_a_file", "unreadable", "too_long"),
)


def parameters() -> Iterator[tuple[str, str]]:
    """Give command and parameter for everything on the command line that takes a path."""
    context = click.Context(program)
    for name in COMMANDS:
        command = program.get_command(context, name)
        assert command is not None
        for parameter in command.params:
            label = parameter.opts[0]
            if isinstance(parameter.type, click.Path) or f"{name} {label}" in ALSO_PATHS:
                yield name, label


PARAMETERS = sorted(set(parameters()))


def path_of(kind: str) -> str:
    """Make a path that is wrong in one way."""
    if kind == "folder":
        Path("a-folder").mkdir()
        return "a-folder"
    if kind == "file":
        Path("a-file").write_text("x = 1 # and no more\n")
        return "a-file"
    if kind == "empty":
        Path("empty").write_text("")
        return "empty"
    if kind == "dangling":
        Path("dangling").symlink_to("nowhere")
        return "dangling"
    if kind == "loop":
        Path("loop").symlink_to("loop")
        return "loop"
    if kind == "below_a_file":
        Path("a-file").write_text("")
        return "a-file/below"
    if kind == "unreadable":
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # to whom every file is readable
            if not Path("/proc/self/mem").exists():
                pytest.skip("root reads every file, and there is no /proc/self/mem, which cannot be read")
            return "/proc/self/mem"
        Path("unreadable").write_text("")
        Path("unreadable").chmod(0)
        return "unreadable"
    return {"missing": "no/such/path", "here": ".", "too_long": "x" * 300}[kind]


@pytest.fixture
def place(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the small network's files, which is the current one."""
    monkeypatch.chdir(tmp_path)
    for name in ("tiny.nir", "given.npz"):
        shutil.copy(tiny_folder / name, name)
    shutil.copytree(tiny_folder / "bundle", "BUNDLE")
    from neurodeploy.shipped import path_of as shipped

    shutil.copy(shipped("models", "mts-xor"), "mine.toml")
    return tmp_path


def call(words: list[str]) -> Result:
    result = CliRunner().invoke(program, words)
    told = f"{' '.join(words)}\n{result.stdout}{result.stderr}"
    assert result.exception is None or isinstance(result.exception, SystemExit), told
    assert "Traceback" not in result.stderr and "ND099" not in result.stderr, told
    assert result.exit_code != 1, f"1 is a failed gate's\n{told}"
    return result


def with_path(command: str, parameter: str, path: str) -> list[str]:
    """Give the command's line with a path in the place of one parameter."""
    words = LINES[command].split()
    if parameter.startswith("-"):
        if parameter in words:
            at = words.index(parameter)
            return [*words[: at + 1], path, *words[at + 2 :]]
        return [*words, parameter, path]
    return [words[0], path, *words[2:]]


def listing(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        for path in folder.rglob("*")
        if not path.is_symlink()
    }


def test_every_path_of_every_command_has_a_line():
    assert len(PARAMETERS) > 20 and {name for name, _ in PARAMETERS} == LINES.keys()
    known = {f"{name} {label}" for name, label in PARAMETERS}
    assert known >= ALSO_PATHS, "a parameter that is gone"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("command", "parameter"),
    [
        pytest.param(*pair, marks=[pytest.mark.slow] * (pair[0] in HEAVY))
        for pair in PARAMETERS
        if pair[1] not in WRITTEN
    ],
)
def test_a_path_to_read_that_is_wrong_is_a_finding(command: str, parameter: str, kind: str, place: Path):
    words = with_path(command, parameter, path_of(kind))
    before = listing(place)
    result = call(words)
    if f"{command} {parameter}" in ("train --data", "sweep --data") and result.exit_code == 0:
        return  # these recipes need no files
    assert result.exit_code in (2, 3, 4, 5), result.output
    assert "error[ND" in result.stderr
    assert listing(place) == before, "something was written"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("unreadable", "missing", "empty")])
@pytest.mark.parametrize(
    ("command", "parameter"),
    [
        pytest.param(*pair, marks=[pytest.mark.slow] * (pair[0] in HEAVY))
        for pair in PARAMETERS
        if pair[1] in WRITTEN
    ],
)
def test_a_path_to_write_is_written_or_refused_and_nothing_else_is_touched(
    command: str, parameter: str, kind: str, place: Path
):
    path = path_of(kind)
    before = listing(place)
    result = call(with_path(command, parameter, path))
    after = listing(place)
    if result.exit_code:
        assert "error[ND" in result.stderr and after == before
    else:
        assert kind not in ("here", "below_a_file", "loop", "too_long"), result.output
        new = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        assert new, "nothing was written"
        roots = {Path(name).parts[0] for name in new}
        # What the line of the command writes beside it.
        assert roots <= {Path(path).parts[0], "nowhere", "new", "new.npz", "new.toml"}


# ---- arrays


def arrays() -> dict[str, dict[str, object]]:
    """Give changes to a file with spikes [24, 40, 12], labels and mask, none of which means anything."""
    spikes, labels = np.zeros((24, 40, 12), np.uint8), np.zeros(24, np.int64)
    mask = np.ones((24, 40), bool)
    return {
        "no spikes": {"spikes": None},
        "spikes of text": {"spikes": spikes.astype("U1")},
        "complex spikes": {"spikes": spikes.astype(complex)},
        "spikes with NaN": {"spikes": np.full(spikes.shape, np.nan)},
        "spikes with infinity": {"spikes": np.full(spikes.shape, np.inf)},
        "halves of spikes": {"spikes": np.full(spikes.shape, 0.5)},
        "negative spikes": {"spikes": spikes.astype(int) - 1},
        "too many spikes": {"spikes": spikes + 2},
        "pickled spikes": {"spikes": np.array([[["a", 1], None]], dtype=object)},
        "dates": {"spikes": spikes.astype("datetime64[s]")},
        "one number": {"spikes": np.uint8(1)},
        "one sample without its axis": {"spikes": spikes[0]},
        "an axis too many": {"spikes": spikes[None]},
        "no samples": {"spikes": spikes[:0], "labels": labels[:0]},
        "no steps": {"spikes": spikes[:, :0]},
        "no sources": {"spikes": spikes[:, :, :0]},
        "other sources": {"spikes": spikes[:, :, :5]},
        "labels of text": {"labels": labels.astype("U1")},
        "labels with halves": {"labels": labels + 0.5},
        "labels with NaN": {"labels": np.full(24, np.nan)},
        "one-hot labels": {"labels": np.eye(3, dtype=np.int64)[labels]},
        "labels of another length": {"labels": labels[:5]},
        "a class that is not there": {"labels": labels + 99},
        "a negative class": {"labels": labels - 1},
        "pickled labels": {"labels": np.array(["a"] * 24, dtype=object)},
        "a mask of another shape": {"labels": labels, "mask": mask[:, :3]},
        "a mask that is false everywhere": {"labels": labels, "mask": ~mask},
        "a mask of text": {"labels": labels, "mask": mask.astype("U5")},
        "a mask with NaN": {"labels": labels, "mask": np.full((24, 40), np.nan)},
    }


ARRAY_LINES = {
    "verify": "verify BUNDLE --input in.npz --max-drop 100",
    "fixed": "run BUNDLE --backend fixed --input in.npz -o out.npz",
    "float": "run BUNDLE --backend float --input in.npz -o out.npz",
    "export": "export tiny.nir --calibrate in.npz -o new",
}


@pytest.mark.parametrize(
    ("way", "what"),
    [
        (way, what)
        for way, line in ARRAY_LINES.items()
        for what, changed in arrays().items()
        if not (line.startswith("run") and "spikes" not in changed)  # run reads no labels
    ],
)
def test_an_array_that_means_nothing_is_a_finding_before_anything_runs(way: str, what: str, place: Path):
    line, changed = ARRAY_LINES[way], arrays()[what]
    with np.load("given.npz") as file:
        content = {"spikes": file["spikes"], "labels": file["labels"]} | changed
    np.savez("in.npz", **{name: array for name, array in content.items() if array is not None})
    before = listing(place)
    result = call(line.split())
    assert result.exit_code == 2 and "error[ND" in result.stderr, result.output
    assert "P2" not in result.stdout and listing(place) == before
