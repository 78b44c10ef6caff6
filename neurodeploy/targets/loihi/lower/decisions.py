"""What the passes for Loihi decide and a Graph cannot hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.finding import Finding
from neurodeploy.graph.model import INPUT, Graph
from neurodeploy.quantise.groups import Grouped
from neurodeploy.traces import PopulationTrace


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decisions:
    """Scales, groups, exponents and latencies, by population; each pass adds its own.

    Attributes
    ----------
    trained
        The network before any rounding.
    activity
        What the input and every population of it do on the calibration samples; None without samples.
    latency_steps
        How many steps later than in the Graph a population runs.
    decays
        Groups and decay registers.
    scale
        Integer units of v for one float unit, ``[neuron]``.
    weight_exponent
        Shift of the summed input.
    bias_exponent
        Of the bias registers.
    v_initial
        v before the chip's first step, int32 ``[neuron]``.
    findings
        What a user should know, in the order in which it was found.
    facts
        The same as numbers, by population and projection.
    """

    trained: Graph
    activity: Mapping[str, PopulationTrace] | None
    latency_steps: Mapping[str, int] = field(default_factory=dict)
    decays: Mapping[str, Grouped] = field(default_factory=dict)
    scale: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    weight_exponent: Mapping[str, int] = field(default_factory=dict)
    bias_exponent: Mapping[str, int] = field(default_factory=dict)
    v_initial: Mapping[str, NDArray[np.int32]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    facts: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)

    def found(self, *findings: Finding) -> Decisions:
        """Give the decisions with more findings."""
        return replace(self, findings=(*self.findings, *findings))

    def noted(self, kind: str, name: str, **facts: Any) -> Decisions:
        """Give the decisions with more facts about a population or projection (``kind``)."""
        of_kind = dict(self.facts.get(kind, {}))
        of_kind[name] = {**of_kind.get(name, {}), **facts}
        return replace(self, facts={**self.facts, kind: of_kind})

    def source_group(self, source: str, input_size: int) -> NDArray[np.int64]:
        """Give the chip process of each source neuron; the input is one."""
        return np.zeros(input_size, dtype=np.int64) if source == INPUT else self.decays[source].group
