"""Simulate one sample as it comes in: feed steps, get the spikes and state of those steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.loihi.simulate.bounds import check_facts, check_input, kernel_input
from neurodeploy.targets.loihi.simulate.kernel import reset, run
from neurodeploy.targets.loihi.simulate.tables import Record, make_state
from neurodeploy.targets.loihi.simulate.wiring import plan_of


@dataclass(frozen=True, slots=True, eq=False)
class StreamStep:
    """What a population did at the steps that were fed; ``[neuron]`` or ``[step, neuron]``, as the input was.

    Attributes
    ----------
    spikes
        uint8.
    u, v
        int32, after reset.
    """

    spikes: NDArray[np.uint8]
    u: NDArray[np.int32]
    v: NDArray[np.int32]


class Stream:
    """A running network; its state lives from call to call until :meth:`reset`.

    Time is the chip's own: step k of a population is what it does in the k-th step after the reset, latencies
    *not* removed (a stream cannot look ahead). Aligned step k of a population is its step
    ``k + latency_steps`` here.

    Parameters
    ----------
    program
        The integer network.
    """

    def __init__(self, program: FixedGraph) -> None:
        self.program = program
        self._plan = plan_of(program)
        self._state = make_state(self._plan.tables, self._plan.window)
        self._sizes = [p.size for p in program.populations]
        self._starts = np.concatenate([[0], np.cumsum(self._sizes)]).astype(np.int64)
        self._latency = np.zeros(len(self._sizes) + 1, dtype=np.int64)
        self._head = 0
        self.reset()

    def reset(self) -> None:
        """Start a new sample: no current, the initial voltage, nothing on its way, facts at zero."""
        reset(self._plan.tables, self._state)
        self._state.facts[:] = 0
        self._head = 0

    @property
    def facts(self) -> Mapping[str, int]:
        """What was measured since the reset, as in Traces."""
        return {
            "max_abs_accumulator": int(self._state.facts[0]),
            "synaptic_events": int(self._state.facts[1]),
        }

    def step(self, values: NDArray[np.integer]) -> dict[str, StreamStep]:
        """Feed one step of input values ``[source]``; see :meth:`feed`."""
        values = np.asarray(values)
        check_input(self.program, values, n_axes=1)
        fed = self._feed(values[None])
        return {name: StreamStep(s.spikes[0], s.u[0], s.v[0]) for name, s in fed.items()}

    def feed(self, values: NDArray[np.integer]) -> dict[str, StreamStep]:
        """Feed input values ``[step, source]``, any number of steps.

        However an input is cut into calls, the steps come out the same.

        Returns
        -------
        dict[str, StreamStep]
            By population, arrays ``[step, neuron]``.

        Raises
        ------
        NeurodeployError
            ND460, ND461, ND462 for the input; ND463 where a sum leaves 32-bit state.
        """
        values = np.asarray(values)
        check_input(self.program, values, n_axes=2)
        return self._feed(values)

    def _feed(self, values: NDArray[np.integer]) -> dict[str, StreamStep]:
        n_steps = len(values)
        total = n_steps * int(self._starts[-1])
        at = np.concatenate([[-1], self._starts[:-1] * n_steps])
        record = Record(
            np.empty(total, np.uint8),
            np.empty(total, np.int32),
            np.empty(total, np.int32),
            at,
            at,
            at,
            self._latency,
        )
        plan = self._plan
        x = kernel_input(self.program, values)[None]
        self._head = run(x, 0, 1, n_steps, False, self._head, plan.window, plan.tables, self._state, record)
        check_facts(self.program, self.facts, int(self._state.facts[2]))
        out = {}
        for number, p in enumerate(self.program.populations, start=1):
            part = slice(int(at[number]), int(at[number]) + n_steps * p.size)
            shape = (n_steps, p.size)
            out[p.name] = StreamStep(
                record.spikes[part].reshape(shape),
                record.u[part].reshape(shape),
                record.v[part].reshape(shape),
            )
        return out
