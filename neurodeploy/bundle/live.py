"""A bundle that runs while its input comes in: feed steps, get spikes and score so far, in aligned time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.model import Readout
from neurodeploy.score import RunningScore


class Stepped(Protocol):
    """What a target's stream gives of one population: arrays ``[step, neuron]`` in the chip's own time."""

    @property
    def spikes(self) -> NDArray[np.uint8]:
        """Spikes."""

    @property
    def v(self) -> NDArray[Any]:
        """State after each step."""


class Streaming(Protocol):
    """What a target gives that can run step by step (``target.stream(program)``)."""

    def feed(self, values: NDArray[np.integer[Any]], /) -> Mapping[str, Stepped]:
        """Take ``[step, source]`` and give what every population did in just these steps."""

    def reset(self) -> None:
        """Start a new sample."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveTrace:
    """What one population did in aligned steps that have become known.

    Attributes
    ----------
    first_step
        Aligned step of the first row: step t is step t of the trained network.
    spikes
        uint8 ``[step, neuron]``.
    v
        State after the step, in the target's own units, ``[step, neuron]``.
    """

    first_step: int
    spikes: NDArray[np.uint8]
    v: NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """What a call of :meth:`BundleStream.feed` gives.

    Attributes
    ----------
    populations
        By name. A population that is late on the chip has fewer steps known than were fed.
    score
        ``[class]`` of all steps of the readout known so far; None before the first, or without a readout.
    """

    populations: Mapping[str, LiveTrace]
    score: NDArray[np.float64] | None

    @property
    def decision(self) -> int | None:
        """The class that leads; None without a score."""
        return None if self.score is None else int(self.score.argmax())

    def __repr__(self) -> str:
        known = ", ".join(
            f"{name} {trace.first_step}..{trace.first_step + len(trace.spikes)}"
            for name, trace in list(self.populations.items())[:6]
        )
        return f"Live(steps {known}; decision {self.decision})"


class BundleStream:
    """A running network; its state lives from call to call until :meth:`reset`.

    Whatever way an input is cut into calls, all that is given, and what :meth:`finish` gives after it, is
    together exactly what :func:`neurodeploy.simulate` gives of the whole input.

    Parameters
    ----------
    network
        The target's own stream, in the chip's time.
    program
        The target's program: its populations may know their v in float units (``v_float``).
    latency_steps
        How late each population is on the chip.
    readout
        Which population is scored and how; None without one.
    input_size
        Number of sources.
    """

    def __init__(
        self,
        network: Streaming,
        program: Any,
        *,
        latency_steps: Mapping[str, int],
        readout: Readout | None,
        input_size: int,
    ) -> None:
        self._network, self._program = network, program
        self._latency, self._readout, self._size = dict(latency_steps), readout, input_size
        self._score: RunningScore | None = None
        self.n_fed, self._n_run, self._finished = 0, 0, False

    def reset(self) -> None:
        """Start a new sample."""
        self._network.reset()
        self._score, self.n_fed, self._n_run, self._finished = None, 0, 0, False

    def step(self, values: NDArray[Any]) -> Live:
        """Feed one step ``[source]``; see :meth:`feed`."""
        return self.feed(np.asarray(values)[None])

    def feed(self, values: NDArray[Any]) -> Live:
        """Feed input values ``[step, source]``, any number of steps.

        Returns
        -------
        Live
            The aligned steps that have become known by these, and the score of all so far.

        Raises
        ------
        NeurodeployError
            Findings of the target for an input that the network does not take.
        ValueError
            After :meth:`finish`, without a :meth:`reset`.
        """
        if self._finished:
            raise ValueError("the sample is finished: reset() starts another")
        values = np.asarray(values)
        fed = self._network.feed(values)
        self.n_fed += len(values)
        return self._aligned(fed, len(values))

    def finish(self) -> Live:
        """Give the steps that late populations still owe, by feeding silence for as long as one is late."""
        owed = 0 if self._finished else max(self._latency.values(), default=0)
        self._finished = True
        silence = np.zeros((owed, self._size), np.uint8)
        return self._aligned(self._network.feed(silence), owed)

    def _aligned(self, fed: Mapping[str, Stepped], n_steps: int) -> Live:
        """Take latencies off what the last ``n_steps`` steps of the chip gave."""
        populations = {}
        for name, stepped in fed.items():
            start = self._n_run - self._latency.get(name, 0)
            skipped = max(0, -start)
            kept = slice(skipped, max(skipped, min(n_steps, self.n_fed - start)))
            populations[name] = LiveTrace(max(0, start), stepped.spikes[kept], stepped.v[kept])
        self._n_run += n_steps
        return Live(populations, self._scored(populations))

    def _scored(self, populations: Mapping[str, LiveTrace]) -> NDArray[np.float64] | None:
        """Add the readout's new steps to the score."""
        if self._readout is None:
            return None
        name = self._readout.population
        trace = populations[name]
        if self._score is None:
            self._score = RunningScore(self._readout.score, trace.spikes.shape[1])
        (population,) = (p for p in self._program.populations if p.name == name)
        in_float = getattr(population, "v_float", np.asarray)
        self._score.add(in_float(trace.v), trace.spikes)
        return self._score.score
