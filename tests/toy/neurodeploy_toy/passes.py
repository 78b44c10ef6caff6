"""A pass: synapses that hardly count are taken away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurodeploy.passes.draft import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class DropWeak:
    """Set weights to 0 whose size is below ``share`` of the largest of their projection.

    Attributes
    ----------
    share
        Between 0, which drops nothing, and 1.
    """

    share: float = 0.1

    name = "drop_weak"
    title = "weak synapses dropped"

    def __call__(self, draft: Draft[Any], /) -> Draft[Any]:
        """Give the draft with fewer synapses."""
        projections = tuple(
            replace(p, weight=np.where(np.abs(p.weight) < self.share * np.abs(p.weight).max(), 0.0, p.weight))
            for p in draft.graph.projections
        )
        return draft.with_graph(replace(draft.graph, projections=projections))
