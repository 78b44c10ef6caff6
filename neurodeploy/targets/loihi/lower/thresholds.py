"""Thresholds, biases and the v that a sample starts from, as the registers hold them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from neurodeploy.graph.model import Population
from neurodeploy.passes.draft import Draft
from neurodeploy.targets.loihi.chip import STATE_SHIFT
from neurodeploy.targets.loihi.lower.decays import alpha
from neurodeploy.targets.loihi.lower.decisions import Decisions
from neurodeploy.targets.loihi.lower.notes import filtered_bias_findings
from neurodeploy.targets.loihi.lower.scale import drive_per_step, origin, rewound
from neurodeploy.units import round_nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundThresholds:
    """Round thresholds and biases, and rewind the start of populations that run late.

    Attributes
    ----------
    vth_max, mantissa_max
        Largest values of the registers.
    least_exponent
        The bias exponent to begin with; larger where the mantissa needs it.
    """

    vth_max: int
    mantissa_max: int
    least_exponent: int = 0

    name = "round_thresholds"
    title = "integer threshold and bias"

    def __call__(self, draft: Draft[Decisions], /) -> Draft[Decisions]:
        """Give the draft with the thresholds and biases that integers stand for."""
        graph, decided = draft.graph, draft.decided
        populations = []
        for population in graph.populations:
            changed, decided = self._round(population, decided)
            populations.append(changed)
            decided = decided.found(*filtered_bias_findings(f"{graph.name}.{population.name}", population))
        return Draft(replace(graph, populations=tuple(populations)), decided)

    def _round(self, population: Population, decided: Decisions) -> tuple[Population, Decisions]:
        name = population.name
        decays, scale, latency = decided.decays[name], decided.scale[name], decided.latency_steps[name]
        bias = drive_per_step(population, decays) * scale
        exponent = self.least_exponent
        while np.abs(round_nearest(bias / 2.0**exponent)).max(initial=0) > self.mantissa_max:
            exponent += 1
        whole = round_nearest(bias / 2.0**exponent) << exponent
        start = rewound(
            (population.v_leak - origin(population)) * scale,
            bias=whole,
            dv=decays.membrane,
            latency_steps=latency,
        )
        vth = np.full(population.size, self.vth_max, dtype=np.int64)
        into_v = population.r * population.w_in if population.model.filtered else population.r
        with np.errstate(divide="ignore", invalid="ignore"):
            drive = whole / (scale * alpha(decays))
            held = (drive + origin(population) - population.v_leak) / into_v
        changed = replace(population, bias=np.where(np.isfinite(held), held, population.bias))
        if population.model.spiking:
            span = population.v_threshold - population.v_reset
            vth = np.minimum(round_nearest(span * scale / 2.0**STATE_SHIFT), vth)
            changed = replace(changed, v_threshold=vth * 2.0**STATE_SHIFT / scale + origin(population))
        decided = replace(
            decided,
            bias_exponent={**decided.bias_exponent, name: exponent},
            v_initial={**decided.v_initial, name: start},
        ).noted(
            "populations",
            name,
            scale=float(scale.max()),
            threshold=int(vth.max()),
            latency_steps=latency,
            bias_exponent=exponent,
        )
        return changed, decided
