"""Lava as the Loihi backend runs it, in its own environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurodeploy.traces import Traces


class LoihiLava:
    """See :class:`neurodeploy.verify.lava.LavaRunner`."""

    def unavailable(self) -> str:
        """Say why Lava cannot run, or give an empty string."""
        from neurodeploy.targets.loihi.lava.environment import status

        found = status()
        return (
            "" if found.ready else f"Lava is not ready: {found.reason}; `neurodeploy lava install` makes it"
        )

    def run(self, bundle: Path, spikes: NDArray[np.uint8], progress: Callable[[str], None]) -> Traces:
        """Run the bundle in Lava: ND420, ND425 or ND426 with exit code 4 where it does not."""
        from neurodeploy.targets.loihi.lava.run import run_lava

        return run_lava(
            bundle,
            spikes,
            record=("spikes", "v"),
            progress=lambda done, total: progress(f"Lava, {done} of {total} samples"),
        )
