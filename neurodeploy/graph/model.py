"""The Graph: populations of one neuron model, and projections with weights, delays and taps between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from neurodeploy.findings.finding import Finding
from neurodeploy.findings.printable import printable
from neurodeploy.graph.arrays import ReadOnlyArrays, spread
from neurodeploy.graph.neurons import Floats, NeuronModel
from neurodeploy.graph.synapses import SynapseList, Synapses, checked, dense, in_steps, listed
from neurodeploy.score import SCORES

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

    def __repr__(self) -> str:
        tau = f"tau {spread(self.tau_s, 's')}" if self.model.leaky else "no leak"
        return f"Population({printable(self.name)}: {self.size} {self.model.value}, {tau})"


class _EitherForm(ReadOnlyArrays):
    """What a projection holds beside its fields: its synapses as lists, and the last answer in steps."""

    __slots__ = ("_listed", "_steps")

    _listed: SynapseList
    _steps: tuple[float, Synapses]

    if not TYPE_CHECKING:  # a type checker would take any name for an attribute

        def __getattr__(self, name: str) -> object:
            """Make the dense arrays of a projection that holds lists, where someone asks for them."""
            if name not in ("weight", "delay_s"):
                raise AttributeError(name)
            for key, array in zip(("weight", "delay_s"), dense(self._listed, self.name), strict=True):
                array.setflags(write=False)
                object.__setattr__(self, key, array)
            return object.__getattribute__(self, name)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Projection(_EitherForm):
    """Synapses from one source (the input or a population) to one population.

    It holds dense arrays, as the constructor takes them, or lists (:meth:`from_synapses`). Each form is made
    of the other when it is first asked for; what only needs lists (:attr:`listed`, :meth:`synapses`) stays
    small for wide and sparse projections.

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

    @classmethod
    def from_synapses(
        cls,
        *,
        source: str,
        target: str,
        shape: tuple[int, int],
        post: ArrayLike,
        pre: ArrayLike,
        weight: ArrayLike,
        delay_s: ArrayLike,
        tap: ArrayLike | None = None,
    ) -> Projection:
        """Make a projection of lists.

        Parameters
        ----------
        source, target
            As above.
        shape
            Number of neurons, ``(post, pre)``.
        post, pre
            Target and source neuron of each synapse, ``[synapse]``, whole numbers from 0.
        weight
            ``[synapse]``; entries of 0 are left out.
        delay_s
            ``[synapse]``, in seconds.
        tap
            ``[synapse]``; by default the k-th shortest delay of a pair of neurons is in tap k.

        Raises
        ------
        NeurodeployError
            ND105: arrays of different lengths, or indices that are no whole numbers, out of range or stand
            twice.
        """
        where = f"{source}->{target}"
        lists = checked(shape, post=post, pre=pre, weight=weight, delay_s=delay_s, tap=tap, where=where)
        return cls.of_list(source, target, lists)

    @classmethod
    def of_list(cls, source: str, target: str, synapses: SynapseList) -> Projection:
        """Make a projection of lists that are known to be sound."""
        made = object.__new__(cls)
        for name, value in (("source", source), ("target", target), ("_listed", synapses)):
            object.__setattr__(made, name, value)
        return made

    @property
    def name(self) -> str:
        """``source->target``."""
        return f"{self.source}->{self.target}"

    def __repr__(self) -> str:
        taps, post, pre = (*self.shape, 0, 0, 0)[:3]
        size = f"{post} x {pre}" + (f", {taps} taps" if taps != 1 else "")
        return f"Projection({printable(self.name)}: {size})"

    @property
    def holds_lists(self) -> bool:
        """Whether it was made of lists and nobody has asked for dense arrays yet."""
        try:
            object.__getattribute__(self, "weight")
        except AttributeError:
            return True
        return False

    @property
    def shape(self) -> tuple[int, ...]:
        """``(tap, post, pre)``, as it is also where the arrays are wrong."""
        synapses = getattr(self, "_listed", None)
        return self.weight.shape if synapses is None else synapses.shape

    @property
    def n_taps(self) -> int:
        """Number of taps."""
        return int(self.shape[0])

    @property
    def listed(self) -> SynapseList:
        """The synapses as lists, with their delays in seconds."""
        if getattr(self, "_listed", None) is None:
            object.__setattr__(self, "_listed", listed(self.weight, self.delay_s))
        return self._listed

    def with_values(self, *, weight: Floats | None = None, delay_s: Floats | None = None) -> Projection:
        """Give the projection with other weights or delays, ``[synapse]`` as in :attr:`listed`.

        A synapse whose new weight is 0 leaves; the number of taps stays.
        """
        old = self.listed
        new = old.weight if weight is None else weight
        kept = new != 0
        synapses = SynapseList(
            shape=old.shape,
            tap=old.tap[kept],
            post=old.post[kept],
            pre=old.pre[kept],
            weight=new[kept],
            delay_s=(old.delay_s if delay_s is None else delay_s)[kept],
        )
        return Projection.of_list(self.source, self.target, synapses)

    def synapses(self, dt_s: float) -> Synapses:
        """Give the synapses as lists, with their delays in whole steps of ``dt_s`` seconds.

        Delays are rounded by :func:`neurodeploy.units.delay_to_steps`; they must be finite. The answer is
        kept, so that it is computed once for a ``dt_s``.
        """
        known: tuple[float, Synapses] | None = getattr(self, "_steps", None)
        if known is None or known[0] != dt_s:
            known = (dt_s, in_steps(self.listed, dt_s))
            object.__setattr__(self, "_steps", known)
        return known[1]


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
    notes
        What a reader had to say of the file that it comes from; no part of the network.
    """

    name: str
    dt_s: float
    input_size: int
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    readout: Readout | None = None
    input_max: int = 1
    notes: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        read = "none" if self.readout is None else f"{self.readout.population}, {self.readout.score}"
        lines = [
            f"Graph {self.name!r}: {self.input_size} inputs up to {self.input_max}, steps of {self.dt_s:g} s",
            f"  readout  {read}",
        ]
        shown = [*self.populations[:3], *self.projections[:4]]
        left_out = len(self.populations) + len(self.projections) - len(shown)
        lines += [f"  {each!r}" for each in shown]
        return "\n".join(map(printable, [*lines, *([f"  and {left_out} more"] if left_out else [])]))

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
