"""Triggers of ND030 to ND039 and ND050 to ND079: data files, runs and sweeps."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
from triggers import SMALL, Place, triggers

from neurodeploy.findings.finding import Finding

CHANNELS = 40
DIVERGES = ("network.tau.learn=neuron", "train.lr_tau=1000", "train.lr_schedule=constant")


def train(place: Place, *settings: str, out: str = "run", resume: bool = False) -> str:
    """Train the small network with more settings."""
    words = [word for setting in (*SMALL, *settings) for word in ("--set", setting)]
    return place.command("train", "mts-xor", *words, "-o", out, *["--resume"] * resume)


def events(name: str, **arrays: object) -> Path:
    """Write a file in SHD's layout, two samples of two classes; arrays in place of its own."""
    Path("data").mkdir(exist_ok=True)
    times = arrays.get("times", [np.array([0.1, 0.2]), np.array([0.1, 0.3])])
    units = arrays.get("units", [np.array([1, 2]), np.array([3, 4])])
    with h5py.File(Path("data") / name, "w") as file:
        floats, whole = h5py.vlen_dtype(np.float64), h5py.vlen_dtype(np.int64)
        for key, rows, kind in (("times", times, floats), ("units", units, whole)):
            held = file.create_dataset(f"spikes/{key}", (len(rows),), dtype=kind)
            for index, row in enumerate(rows):
                held[index] = row
        file["labels"] = arrays.get("labels", np.array([0, 1]))
    return Path("data") / name


def loaded(**arrays: object) -> Iterable[Finding]:
    """Read such a file."""
    from neurodeploy.data.shd_file import read_events

    read_events(events("shd_train.h5", **arrays), dt_s=0.01, channels=CHANNELS, source_channels=CHANNELS)
    return ()


@triggers("ND030")
def data_not_hdf5(_: Place) -> Iterable[Finding]:
    from neurodeploy.data.shd_file import read_events

    Path("shd_train.h5").write_bytes(b"\x89HDF\r\n\x1a\n and no more")
    read_events(Path("shd_train.h5"), dt_s=0.01, channels=CHANNELS, source_channels=CHANNELS)
    return ()


@triggers("ND031")
def data_layout(_: Place) -> Iterable[Finding]:
    from neurodeploy.data.shd_file import read_events

    with h5py.File("dense.h5", "w") as file:
        file["spikes"] = np.zeros((2, 3))
    read_events(Path("dense.h5"), dt_s=0.01, channels=CHANNELS, source_channels=CHANNELS)
    return ()


@triggers("ND032")
def data_lengths(_: Place) -> Iterable[Finding]:
    return loaded(labels=np.array([0, 1, 0]))


@triggers("ND033")
def unit_out_of_range(_: Place) -> Iterable[Finding]:
    return loaded(units=[np.array([1, CHANNELS]), np.array([3, 4])])


@triggers("ND034")
def bad_spike_time(_: Place) -> Iterable[Finding]:
    return loaded(times=[np.array([0.1, np.nan]), np.array([0.1, 0.3])])


@triggers("ND035")
def negative_label(_: Place) -> Iterable[Finding]:
    return loaded(labels=np.array([0, -1]))


@triggers("ND036")
def no_download(place: Place) -> Iterable[Finding]:
    from neurodeploy.data.sets import load_data
    from neurodeploy.recipe import load_recipe

    place.patch.setenv("NEURODEPLOY_CACHE", "cache")
    place.patch.setitem(sys.modules, "tonic.datasets", None)
    load_data(load_recipe("shd-delays"))
    return ()


@triggers("ND037")
def no_data_folder(place: Place) -> str:
    return place.command("train", "spoken-digits", "-o", "run")


@triggers("ND038")
def bad_pattern(place: Place) -> str:
    for name in ("a_train.h5", "b_train.h5", "test.h5"):
        events(name)
    return place.command("train", "spoken-digits", "--data", "data", "-o", "run")


@triggers("ND039")
def class_too_small(place: Place) -> str:
    events("train.h5")
    events("test.h5")
    words = (f"data.channels={CHANNELS}", f"data.source_channels={CHANNELS}")
    settings = [part for word in words for part in ("--set", word)]
    return place.command("train", "spoken-digits", "--data", "data", *settings, "-o", "run")


@triggers("ND050")
def run_not_finished(place: Place) -> str:
    (place.trained("plain") / "result.json").unlink()
    return place.command("export", "run", "-o", "bundle")


@triggers("ND051")
def run_exists(place: Place) -> str:
    place.trained("plain")
    return train(place)


@triggers("ND052")
def other_recipe(place: Place) -> str:
    place.trained("plain")
    return train(place, "train.batch_size=8", resume=True)


@triggers("ND053")
def nothing_to_resume(place: Place) -> str:
    return train(place, out="NEW", resume=True)


@triggers("ND054")
def training_diverged(place: Place) -> str:
    return train(place, *DIVERGES)


@triggers("ND055")
def batch_too_small(_: Place) -> Iterable[Finding]:
    from neurodeploy.recipe import load_recipe
    from neurodeploy.training.train import check_trainable

    eight = SimpleNamespace(size=8)  # what torchrun --nproc-per-node 8 makes
    check_trainable(load_recipe("mts-xor", ["train.batch_size=4"]), eight)  # type: ignore[arg-type]
    return ()


@triggers("ND056")
def lif_soft_reset(_: Place) -> Iterable[Finding]:
    from neurodeploy.recipe import load_recipe
    from neurodeploy.training.train import check_trainable

    recipe = load_recipe("mts-xor", ["network.neuron=lif", "network.reset=soft"])
    check_trainable(recipe, SimpleNamespace(size=1))  # type: ignore[arg-type]
    return ()


@triggers("ND057")
def run_file_changed(place: Place) -> str:
    weights = place.trained("plain") / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-3] ^= 1
    weights.write_bytes(content)
    return place.command("export", "run", "-o", "bundle")


@triggers("ND046")
def not_enough_memory(place: Place) -> str:
    place.patch.setattr("neurodeploy.recipe.sizes.machine_bytes", lambda: 1 << 30)
    return train(place, "network.hidden=[12000,12000]")


@triggers("ND042")
def data_misfit(place: Place) -> Iterable[Finding]:
    from neurodeploy.data.sets import load_data
    from neurodeploy.recipe import load_recipe, plugins

    entry = EntryPoint("odd", "odd_data:Odd", plugins.GROUP)
    place.patch.setattr(plugins, "entry_points", lambda group: [entry])
    place.patch.syspath_prepend(str(Path.cwd()))
    Path("odd_data.py").write_text(
        "from dataclasses import dataclass\n"
        "import numpy as np\n"
        "from neurodeploy.data.sample_set import DataSets, DenseSet\n"
        "@dataclass(frozen=True)\n"
        "class Odd:\n"
        "    def load(self, data, *, folder, seed):\n"
        "        one = DenseSet(spikes=np.ones((2, data.steps + 1, data.channels), np.uint8),\n"
        "                       labels=np.array([0, 1]))\n"
        "        return DataSets(train=one, validation=one, test=one, n_classes=2)\n"
    )
    Path("odd.toml").write_text(
        'name = "odd"\n[data]\nkind = "odd"\nsteps = 9\nchannels = 3\n[network]\nhidden = [4]\n'
        '[network.readout]\nscore = "last"\n'
    )
    load_data(load_recipe("odd.toml"))
    return ()


# ---- sweeps


def sweep(place: Place, *words: str) -> str:
    settings = [word for setting in SMALL for word in ("--set", setting)]
    return place.command("sweep", "mts-xor", *settings, "-o", "sweep", *words)


@triggers("ND060")
def bad_grid(place: Place) -> str:
    return sweep(place, "--grid", "network.tau.dtau_s", "--seeds", "0")


@triggers("ND061")
def bad_seeds(place: Place) -> str:
    return sweep(place, "--seeds", "9-0")


@triggers("ND062")
def sweep_exists(place: Place) -> str:
    Path("sweep").mkdir()
    Path("sweep/rows.csv").write_text("point,seed\n")
    return sweep(place, "--seeds", "0")


@triggers("ND063")
def sweep_other_recipe(place: Place) -> str:
    from neurodeploy.recipe import dump_recipe, load_recipe

    run = Path("sweep/runs/base/seed0")
    run.mkdir(parents=True)
    (run / "recipe.toml").write_text(dump_recipe(load_recipe("mts-xor", [*SMALL, "train.epochs=2"])))
    (Path("sweep") / "rows.csv").write_text("point,seed\n")
    return sweep(place, "--seeds", "0", "--resume")


@triggers("ND064")
def no_ray(place: Place) -> str:
    place.patch.setitem(sys.modules, "ray", None)
    return sweep(place, "--seeds", "0", "--ray", "local")


@triggers("ND065", slow=True)
def no_ray_cluster(place: Place) -> str:
    return sweep(place, "--seeds", "0", "--ray", "ray://127.0.0.1:1")


@triggers("ND066", slow=True)
def sweep_run_failed(place: Place) -> str:
    return sweep(place, "--seeds", "0", *(word for setting in DIVERGES for word in ("--set", setting)))


@triggers("ND067")
def ray_node_blind(_: Place) -> Iterable[Finding]:
    from neurodeploy.recipe import load_recipe
    from neurodeploy.sweep.cells import Point
    from neurodeploy.sweep.job import Job, command_of, failure_of
    from neurodeploy.sweep.ray_cluster import NOT_SHARED

    job = Job(Point("base", {}, "mts-xor", ()), 0, load_recipe("mts-xor"), Path("sweep/runs/base/seed0"))
    return [failure_of(job, command_of(job, Path("sweep"), None, target="loihi2"), NOT_SHARED)]
