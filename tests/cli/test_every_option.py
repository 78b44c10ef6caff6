"""Rule 13: every option of a command changes something, and where it cannot it is refused."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click
import h5py
import numpy as np
import pytest
from click.testing import CliRunner

import neurodeploy as nd
from neurodeploy.cli import COMMANDS, program
from neurodeploy.shipped import path_of

pytestmark = pytest.mark.slow

SMALL = "data.train_trials=16 data.validation_trials=8 data.test_trials=8 network.hidden=[4] train.epochs=1"
SET = " ".join(f"--set {setting}" for setting in SMALL.split())
TRAIN = f"train mts-xor -o run {SET} --threads 1"
SWEEP = f"sweep mts-xor -o sweep {SET} --seeds 0"
SINABS = "sinabs:reset=subtract,spikes=single"
RUN = "run BUNDLE --backend fixed --input given.npz -o out.npz"
EXPORT = "export tiny.nir --calibrate given.npz -o new"


@dataclass(frozen=True)
class Change:
    """Two lines that differ in one option, and in what they do.

    Attributes
    ----------
    without
        A line that does not have the option; it may have another one where the option is required.
    words
        What the option looks like; put at the end of the line, or in the place of ``instead``.
    instead
        What stands in the line for the same option already.
    before
        A line that is run first, for both.
    """

    without: str
    words: str
    instead: str = ""
    before: str = ""

    @property
    def line(self) -> str:
        """The line with the option."""
        if self.instead:
            assert self.instead in self.without
            return self.without.replace(self.instead, self.words, 1)
        return f"{self.without} {self.words}"


CHANGES: dict[str, Change] = {
    "init -o": Change("init mts-xor", "-o new.toml"),
    "init --json": Change("init mts-xor -o new.toml", "--json"),
    "train -o": Change(TRAIN, "-o other", "-o run"),
    "train --data": Change("train spoken-digits -o run", "--data no-data"),
    "train --set": Change(TRAIN, "--set train.batch_size=8"),
    "train --epochs": Change(TRAIN, "--epochs 2"),
    "train --seed": Change(TRAIN, "--seed 7"),
    "train --target": Change(TRAIN, "--target chip.toml"),
    "train --resume": Change(TRAIN, "--resume", before=TRAIN),
    "train --json": Change(TRAIN, "--json"),
    "export --target": Change(EXPORT, "--target chip.toml"),
    "export -o": Change(EXPORT, "-o other", "-o new"),
    "export --dt": Change("export without-dt.nir -o new", "--dt 0.01"),
    "export --calibrate": Change("export tiny.nir -o new", "--calibrate given.npz"),
    "export --pass": Change(EXPORT, "--pass clamp_delays:max_steps=2"),
    "export --max-drop": Change("export tiny.nir -o new", "--max-drop 1"),
    "export --no-verify": Change(EXPORT, "--no-verify"),
    "export --seed": Change("export tiny.nir -o new", "--seed 7"),
    "export --float": Change(f"{EXPORT} --target onnx", "--float"),
    "export --dialect": Change("export foreign.nir -o new --dt 0.01", f"--dialect {SINABS}"),
    "export --traces": Change("export foreign.nir -o new --dt 0.01", "--traces traces.npz"),
    "export --score": Change("export foreign.nir -o new --dt 0.01", "--score max"),
    "export --input-max": Change("export foreign.nir -o new --dt 0.01", "--input-max 7"),
    "export --json": Change(EXPORT, "--json"),
    "verify --samples": Change("verify BUNDLE", "--samples 3"),
    "verify --lava": Change("verify BUNDLE --samples 1", "--lava 1"),
    "verify --lava-if-present": Change("verify BUNDLE --samples 1", "--lava-if-present 1"),
    "verify --runtime": Change("verify BUNDLE --samples 1", "--runtime lava=1"),
    "verify --runtime-if-present": Change("verify BUNDLE --samples 1", "--runtime-if-present lava=1"),
    "verify --max-drop": Change("verify BUNDLE", "--max-drop 5"),
    "verify --confidence": Change("verify BUNDLE --max-drop 5", "--confidence 0.9"),
    "verify --input": Change("verify BUNDLE", "--input fewer.npz"),
    "verify --json": Change("verify BUNDLE --samples 1", "--json"),
    "verify --json-to": Change("verify BUNDLE --samples 1", "--json-to r.json"),
    "verify --junit": Change("verify BUNDLE --samples 1", "--junit r.xml"),
    "verify --report": Change("verify BUNDLE --samples 1", "--report r.html"),
    "run --backend": Change(RUN, "--backend float", "--backend fixed"),
    "run --input": Change(RUN, "--input fewer.npz", "--input given.npz"),
    "run -o": Change(RUN, "-o other.npz", "-o out.npz"),
    "run --json": Change(RUN, "--json"),
    "check --target": Change("check tiny.nir", "--target chip.toml"),
    "check --dt": Change("check without-dt.nir", "--dt 0.01"),
    "check --dialect": Change("check foreign.nir --dt 0.01", f"--dialect {SINABS}"),
    "check --input-max": Change("check foreign.nir --dt 0.01", "--input-max 300"),
    "check --json": Change("check tiny.nir", "--json"),
    "inspect --dialect": Change("inspect foreign.nir", f"--dialect {SINABS}"),
    "inspect --dt": Change("inspect without-dt.nir", "--dt 0.01"),
    "inspect --json": Change("inspect tiny.nir", "--json"),
    "nir --for": Change("nir without-delays.nir -o new.nir", "--for snntorch"),
    "nir -o": Change("nir tiny.nir -o new.nir", "-o other.nir", "-o new.nir"),
    "nir --dt": Change("nir without-dt.nir -o new.nir", "--dt 0.01"),
    "nir --json": Change("nir tiny.nir -o new.nir", "--json"),
    "sweep --grid": Change(SWEEP, "--grid train.batch_size=8,16"),
    "sweep --seeds": Change(SWEEP, "--seeds 0,1", "--seeds 0"),
    "sweep -o": Change(SWEEP, "-o other", "-o sweep"),
    "sweep --data": Change("sweep spoken-digits -o sweep --seeds 0", "--data no-data"),
    "sweep --set": Change(SWEEP, "--set train.batch_size=8"),
    "sweep --epochs": Change(SWEEP, "--epochs 2"),
    "sweep --resume": Change(SWEEP, "--resume", before=SWEEP),
    "sweep --json": Change(SWEEP, "--json"),
    "sweep --target": Change(SWEEP, "--target chip.toml"),
    "lava install --json": Change("lava install", "--json"),
    "lava status --json": Change("lava status", "--json"),
    "lava status --deep": Change("lava status", "--deep"),
    "doctor --json": Change("doctor", "--json"),
    "doctor --deep": Change("doctor", "--deep"),
    "targets --json": Change("targets", "--json"),
    "models --json": Change("models", "--json"),
    "explain --json": Change("explain ND201", "--json"),
}
"""For each option, lines that show what it changes: output, exit code or files."""

SPEED_ALONE = {
    "train --threads": f"{TRAIN.replace(' --threads 1', '')} --threads 2",
    "verify --threads": "verify BUNDLE --threads 2",
    "run --threads": f"{RUN} --threads 2",
    "sweep --jobs": f"{SWEEP} --jobs 2",
    "sweep --threads": f"{SWEEP} --threads 2",
}
"""Options that change how long it takes and must not change what comes out; the line works."""

NOT_HERE = {"sweep --ray": "needs Ray and starts a cluster: tests/e2e/test_sweep_commands.py"}
HEAVY = ("train", "sweep")


def options() -> Iterator[str]:
    """Give every option of every command, by its first name."""
    context = click.Context(program)

    def walk(command: click.Command, name: str) -> Iterator[str]:
        if isinstance(command, click.Group):
            for below in command.list_commands(context):
                found = command.get_command(context, below)
                assert found is not None
                yield from walk(found, f"{name} {below}")
            return
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield f"{name} {parameter.opts[0]}"

    for name in COMMANDS:
        command = program.get_command(context, name)
        assert command is not None
        yield from walk(command, name)


def test_every_option_is_tried():
    tried = CHANGES.keys() | SPEED_ALONE.keys() | NOT_HERE.keys()
    assert sorted(tried) == sorted(set(options()))


@pytest.fixture
def place(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the small network's files, which is the current one; without Lava."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEURODEPLOY_LAVA_PYTHON", sys.executable)  # a Python without Lava
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path


def fill(tiny: Path) -> None:
    """Put the files that the lines name into the current folder."""
    shutil.copytree(tiny / "bundle", "BUNDLE")
    for name in ("tiny.nir", "given.npz"):
        shutil.copy(tiny / name, name)
    with np.load("given.npz") as file:
        np.savez("fewer.npz", spikes=file["spikes"][:2])
    shutil.copy("tiny.nir", "without-dt.nir")
    with h5py.File("without-dt.nir", "r+") as file:
        named: list[str] = []
        file.visit(named.append)
        for name in named:
            if name in file and name.rpartition("/")[2] == "dt":
                del file[name]
    foreign()
    network = nd.read_nir("tiny.nir")
    at_once = [replace(p, weight=p.weight, delay_s=np.zeros_like(p.delay_s)) for p in network.projections]
    nd.write_nir(replace(network, projections=tuple(at_once)), "without-delays.nir")
    text = path_of("targets", "loihi2").read_text()
    changed = re.sub(r"(\[limits\.max_delay_steps\]\nvalue = )\d+", r"\g<1>3", text)
    changed = re.sub(r"(\[limits\.neurons_per_chip\]\nvalue = )\d+", r"\g<1>5", changed)
    Path("chip.toml").write_text(changed.replace('name = "loihi2"', 'name = "small"'))


def foreign() -> None:
    """Make a file that says nothing beside its nodes, as those of others, and traces of it."""
    graph = nd.read_nir("tiny.nir")
    shutil.copy("tiny.nir", "foreign.nir")
    with h5py.File("foreign.nir", "r+") as file:
        del file["node/metadata"]
    spikes = nd.load_samples("given.npz").spikes
    traces = nd.simulate(graph, spikes)
    seen = {
        f"{name}/{kind}": getattr(trace, kind)
        for name, trace in traces.populations.items()
        for kind in ("spikes", "v")
    }
    np.savez("traces.npz", spikes=spikes, **seen)


def neutral(text: str) -> str:
    """Take times out of a text."""
    return re.sub(r"\d+(\.\d+)?(e-?\d+)?(?= ?s\b)|(?<=seconds\": )[\d.e-]+", "TIME", text)


def done_by(line: str, folder: Path, tiny: Path, before: str) -> tuple[int, str, dict[str, str]]:
    """Run a line in a new folder: give exit code, output and the files that are new, by digest."""
    folder.mkdir()
    here = Path.cwd()
    os.chdir(folder)
    try:
        fill(tiny)
        if before:
            assert CliRunner().invoke(program, before.split()).exit_code == 0
        given = {path for path in Path().rglob("*") if path.is_file()}
        result = CliRunner().invoke(program, line.split())
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        assert "ND099" not in result.stderr, result.stderr
        new = {
            str(path): hashlib.sha256(neutral(path.read_text(errors="replace")).encode()).hexdigest()
            for path in Path().rglob("*")
            if path.is_file() and path not in given
        }
        return result.exit_code, neutral(result.stdout + result.stderr).replace(str(folder), ""), new
    finally:
        os.chdir(here)


def marked(names: dict[str, object]) -> list[object]:
    return [
        pytest.param(name, marks=[pytest.mark.slow] * name.startswith(HEAVY), id=name.replace(" ", "_"))
        for name in names
    ]


_done: dict[tuple[str, str], tuple[int, str, dict[str, str]]] = {}
"""What lines without an option did: many options share one."""


@pytest.mark.parametrize("option", marked(CHANGES))
def test_an_option_changes_what_comes_out(option: str, place: Path, tiny_folder: Path):
    change = CHANGES[option]
    assert option.rpartition(" ")[2] in change.words.split()
    key = (change.without, change.before)
    if key not in _done:
        _done[key] = done_by(change.without, place / "a", tiny_folder, change.before)
    without = _done[key]
    with_it = done_by(change.line, place / "b", tiny_folder, change.before)
    assert "No such option" not in without[1] + with_it[1]
    assert with_it != without


@pytest.mark.parametrize("option", marked(SPEED_ALONE))
def test_an_option_for_speed_changes_nothing_else(option: str, place: Path, tiny_folder: Path):
    line = SPEED_ALONE[option]
    option_alone = " ".join(line.split()[-2:])
    assert option_alone.split()[0] == option.rpartition(" ")[2]
    fast = done_by(line, place / "a", tiny_folder, "")
    slow = done_by(line.removesuffix(f" {option_alone}"), place / "b", tiny_folder, "")
    assert fast[0] == slow[0] == 0, fast[1]


REFUSED = {
    "a run knows its dt": ("export run --dt 0.01 -o new", TRAIN),
    "a run has samples": ("export run --calibrate given.npz -o new", TRAIN),
    "a run draws no input": ("export run --seed 3 -o new", TRAIN),
    "samples are given, so none are drawn": (f"{EXPORT} --seed 3", ""),
    "a file that says its dt": ("export tiny.nir --dt 0.02 -o new", ""),
    "a run has traces": ("export run --traces traces.npz -o new", TRAIN),
    "a file that says how it decides": ("export tiny.nir --score max -o new", ""),
    "a file that says what it takes": ("export tiny.nir --input-max 3 -o new", ""),
    "traces are samples, so none are drawn": (
        "export foreign.nir --dt 0.01 --traces traces.npz --seed 3 -o new",
        "",
    ),
    "a bundle says what it takes": ("check BUNDLE --input-max 3", ""),
    "a gate without what it measures": (f"{EXPORT} --no-verify --max-drop 1", ""),
    "a program is in steps": ("check BUNDLE --dt 0.01", ""),
    "a recipe says its dt": ("inspect mts-xor --dt 0.01", ""),
    "a bundle says its dt": ("inspect BUNDLE --dt 0.01", ""),
    "a confidence of no limit": ("verify BUNDLE --confidence 0.9", ""),
    "a limit that is no number": ("verify BUNDLE --max-drop nan", ""),
    "a limit below 0": ("verify BUNDLE --max-drop -1", ""),
    "an export's limit that is no number": (f"{EXPORT} --max-drop nan", ""),
    "an export's limit that nothing exceeds": (f"{EXPORT} --max-drop inf", ""),
    "a float network of a target that writes none": (f"{EXPORT} --float", ""),
    "a seed below 0": ("export tiny.nir -o new --seed -1", ""),
    "generated data": (f"{TRAIN} --data BUNDLE", ""),
    "generated data in a sweep": (f"{SWEEP} --data BUNDLE", ""),
    "nothing to resume": (f"{TRAIN} --resume", ""),
    "the interpreter has one way to run": (f"{RUN.replace('fixed', 'lava')} --threads 2", ""),
}
"""Options where they can have no effect: the line, and one that is run first."""


@pytest.mark.parametrize(
    "why",
    [
        pytest.param(
            why, marks=[pytest.mark.slow] * (line.startswith(HEAVY) or bool(before)), id=why.replace(" ", "_")
        )
        for why, (line, before) in REFUSED.items()
    ],
)
def test_an_option_without_effect_is_refused(why: str, place: Path, tiny_folder: Path):
    line, before = REFUSED[why]
    exit_code, text, new = done_by(line, place / "a", tiny_folder, before)
    assert exit_code == 2 and "error[ND" in text, text
    assert not new, "something was written"
