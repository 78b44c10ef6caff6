"""The files of SHD and SSC: found where the user put them, or downloaded once through tonic."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Literal

from neurodeploy.findings.codes_training import NO_DOWNLOAD
from neurodeploy.lock import locked
from neurodeploy.machine import cache_folder

Name = Literal["shd", "ssc"]
SPLITS: dict[Name, tuple[str, ...]] = {"shd": ("train", "test"), "ssc": ("train", "valid", "test")}


def data_files(name: Name, data_dir: Path | None) -> dict[str, Path]:
    """Give the HDF5 file of each split, downloading those that are not there.

    One process downloads; others that ask for the same file at that time (torchrun's, a sweep's) wait for it.

    Looked for as ``<folder>/shd_train.h5`` and, as tonic lays them out, ``<folder>/SHD/shd_train.h5``, where
    the folder is ``data_dir``, else ``datasets`` in the cache folder; downloads go to the second place.

    Raises
    ------
    NeurodeployError
        ND036 the files are not there and cannot be downloaded.
    """
    folder = cache_folder() / "datasets" if data_dir is None else data_dir
    return {split: _file(name, split, folder) for split in SPLITS[name]}


def _file(name: Name, split: str, folder: Path) -> Path:
    file_name = f"{name}_{split}.h5"
    by_tonic = folder / name.upper() / file_name
    places = (folder / file_name, by_tonic)
    if (there := _there(places)) is not None:
        return there
    try:
        with locked(folder / f".{file_name}.lock", wait=True, on_wait=_say):
            if (there := _there(places)) is not None:  # another process has downloaded it meanwhile
                return there
            _download(name, split, folder)
    except (OSError, RuntimeError, ImportError, EOFError, ValueError) as error:
        raise NO_DOWNLOAD.error(
            message=f"{name.upper()} is not here and cannot be downloaded",
            where=str(by_tonic),
            found=f"{type(error).__name__}: {error}".splitlines()[0],
            limit="the network and the package tonic, or the files",
            help=f"Put {' and '.join(f'{name}_{part}.h5' for part in SPLITS[name])} (unzipped) into a "
            "folder and give it with --data. They are at https://zenkelab.org/datasets/.",
        ) from None
    return by_tonic


def _there(places: tuple[Path, ...]) -> Path | None:
    return next((path for path in places if path.is_file()), None)


def _say(holder: str) -> None:
    print(f"waiting: {holder} downloads the data", file=sys.stderr, flush=True)


def _download(name: Name, split: str, folder: Path) -> None:
    """Let tonic download, check (MD5) and unzip one split."""
    # tonic prints where it downloads from; stdout belongs to the command's own output.
    with contextlib.redirect_stdout(sys.stderr):
        from tonic.datasets import SHD, SSC

        if name == "shd":
            SHD(save_to=str(folder), train=split == "train")
        else:
            SSC(save_to=str(folder), split=split)
