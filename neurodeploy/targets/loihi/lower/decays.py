"""Decay registers: time constants become 12-bit decays, at most so many pairs of them in a population."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.finding import raise_errors
from neurodeploy.graph.model import Population
from neurodeploy.passes.draft import Draft
from neurodeploy.quantise.groups import Grouped, group_by_decay
from neurodeploy.targets.loihi.chip import DECAY_BITS, DU_NO_FILTER
from neurodeploy.targets.loihi.lower.decisions import Decisions
from neurodeploy.targets.loihi.lower.notes import decay_findings, moved_tau_findings
from neurodeploy.units import decay_to_tau, tau_to_decay


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDecays:
    """Round time constants to decay registers and group neurons that share them.

    Attributes
    ----------
    max_groups
        At most this many chip processes for a population.
    dv_max, du_max
        Largest values of the registers.
    """

    max_groups: int
    dv_max: int
    du_max: int

    name = "group_decays"
    title = "12-bit decays"

    def __call__(self, draft: Draft[Decisions], /) -> Draft[Decisions]:
        """Give the draft with the time constants that the registers stand for."""
        graph = draft.graph
        raise_errors([*draft.decided.findings, *decay_findings(graph)])
        decided = replace(
            draft.decided, decays={p.name: self.registers(p, graph.dt_s) for p in graph.populations}
        )
        populations = []
        for population in graph.populations:
            decays = decided.decays[population.name]
            worst = 0.0
            if population.model.leaky:
                held = decay_to_tau(np.maximum(decays.membrane, 0.5), graph.dt_s, bits=DECAY_BITS)
                worst = float(np.abs(held / population.tau_s - 1).max())
            groups = int(decays.group.max()) + 1
            decided = decided.noted(
                "populations", population.name, groups=groups, worst_tau_error=worst
            ).found(*moved_tau_findings(f"{graph.name}.{population.name}", worst, groups))
            changed = population
            if population.model.leaky:
                tau_s = decay_to_tau(decays.membrane, graph.dt_s, bits=DECAY_BITS)
                changed = replace(population, tau_s=tau_s)
            if population.model.filtered:
                filtered = decay_to_tau(decays.current + 1, graph.dt_s, bits=DECAY_BITS)
                changed = replace(changed, tau_syn_s=filtered)
            populations.append(changed)
        return Draft(replace(graph, populations=tuple(populations)), decided)

    def registers(self, population: Population, dt_s: float) -> Grouped:
        """Give the registers of each neuron; tau = dt needs 4096 and gets the register's maximum.

        What does not leak has a register of 0.
        """
        dv = np.zeros(population.size, dtype=np.int64)
        if population.model.leaky:
            dv = np.minimum(tau_to_decay(population.tau_s, dt_s, bits=DECAY_BITS), self.dv_max)
        du = np.full(population.size, DU_NO_FILTER, dtype=np.int64)
        if population.model.filtered:
            du = np.clip(tau_to_decay(population.tau_syn_s, dt_s, bits=DECAY_BITS) - 1, 0, self.du_max)
        return group_by_decay(dv, du, self.max_groups)


def alpha(decays: Grouped) -> NDArray[np.float64]:
    """Give dt/tau as the registers hold it; 0 for what does not leak."""
    return decays.membrane / 2.0**DECAY_BITS


def into_v(population: Population, decays: Grouped, dt_s: float) -> NDArray[np.float64]:
    """Give what a step multiplies ``r * i`` by: dt/tau as registers hold it, or dt where nothing leaks."""
    return alpha(decays) if population.model.leaky else np.full(population.size, dt_s)


def alpha_syn(decays: Grouped) -> NDArray[np.float64]:
    """Give dt/tau_syn as the registers hold it; 1 without a filter."""
    return (decays.current + 1) / 2.0**DECAY_BITS
