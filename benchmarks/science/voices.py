"""Choosing the spoken-digits recipe: each training voice held out in turn, the test voice never touched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
from page import SD_NAMES, accuracy_table, compare, machine, parameters_of, write_rows, write_text
from study import Budget, Lines, Study, points

from neurodeploy.files import atomic_folder
from neurodeploy.sweep.job import Job, row_of
from neurodeploy.sweep.sweep import SweepResult, plan, run_sweep
from neurodeploy.sweep.table import Row

RECIPE = "spoken-digits"
NAMED: dict[str, Sequence[str]] = {
    "shipped": [],
    "former": [
        "network.hidden=[128,128]",
        "data.input=count",
        "data.max_count=15",
        "data.augment.time_stretch=0",
        "data.augment.channel_stretch=0",
        "data.augment.channel_shift=4",
        "network.projection.sigma_schedule=exponential",
        "network.dropout=0.25",
        "train.epochs=40",
        "train.lr=0.005",
    ],
}
"""The shipped recipe, and the one that was shipped before."""

PLAIN = ("labels", "extra/speaker")
RAGGED = {"spikes/times": np.float16, "spikes/units": np.uint16}


def voices_of(data: Path) -> list[int]:
    """List the voices of the training file."""
    with h5py.File(data / "fsdd_train.h5") as file:
        return sorted({int(voice) for voice in file["extra/speaker"][:]})


def hold_out(data: Path, voice: int, folder: Path) -> None:
    """Write training and validation files without one voice, and a test file of all that it said."""
    if folder.exists():
        return
    parts = []
    for name in ("fsdd_train.h5", "fsdd_valid.h5"):
        with h5py.File(data / name) as file:
            parts.append({key: file[key][:] for key in (*PLAIN, *RAGGED, "extra/keys")})
    with atomic_folder(folder) as temporary:
        for name, part in zip(("train", "valid"), parts, strict=True):
            _write(temporary / f"fsdd_{name}.h5", [part], voice, kept=False)
        _write(temporary / "fsdd_test.h5", parts, voice, kept=True)


def _write(path: Path, parts: Sequence[dict[str, np.ndarray]], voice: int, *, kept: bool) -> None:
    """Write the samples of a voice, or of all others, in SHD's format."""
    chosen = [(part["extra/speaker"] == voice) == kept for part in parts]
    with h5py.File(path, "w") as file:
        for key in PLAIN:
            file[key] = np.concatenate([part[key][rows] for part, rows in zip(parts, chosen, strict=True)])
        for key, dtype in RAGGED.items():
            samples = [x for part, rows in zip(parts, chosen, strict=True) for x in part[key][rows]]
            made = file.create_dataset(key, (len(samples),), dtype=h5py.vlen_dtype(dtype))
            for place, sample in enumerate(samples):
                made[place] = sample
        file["extra/keys"] = parts[0]["extra/keys"]


def folds(study: Study, budget: Budget, out: Path, data: Path | None) -> tuple[Row, ...]:  # noqa: ARG001
    """Train every configuration once for each voice; without data, read what is finished."""
    rows = []
    named = points(RECIPE, (), NAMED)
    kept = sorted(int(folder.name) for folder in (out / "voices").glob("*"))
    for voice in kept if data is None else voices_of(data):
        folder = out / "voices" / str(voice)
        jobs = plan(named, (voice,), out / f"without{voice}", threads=1, resume=True)
        if data is not None:
            hold_out(data, voice, folder)
            run_sweep(jobs, out / f"without{voice}", data_dir=folder, at_once=budget.jobs, watcher=Lines())
        rows += [row_of(job) for job in jobs if job.finished]
    return tuple(rows)


def write(study: Study, jobs: Sequence[Job], result: SweepResult, budget: Budget) -> None:  # noqa: ARG001
    """Write the page and its rows."""
    rows = [row for row in result.rows if row.status == "finished"]
    write_rows(study, rows)
    table = accuracy_table(compare(rows, list(NAMED)), SD_NAMES, parameters=parameters_of(rows))
    text = f"""# Choosing the spoken-digits recipe

Which settings help with a voice that the network has never heard?

```
{study.command(budget)}
```

Each of the {len({row.seed for row in rows})} training voices is held out in turn: training and known voices
are the other three, *unheard voice* is all that the held-out one said (340 utterances). One run a voice and
configuration, its seed is the voice's number; one thread, on {machine()}. The epoch is
chosen on the known voices. The test file's voice takes no part here.
Raw rows:
[{study.page}.csv]({study.page}.csv).

{table}

*shipped* is `models/spoken-digits.toml`. *former* is the recipe before: 128 instead of 192 neurons a layer,
counts instead of binary input, no stretching of time and channels, kernels that narrow from 12 steps, dropout
0.25 instead of 0.1, 40 instead of 60 epochs, learning rate 0.005 instead of 0.003.
About 25 settings were compared on these held-out voices, most of them once and with smaller networks, before
the last was shipped; so its figure here is optimistic, and by 4 voices its difference to *former* is
undecided. Binary input and stretching were among them
because an early run had looked good on the test voice too.
Differences are paired by voice. Voices differ far more than configurations do: see min and max.
"""
    write_text(f"{study.page}.md", text)


STUDY = Study(
    letter="voices",
    page="held-out-voices",
    points=(),
    seeds=(0,),
    epochs=None,
    needs_data=True,
    write=write,
    extra=folds,
)
