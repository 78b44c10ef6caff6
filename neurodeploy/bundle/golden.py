"""``golden.npz``: inputs, what the trained network did with them, and what the integers did at export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.samples import check_spikes
from neurodeploy.files import load_npz, save_npz
from neurodeploy.traces import PopulationTrace, Traces

INPUT_KEY = "spikes"


@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """A few samples and what every population did with them.

    Attributes
    ----------
    spikes
        Input, uint8 ``[sample, step, source]``.
    trained
        Spikes and float64 v of the trained network with integer delays; None for a network that came as NIR.
    fixed
        Spikes and int32 v of the integer program at the time of the export.
    """

    spikes: NDArray[np.uint8]
    trained: Traces | None
    fixed: Traces

    def __len__(self) -> int:
        return int(self.spikes.shape[0])


def save_golden(path: Path, spikes: NDArray[np.uint8], *, trained: Traces | None, fixed: Traces) -> None:
    """Write the inputs as ``spikes``, and ``<level>/<population>/spikes`` and ``.../v`` of both levels."""
    arrays: dict[str, NDArray[Any]] = {INPUT_KEY: spikes}
    for level, traces in (("trained", trained), ("fixed", fixed)):
        if traces is None:
            continue
        for name, trace in traces.populations.items():
            arrays[f"{level}/{name}/spikes"] = trace.spikes
            if trace.v is not None:
                arrays[f"{level}/{name}/v"] = trace.v
    save_npz(path, arrays)


def load_golden(path: Path) -> Golden:
    """Read what :func:`save_golden` wrote; findings as :func:`neurodeploy.files.load_npz`."""
    arrays = load_npz(path, required=(INPUT_KEY,))
    fixed = _traces(arrays, "fixed")
    return Golden(
        check_spikes(arrays[INPUT_KEY], where=f"{path}: {INPUT_KEY}"),
        _traces(arrays, "trained"),
        fixed if fixed is not None else Traces({}),
    )


def _traces(arrays: dict[str, NDArray[Any]], level: str) -> Traces | None:
    """Collect the populations of one level; None where the file has none."""
    start, end = f"{level}/", "/spikes"
    names = [key[len(start) : -len(end)] for key in arrays if key.startswith(start) and key.endswith(end)]
    if not names:
        return None
    return Traces(
        {
            name: PopulationTrace(arrays[f"{level}/{name}/spikes"], arrays.get(f"{level}/{name}/v"))
            for name in names
        }
    )
