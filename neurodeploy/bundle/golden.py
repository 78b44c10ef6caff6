"""``golden.npz``: inputs, what the trained network did with them, and what the integers did at export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.samples import check_spikes
from neurodeploy.files import load_npz, save_npz
from neurodeploy.findings.codes_usage import BAD_GOLDEN
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.traces import PopulationTrace, Traces

INPUT_KEY = "spikes"
TRAINED, FIXED = "trained", "fixed"


@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """A few samples and what every population did with them; checked when it is made.

    Attributes
    ----------
    spikes
        Input, uint8 ``[sample, step, source]``, at least one sample and one step.
    trained
        Spikes and v of the trained network with integer delays, or of what a witness computed, who may have
        given float32, or no v of a population that spikes; None for a network that came as NIR alone.
    fixed
        Spikes and v (int32 on Loihi) of the target's program at the time of the export.

    Raises
    ------
    NeurodeployError
        ND043: nothing to compare with, or traces whose shapes, types or populations do not fit.
    """

    spikes: NDArray[np.uint8]
    trained: Traces | None
    fixed: Traces

    def __post_init__(self) -> None:
        _refuse("golden traces", list(misfits(self)))

    def __len__(self) -> int:
        return int(self.spikes.shape[0])


@dataclass(frozen=True, slots=True)
class Expected:
    """What a bundle's golden file must be about.

    Attributes
    ----------
    input_size, input_max
        Sources, and the largest count that one takes.
    sizes
        Neurons of each population, by name.
    trained
        Whether the bundle was made from a run, whose traces are then there.
    """

    input_size: int
    input_max: int
    sizes: Mapping[str, int]
    trained: bool


def save_golden(path: Path, spikes: NDArray[np.uint8], *, trained: Traces | None, fixed: Traces) -> None:
    """Write the inputs as ``spikes``, and ``<level>/<population>/spikes`` and ``.../v`` of both levels.

    Raises
    ------
    NeurodeployError
        ND043 as :class:`Golden`; nothing is written.
    """
    golden = Golden(spikes, trained, fixed)
    arrays: dict[str, NDArray[Any]] = {INPUT_KEY: golden.spikes}
    for level, traces in ((TRAINED, golden.trained), (FIXED, golden.fixed)):
        if traces is None:
            continue
        for name, trace in traces.populations.items():
            arrays[f"{level}/{name}/spikes"] = trace.spikes
            if trace.v is not None:
                arrays[f"{level}/{name}/v"] = trace.v
    save_npz(path, arrays)


def load_golden(path: Path, *, expected: Expected | None = None) -> Golden:
    """Read what :func:`save_golden` wrote.

    Parameters
    ----------
    path
        The file.
    expected
        What it must be about; None checks only that it fits itself.

    Raises
    ------
    NeurodeployError
        As :func:`neurodeploy.files.load_npz`; ND010 or ND011 for the input; ND043 for the traces.
    """
    arrays = load_npz(path, required=(INPUT_KEY,))
    spikes = check_spikes(
        arrays.pop(INPUT_KEY),
        size=None if expected is None else expected.input_size,
        maximum=255 if expected is None else expected.input_max,
        where=f"{path}: {INPUT_KEY}",
    )
    trained, fixed = _traces(arrays, TRAINED), _traces(arrays, FIXED)
    if arrays:
        _refuse(str(path), [f"an array {name!r} that belongs to no trace" for name in arrays])
    try:
        golden = Golden(spikes, trained, fixed or Traces({}))
    except NeurodeployError as error:
        raise _error(str(path), [finding.found for finding in error.findings]) from None
    if expected is not None:
        _refuse(str(path), list(_unexpected(golden, expected)))
    return golden


def misfits(golden: Golden) -> Iterator[str]:
    """Yield what is wrong with golden traces by themselves."""
    n_samples, n_steps = golden.spikes.shape[:2]
    if not n_samples or not n_steps or not golden.spikes.shape[2]:
        yield f"inputs of shape {list(golden.spikes.shape)}: nothing to compare"
    if not golden.fixed.populations:
        yield "no traces of the integers"
    for level, traces in ((TRAINED, golden.trained), (FIXED, golden.fixed)):
        for name, trace in () if traces is None else traces.populations.items():
            for problem in _trace_misfits(trace, (n_samples, n_steps), level):
                yield f"{level}/{name}: {problem}"
    kinds = {str(trace.v.dtype) for trace in golden.fixed.populations.values() if trace.v is not None}
    if len(kinds) > 1:
        yield f"{FIXED}: v of {', '.join(sorted(kinds))}"
    if golden.trained is not None and (
        {name: trace.spikes.shape for name, trace in golden.trained.populations.items()}
        != {name: trace.spikes.shape for name, trace in golden.fixed.populations.items()}
    ):
        yield "the trained network's traces have other populations or sizes than the integers'"


def _trace_misfits(trace: PopulationTrace, expected: tuple[int, int], level: str) -> Iterator[str]:
    """Yield what is wrong with one population's traces."""
    spikes, v = trace.spikes, trace.v
    if spikes.dtype != np.uint8:
        yield f"spikes of {spikes.dtype}, not uint8"
    if spikes.ndim != 3 or spikes.shape[:2] != expected or not spikes.shape[2]:
        yield f"spikes of shape {list(spikes.shape)} for {expected[0]} samples of {expected[1]} steps"
    if v is None:
        if level != TRAINED or not spikes.any():  # what others record may be spikes alone
            yield "no v"
        return
    if v.shape != spikes.shape:
        yield f"v of shape {list(v.shape)}, spikes of {list(spikes.shape)}"
    allowed = ("float64", "float32") if level == TRAINED else ("int32", "float32", "float64")
    if v.dtype.name not in allowed:
        yield f"v of {v.dtype}, not {' or '.join(allowed)}"
    elif not np.isfinite(v).all():
        yield "v is not finite"


def _unexpected(golden: Golden, expected: Expected) -> Iterator[str]:
    """Yield how golden traces differ from what a bundle's must be."""
    sizes = {name: trace.spikes.shape[2] for name, trace in golden.fixed.populations.items()}
    if sizes != dict(expected.sizes):
        yield f"populations {sizes}, not {dict(expected.sizes)}"
    if expected.trained and golden.trained is None:
        yield "no traces of the trained network, although the bundle was made from a run"


def _refuse(where: str, problems: list[str]) -> None:
    if problems:
        raise _error(where, problems)


def _error(where: str, problems: list[str]) -> NeurodeployError:
    return NeurodeployError(
        BAD_GOLDEN.finding(
            where=where,
            found=problem,
            limit="spikes and v of every population, for every input and step",
            help="Export the bundle again.",
        )
        for problem in problems
    )


def _traces(arrays: dict[str, NDArray[Any]], level: str) -> Traces | None:
    """Take the populations of one level out of the arrays; None where there are none."""
    start, end = f"{level}/", "/spikes"
    names = [key[len(start) : -len(end)] for key in arrays if key.startswith(start) and key.endswith(end)]
    if not names:
        return None
    return Traces(
        {
            name: PopulationTrace(arrays.pop(f"{level}/{name}/spikes"), arrays.pop(f"{level}/{name}/v", None))
            for name in names
        }
    )
