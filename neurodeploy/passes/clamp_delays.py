"""Move delays that a target cannot hold to the longest that it can."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurodeploy.findings.codes_usage import BAD_PASS
from neurodeploy.passes.draft import Draft
from neurodeploy.units import steps_to_delay


@dataclass(frozen=True, slots=True, kw_only=True)
class ClampDelays:
    """Shorten every delay above ``max_steps`` to it; what that costs is a rung of nobody's ladder but yours.

    Attributes
    ----------
    max_steps
        The longest delay that stays, in whole steps, at least 1.
    """

    max_steps: int = 62

    name = "clamp_delays"
    title = "delays moved to the longest that fits"

    def __post_init__(self) -> None:
        if self.max_steps < 1:
            raise BAD_PASS.error(
                where=f"{self.name}: max_steps",
                found=str(self.max_steps),
                limit="at least 1",
                help="Give the number of steps that the target holds.",
            )

    def __call__(self, draft: Draft[Any], /) -> Draft[Any]:
        """Give the draft with the shortened delays; delays up to the limit keep their very numbers."""
        dt_s = draft.graph.dt_s
        longest = float(steps_to_delay(self.max_steps, dt_s))
        projections = tuple(
            p.with_values(
                delay_s=np.where(p.synapses(dt_s).delay_steps > self.max_steps, longest, p.listed.delay_s)
            )
            for p in draft.graph.projections
        )
        return draft.with_graph(replace(draft.graph, projections=projections))
