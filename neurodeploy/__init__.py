"""Train delayed spiking networks, deploy them to neuromorphic chips, and prove the deployment equal.

``import neurodeploy as nd`` loads nothing but this file; a name loads what it needs when it is first used.
``__init__.pyi`` says the same to type checkers.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"

__all__ = [
    "Bundle",
    "Finding",
    "Graph",
    "Limit",
    "NeurodeployError",
    "NeuronModel",
    "Observed",
    "Population",
    "Projection",
    "Readout",
    "Recipe",
    "Run",
    "Samples",
    "Target",
    "Traces",
    "Verification",
    "accuracy",
    "check",
    "export",
    "from_module",
    "load_recipe",
    "load_samples",
    "load_target",
    "lower",
    "nn",
    "open_bundle",
    "open_run",
    "plot",
    "read_nir",
    "run",
    "simulate",
    "sweep",
    "train",
    "verify",
    "write_nir",
]

_HOME = {
    "api.bundles": ("accuracy", "open_bundle", "run", "simulate", "verify"),
    "api.exports": ("export",),
    "api.modules": ("from_module",),
    "api.networks": (
        "check",
        "load_recipe",
        "load_samples",
        "load_target",
        "lower",
        "read_nir",
        "write_nir",
    ),
    "api.trainings": ("open_run", "sweep", "train"),
    "bundle.bundle": ("Bundle",),
    "data.samples": ("Samples",),
    "findings.finding": ("Finding", "NeurodeployError"),
    "graph.model": ("Graph", "NeuronModel", "Population", "Projection", "Readout"),
    "graph.observed": ("Observed",),
    "recipe": ("Recipe",),
    "runs.run": ("Run",),
    "targets.limits": ("Limit",),
    "targets.target": ("Target",),
    "traces": ("Traces",),
    "verify.verification": ("Verification",),
}
_MODULE_OF = {name: f"{__name__}.{module}" for module, names in _HOME.items() for name in names}
_ROOMS = ("nn", "plot")


def __getattr__(name: str) -> object:
    """Load a name of the library when it is first used (PEP 562)."""
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    setattr(sys.modules[__name__], name, value)
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, "__version__"})


class _Library(ModuleType):
    """The package, in which a name is a function although a room has it too.

    Importing ``neurodeploy.verify.gates`` makes Python set ``neurodeploy.verify`` to the room. Whoever
    imports from a room names it in full (``from neurodeploy.verify.gates import Check``), which does not go
    by this attribute; ``nd.verify`` is the function, whatever was imported before.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _MODULE_OF or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Library
