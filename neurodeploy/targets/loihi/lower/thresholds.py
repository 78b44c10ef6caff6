"""Thresholds, biases and the v that a sample starts from, as the registers hold them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_network import LATE_START_CLIPPED
from neurodeploy.findings.finding import Finding
from neurodeploy.graph.model import Population
from neurodeploy.graph.neurons import rest_v
from neurodeploy.passes.draft import Draft
from neurodeploy.targets.loihi.chip import DECAY_BITS, STATE_LIMIT, STATE_SHIFT
from neurodeploy.targets.loihi.lower.decays import into_v
from neurodeploy.targets.loihi.lower.decisions import Decisions
from neurodeploy.targets.loihi.lower.notes import filtered_bias_findings
from neurodeploy.targets.loihi.lower.scale import drive_per_step, origin, rewound, threshold_span
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
            changed, decided = self._round(population, decided, graph.dt_s)
            populations.append(changed)
            decided = decided.found(*filtered_bias_findings(f"{graph.name}.{population.name}", population))
        return Draft(replace(graph, populations=tuple(populations)), decided)

    def _round(self, population: Population, decided: Decisions, dt_s: float) -> tuple[Population, Decisions]:
        name = population.name
        decays, scale, latency = decided.decays[name], decided.scale[name], decided.latency_steps[name]
        bias = drive_per_step(population, decays, dt_s) * scale
        exponent = self.least_exponent
        while np.abs(round_nearest(bias / 2.0**exponent)).max(initial=0) > self.mantissa_max:
            exponent += 1
        whole = round_nearest(bias / 2.0**exponent) << exponent
        start = rewound(
            self._first_v(population, scale, latency),
            bias=whole,
            dv=decays.membrane,
            latency_steps=latency,
        )
        vth = np.full(population.size, self.vth_max, dtype=np.int64)
        gain = population.r * population.w_in if population.model.filtered else population.r
        with np.errstate(divide="ignore", invalid="ignore"):
            drive = whole / (scale * into_v(population, decays, dt_s))
            if population.model.leaky:
                drive = drive + origin(population) - population.v_leak
            held = drive / gain
        changed = replace(population, bias=np.where(np.isfinite(held), held, population.bias))
        if population.model.spiking:
            vth = self._threshold(population, scale)
            changed = replace(changed, v_threshold=vth * 2.0**STATE_SHIFT / scale + origin(population))
        if population.model.reset != "value" and latency > 0:
            wanted, start = start, np.minimum(start, _highest_start(vth, bias=whole, dv=decays.membrane))
            decided = decided.found(*_clipped_start(name, wanted, start, latency))
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

    def _first_v(
        self, population: Population, scale: NDArray[np.float64], latency: int
    ) -> NDArray[np.float64]:
        """Give v before the first step of the population's own time, in integer units.

        A population that runs late and whose leak drives it above its threshold would spike before its time,
        and miss its first spike. It starts right below the threshold and crosses it in its first step.
        """
        start = np.asarray((rest_v(population) - origin(population)) * scale)
        if latency == 0 or not population.model.spiking:
            return start
        vth = self._threshold(population, scale)
        return np.where(start > vth << STATE_SHIFT, (vth << STATE_SHIFT) - 1, start)

    def _threshold(self, population: Population, scale: NDArray[np.float64]) -> NDArray[np.int64]:
        """Give the threshold registers."""
        span = threshold_span(population)
        return np.minimum(round_nearest(span * scale / 2.0**STATE_SHIFT), self.vth_max)


def _highest_start(
    vth: NDArray[np.int64], *, bias: NDArray[np.int64], dv: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Give the largest v from which a step without input does not reach the threshold."""
    room = (vth << STATE_SHIFT) - 1 - bias  # of what is left of v after its decay
    largest = np.floor(room * 2.0**DECAY_BITS / (2.0**DECAY_BITS - dv))
    return np.clip(largest, -STATE_LIMIT, STATE_LIMIT).astype(np.int32)


def _clipped_start(
    name: str, wanted: NDArray[np.int32], start: NDArray[np.int32], latency_steps: int
) -> Iterator[Finding]:
    """ND313: some neurons start lower than they should."""
    low = start < wanted
    if low.any():
        at = int((wanted - start).argmax())
        yield LATE_START_CLIPPED.finding(
            where=f"{name}[{at}], worst of {int(low.sum())}",
            found=f"a start of {start[at]} instead of {wanted[at]}",
            limit=f"no spike in the {latency_steps} steps before its time",
            help="Give the synapses of the layers before it a delay of at least one step.",
        )
