"""The Graph: populations of one neuron model, and projections with weights, delays and taps between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from neurodeploy.graph.arrays import ReadOnlyArrays
from neurodeploy.graph.neurons import Floats, NeuronModel

__all__ = ["INPUT", "SCORES", "Floats", "Graph", "NeuronModel", "Population", "Projection", "Readout"]

INPUT = "input"
"""Name of the source that stands for the network's input spikes; no population may have it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population(ReadOnlyArrays):
    """Neurons that share a model. Every array has the population's full shape ``[neuron]``.

    Attributes
    ----------
    name
        Unique in the graph; not ``input``.
    model
        See :class:`neurodeploy.graph.neurons.NeuronModel`.
    tau_s
        Membrane time constants, in seconds.
    v_threshold, v_leak, v_reset, r
        As in NIR.
    tau_syn_s, w_in
        Synaptic time constants in seconds and NIR's input gain.
    bias
        Constant input current, added to ``i`` at every step.

    A model ignores the fields that are not among its ``parameters``.
    """

    name: str
    model: NeuronModel
    tau_s: Floats
    v_threshold: Floats
    v_leak: Floats
    v_reset: Floats
    r: Floats
    tau_syn_s: Floats
    w_in: Floats
    bias: Floats

    @property
    def size(self) -> int:
        """Number of neurons."""
        return int(self.tau_s.shape[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Projection(ReadOnlyArrays):
    """Synapses from one source (the input or a population) to one population.

    Attributes
    ----------
    source, target
        Names; ``source`` may be :data:`INPUT`. Equal names make it recurrent.
    weight
        ``[tap, post, pre]``; 0 is no synapse.
    delay_s
        ``[tap, post, pre]``, in seconds, not negative; a spike at time t counts at ``t + delay``. A
        recurrent projection needs at least one step. Where the weight is 0 the delay means nothing.
    """

    source: str
    target: str
    weight: Floats
    delay_s: Floats

    @property
    def name(self) -> str:
        """``source->target``."""
        return f"{self.source}->{self.target}"

    @property
    def n_taps(self) -> int:
        """Number of taps."""
        return int(self.weight.shape[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Readout:
    """How a class score is made from the last population.

    Attributes
    ----------
    population
        Its name.
    score
        ``softmax_sum`` (sum over steps of softmax(v)), ``last``, ``max``, ``per_step`` (one decision a step;
        softmax(v) of each step) or ``spike_count``.
    """

    population: str
    score: str = "softmax_sum"


SCORES = ("softmax_sum", "last", "max", "per_step", "spike_count")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Graph:
    """A network in floats and seconds.

    Attributes
    ----------
    name
        For messages and files.
    dt_s
        Length of one step, in seconds.
    input_size
        Number of input channels.
    input_max
        Largest input value of a step: 1 for binary spikes, above 1 for graded (counts).
    populations
        In an order in which a feed-forward network can be computed.
    projections
        Any number between any two; their inputs add at the target.
    readout
        Where the class score comes from, or None.
    """

    name: str
    dt_s: float
    input_size: int
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    readout: Readout | None = None
    input_max: int = 1

    def population(self, name: str) -> Population:
        """Give the population of a name; KeyError where there is none."""
        for population in self.populations:
            if population.name == name:
                return population
        raise KeyError(name)

    def into(self, name: str) -> Iterator[Projection]:
        """Iterate over the projections that end at a population."""
        return (projection for projection in self.projections if projection.target == name)

    def size_of(self, source: str) -> int:
        """Give the number of sources behind a name, which may be :data:`INPUT`."""
        return self.input_size if source == INPUT else self.population(source).size
