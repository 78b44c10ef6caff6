"""Lava as a runtime of the Loihi target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from neurodeploy.findings.finding import Finding
    from neurodeploy.traces import Traces


class Lava:
    """Lava in an environment of its own; see :class:`neurodeploy.targets.target.Runtime`."""

    name = "lava"

    def missing(self) -> Finding | None:
        """Say why Lava cannot run here; None where it can."""
        from neurodeploy.findings.codes_parity import NO_LAVA
        from neurodeploy.targets.loihi.lava.environment import status

        found = status()
        if found.ready:
            return None
        return NO_LAVA.finding(
            where="lava", found=found.reason, help="Run `neurodeploy lava install`, or leave --lava out."
        )

    def run(
        self,
        bundle: Path,
        spikes: NDArray[np.integer[Any]],
        *,
        record: Sequence[str] = ("spikes", "v"),
        timeout_s: float | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Traces:
        """See :func:`neurodeploy.targets.loihi.lava.run.run_lava`."""
        from neurodeploy.targets.loihi.lava.run import run_lava

        return run_lava(bundle, spikes, timeout_s=timeout_s, record=record, progress=progress)
