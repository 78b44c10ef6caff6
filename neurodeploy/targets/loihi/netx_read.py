"""Read network.net and hold it against the program, with no code of the writer that it is to catch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_parity import ARTEFACT_DIFFERS
from neurodeploy.findings.finding import Finding
from neurodeploy.targets.loihi.program import FixedGraph, FixedPopulation, FixedProjection

HELP = "Export the bundle again; do not edit it."


@dataclass(frozen=True, slots=True, eq=False)
class DenseLayer:
    """One dense layer as the file says it.

    Attributes
    ----------
    weight, delay
        int64 ``[post, pre]``; delays are 0 where the file has none.
    bias
        int64 ``[post]``: what is added to v at each step, the format's shift by 6 included.
    current_decay, voltage_decay, threshold
        The registers; the loader subtracts 1 from the file's current decay, which is done here.
    """

    weight: NDArray[np.int64]
    delay: NDArray[np.int64]
    bias: NDArray[np.int64]
    current_decay: int
    voltage_decay: int
    threshold: int


def network_findings(path: Path, program: FixedGraph) -> Iterator[Finding]:
    """Yield every place where ``network.net`` does not hold a program; nothing where the two are equal.

    Parameters
    ----------
    path
        The bundle's file.
    program
        What it must hold.

    Returns
    -------
    Iterator[Finding]
        ND483, for each kind of number of each layer one, that names the first place and counts all.

    Notes
    -----
    Meaning of the file: lava-dl 0.6.0, ``lava/lib/dl/netx/hdf5.py`` (``Network.create_dense``,
    ``get_neuron_params``). The weights are compared as they are written; what lava-dl's and Lava's
    conversions make of them is compared in Lava itself.
    """
    try:
        with h5py.File(path, "r") as file:
            size, layers = _network(file["layer"])
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, OverflowError) as error:
        yield _differs(str(path), f"{type(error).__name__}: {error}".splitlines()[0], "a NetX file, complete")
        return
    if size != program.input_size:
        yield _differs(f"{path}: input", f"{size} sources", f"{program.input_size} sources")
    if len(layers) != len(program.populations):
        yield _differs(str(path), f"{len(layers)} layers", f"{len(program.populations)} populations")
        return
    for layer, population in zip(layers, program.populations, strict=True):
        into = [p for p in program.projections if p.target == population.name]
        if len(into) != 1:
            yield _differs(f"{path}: {population.name}", "one dense layer", f"{len(into)} projections")
            continue
        yield from _layer_findings(path, layer, population, into[0])


def _layer_findings(
    path: Path, layer: DenseLayer, population: FixedPopulation, projection: FixedProjection
) -> Iterator[Finding]:
    """Compare one layer with the population and the projection that it stands for."""
    where = f"{path}: {population.name}"
    if projection.weight.shape[0] != 1 or layer.weight.shape != projection.weight.shape[1:]:
        yield _differs(
            f"{where}.weight",
            f"shape {list(layer.weight.shape)}",
            f"{list(projection.weight.shape)} as [tap, post, pre]",
        )
        return
    shift = 2.0**projection.exponent  # exact in float64, like its products with whole numbers of 8 bits
    yield from _first(f"{where}.weight", layer.weight, projection.weight[0] * shift)
    used = projection.weight[0] != 0  # the delay of no synapse is no delay
    yield from _first(
        f"{where}.delay", np.where(used, layer.delay, 0), np.where(used, projection.delay_steps[0], 0)
    )
    bias = population.bias_mantissa.astype(np.float64) * 2.0**population.bias_exponent
    yield from _first(f"{where}.bias", layer.bias, bias)
    for name, value, wanted in (
        ("iDecay", layer.current_decay, population.du),
        ("vDecay", layer.voltage_decay, population.dv),
        ("vThMant", layer.threshold, population.vth),
    ):
        yield from _first(f"{where}.{name}", np.full(wanted.shape, value), wanted)
    yield from _first(f"{where}.v", np.zeros(population.size), population.v_initial)


def _first(where: str, found: NDArray[Any], wanted: NDArray[Any]) -> Iterator[Finding]:
    """Yield a finding that names the first of the places where two arrays differ."""
    if found.shape != wanted.shape:
        yield _differs(where, f"shape {list(found.shape)}", f"shape {list(wanted.shape)}")
        return
    wrong = np.argwhere(found != wanted)
    if len(wrong):
        at = tuple(int(i) for i in wrong[0])
        index = ", ".join(str(i) for i in at)
        yield _differs(
            f"{where}[{index}], first of {len(wrong)}", f"{found[at]:g}", f"{wanted[at]:g} in program.h5"
        )


def _differs(where: str, found: str, limit: str) -> Finding:
    return ARTEFACT_DIFFERS.finding(where=where, found=found, limit=limit, help=HELP)


def _network(group: Any) -> tuple[int, list[DenseLayer]]:
    """Read the number of sources and the dense layers, in order."""
    keys = sorted(group, key=int)
    if keys != [str(i) for i in range(len(keys))] or not keys:
        raise ValueError(f"layers {keys}")
    first = group["0"]
    if _text(first["type"]) != "input":
        raise ValueError(f"layer 0 is {_text(first['type'])!r}, not an input")
    size = int(np.prod(first["shape"][()]))
    return size, [_layer(group[key]) for key in keys[1:]]


def _layer(group: Any) -> DenseLayer:
    if _text(group["type"]) != "dense":
        raise ValueError(f"{group.name} is {_text(group['type'])!r}, not dense")
    neuron = group["neuron"]
    if _text(neuron["type"]) != "CUBA":
        raise ValueError(f"{group.name} has neurons of type {_text(neuron['type'])!r}")
    weight = _whole(group["weight"], axes=2)
    post, pre = weight.shape
    stated = (int(np.prod(group["shape"][()])), int(group["outFeatures"][()]), int(group["inFeatures"][()]))
    if stated != (post, post, pre):
        raise ValueError(
            f"{group.name}: shape, outFeatures and inFeatures {stated} of weights {weight.shape}"
        )
    if int(neuron["refDelay"][()]) != 1 or bool(neuron["gradedSpike"][()]):
        raise ValueError(f"{group.name}: a refractory time or graded spikes, which no program has")
    delay = _whole(group["delay"], axes=2) if "delay" in group else np.zeros_like(weight)
    bias = _whole(group["bias"], axes=1) if "bias" in group else np.zeros(post, dtype=np.int64)
    if delay.shape != weight.shape or bias.shape != (post,):
        raise ValueError(
            f"{group.name}: delays {delay.shape} and biases {bias.shape} of weights {weight.shape}"
        )
    return DenseLayer(
        weight=weight,
        delay=delay,
        bias=bias * 64,
        current_decay=int(neuron["iDecay"][()]) - 1,
        voltage_decay=int(neuron["vDecay"][()]),
        threshold=int(neuron["vThMant"][()]),
    )


def _whole(data: Any, *, axes: int) -> NDArray[np.int64]:
    """Read an array of whole numbers; one that its file does not hold is refused before it is allocated."""
    if not isinstance(data, h5py.Dataset) or data.ndim != axes or data.dtype.kind not in "iu":
        raise ValueError(f"{data.name} is no array of whole numbers with {axes} axes")
    if data.size * data.dtype.itemsize > 1000 * max(data.id.get_storage_size(), 1):
        raise ValueError(
            f"{data.name} says {data.size} numbers, and holds {data.id.get_storage_size()} bytes"
        )
    array: NDArray[np.int64] = data[()].astype(np.int64)
    return array


def _text(data: Any) -> str:
    """Read a text, which lava-dl writes as an array of one."""
    value = np.asarray(data[()]).reshape(-1)[0]
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
