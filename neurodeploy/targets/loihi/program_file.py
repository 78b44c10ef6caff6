"""The FixedGraph on disk: ``program.h5``, same program, same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurodeploy.files import atomic_hdf5
from neurodeploy.files.hdf5_guard import children, read_array
from neurodeploy.findings.codes_usage import BAD_PROGRAM, NO_SUCH_PATH, PROGRAM_UNREADABLE
from neurodeploy.findings.finding import Finding, NeurodeployError
from neurodeploy.graph.model import INPUT, SCORES, Readout
from neurodeploy.targets.loihi.program import RESETS, FixedGraph, FixedPopulation, FixedProjection
from neurodeploy.targets.loihi.soft_reset import soft_reset_misfits

FORMAT = "neurodeploy program"
SCHEMA = 1

_POPULATION_ARRAYS = (
    "scale",
    "origin",
    "dv",
    "du",
    "vth",
    "bias_mantissa",
    "bias_exponent",
    "v_initial",
    "group",
)


MAX_LATENCY_STEPS = 1000
"""A population runs at most a step later for each connection on the way to it; a file that says a thousand
is damaged, and would make every run as long as it says."""


def write_program(program: FixedGraph, path: Path) -> None:
    """Write a program as HDF5 without time stamps; weights and delays are deflated.

    Parameters
    ----------
    program
        A valid program: :func:`misfits` gives nothing for it and the target's rules have no errors.
    path
        The file; written under a temporary name first.

    Raises
    ------
    ValueError
        A weight or delay does not fit 16 bits, which the rules of every target refuse first.
    """
    with atomic_hdf5(path) as file:
        file.attrs["format"] = FORMAT
        file.attrs["schema"] = SCHEMA
        file.attrs["name"] = program.name
        file.attrs["dt_s"] = program.dt_s
        file.attrs["input_size"] = program.input_size
        file.attrs["input_max"] = program.input_max
        if program.readout is not None:
            file.attrs["readout_population"] = program.readout.population
            file.attrs["readout_score"] = program.readout.score
        populations = file.create_group("populations")
        for i, population in enumerate(program.populations):
            group = populations.create_group(f"{i:04d}")
            group.attrs["name"] = population.name
            group.attrs["spiking"] = bool(population.spiking)
            group.attrs["latency_steps"] = population.latency_steps
            if population.soft:
                group.attrs["reset"] = population.reset
            for key in _POPULATION_ARRAYS:
                group.create_dataset(key, data=getattr(population, key), track_times=False)
        projections = file.create_group("projections")
        for i, projection in enumerate(program.projections):
            group = projections.create_group(f"{i:04d}")
            group.attrs["source"] = projection.source
            group.attrs["target"] = projection.target
            group.attrs["exponent"] = projection.exponent
            for key, data in (
                ("weight", projection.weight),
                ("delay_steps", projection.delay_steps),
            ):
                group.create_dataset(
                    key, data=_narrow(data), compression="gzip", shuffle=True, track_times=False
                )


def _narrow(array: NDArray[np.int32]) -> NDArray[np.int16]:
    """Give the array as int16, which holds every legal weight and delay; never wraps."""
    narrow = array.astype(np.int16)
    if not np.array_equal(narrow, array):
        raise ValueError(f"values from {array.min()} to {array.max()} do not fit 16 bits")
    return narrow


def read_program(path: Path) -> FixedGraph:
    """Read what :func:`write_program` wrote, and check all of it.

    Raises
    ------
    NeurodeployError
        ND001 no such file, ND040 not HDF5, truncated or damaged, ND041 a key is missing or of the wrong
        type, or its numbers contradict each other.
    """
    path = Path(path)
    if not path.is_file():
        raise NO_SUCH_PATH.error(where=str(path), help="Check the path.")
    try:
        with h5py.File(path, "r") as file:
            program = _parse(file)
    except OSError as error:
        raise PROGRAM_UNREADABLE.error(
            where=str(path),
            found=str(error).splitlines()[0],
            limit="HDF5, complete",
            help="Export the bundle again.",
        ) from None
    except (KeyError, ValueError, TypeError, AttributeError, RuntimeError, OverflowError) as error:
        raise NeurodeployError(_wrong(path, f"{type(error).__name__}: {error}".splitlines()[0])) from None
    findings = [_wrong(path, reason) for reason in misfits(program)]
    if findings:
        raise NeurodeployError(findings)
    return program


def _wrong(path: Path, found: str) -> Finding:
    return BAD_PROGRAM.finding(
        where=str(path),
        found=found,
        limit=f"{FORMAT}, schema {SCHEMA}",
        help="Export the bundle again with this version of neurodeploy.",
    )


def _parse(file: Any) -> FixedGraph:
    if file.attrs.get("format") != FORMAT or _integer(file, "schema") != SCHEMA:
        raise ValueError(f"format {file.attrs.get('format')!r}, schema {file.attrs.get('schema')!r}")
    readout = None
    if "readout_population" in file.attrs:
        readout = Readout(population=_text(file, "readout_population"), score=_text(file, "readout_score"))
    return FixedGraph(
        name=_text(file, "name"),
        dt_s=_real(file, "dt_s"),
        input_size=_integer(file, "input_size"),
        input_max=_integer(file, "input_max"),
        populations=tuple(_population(group) for group in _ordered(file["populations"])),
        projections=tuple(_projection(group) for group in _ordered(file["projections"])),
        readout=readout,
    )


def _integer(group: Any, key: str) -> int:
    """Give an attribute that must be a whole number; ValueError for anything else."""
    value = group.attrs[key]
    if not isinstance(value, np.integer):
        raise ValueError(f"{group.name}@{key} is {value!r}, not a whole number")
    return int(value)


def _real(group: Any, key: str) -> float:
    value = group.attrs[key]
    if not isinstance(value, np.floating):
        raise ValueError(f"{group.name}@{key} is {value!r}, not a number")
    return float(value)


def _flag(group: Any, key: str) -> bool:
    value = group.attrs[key]
    if not isinstance(value, np.bool_):
        raise ValueError(f"{group.name}@{key} is {value!r}, not true or false")
    return bool(value)


def _text(group: Any, key: str) -> str:
    value = group.attrs[key]
    if not isinstance(value, str):
        raise ValueError(f"{group.name}@{key} is {value!r}, not a text")
    return value


def _ordered(parent: Any) -> Iterator[Any]:
    for name, child in children(parent):
        if not isinstance(child, h5py.Group):
            raise ValueError(f"{parent.name}/{name} is no group")
        yield child


def _population(group: Any) -> FixedPopulation:
    arrays = {key: _array(group, key, axes=1, real=key in ("scale", "origin")) for key in _POPULATION_ARRAYS}
    return FixedPopulation(
        name=_text(group, "name"),
        spiking=_flag(group, "spiking"),
        latency_steps=_integer(group, "latency_steps"),
        reset=_text(group, "reset") if "reset" in group.attrs else "zero",
        **arrays,
    )


def _projection(group: Any) -> FixedProjection:
    return FixedProjection(
        source=_text(group, "source"),
        target=_text(group, "target"),
        exponent=_integer(group, "exponent"),
        weight=_array(group, "weight", axes=3),
        delay_steps=_array(group, "delay_steps", axes=3),
    )


def _array(group: Any, key: str, *, axes: int, real: bool = False) -> NDArray[Any]:
    array = read_array(group, key, axes=axes, kind="f" if real else "i")
    if real:
        return array.astype(np.float64)
    whole = array.astype(np.int32)
    if not np.array_equal(whole, array):
        raise ValueError(f"{group.name}/{key} holds numbers beyond 32 bits, up to {np.abs(array).max()}")
    return whole


def misfits(program: FixedGraph) -> Iterator[str]:
    """Say where a program contradicts itself; limits of a chip are the target rules' business."""
    if not (np.isfinite(program.dt_s) and program.dt_s > 0):
        yield f"dt_s is {program.dt_s}"
    if program.input_size < 1 or program.input_max < 1:
        yield f"input_size is {program.input_size}, input_max {program.input_max}"
    names = [population.name for population in program.populations]
    if len({*names, INPUT}) != len(names) + 1:
        yield f"population names {names} are not unique, or one is {INPUT!r}"
        return
    for population in program.populations:
        yield from _population_misfits(population)
        if population.latency_steps > MAX_LATENCY_STEPS:
            yield f"population {population.name!r}: latency_steps is {population.latency_steps}"
    sizes = {INPUT: program.input_size, **{p.name: p.size for p in program.populations}}
    for projection in program.projections:
        yield from _projection_misfits(projection, sizes)
    if program.readout is not None:
        if program.readout.population not in names:
            yield f"the readout population {program.readout.population!r} does not exist"
        if program.readout.score not in SCORES:
            yield f"the score {program.readout.score!r} is unknown"


def _population_misfits(population: FixedPopulation) -> Iterator[str]:
    name = f"population {population.name!r}"
    shapes = {key: getattr(population, key).shape for key in _POPULATION_ARRAYS}
    if len(set(shapes.values())) != 1 or population.size == 0:
        yield f"{name}: arrays of shapes {shapes}"
        return
    if not (np.isfinite(population.scale).all() and np.isfinite(population.origin).all()):
        yield f"{name}: scale or origin is not finite"
    elif (population.scale <= 0).any():
        yield f"{name}: scale is not above 0"
    if population.reset not in RESETS or (population.soft and not population.spiking):
        yield f"{name}: the reset {population.reset!r} is unknown, or the population does not spike"
    elif population.soft:
        yield from soft_reset_misfits(population)
    if population.latency_steps < 0:
        yield f"{name}: latency_steps is {population.latency_steps}"
    if (population.bias_exponent < 0).any() or (population.bias_exponent > 31).any():
        yield f"{name}: a bias_exponent is not within 0..31"
    if population.group.min() != 0 or len(np.unique(population.group)) != population.n_groups:
        yield f"{name}: group numbers are not 0..n-1"
        return
    for group in range(population.n_groups):
        members = population.group == group
        for key in ("dv", "du", "vth"):
            values = np.unique(getattr(population, key)[members])
            if len(values) > 1:
                yield f"{name}: {key} is not one value in group {group}: {values[:4].tolist()}"


def _projection_misfits(projection: FixedProjection, sizes: dict[str, int]) -> Iterator[str]:
    name = f"projection {projection.name!r}"
    if projection.source not in sizes or projection.target not in sizes or projection.target == INPUT:
        yield f"{name}: an end does not exist"
        return
    shape = projection.weight.shape
    if shape[0] < 1 or shape[1:] != (sizes[projection.target], sizes[projection.source]):
        yield f"{name}: weight of shape {list(shape)}, not [tap, post, pre] of its ends"
    if projection.delay_steps.shape != shape:
        yield f"{name}: delay_steps of shape {list(projection.delay_steps.shape)}"
    elif projection.delay_steps.size and projection.delay_steps.min() < 0:
        yield f"{name}: delay_steps below 0"
    if not -31 <= projection.exponent <= 31:
        yield f"{name}: exponent is {projection.exponent}"
