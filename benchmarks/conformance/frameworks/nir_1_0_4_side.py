"""nir 1.0.4's side: it computes nothing, it reads a file or it does not."""

from __future__ import annotations

from importlib.metadata import version

import nir
import numpy as np
from side import Recorded, main


def read(path: str, spikes: np.ndarray) -> Recorded:
    """Read one of our files; there are no traces."""
    del spikes
    nir.read(path)
    return {}


if __name__ == "__main__":
    main({}, read, lambda: {"nir": version("nir")})
