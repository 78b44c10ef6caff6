"""Which synapses into a population share a weight, as those of a convolution, and which neurons do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.synapses import Synapses

FEWEST_USES = 4
"""A projection shares its weights where each stands so often, on average, and not by chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Incoming:
    """Every synapse into a population, all projections one after the other; arrays are ``[synapse]``.

    Attributes
    ----------
    wanted
        Real-valued weights in grid units.
    legal
        ``[3, synapse]``: step, lowest and highest legal integer.
    projection, post, pre, delay_steps
        Where a synapse stands; ``projection`` counts them.
    weight_of
        Number of the weight that a synapse has: equal for those that share one.
    by_neuron, start
        The synapses of neuron n are ``by_neuron[start[n]:start[n + 1]]``, in their order.
    names, ends
        Of the projections, and where each ends.
    """

    wanted: NDArray[np.float64]
    legal: NDArray[np.int64]
    projection: NDArray[np.int64]
    post: NDArray[np.int64]
    pre: NDArray[np.int64]
    delay_steps: NDArray[np.int64]
    weight_of: NDArray[np.int64]
    by_neuron: NDArray[np.int64]
    start: NDArray[np.int64]
    names: tuple[str, ...]
    ends: NDArray[np.int64]

    def of(self, neurons: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the synapses of some neurons that are not 0, ascending."""
        parts = [self.by_neuron[self.start[n] : self.start[n + 1]] for n in neurons]
        every = np.concatenate(parts) if parts else np.zeros(0, np.int64)
        every = every[self.wanted[every] != 0]
        return every if len(neurons) == 1 else np.sort(every)

    def together(self, neurons: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Part neurons into sets that share no weight with each other."""
        n_weights = int(self.weight_of.max(initial=-1)) + 1
        if n_weights == self.wanted.size:  # nothing is shared
            yield from neurons[:, None]
            return
        chosen = np.isin(self.post, neurons)
        post, weight = self.post[chosen], self.weight_of[chosen]
        least = np.arange(len(self.start) - 1)  # the first neuron that each is joined to
        before = np.full_like(least, -1)
        while (before != least).any():
            before = least.copy()
            through = np.full(n_weights, least.size)
            np.minimum.at(through, weight, least[post])
            np.minimum.at(least, post, through[weight])
        own = least[neurons]
        for each in np.unique(own):
            yield neurons[own == each]

    def by_name(self, values: NDArray[np.int32]) -> dict[str, NDArray[np.int32]]:
        """Part values of all synapses into those of each projection."""
        begin = [0, *self.ends[:-1]]
        return {name: values[a:b] for name, a, b in zip(self.names, begin, self.ends, strict=False)}


def shares(units: NDArray[np.float64]) -> bool:
    """Say whether a projection shares its weights: few numbers that stand often, as of a convolution."""
    return bool(units.size) and np.unique(units).size * FEWEST_USES <= units.size


def joined(
    units: Mapping[str, NDArray[np.float64]],
    synapses: Mapping[str, Synapses],
    legal: Mapping[str, NDArray[np.int64]],
    *,
    n_neurons: int,
) -> Incoming:
    """Put the synapses of all projections into one population together.

    Parameters
    ----------
    units, synapses, legal
        By projection; see :func:`neurodeploy.quantise.rounding.round_calibrated`.
    n_neurons
        Of the population, which nothing may lead to.
    """
    sizes = [x.size for x in units.values()]
    numbers, n_weights = [], 0
    for name, x in units.items():
        number = np.arange(x.size)
        if shares(x):
            rows = np.column_stack([x, *legal[name]])
            number = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
        numbers.append(number + n_weights)
        n_weights += int(number.max(initial=-1)) + 1

    def of_all(arrays: Sequence[NDArray[np.integer]]) -> NDArray[np.int64]:
        return np.concatenate([np.zeros(0, np.int64), *arrays]).astype(np.int64)

    every = [synapses[name] for name in units]
    post = of_all([s.post for s in every])
    order = np.argsort(post, kind="stable")
    return Incoming(
        wanted=np.concatenate([np.zeros(0), *units.values()]),
        legal=np.concatenate([np.zeros((3, 0), np.int64), *(legal[name] for name in units)], axis=1),
        projection=np.repeat(np.arange(len(sizes)), sizes),
        post=post,
        pre=of_all([s.pre for s in every]),
        delay_steps=of_all([s.delay_steps for s in every]),
        weight_of=of_all(numbers),
        by_neuron=order,
        start=np.searchsorted(post[order], np.arange(n_neurons + 1)),
        names=tuple(units),
        ends=np.cumsum(sizes, dtype=np.int64),
    )
