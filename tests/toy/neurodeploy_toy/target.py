"""A target: the abacus keeps weights in beads of 1/64 and delays in whole steps, and computes in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_network import DELAY_TOO_LONG, WEIGHT_OFF_GRID
from neurodeploy.findings.finding import Finding, raise_errors
from neurodeploy.graph.interpret import interpret, interpret_reference
from neurodeploy.graph.lowering import canonical
from neurodeploy.graph.model import Graph
from neurodeploy.nir.read import read_nir
from neurodeploy.nir.write import write_nir
from neurodeploy.passes.draft import AfterEach, Draft, Pass, run_passes
from neurodeploy.targets.limits import Limit, Profile
from neurodeploy.targets.target import LadderGraph, Lowered, Parity, Resources
from neurodeploy.traces import Traces
from neurodeploy.units import delay_to_steps, round_nearest, steps_to_delay

BEADS = "beads.nir"
OWN = {
    "max_delay_steps": Limit(
        name="max_delay_steps",
        value=30,
        unit="steps",
        source="the length of the abacus's rods",
        verified_on="2025-01-01, counted",
    ),
    "beads_per_unit": Limit(
        name="beads_per_unit",
        value=64,
        unit="beads for a weight of 1",
        source="the size of the abacus's beads",
        verified_on="2025-01-01, counted",
    ),
}


def abacus(profile: Profile | None = None) -> Abacus:
    """Make the target, with the limits of a user's target file where one is given."""
    if profile is None:
        return Abacus(name="abacus", title="An abacus with beads of 1/64", limits=OWN)
    profile.require(OWN)
    return Abacus(name=profile.name, title=profile.title, limits=profile.limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundDelays:
    """Round every delay to whole steps."""

    name = "round_delays"
    title = "whole delays"

    def __call__(self, draft: Draft[Any], /) -> Draft[Any]:
        """Give the draft with whole delays."""
        dt_s = draft.graph.dt_s
        whole = [
            replace(p, delay_s=steps_to_delay(delay_to_steps(p.delay_s, dt_s), dt_s))
            for p in draft.graph.projections
        ]
        return draft.with_graph(replace(draft.graph, projections=tuple(whole)))


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundWeights:
    """Round every weight to whole beads, to the nearest, ties away from zero."""

    beads: int

    name = "round_weights"
    title = "weights in beads"

    def __call__(self, draft: Draft[Any], /) -> Draft[Any]:
        """Give the draft with weights on the grid."""
        rounded = [
            replace(p, weight=round_nearest(p.weight * self.beads) / self.beads)
            for p in draft.graph.projections
        ]
        return draft.with_graph(replace(draft.graph, projections=tuple(rounded)))


@dataclass(frozen=True, slots=True)
class Counting:
    """Software that runs an abacus's files: the readable interpreter, from the file alone."""

    name: str = "counting"

    def missing(self) -> Finding | None:
        """It is always there."""
        return None

    def run(
        self,
        bundle: Path,
        spikes: NDArray[np.integer[Any]],
        *,
        record: Sequence[str] = ("spikes", "v"),
        timeout_s: float | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Traces:
        """Compute every sample."""
        del record, timeout_s
        traces = interpret_reference(read_nir(bundle / BEADS), spikes)
        if progress is not None:
            progress(len(spikes), len(spikes))
        return traces


@dataclass(frozen=True, slots=True, kw_only=True)
class Abacus:
    """See :class:`neurodeploy.targets.target.Target`; a program is a Graph whose numbers are on the grid."""

    name: str
    title: str
    limits: Mapping[str, Limit]

    files = (BEADS,)
    parity = Parity(v_tolerance=1e-9, reason="float64 sums of the same numbers in another order")

    @property
    def runtimes(self) -> Mapping[str, Counting]:
        """Counting by hand."""
        return {"counting": Counting()}

    def rules(self, graph: Graph) -> Iterator[Finding]:
        """Yield delays that no rod can hold."""
        longest = self.limits["max_delay_steps"]
        for p in graph.projections:
            steps = np.where(p.weight != 0, delay_to_steps(p.delay_s, graph.dt_s), 0)
            if steps.size and steps.max() > longest.value:
                yield DELAY_TOO_LONG.finding(
                    where=f"{graph.name}.{p.name}",
                    found=f"{steps.max()} steps",
                    limit=str(longest),
                    help=f"Train with a maximum delay of {longest.value * graph.dt_s:g} s.",
                )

    def lower(
        self,
        graph: Graph,
        *,
        calibration: NDArray[np.uint8] | None = None,
        passes: Sequence[Pass] = (),
        after_each: AfterEach | None = None,
    ) -> Lowered[Graph]:
        """Round delays, then weights."""
        del calibration
        beads = self.limits["beads_per_unit"].value
        rounding = (RoundDelays(), RoundWeights(beads=beads))
        draft = run_passes(Draft(graph, None), (*passes, *rounding), after_each=after_each)
        facts = {"beads": int(sum(np.abs(p.weight).sum() for p in draft.graph.projections) * beads)}
        late = {population.name: 0 for population in graph.populations}
        return Lowered(canonical(draft.graph), (), facts, late)

    def check(self, program: Graph) -> Iterator[Finding]:
        """Yield what :meth:`rules` yields, and weights between two beads."""
        yield from self.rules(program)
        beads = self.limits["beads_per_unit"]
        for p in program.projections:
            off = p.weight * beads.value
            if not np.array_equal(off, np.rint(off)):
                yield WEIGHT_OFF_GRID.finding(where=f"{program.name}.{p.name}", limit=str(beads))

    def write(self, program: Graph, folder: Path) -> Mapping[str, Any]:
        """Write the program, which is a network, as one."""
        write_nir(program, folder / BEADS)
        return {"name": "abacus"}

    def read(self, folder: Path) -> Graph:
        """Read it back and check it."""
        program = read_nir(folder / BEADS)
        raise_errors(self.check(program))
        return program

    def simulate(
        self,
        program: Graph,
        spikes: NDArray[np.integer[Any]],
        *,
        record: Sequence[str] = ("spikes", "v"),
        threads: int | None = None,
    ) -> Traces:
        """Compute samples fast."""
        return interpret(program, spikes, record=record, threads=threads)

    def simulate_naive(self, program: Graph, spikes: NDArray[np.integer[Any]]) -> Traces:
        """Compute samples by the definition."""
        return interpret_reference(program, spikes)

    def rungs(self, graph: Graph, program: Graph) -> Sequence[LadderGraph]:
        """Give the trained network, and with the delays of the program."""
        delays = [
            replace(p, delay_s=q.delay_s) for p, q in zip(graph.projections, program.projections, strict=True)
        ]
        return (
            LadderGraph("float", "float, as trained", graph),
            LadderGraph("delays", "whole delays", replace(graph, projections=tuple(delays))),
        )

    def range_findings(
        self, program: Graph, spikes: NDArray[np.integer[Any]], where: str
    ) -> Iterator[Finding]:
        """Yield nothing: float64 holds every sum."""
        return iter(())

    def resources(self, program: Graph) -> Resources:
        """Count neurons and beads."""
        beads = self.limits["beads_per_unit"].value
        used = {
            population.name: {
                "neurons": float(population.size),
                "beads": float(sum(np.abs(p.weight).sum() for p in program.into(population.name)) * beads),
            }
            for population in program.populations
        }
        totals = {key: sum(one[key] for one in used.values()) for key in ("neurons", "beads")}
        return Resources(totals=totals, populations=used)
