"""The program of a bundle: the one place where a bundle asks the target that made it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neurodeploy.bundle.manifest import Manifest
from neurodeploy.findings.codes_parity import UNKNOWN_RUNTIME
from neurodeploy.findings.finding import nearest


def target_files(manifest: Manifest) -> tuple[str, ...]:
    """Name the files that the bundle's target reads where they are there; none where it is not installed."""
    from neurodeploy.targets.loihi.target import NETWORK, PROGRAM
    from neurodeploy.targets.target import backend_names

    return (PROGRAM, NETWORK) if manifest.backend["name"] in backend_names() else ()


def read_program(folder: Path, manifest: Manifest) -> Any:
    """Read the target's own program; its type is the target's.

    Raises
    ------
    NeurodeployError
        ND427: nothing installed knows the bundle's target; else the target's findings.
    """
    from neurodeploy.targets.loihi.program_file import read_program as read
    from neurodeploy.targets.loihi.target import PROGRAM
    from neurodeploy.targets.target import backend_names

    name = manifest.backend["name"]
    if name not in (known := backend_names()):
        raise UNKNOWN_RUNTIME.error(
            where=str(folder),
            found=name,
            limit=", ".join(known),
            help=nearest(name, known) or "Install the package that brings it.",
        )
    return read(folder / PROGRAM)
