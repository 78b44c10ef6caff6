"""The training, validation and test sets of a recipe."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from neurodeploy.data import mts_xor
from neurodeploy.data.download import data_files
from neurodeploy.data.event_cache import cached_events
from neurodeploy.data.events import EventSet
from neurodeploy.data.plugin_set import load_plugin
from neurodeploy.data.sample_set import DataSets, SampleSet
from neurodeploy.data.samples import Samples
from neurodeploy.findings.codes_program import WITHOUT_EFFECT
from neurodeploy.findings.codes_training import BAD_PATTERN, CLASS_TOO_SMALL, NO_DATA_FOLDER
from neurodeploy.findings.codes_usage import NO_SUCH_PATH
from neurodeploy.recipe import Data, Recipe
from neurodeploy.recipe.plugins import BUILT_IN
from neurodeploy.recipe.sizes import check_memory
from neurodeploy.units import round_nearest

STREAMS = {"train": 0, "validation": 1, "test": 2, "split": 3}
"""Each set draws from a stream of its own, so that the size of one does not change another."""


def load_data(recipe: Recipe, data_dir: Path | None = None, seed: int | None = None) -> DataSets:
    """Generate, find or download the sets of a recipe.

    Parameters
    ----------
    recipe
        Decides kind, grid and sizes.
    data_dir
        Folder of the files (``--data``); needed for ``events``, optional for SHD and SSC.
    seed
        Of generated trials and of the validation split; the recipe's by default.

    Raises
    ------
    NeurodeployError
        ND001 no such folder or file, ND030 to ND035 see :func:`neurodeploy.data.shd_file.read_events`,
        ND036 no download, ND037 no folder given, ND038 no file or several files match a name pattern,
        ND039 a class has too few samples to split off a validation set; ND042 a plug-in's sets do not fit the
        recipe, ND046 more memory than there is, ND096 a folder for data that are generated, ND424 (exit code
        4) they cannot be loaded.
    """
    check_memory(recipe)
    seed = recipe.train.seed if seed is None else seed
    data = recipe.data
    if data.kind not in BUILT_IN:
        return load_plugin(recipe, data_dir, seed)
    check_folder(recipe, data_dir)
    if data.kind == "mts-xor":
        return _generated(data, seed)
    if data.kind == "events":
        files = _found(data, data_dir)
    else:
        if data_dir is not None:
            _folder(data_dir)
        files = data_files("shd" if data.kind == "shd" else "ssc", data_dir)
    sets = {name: _event_set(path, data) for name, path in files.items()}
    notes = [note for name in sets if (note := _cut_note(name, sets[name]))]
    n_classes = max(item.events.n_classes for item in sets.values())
    if "valid" in sets:
        train, validation = sets["train"], sets["valid"]
    else:
        train, validation = split(sets["train"], data.validation_fraction, seed, where=str(files["train"]))
        held = f"{len(validation)} of {len(sets['train'])} training samples"
        notes.append(f"validation: {held}, split off by seed {seed}")
    return DataSets(
        train=train, validation=validation, test=sets["test"], n_classes=n_classes, notes=tuple(notes)
    )


def samples_of(items: SampleSet, n: int | None = None) -> Samples:
    """Give the first ``n`` samples of a set (all by default) as the deployed network takes them."""
    return items.samples(n)


def split(items: EventSet, fraction: float, seed: int, *, where: str) -> tuple[EventSet, EventSet]:
    """Split off a fraction of each class, drawn by seed.

    Returns
    -------
    tuple[EventSet, EventSet]
        The rest and the part split off, both in the order of the file. Each class gives
        ``round(n * fraction)`` samples, at least one.
    """
    generator = _stream(seed, "split")
    labels = items.labels
    held = np.zeros(len(items), dtype=bool)
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        if members.size < 2:
            raise CLASS_TOO_SMALL.error(
                where=where,
                found=f"class {label}: {members.size} sample",
                limit="at least 2 samples a class, or a validation file",
                help="Give a validation file beside the training file.",
            )
        n_held = int(np.clip(round_nearest(members.size * fraction), 1, members.size - 1))
        held[members[:n_held]] = True
    return items.take(np.flatnonzero(~held)), items.take(np.flatnonzero(held))


def _stream(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, STREAMS[name]]))


def check_folder(recipe: Recipe, data_dir: Path | None) -> None:
    """Refuse a folder of files for data that are generated: ND096."""
    if data_dir is not None and recipe.data.kind == "mts-xor":
        raise WITHOUT_EFFECT.error(
            where=f"--data {data_dir}",
            found=f"given with {recipe.name}, whose data are generated (data.kind = {recipe.data.kind})",
            help="Leave --data out, or train a recipe that reads files.",
        )


def _generated(data: Data, seed: int) -> DataSets:
    sizes = {"train": data.train_trials, "validation": data.validation_trials, "test": data.test_trials}
    sets = {name: mts_xor.generate(size, data.steps, _stream(seed, name)) for name, size in sizes.items()}
    return DataSets(train=sets["train"], validation=sets["validation"], test=sets["test"], n_classes=2)


def _event_set(path: Path, data: Data) -> EventSet:
    events = cached_events(path, dt_s=data.dt_s, channels=data.channels, source_channels=data.source_channels)
    return EventSet(
        events=events,
        index=np.arange(events.labels.size),
        n_steps=data.steps,
        n_channels=data.channels,
        input_max=data.input_max,
    )


def _cut_note(name: str, items: EventSet) -> str:
    longer, lost = items.cut()
    if not longer:
        return ""
    samples = f"{longer} of {len(items)} samples last longer than {items.n_steps} steps"
    return f"{name}: {samples}; {100 * lost:.2g} % of the spikes cut"


def _folder(data_dir: Path) -> None:
    if not data_dir.is_dir():
        raise NO_SUCH_PATH.error(
            where=str(data_dir),
            limit="a folder with the data files",
            help="Check the path given with --data.",
        )


def _found(data: Data, data_dir: Path | None) -> dict[str, Path]:
    """Find the files of ``kind = "events"``; a validation file is optional."""
    if data_dir is None:
        raise NO_DATA_FOLDER.error(
            where="--data",
            found="nothing",
            limit=f"files {data.train_files} and {data.test_files} in SHD's HDF5 format",
            help="Give the folder with --data DIR.",
        )
    _folder(data_dir)
    files = {}
    for name, pattern in (
        ("train", data.train_files),
        ("valid", data.validation_files),
        ("test", data.test_files),
    ):
        # Not Path.glob: a pattern is of names, and some make it raise.
        matches = sorted(
            path for path in data_dir.iterdir() if fnmatchcase(path.name, pattern) and path.is_file()
        )
        if len(matches) == 1:
            files[name] = matches[0]
        elif matches or name != "valid":
            key = "validation_files" if name == "valid" else f"{name}_files"
            raise BAD_PATTERN.error(
                message="no file matches a name pattern"
                if not matches
                else "several files match a name pattern",
                where=f"{data_dir}: data.{key}",
                found=", ".join(path.name for path in matches) or "no file",
                limit=f"one file {pattern}",
                help=f"Name it with --set data.{key}=FILE.h5.",
            )
    return files


__all__ = ["DataSets", "SampleSet", "load_data", "samples_of", "split"]
