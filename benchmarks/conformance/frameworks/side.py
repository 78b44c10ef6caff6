"""What the framework scripts share: cases, their files, and how a script is called. Only numpy.

Each script runs in its framework's own environment, as ``python NAME_side.py write FOLDER`` (the framework
writes its networks and what it computed) or ``read FOLDER`` (it reads our files and computes). It knows
nothing of neurodeploy, and neurodeploy imports nothing of it.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

N_SAMPLES, N_STEPS, N_IN, N_HIDDEN, N_OUT = 12, 80, 8, 14, 10

Spikes = np.ndarray
Recorded = Mapping[str, tuple["np.ndarray | None", "np.ndarray | None"]]
"""By NIR node: spikes (None of a readout, which has none) and v, ``[sample, step, neuron]``."""


class Case:
    """One network of a framework.

    Attributes
    ----------
    about
        What it is, in a few words.
    dt
        Length of a step as the framework means it, in seconds; what ``--dt`` is given.
    spikes
        Its input, uint8 ``[sample, step, ...]``.
    recorded
        What every population did.
    dialect
        What neurodeploy's ``--dialect`` is given besides the framework's name: what only the person who built
        the network knows; empty where the file says all.
    save
        Writes the NIR file, as the framework documents it.
    """

    def __init__(
        self,
        about: str,
        *,
        dt: float,
        spikes: Spikes,
        recorded: Recorded,
        save: Callable[[str], None],
        dialect: str = "",
    ) -> None:
        self.about, self.dt, self.spikes, self.recorded, self.save = about, dt, spikes, recorded, save
        self.dialect = dialect


def given(seed: int = 1, *shape: int) -> Spikes:
    """Draw the input of a case: spikes of 40 %, binary."""
    rng = np.random.default_rng(seed)
    return (rng.random((N_SAMPLES, N_STEPS, *(shape or (N_IN,)))) < 0.4).astype(np.uint8)


def weights(seed: int, n_out: int, n_in: int, reach: float) -> np.ndarray:
    """Draw weights of which a few neighbours' spikes reach a threshold that is ``reach`` away."""
    rng = np.random.default_rng(seed)
    return (rng.normal(0.1, 0.4, (n_out, n_in)) * reach).astype(np.float32)


def spread(seed: int, low: float, high: float, n: int = N_HIDDEN) -> np.ndarray:
    """Draw one parameter for each neuron."""
    return np.random.default_rng(seed).uniform(low, high, n).astype(np.float32)


def main(
    cases: Mapping[str, Callable[[], Case]],
    read: Callable[[str, Spikes], Recorded],
    versions: Callable[[], Mapping[str, str]],
) -> None:
    """Do what the command line asks for; what goes wrong in one case is its answer."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    answers: dict[str, Any] = {"versions": dict(versions()), "cases": {}}
    if what == "write":
        for name, make in cases.items():
            answers["cases"][name] = _tried(lambda make=make, name=name: _write(make(), folder / name))
    else:
        for path in sorted(folder.glob("*.nir")):
            answers["cases"][path.stem] = _tried(lambda path=path: _read(read, path))
    (folder / "answers.json").write_text(json.dumps(answers, indent=1))


def _tried(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return work()
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        text = " ".join(str(error).split())
        return {"refused": f"{type(error).__name__}: {text}"[:160], "at": Path(place.filename).name}


def _write(case: Case, path: Path) -> dict[str, Any]:
    case.save(f"{path}.nir")
    _keep(f"{path}.npz", case.recorded, spikes=case.spikes, dt=np.array(case.dt))
    rates = {name: float(z.mean()) for name, (z, _) in case.recorded.items() if z is not None}
    return {"about": case.about, "dt": case.dt, "dialect": case.dialect, "rates": rates}


def _read(read: Callable[[str, Spikes], Recorded], path: Path) -> dict[str, Any]:
    with np.load(path.with_suffix(".npz")) as file:
        spikes = file["spikes"]
    recorded = read(str(path), spikes)
    _keep(f"{path.with_suffix('')}.out.npz", recorded)
    return {"populations": sorted(recorded)}


def _keep(path: str, recorded: Recorded, **others: np.ndarray) -> None:
    arrays = dict(others)
    for name, (spikes, v) in recorded.items():
        if spikes is not None:
            arrays[f"expected/{name}/spikes"] = spikes
        if v is not None:
            arrays[f"expected/{name}/v"] = v
    np.savez_compressed(path, **arrays)
