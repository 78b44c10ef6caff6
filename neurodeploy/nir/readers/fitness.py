"""Say what of a network a framework that reads NIR has no place for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from neurodeploy.findings.codes_nir import NOT_FOR_READER
from neurodeploy.findings.finding import Finding
from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection

Condition = Callable[[Population, float], Iterator[tuple[str, str, str]]]
"""From a population and dt in seconds to what is found, what is allowed, and what to do."""


def no_delays(graph: Graph, reader: str) -> Iterator[Finding]:
    """Find delays; a population that feeds itself one step later has none in the file."""
    for p in graph.projections:
        delay_s = p.listed.delay_s
        if delay_s.any() and not is_feedback(p, graph.dt_s):
            steps = delay_s / graph.dt_s
            yield NOT_FOR_READER.finding(
                where=f"{graph.name}.{p.name}",
                found=f"delays of {steps.min():g} to {steps.max():g} steps",
                limit=f"none: {reader} has nothing for nir.Delay",
                help="Train without delays. Of the frameworks that read NIR, none but neurodeploy has them.",
            )


def no_loops(graph: Graph, reader: str) -> Iterator[Finding]:
    """Find populations that feed themselves, or one that comes before them."""
    rank = {p.name: k for k, p in enumerate(graph.populations)}
    for p in graph.projections:
        if len(p.listed) and rank.get(p.source, -1) >= rank[p.target]:
            yield NOT_FOR_READER.finding(
                where=f"{graph.name}.{p.name}",
                found="a recurrent projection",
                limit=f"feed-forward networks: {reader} computes a loop of NIR as something else",
                help="Train without recurrent weights, or read the file with another framework.",
            )


def no_skips(graph: Graph, reader: str) -> Iterator[Finding]:
    """Find populations that hear sources at different distances from the input."""
    distance = {INPUT: 0}
    reached = [INPUT]
    for source in reached:
        for p in graph.projections:
            if p.source == source and len(p.listed) and p.target not in distance:
                distance[p.target] = distance[source] + 1
                reached.append(p.target)
    for p in graph.projections:
        if p.source == p.target or not len(p.listed) or p.source not in distance:
            continue
        if distance[p.target] != distance[p.source] + 1:
            yield NOT_FOR_READER.finding(
                where=f"{graph.name}.{p.name}",
                found=f"a projection from level {distance[p.source]} to level {distance[p.target]}",
                limit=f"each to the next level: {reader} computes a population when it first reaches it, "
                "with what its other sources gave a step before",
                help="Train without skips, or read the file with another framework.",
            )


def is_feedback(projection: Projection, dt_s: float) -> bool:
    """Say whether a population feeds itself exactly one step later: what a loop in NIR means everywhere."""
    delay_s = projection.listed.delay_s
    return projection.source == projection.target and bool(np.allclose(delay_s, dt_s, rtol=1e-6, atol=0))


@dataclass(frozen=True, slots=True)
class OneOf:
    """A population is of a model that the reader has."""

    models: tuple[NeuronModel, ...]

    def __call__(self, p: Population, _: float) -> Iterator[tuple[str, str, str]]:
        """Find another model."""
        if p.model not in self.models:
            known = ", ".join(model.value for model in self.models)
            yield f"neurons of the model {p.model.value}", known, "Train with one of these models."


@dataclass(frozen=True, slots=True)
class OneValue:
    """A time constant is the same for a whole population, as the reader has no other."""

    name: str

    def __call__(self, p: Population, dt_s: float) -> Iterator[tuple[str, str, str]]:
        """Find one that differs."""
        steps = getattr(p, self.name) / dt_s
        if self.name in p.model.parameters and not np.allclose(steps, steps[0], rtol=1e-9, atol=0):
            found = f"{self.name} of {steps.min():g} to {steps.max():g} steps"
            yield found, "one value for a population", "Train one value for each population, or split it."


@dataclass(frozen=True, slots=True)
class ResetIsLeak:
    """A neuron resets to the voltage that it leaks to; a readout leaks to 0."""

    models: tuple[NeuronModel, ...]
    why: str

    def __call__(self, p: Population, _: float) -> Iterator[tuple[str, str, str]]:
        """Find neurons with two voltages, and readouts with one."""
        if p.model not in self.models:
            return
        if p.model.spiking and (apart := np.abs(p.v_leak - p.v_reset).max()):
            found = f"v_leak and v_reset up to {apart:g} apart"
            yield found, f"v_reset = v_leak: {self.why}", "Train with v_reset = v_leak."
        if not p.model.spiking and (most := np.abs(p.v_leak).max()):
            yield f"v_leak up to {most:g} of a readout", f"0: {self.why}", "Train with v_leak = 0."


@dataclass(frozen=True, slots=True)
class LongerThanAStep:
    """The time constants of v are longer than a step."""

    models: tuple[NeuronModel, ...]

    def __call__(self, p: Population, dt_s: float) -> Iterator[tuple[str, str, str]]:
        """Find a time constant of one step."""
        steps = p.tau_s / dt_s
        if p.model in self.models and (steps <= 1 + 1e-9).any():
            yield f"tau_s of {steps.min():g} steps", "more than one step", "Train a longer one."


def conditions_hold(graph: Graph, reader: str, conditions: tuple[Condition, ...]) -> Iterator[Finding]:
    """Hold every population against every condition."""
    for p in graph.populations:
        for condition in conditions:
            for found, limit, fix in condition(p, graph.dt_s):
                yield NOT_FOR_READER.finding(
                    where=f"{graph.name}.{p.name}", found=found, limit=f"{limit} ({reader})", help=fix
                )
