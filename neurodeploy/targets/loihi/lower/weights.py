"""Weights: real numbers become integers of the legal grid, rounded together where there are samples."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neurodeploy.graph.model import Graph, Population, Projection
from neurodeploy.passes.draft import Draft
from neurodeploy.quantise.grid import WeightGrid
from neurodeploy.quantise.rounding import legal_of, round_calibrated, rounded_alone
from neurodeploy.targets.loihi.chip import STATE_SHIFT
from neurodeploy.targets.loihi.lower.decays import alpha, alpha_syn
from neurodeploy.targets.loihi.lower.decisions import Decisions
from neurodeploy.targets.loihi.lower.notes import clipped_findings
from neurodeploy.targets.loihi.lower.scale import gains, jumps_of_v, weight_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundWeights:
    """Round the weights into each population to the grid of its scale.

    Attributes
    ----------
    grid
        Which integers are legal.
    """

    grid: WeightGrid

    name = "round_weights"
    title = "8-bit weights"

    def __call__(self, draft: Draft[Decisions], /) -> Draft[Decisions]:
        """Give the draft with the weights that integers stand for."""
        graph, decided = draft.graph, draft.decided
        rounded: dict[str, NDArray[np.float64]] = {}
        for population in graph.populations:
            into = list(graph.into(population.name))
            units = self._units(graph, population, decided)
            whole = self._together(graph, population, decided, units)
            n_clipped = 0
            for projection in into:
                own = units[projection.name]
                legal = self._legal(graph, projection, own, decided)
                weight = whole.get(projection.name)
                if weight is None:
                    weight = rounded_alone(own, legal)
                clipped = _clipped(own, weight, legal)
                n_clipped += clipped
                decided = decided.noted(
                    "projections",
                    projection.name,
                    **_facts(own, weight, clipped, decided.weight_exponent[population.name]),
                )
                unit = weight_unit(decided, population.name) * gains(
                    population, decided.decays[population.name], graph.dt_s
                )
                synapses = projection.listed
                of_post = unit[synapses.post]
                with np.errstate(divide="ignore", invalid="ignore"):
                    real = weight / of_post
                # Where the gain is 0 no input reaches v, so the weight means nothing and stays.
                rounded[projection.name] = np.where(of_post == 0, synapses.weight, real)
            total = sum(int((units[p.name] != 0).sum()) for p in into)
            decided = decided.noted("populations", population.name, clipped_weights=n_clipped).found(
                *clipped_findings(f"{graph.name}.{population.name}", n_clipped, total)
            )
        projections = tuple(p.with_values(weight=rounded[p.name]) for p in graph.projections)
        return Draft(replace(graph, projections=projections), decided)

    def _legal(
        self, graph: Graph, projection: Projection, units: NDArray[np.float64], decided: Decisions
    ) -> NDArray[np.int64]:
        """Give step, lowest and highest legal integer of every synapse of a projection."""
        return legal_of(
            units,
            projection.listed,
            decided.decays[projection.target].group,
            decided.source_group(projection.source, graph.input_size),
            self.grid,
        )

    def _units(
        self, graph: Graph, population: Population, decided: Decisions
    ) -> dict[str, NDArray[np.float64]]:
        """Give each projection's weights in grid units, ``[synapse]``."""
        jumps = jumps_of_v(graph, population, decided.decays[population.name])
        unit = float(decided.scale[population.name].max()) / 2.0 ** (
            STATE_SHIFT + decided.weight_exponent[population.name]
        )
        return {name: jump * unit for name, jump in jumps.items()}

    def _together(
        self,
        graph: Graph,
        population: Population,
        decided: Decisions,
        units: dict[str, NDArray[np.float64]],
    ) -> dict[str, NDArray[np.int32]]:
        """Round all weights into a population on the calibration samples; nothing without samples."""
        if decided.activity is None:
            return {}
        decays = decided.decays[population.name]
        into = list(graph.into(population.name))
        return round_calibrated(
            units,
            synapses={p.name: p.synapses(graph.dt_s) for p in into},
            spikes={p.name: decided.activity[p.source].spikes for p in into},
            legal={p.name: self._legal(graph, p, units[p.name], decided) for p in into},
            kept_v=1.0 - alpha(decays),
            kept_u=1.0 - alpha_syn(decays),
        )


def _clipped(wanted: NDArray[np.float64], weight: NDArray[np.int32], legal: NDArray[np.int64]) -> int:
    """Count deployed weights at an end of their grid that are more than half a step from the wanted."""
    step, low, high = legal
    at_end = (weight != 0) & ((weight == low) | (weight == high))
    return int((at_end & (np.abs(wanted - weight) > step / 2)).sum())


def _facts(
    units: NDArray[np.float64],
    weight: NDArray[np.int32],
    clipped: int,
    exponent: int,
) -> dict[str, object]:
    """Say what the rounding of one projection did."""
    power, error = float((units**2).sum()), float(((weight - units) ** 2).sum())
    return {
        "weights": units.size,
        "clipped": clipped,
        "rounded_to_zero": int((weight == 0).sum()),
        "exponent": exponent,
        "weight_snr_db": round(float(10 * np.log10(power / error)), 3) if power and error else None,
    }
