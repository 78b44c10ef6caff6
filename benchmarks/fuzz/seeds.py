"""Make the sound files that are mutated: networks, bundles, inputs, recipes and data files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import h5py
import nir
import numpy as np

from benchmarks.fuzz import bundle_files, bundle_meaning

DT_S = 1e-3
CHANNELS = 5
CLASSES = 3
STEPS = 20

RECIPE_HEAD = """name = "tiny"
[data]
"""
XOR = """kind = "mts-xor"
dt_s = 0.01
steps = 25
channels = 40
train_trials = 16
validation_trials = 8
test_trials = 8
"""
EVENTS = """kind = "events"
dt_s = 0.02
steps = 30
channels = 35
source_channels = 700
input = "binary"
[data.augment]
time_shift_steps = 2
channel_shift = 2
drop = 0.1
"""
TRAIN = """[train]
epochs = 1
batch_size = 8
lr = 0.01
threads = 1
"""
RECIPES = {
    "delays": XOR
    + """[network]
neuron = "lif_box"
hidden = [5, 4]
surrogate = "box"
surrogate_alpha = 0.5
batch_norm = true
[network.tau]
mode = "hierarchical"
tau_s = 0.1
dtau_s = 0.05
spread = 0.1
[network.projection]
kind = "delays"
mode = "learned"
min_delay_steps = 1
max_delay_steps = 6
[network.readout]
tau_s = 0.05
score = "per_step"
""",
    "dense": XOR
    + """[network]
neuron = "lif"
hidden = [6]
tau_syn_s = 0.02
batch_norm = false
dropout = 0.1
[network.tau]
mode = "fixed"
tau_s = 0.05
learn = "neuron"
[network.projection]
kind = "dense"
density = 0.8
[network.readout]
tau_s = 0.05
score = "per_step"
""",
    "convolution": XOR
    + """[network]
neuron = "lif_box"
hidden = [4, 4]
[network.projection]
kind = "convolution"
kernel_size = 3
kernel_growth = 1
dilation = 2
[network.readout]
tau_s = 0.05
score = "per_step"
""",
    "events": EVENTS
    + """[network]
neuron = "lif_box"
hidden = [6, 5]
[network.tau]
mode = "hierarchical"
tau_s = 0.04
dtau_s = 0.02
[network.projection]
kind = "delays"
[network.readout]
tau_s = 0.04
score = "softmax_sum"
""",
}


def make_seeds(folder: Path, *, trained: bool) -> None:
    """Write every seed; bundles are exported with the command line, one of them from a trained run."""
    if (folder / "done").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name, text in RECIPES.items():
        (folder / f"{name}.toml").write_text(RECIPE_HEAD + text + TRAIN, encoding="utf-8")
    (folder / "data").mkdir()
    for name, n in (("train", 24), ("test", 8)):
        spoken_digits(folder / "data" / f"digits_{name}.h5", n, rng)
    spikes, labels = labelled(rng)
    np.savez(folder / "labelled.npz", spikes=spikes, labels=labels)
    np.savez(folder / "in.npz", spikes=spikes[:4])
    for name, graph in networks(rng).items():
        nir.write(folder / f"{name}.nir", graph)
    for name, labelled_file in (("chain", True), ("perfect", True), ("loop", False)):
        calibrate = ["--calibrate", "labelled.npz"] if labelled_file else []
        _call(folder, "export", f"{name}.nir", "--dt", str(DT_S), "-o", f"bundle-{name}", *calibrate)
    dead_bundle(folder)
    if trained:
        _call(folder, "train", "delays.toml", "-o", "trained-run")
        _call(folder, "export", "trained-run", "-o", "bundle-trained")
        shutil.copy(folder / "bundle-trained" / "model.nir", folder / "trained.nir")
    (folder / "done").touch()


def dead_bundle(folder: Path) -> None:
    """Set all weights of the perfect bundle to 0, and make its golden file say what comes out then."""
    dead = folder / bundle_meaning.DEAD
    shutil.copytree(folder / "bundle-perfect", dead)
    before = bundle_meaning.load(dead / "golden.npz")
    np.savez(folder / "golden-in.npz", spikes=before["spikes"])
    with h5py.File(dead / "program.h5", "r+") as file:
        for group in file["projections"].values():
            group["weight"][...] = np.zeros(group["weight"].shape, group["weight"].dtype)
    bundle_files.mend(dead)
    try:
        _call(
            folder, "run", dead.name, "--backend", "fixed", "--input", "golden-in.npz", "-o", "golden-out.npz"
        )
    except SystemExit:  # refused already: then there is nothing to be fooled by
        shutil.rmtree(dead)
        return
    after = bundle_meaning.load(folder / "golden-out.npz")
    kept = {name: after[name.removeprefix("fixed/")] for name in before if name.startswith("fixed/")}
    np.savez(dead / "golden.npz", spikes=before["spikes"], **kept)
    bundle_files.mend(dead)


def _call(folder: Path, *args: str) -> None:
    command = [sys.executable, "-m", "neurodeploy", *args]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(args)} failed on a sound file:\n{done.stdout}{done.stderr}")


def labelled(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Give samples whose class is the channel that fires most."""
    labels = np.arange(24) % CLASSES
    rates = np.full((24, 1, CHANNELS), 0.05)
    rates[np.arange(24), 0, labels] = 0.9
    return (rng.random((24, STEPS, CHANNELS)) < rates).astype(np.uint8), labels.astype(np.int64)


def lif(n: int, tau: float = 0.01) -> nir.LIF:
    """Give a population of equal neurons."""
    one = np.ones(n)
    return nir.LIF(tau=tau * one, r=one, v_leak=0 * one, v_threshold=0.2 * one, v_reset=0 * one)


def affine(rng: np.random.Generator, post: int, pre: int) -> nir.Affine:
    """Give random weights."""
    return nir.Affine(rng.normal(0, 1.2, (post, pre)).astype("f4"), np.zeros(post, "f4"))


def _graph(nodes: dict, edges: list, **metadata: object) -> nir.NIRGraph:
    ends = {
        "input": nir.Input({"input": np.array([CHANNELS])}),
        "output": nir.Output({"output": np.array([CLASSES])}),
    }
    return nir.NIRGraph({**ends, **nodes}, edges, metadata=dict(metadata))


def _convolution(rng: np.random.Generator) -> nir.NIRGraph:
    """Give an image of the channels, a convolution, spikes, a pool, and weights that end in the Output."""
    one = np.ones((2, 5, 3))
    kernel = rng.normal(0, 1.2, (2, 1, 3, 2)).astype("f4")
    pair = np.array([2, 2])
    nodes = {
        "input": nir.Input({"input": np.array([1, CHANNELS, 1])}),
        "c": nir.Conv2d((CHANNELS, 1), kernel, (1, 1), (1, 1), (1, 1), 1, np.zeros(2, "f4")),
        "h": nir.IF(r=one / DT_S, v_threshold=one, v_reset=0 * one),
        "p": nir.SumPool2d(pair, pair, pair // 2),
        "f": nir.Flatten({"input": np.array([2, 3, 2])}, start_dim=0, end_dim=-1),
        "w": nir.Linear(rng.normal(0, 0.5, (CLASSES, 12)).astype("f4")),
        "output": nir.Output({"output": np.array([CLASSES])}),
    }
    return nir.NIRGraph(nodes, list(pairwise(nodes)), type_check=False)


def networks(rng: np.random.Generator) -> dict[str, nir.NIRGraph]:
    """Give a network of each kind that can be read."""
    row = [("input", "w1"), ("w1", "h"), ("h", "w2"), ("w2", "out"), ("out", "output")]
    picks = np.eye(CLASSES, CHANNELS).astype("f4") * 2
    one = np.ones(CLASSES)
    inner = nir.NIRGraph(
        {"input": nir.Input({"input": np.array([4])}), "w": affine(rng, CLASSES, 4), "n": lif(CLASSES),
         "output": nir.Output({"output": np.array([CLASSES])})},
        [("input", "w"), ("w", "n"), ("n", "output")],
    )  # fmt: skip
    cuba = nir.CubaLIF(
        tau_mem=0.01 * np.ones(4), tau_syn=0.005 * np.ones(4), r=np.ones(4), v_leak=np.zeros(4),
        v_threshold=0.2 * np.ones(4), v_reset=np.zeros(4), w_in=np.ones(4),
    )  # fmt: skip
    weights = {"w1": affine(rng, 4, CHANNELS), "w2": affine(rng, CLASSES, 4)}
    return {
        "chain": _graph({**weights, "h": lif(4), "out": lif(CLASSES, 0.02)}, row, dt=DT_S, name="chain"),
        "cuba": _graph({**weights, "h": cuba, "out": lif(CLASSES)}, row),
        "readout": _graph(
            {**weights, "h": lif(4), "out": nir.LI(tau=0.02 * one, r=one, v_leak=0 * one)}, row, dt=DT_S
        ),
        "perfect": _graph(
            {"w": nir.Linear(picks), "n": lif(CLASSES)}, [("input", "w"), ("w", "n"), ("n", "output")],
            dt=DT_S
        ),
        "nested": _graph(
            {"w": affine(rng, 4, CHANNELS), "h": lif(4), "inner": inner},
            [("input", "w"), ("w", "h"), ("h", "inner"), ("inner", "output")],
        ),
        "loop": _graph(
            {**weights, "h": lif(4), "out": lif(CLASSES), "back": nir.Linear(weights["w1"].weight[:,
            :4] * 0.3)},
            [*row, ("h", "back"), ("back", "h")],
            dt=DT_S,
        ),
        "delay": _graph(
            {**weights, "h": lif(4), "out": lif(CLASSES), "d": nir.Delay(np.array([0.001, 0.002, 0, 0.003,
            0.01]))},
            [("input", "d"), ("d", "w1"), *row[1:]],
        ),
        "flatten": _graph(
            {**weights, "h": lif(4), "out": lif(CLASSES),
             "f": nir.Flatten({"input": np.array([CHANNELS])}, start_dim=0, end_dim=-1)},
            [("input", "f"), ("f", "w1"), *row[1:]],
        ),
        "convolution": _convolution(rng),
    }  # fmt: skip


def spoken_digits(path: Path, n: int, rng: np.random.Generator) -> None:
    """Write samples in the format of the Spiking Heidelberg Digits."""
    with h5py.File(path, "w") as file:
        times = file.create_dataset("spikes/times", (n,), h5py.vlen_dtype(np.float32))
        units = file.create_dataset("spikes/units", (n,), h5py.vlen_dtype(np.int32))
        for i in range(n):
            times[i] = np.sort(rng.random(20) * 0.5).astype(np.float32)
            units[i] = rng.integers(0, 700, 20).astype(np.int32)
        file["labels"] = (np.arange(n) % 4).astype(np.uint8)
        file["extra/speaker"] = np.zeros(n, np.uint16)
        file["extra/keys"] = np.array([b"zero", b"one", b"two", b"three"])
