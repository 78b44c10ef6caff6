"""The FixedGraph: integers and whole steps, each of which knows what real value it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.arrays import ReadOnlyArrays
from neurodeploy.graph.model import INPUT, Readout
from neurodeploy.targets.loihi.chip import DECAY_BITS
from neurodeploy.units import round_nearest

Ints = NDArray[np.int32]

RESETS = ("zero", "subtract", "subtract_late")
"""What a spike does to v; see :class:`FixedPopulation`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FixedPopulation(ReadOnlyArrays):
    """Integer neurons. Every array has the population's full shape ``[neuron]``.

    Attributes
    ----------
    name
        As in the Graph.
    spiking
        False for a readout: its ``vth`` is the register's maximum and reaching it is an error.
    scale
        float64, integer units of v for one float unit of v.
    origin
        float64, the float v that integer 0 stands for (v_reset, or v_leak for a readout).
    dv, du
        12-bit decays; v keeps ``(4096-dv)/4096``, u keeps ``(4096-(du+1))/4096``.
    vth
        17-bit threshold, compared with v after ``<< 6``.
    bias_mantissa, bias_exponent
        13-bit signed, 3-bit: ``mantissa << exponent`` is added to v at each step.
    v_initial
        v before the chip's first step of every sample; a population that runs late starts ``latency_steps``
        steps before its own time.
    group
        Which chip process a neuron belongs to, 0..n_groups-1; dv, du and vth are constant within one.
    latency_steps
        How many steps later than in the Graph this population runs.
    reset
        ``zero``: a spike sets v to 0. ``subtract`` and ``subtract_late`` are soft: v is not touched by its
        spike, it spikes where v >= vth << 6, and the next step's input is less by :attr:`fall`. With
        ``subtract`` the v of a trace is that after the reset, ``v - (vth << 6)`` where it spikes.
    """

    name: str
    spiking: bool
    scale: NDArray[np.float64]
    origin: NDArray[np.float64]
    dv: Ints
    du: Ints
    vth: Ints
    bias_mantissa: Ints
    bias_exponent: Ints
    v_initial: Ints
    group: Ints
    latency_steps: int
    reset: str = "zero"

    @property
    def soft(self) -> bool:
        """Whether a spike subtracts the threshold."""
        return self.reset != "zero"

    @property
    def fall(self) -> Ints:
        """What a spike takes off the summed input of the next step, ``[neuron]``; 0 with a hard reset.

        ``vth`` one step late; at once what is left of it after a step, ``vth * (4096 - dv) / 4096``, to the
        nearest.
        """
        if self.reset == "zero":
            return np.zeros_like(self.vth)
        if self.reset == "subtract_late":
            return self.vth
        kept = (1 << DECAY_BITS) - self.dv.astype(np.int64)
        return round_nearest(self.vth * kept / 2.0**DECAY_BITS).astype(np.int32)

    @property
    def size(self) -> int:
        """Number of neurons."""
        return int(self.dv.shape[0])

    @property
    def n_groups(self) -> int:
        """Number of chip processes."""
        return int(self.group.max()) + 1

    @property
    def bias(self) -> NDArray[np.int64]:
        """What is added to v at each step."""
        return self.bias_mantissa.astype(np.int64) << self.bias_exponent

    def v_float(self, v: NDArray[np.int32]) -> NDArray[np.float64]:
        """Give the float v that integers stand for; the last axis is the neuron."""
        return v / self.scale + self.origin


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FixedProjection(ReadOnlyArrays):
    """Integer synapses.

    Attributes
    ----------
    source, target
        As in the Graph.
    weight
        int32 ``[tap, post, pre]`` on the legal 8-bit grid: within one connection (see
        :meth:`FixedGraph.connections`) all >= 0 up to 255, all <= 0 down to -255, or even in -256..254.
    exponent
        Shift of a step's summed arrivals: left where positive, right (floor) where negative.
    delay_steps
        int32 ``[tap, post, pre]``, 0..62. A spike sent at step t arrives at ``t + 1 + delay``.
    """

    source: str
    target: str
    weight: Ints
    exponent: int
    delay_steps: Ints

    @property
    def name(self) -> str:
        """``source->target``."""
        return f"{self.source}->{self.target}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Connection:
    """One chip connection: one tap of one projection, from one group of its source to one of its target.

    Attributes
    ----------
    projection
        The projection's name.
    tap, source_group, target_group
        Which part of it; a source that is the input has the one group 0.
    pre, post
        Indices of the neurons of both groups, ascending.
    weight, delay_steps
        ``[post, pre]`` of these neurons.
    exponent
        See :class:`FixedProjection`. Where it is negative, the floor is taken for each source step and delay
        apart, over the synapses of this connection (Lava shifts before it adds to its delay buffer:
        lava-nc 0.10.0, lava/proc/dense/models.py, ``PyDelayDenseModelBitAcc.run_spk``).
    """

    projection: str
    source: str
    target: str
    tap: int
    source_group: int
    target_group: int
    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    weight: Ints
    delay_steps: Ints
    exponent: int


class _LaidOut:
    """What a program holds beside its fields: how a simulator has laid it out, once one has.

    It follows from the fields alone, which never change, so a copy, another thread or a forked process may
    have it, or make it again.
    """

    __slots__ = ("_plan",)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FixedGraph(_LaidOut):
    """A network in integers and whole steps; see :class:`neurodeploy.graph.model.Graph` for the fields."""

    name: str
    dt_s: float
    input_size: int
    input_max: int
    populations: tuple[FixedPopulation, ...]
    projections: tuple[FixedProjection, ...]
    readout: Readout | None = None

    def population(self, name: str) -> FixedPopulation:
        """Give the population of a name; KeyError where there is none."""
        for population in self.populations:
            if population.name == name:
                return population
        raise KeyError(name)

    @property
    def max_latency_steps(self) -> int:
        """The largest latency of a population: how many steps to run beyond the input's length."""
        return max((population.latency_steps for population in self.populations), default=0)

    def connections(self) -> Iterator[Connection]:
        """Iterate over the chip connections: projections, their taps, source groups, target groups.

        A connection without any synapse is left out: Lava's loaders divide by the largest weight.
        """
        for projection in self.projections:
            target = self.population(projection.target)
            if projection.source == INPUT:
                source_group = np.zeros(self.input_size, dtype=np.int32)
            else:
                source_group = self.population(projection.source).group
            for tap in range(projection.weight.shape[0]):
                for j in range(int(source_group.max()) + 1):
                    for n in range(target.n_groups):
                        pre = np.flatnonzero(source_group == j)
                        post = np.flatnonzero(target.group == n)
                        weight = projection.weight[tap][np.ix_(post, pre)]
                        if not weight.any():
                            continue
                        yield Connection(
                            projection=projection.name,
                            source=projection.source,
                            target=projection.target,
                            tap=tap,
                            source_group=j,
                            target_group=n,
                            pre=pre,
                            post=post,
                            weight=weight,
                            delay_steps=projection.delay_steps[tap][np.ix_(post, pre)],
                            exponent=projection.exponent,
                        )
