"""NetX files: which programs that format can hold, and how one is written (with h5py, without Lava)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.files import atomic_hdf5
from neurodeploy.graph.model import INPUT
from neurodeploy.targets.loihi.program import FixedGraph, FixedPopulation, FixedProjection

MAX_DELAY = 62
"""lava-dl clamps longer delays with a warning. Source: lava-dl 0.6.0, netx/hdf5.py, ``create_dense``."""

BIAS_EXPONENT = 6
"""NetX has no bias exponent: the loader sets this one. Source: the same, ``get_neuron_params``."""


def netx_misfits(program: FixedGraph) -> list[str]:
    """Say why the NetX format cannot hold a program; an empty list where it can."""
    return list(_misfits(program))


def _misfits(program: FixedGraph) -> Iterator[str]:
    yield from _chain_misfits(program)
    for population in program.populations:
        yield from _population_misfits(population)
    for projection in program.projections:
        yield from _projection_misfits(projection)


def _chain_misfits(program: FixedGraph) -> Iterator[str]:
    source = INPUT
    for population in program.populations:
        sources = [p.source for p in program.projections if p.target == population.name]
        if population.name in sources:
            yield f"{population.name} is recurrent, and lava-dl gives its delays to the wrong synapses"
        elif sources != [source]:
            yield f"{population.name} gets input from {', '.join(sources) or 'nothing'}: NetX holds a chain"
        source = population.name


def _population_misfits(p: FixedPopulation) -> Iterator[str]:
    if p.n_groups > 1:
        yield f"{p.name} has {p.n_groups} tau groups: NetX holds one dv, du and vth a layer"
    if p.soft:
        yield f"{p.name} has a soft reset: every neuron of NetX is a LIF, which resets to 0"
    if p.v_initial.any():
        yield f"{p.name} does not start from v = 0"
    unit = 1 << BIAS_EXPONENT
    if (p.bias % unit != 0).any():
        yield f"{p.name} has a bias that is no multiple of {unit}: NetX has no bias exponent"
    elif not ((p.bias // unit >= -4096) & (p.bias // unit <= 4095)).all():
        yield f"{p.name} has a bias beyond 13 bits at the exponent {BIAS_EXPONENT}"


def _projection_misfits(p: FixedProjection) -> Iterator[str]:
    if p.weight.shape[0] > 1:
        yield f"{p.name} has {p.weight.shape[0]} taps: NetX holds one"
        return
    if (p.delay_steps[p.weight != 0] > MAX_DELAY).any():
        yield f"{p.name} has a delay above {MAX_DELAY} steps: lava-dl would clamp it"
    if not p.weight.any():
        yield f"{p.name} has no synapse: lava-dl divides by the largest weight"
        return
    weight = without_exponent(p)
    if weight is None:
        yield f"{p.name} has the weight exponent {p.exponent}: NetX has none"
        return
    deployed, exponent = as_lava_runs(weight)
    if exponent > 0 or not np.array_equal(deployed, weight.astype(np.int64) << -exponent):
        yield f"{p.name} has weights that lava-dl's and Lava's conversions would change"


def without_exponent(projection: FixedProjection) -> NDArray[np.int64] | None:
    """Give a one-tap projection's weights with the exponent multiplied in, or None where a floor remains."""
    weight = projection.weight[0].astype(np.int64)
    if projection.exponent >= 0:
        return weight << projection.exponent
    if (weight % (1 << -projection.exponent)).any():
        return None
    return weight >> -projection.exponent


def as_lava_runs(weight: NDArray[np.integer]) -> tuple[NDArray[np.int64], int]:
    """Give the weights and the exponent with which Lava runs a NetX layer of these weights.

    Parameters
    ----------
    weight
        What the file holds, ``[post, pre]``, not all zero.

    Returns
    -------
    deployed
        int64 ``[post, pre]``: after lava-dl's shift and Lava's clipping and truncation.
    exponent
        Shift of the sums, <= 0 where the weights fit 8 bits: the layer computes
        ``sum(deployed) >> -exponent``, which is exact if ``deployed == weight << -exponent``.

    Notes
    -----
    lava-dl 0.6.0, netx/utils.py, ``optimize_weight_bits``: the matrix is shifted left until its largest
    weight fills the range, and the number of bits is what its common power of two leaves. It counts a
    matrix of zeros and negative numbers as mixed. Lava 0.10.0, utils/weightutils.py, then decides the sign
    once more (that matrix is inhibitory now), clips at 255 in magnitude and clears the bits that are not
    counted: -128 becomes -256, and that becomes -255 or 0. Where such a matrix holds an odd number, one bit
    too many is counted, numpy shifts by -1, and every weight becomes 0.
    """
    high, low = int(weight.max()), int(weight.min())
    if (high > 254 and low < 0) or (low < -256 and high > 0):
        weight = np.clip(weight, -256, 254)
        high, low = int(weight.max()), int(weight.min())
    loader_mixed = high >= 0 and low < 0
    if loader_mixed:
        scale = min(127 / high if high > 0 else math.inf, 128 / -low)
    elif low >= 0:
        scale = 255 / high
    else:
        scale = 256 / -low
    shift = math.floor(math.log2(scale)) + loader_mixed
    common = next((n for n in range(8, 0, -1) if not (weight % (1 << n)).any()), 0)
    bits = 8 - shift - (common - loader_mixed)

    deployed = weight.astype(np.int64) << shift if shift >= 0 else np.zeros_like(weight, dtype=np.int64)
    lava_mixed = high > 0 and low < 0
    sign = -1 if high <= 0 else 1
    size = np.clip(sign * deployed, -256 if lava_mixed else 0, 255)
    cleared = 8 - bits + lava_mixed
    kept = size >> cleared << cleared if cleared >= 0 else np.zeros_like(size)
    return sign * kept, -shift


def write_netx(program: FixedGraph, path: Path) -> None:
    """Write a program as ``network.net``, as lava-dl 0.6.0's ``netx.hdf5.Network`` reads it.

    Parameters
    ----------
    program
        A program without :func:`netx_misfits`.
    path
        The file; written under a temporary name first; same program, same bytes.

    Raises
    ------
    ValueError
        The program has misfits; callers ask first.

    Notes
    -----
    ``iDecay`` is du + 1, because the loader subtracts 1 again. Layers without delays get no delay array:
    the loader then takes the undelayed synapse, which runs some ten times faster. With an array it always
    takes 62 slots.
    """
    misfits = netx_misfits(program)
    if misfits:
        raise ValueError("; ".join(misfits))
    with atomic_hdf5(path) as file:
        layers = file.create_group("layer")
        _put(layers, "0", type="input", shape=np.array([program.input_size]))
        for i, population in enumerate(program.populations, start=1):
            (projection,) = (p for p in program.projections if p.target == population.name)
            weight = without_exponent(projection)
            assert weight is not None  # no misfit
            layer = _put(
                layers,
                str(i),
                type="dense",
                shape=np.array([population.size]),
                inFeatures=weight.shape[1],
                outFeatures=weight.shape[0],
                weight=weight.astype(np.int32),
            )
            delay = np.where(weight != 0, projection.delay_steps[0], 0).astype(np.int32)
            if delay.any():
                layer.create_dataset("delay", data=delay, track_times=False)
            if population.bias.any():
                bias = (population.bias >> BIAS_EXPONENT).astype(np.int32)
                layer.create_dataset("bias", data=bias, track_times=False)
            _put(
                layer,
                "neuron",
                type="CUBA",
                iDecay=int(population.du[0]) + 1,
                vDecay=int(population.dv[0]),
                vThMant=int(population.vth[0]),
                refDelay=1,
                gradedSpike=False,
            )


def _put(parent: Any, name: str, **values: Any) -> Any:
    """Make a group of small datasets; texts are fixed-length ASCII, as lava-dl writes them."""
    group = parent.create_group(name)
    for key, value in values.items():
        data = np.array([value], dtype="S10") if isinstance(value, str) else value
        group.create_dataset(key, data=data, track_times=False)
    return group
