"""Which extra brings a package that a plain install does not have."""

from __future__ import annotations

import sys

from neurodeploy.findings.codes_usage import PACKAGE_MISSING
from neurodeploy.findings.finding import NeurodeployError

EXTRA_OF: dict[str, str] = {
    "matplotlib": "plot",
    "norse": "train",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "ray": "sweep",
    "safetensors": "train",
    "scipy": "train",
    "tensorboard": "train",
    "tonic": "train",
    "torch": "train",
    "uv": "lava",
}
"""Extra by the module that is imported; a test holds it against ``pyproject.toml``."""


def package_missing(error: ModuleNotFoundError) -> NeurodeployError:
    """Give the finding ND082 for a package that could not be imported: which extra brings it."""
    module = (error.name or "").partition(".")[0]
    extra = EXTRA_OF.get(module)
    fix = (
        f"Install the extra that brings it: pip install 'neurodeploy[{extra}]'."
        if extra
        else "Install neurodeploy again: pip install --force-reinstall neurodeploy."
    )
    return PACKAGE_MISSING.error(
        where=f"python {sys.version_info.major}.{sys.version_info.minor}",
        found=f"no module {error.name!r}",
        help=fix,
    )
