"""A network together with what it was seen to do where it was trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.samples import Samples
from neurodeploy.findings.printable import printable
from neurodeploy.graph.model import Graph
from neurodeploy.traces import Traces


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """A network, samples, and traces that something else than this library computed.

    Attributes
    ----------
    graph
        What was read.
    samples
        What it is calibrated and measured on.
    spikes
        uint8 ``[sample, step, source]``: the inputs of the traces.
    traces
        Spikes of every population of the graph, and v where it was recorded.
    witness
        Who computed the traces, as ``your module (norse 1.1.0), float64``.
    facts
        What else is known, ready for JSON.
    """

    graph: Graph
    samples: Samples
    spikes: NDArray[np.uint8]
    traces: Traces
    witness: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Give the network, and in one more line who was seen to compute it."""
        seen = printable(f"  seen     {len(self.spikes)} samples by {self.witness}")
        return f"{self.graph!r}\n{seen}"
