"""A network in plain integers: what a chip's program computes, said without the words of that chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.arrays import ReadOnlyArrays
from neurodeploy.graph.model import Readout

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IntegerNeurons(ReadOnlyArrays):
    """One population; every array is ``[neuron]``, and every sum is of unbounded integers.

    At each step, with ``a`` for the arrivals of that step and ``|/`` for division that drops the remainder
    (toward zero)::

        u = wrapped(u * current_keep |/ keep_one + a * arrival_factor)
        v = clipped(v * voltage_keep |/ keep_one + u + bias)
        spike = v > threshold;  v = 0 where there is one, unless the reset is soft

    A soft reset leaves v as it is: ``fall`` is taken off the arrivals of the step after a spike.

    Attributes
    ----------
    name, spiking
        As in the Graph; False for a readout.
    current_keep, voltage_keep, keep_one
        What is kept of u and v at each step, in parts of ``keep_one``.
    arrival_factor
        What one unit of arrivals adds to u.
    current_wrap
        u above half of it loses one whole, u at or below minus half of it gains one; once a step.
    voltage_limit
        v is clipped to plus and minus this.
    threshold, bias, initial
        In units of v; ``initial`` is v before the first step, when u is 0.
    soft, fall
        Whether the reset is soft, and what a spike takes off the next step's arrivals; 0 where it is not.
    told_fall
        The v that is told is lower by this where there is a spike; 0 where it is the v that goes on.
    scale, origin
        float64: v stands for ``v / scale + origin``.
    latency_steps
        How many steps later than in the Graph the population runs.
    """

    name: str
    spiking: bool
    current_keep: Whole
    voltage_keep: Whole
    keep_one: int
    arrival_factor: int
    current_wrap: int
    voltage_limit: int
    threshold: Whole
    bias: Whole
    initial: Whole
    soft: bool
    fall: Whole
    told_fall: Whole
    scale: NDArray[np.float64]
    origin: NDArray[np.float64]
    latency_steps: int

    @property
    def size(self) -> int:
        """Number of neurons."""
        return int(self.threshold.shape[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IntegerSynapses(ReadOnlyArrays):
    """Synapses whose sums are rounded together; a projection may have several of them.

    Attributes
    ----------
    projection
        Its number; there may be several between two populations.
    source, target
        As in the Graph.
    part
        Number of the projection's part: with ``exponent`` below 0 the sums of two parts are rounded apart.
    pre, post
        Indices of the neurons, ascending.
    weight, delay_steps
        ``[post, pre]`` of these neurons. A spike that is sent at step t arrives at ``t + 1 + delay``.
    exponent
        ``sum of value * weight`` of one source step and delay is multiplied by ``2**exponent``, rounded down.
    """

    projection: int
    source: str
    target: str
    part: int
    pre: Whole
    post: Whole
    weight: Whole
    delay_steps: Whole
    exponent: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IntegerNetwork:
    """All of it.

    Attributes
    ----------
    name, dt_s, input_size, input_max, readout
        As in the Graph.
    neurons
        Populations, in the order of the Graph.
    synapses
        Those with any weight.
    """

    name: str
    dt_s: float
    input_size: int
    input_max: int
    neurons: tuple[IntegerNeurons, ...]
    synapses: tuple[IntegerSynapses, ...]
    readout: Readout | None = None

    def size_of(self, name: str) -> int:
        """Give the size of a population, or of the input for any other name."""
        return next((one.size for one in self.neurons if one.name == name), self.input_size)

    @property
    def max_latency_steps(self) -> int:
        """The largest latency of a population."""
        return max((one.latency_steps for one in self.neurons), default=0)


@runtime_checkable
class GivesIntegers(Protocol):
    """A target that can say its programs in plain integers, for others to write down."""

    def integers(self, program: Any) -> IntegerNetwork:
        """Give the same network in plain integers."""
