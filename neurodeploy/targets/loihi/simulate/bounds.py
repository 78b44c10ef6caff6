"""Check what a simulation is fed and what it met: values that no chip could take or hold."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_parity import (
    SIMULATOR_DTYPE,
    SIMULATOR_RANGE,
    SIMULATOR_SHAPE,
    STATE_OVERFLOW,
)
from neurodeploy.targets.loihi.program import FixedGraph

LARGEST_SUM = 2**24
"""Largest ``|a|`` whose shift by 6 stays within Lava's int32 activations. Source: lava-nc 0.10.0,
lava/proc/lif/models.py, ``subthr_dynamics`` (``np.left_shift(activation_in, self.act_shift)``)."""


def check_input(program: FixedGraph, spikes: NDArray[np.integer], *, n_axes: int) -> None:
    """Refuse input of the wrong shape or kind, or with values that the network does not take.

    Parameters
    ----------
    program
        The network.
    spikes
        Input values; the last axis is the source.
    n_axes
        How many axes ``spikes`` must have.

    Raises
    ------
    NeurodeployError
        ND460 (shape), ND461 (not whole numbers), ND462 (a value below 0 or above ``input_max``).
    """
    if spikes.ndim != n_axes or spikes.shape[-1] != program.input_size:
        raise SIMULATOR_SHAPE.error(
            message="the input has the wrong shape",
            where=program.name,
            found=f"shape {spikes.shape}",
            limit=f"{n_axes} axes, the last of size {program.input_size}",
            help="Give [sample, step, source] values, or [step, source] to a stream.",
        )
    if not (np.issubdtype(spikes.dtype, np.integer) or spikes.dtype == np.bool_):
        raise SIMULATOR_DTYPE.error(
            message="the input's values are not whole numbers",
            where=program.name,
            found=f"dtype {spikes.dtype}",
            limit="an integer or boolean dtype",
            help="Bin the events into counts first.",
        )
    lowest, highest = (int(spikes.min()), int(spikes.max())) if spikes.size else (0, 0)
    if lowest < 0 or highest > program.input_max:
        raise SIMULATOR_RANGE.error(
            where=program.name,
            found=f"values from {lowest} to {highest}",
            limit=f"0..{program.input_max}",
            help="Clip the counts, or export the network with a larger input maximum.",
        )


def kernel_input(program: FixedGraph, spikes: NDArray[np.integer]) -> NDArray[np.integer]:
    """Give checked input in one of the two types that the kernel is compiled for, in C order."""
    dtype = np.uint8 if program.input_max <= np.iinfo(np.uint8).max else np.int32
    return np.ascontiguousarray(spikes, dtype=dtype)


def check_facts(program: FixedGraph, facts: Mapping[str, int], widest_u: int) -> None:
    """Refuse a result in which a sum or a current left the range in which 32-bit state has a meaning.

    Raises
    ------
    NeurodeployError
        ND463.
    """
    largest = facts["max_abs_accumulator"]
    if largest > LARGEST_SUM or widest_u > np.iinfo(np.int32).max:
        raise STATE_OVERFLOW.error(
            where=program.name,
            found=f"|a| up to {largest}, |u| up to {widest_u}",
            limit=f"|a| <= {LARGEST_SUM}, |u| <= {np.iinfo(np.int32).max}",
            help="Lower the weight exponent or the input values: a chip's accumulator has 16 bits.",
        )
