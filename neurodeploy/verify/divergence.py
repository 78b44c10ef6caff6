"""The first place where two traces differ, and what the data say about why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.traces import Traces

QUANTITIES = ("u", "v", "spikes")
"""In the order in which a neuron computes them in one step, so that a cause comes before its effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """The earliest difference between two traces.

    Attributes
    ----------
    quantity
        ``u``, ``v`` or ``spikes``.
    population, neuron, step, sample
        Where; the step counts without latency.
    expected, actual
        The two values.
    diagnosis
        What else the two traces show, a sentence without a guess at the cause; empty where they show nothing.
    """

    quantity: str
    population: str
    neuron: int
    step: int
    sample: int
    expected: float
    actual: float
    diagnosis: str = ""

    def __str__(self) -> str:
        return (
            f"{self.quantity} of neuron {self.neuron} of {self.population} at step {self.step} of sample "
            f"{self.sample}: expected {self.expected:.17g}, got {self.actual:.17g}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the divergence as a JSON-ready mapping."""
        return {name: getattr(self, name) for name in self.__slots__} | {"text": str(self)}


def differs(expected: NDArray[Any], actual: NDArray[Any], tolerance: float = 0.0) -> NDArray[np.bool_]:
    """Say where two arrays of one shape differ.

    Parameters
    ----------
    expected, actual
        Of one shape; integers or floats.
    tolerance
        0 for exact equality. Above, two values are equal where
        ``|actual - expected| <= tolerance * max(1, |expected|)``: absolute for small values, relative for
        large ones. NaN differs from everything, itself included; an infinity equals only itself.
    """
    if tolerance == 0.0:
        return np.asarray(expected != actual)
    allowed = tolerance * np.maximum(1.0, np.abs(expected))
    with np.errstate(invalid="ignore"):
        near = (np.abs(actual - expected) <= allowed) & np.isfinite(expected)
    return np.asarray(~(near | (actual == expected)))


def first_divergence(expected: Traces, actual: Traces, *, tolerance: float = 0.0) -> Divergence | None:
    """Find the earliest difference: by step, then population in the order of the graph, then u, v, spikes.

    Among samples that differ first at the same place of that order, the lowest sample and neuron is named.

    Parameters
    ----------
    expected, actual
        Traces of the same samples. A quantity that either did not record is not compared.
    tolerance
        For u and v, see :func:`differs`; spikes are always compared exactly.

    Returns
    -------
    Divergence | None
        None where nothing differs.

    Raises
    ------
    ValueError
        A population of ``expected`` is missing from ``actual``, or the shapes differ.
    """
    best: tuple[int, int, int] | None = None
    found: Divergence | None = None
    for rank, (name, trace) in enumerate(expected.populations.items()):
        if name not in actual.populations:
            raise ValueError(f"no trace of population {name!r}")
        for order, quantity in enumerate(QUANTITIES):
            wanted, got = getattr(trace, quantity), getattr(actual.populations[name], quantity)
            if wanted is None or got is None:
                continue
            if wanted.shape != got.shape:
                raise ValueError(f"{quantity} of {name}: shape {wanted.shape} against {got.shape}")
            wrong = differs(wanted, got, 0.0 if quantity == "spikes" else tolerance)
            steps = np.flatnonzero(wrong.any(axis=(0, 2)))
            if not steps.size or (best is not None and best <= (int(steps[0]), rank, order)):
                continue
            step = int(steps[0])
            best = (step, rank, order)
            sample, neuron = (int(x) for x in np.argwhere(wrong[:, step])[0])
            found = Divergence(
                quantity=quantity,
                population=name,
                neuron=neuron,
                step=step,
                sample=sample,
                expected=float(wanted[sample, step, neuron]),
                actual=float(got[sample, step, neuron]),
                diagnosis=diagnose(wanted[sample], got[sample], step, neuron, quantity),
            )
    return found


def diagnose(expected: NDArray[Any], actual: NDArray[Any], step: int, neuron: int, quantity: str) -> str:
    """Say what the traces of one sample show about their first difference; nothing that they do not prove.

    A cause (a delay, a rounding, a reset) is never named: one difference fits many of them.

    Parameters
    ----------
    expected, actual
        ``[step, neuron]`` of one population and quantity.
    step, neuron
        Of the first difference.
    quantity
        ``u``, ``v`` or ``spikes``.
    """
    one, other = expected[step, neuron], actual[step, neuron]
    # A shift of a silent trace proves nothing: ask for something other than zero.
    if expected[:-1].any() and np.array_equal(expected[:-1], actual[1:]):
        return f"{quantity} of the whole population in this sample are equal one step later"
    if actual[:-1].any() and np.array_equal(expected[1:], actual[:-1]):
        return f"{quantity} of the whole population in this sample are equal one step earlier"
    if quantity == "spikes":
        return "a spike is missing" if one > other else "there is a spike too many"
    if np.isnan(other) or np.isnan(one):
        return "one of the two is not a number"
    if np.issubdtype(expected.dtype, np.integer):
        if other == -one:
            return "equal but for the sign"
        if abs(int(one) - int(other)) == 1:
            return "they differ by one unit"
    return ""


def count_mismatches(
    expected: Traces, actual: Traces, *, tolerance: float = 0.0
) -> dict[str, dict[str, int]]:
    """Count differing neuron-steps, by population and quantity, among those that both recorded.

    Returns
    -------
    dict
        ``{population: {"spikes": ..., "v": ..., "compared": neuron-steps}}``; a quantity that was not
        compared has no entry.
    """
    counts: dict[str, dict[str, int]] = {}
    for name, trace in expected.populations.items():
        other = actual.populations[name]
        counts[name] = {"compared": int(trace.spikes.size)}
        for quantity in QUANTITIES:
            wanted, got = getattr(trace, quantity), getattr(other, quantity)
            if wanted is not None and got is not None:
                allowed = 0.0 if quantity == "spikes" else tolerance
                counts[name][quantity] = int(differs(wanted, got, allowed).sum())
    return counts
