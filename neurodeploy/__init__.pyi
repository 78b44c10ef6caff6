"""The library as type checkers see it; what is loaded when is in ``__init__.py``."""

from neurodeploy import nn, plot
from neurodeploy.api.bundles import accuracy, open_bundle, run, simulate, verify
from neurodeploy.api.exports import export
from neurodeploy.api.modules import from_module
from neurodeploy.api.networks import (
    check,
    load_recipe,
    load_samples,
    load_target,
    lower,
    read_nir,
    write_nir,
)
from neurodeploy.api.trainings import open_run, sweep, train
from neurodeploy.bundle.bundle import Bundle
from neurodeploy.data.samples import Samples
from neurodeploy.findings.finding import Finding, NeurodeployError
from neurodeploy.graph.model import Graph, NeuronModel, Population, Projection, Readout
from neurodeploy.graph.observed import Observed
from neurodeploy.recipe import Recipe
from neurodeploy.runs.run import Run
from neurodeploy.targets.limits import Limit
from neurodeploy.targets.target import Target
from neurodeploy.traces import Traces
from neurodeploy.verify.verification import Verification

__version__: str

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
