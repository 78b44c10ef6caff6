"""What the library's functions take: paths as text or Path, and objects in place of paths."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from neurodeploy.bundle.bundle import Bundle, open_bundle
from neurodeploy.bundle.layout import MANIFEST
from neurodeploy.data.samples import Samples
from neurodeploy.files.paths import existing
from neurodeploy.findings.codes_program import WITHOUT_EFFECT
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.lowering import canonical
from neurodeploy.graph.model import Graph
from neurodeploy.runs.run import Run
from neurodeploy.targets.registry import load_target
from neurodeploy.targets.target import Target

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from neurodeploy.frameworks.read_module import Module

PathLike: TypeAlias = str | Path
Network: TypeAlias = "Graph | Run | Bundle | PathLike"
Spikes: TypeAlias = "NDArray[np.generic] | Samples | PathLike"


def opened(source: Network) -> Graph | Run | Bundle | Path:
    """Open what a path stands for: a bundle or a run where it is a folder, else a NIR file, still to read."""
    if isinstance(source, Graph | Run | Bundle):
        return source
    path = existing(source)
    if not path.is_dir():
        return path
    return open_bundle(path) if (path / MANIFEST).is_file() else Run.open(path)


def is_module(source: object) -> TypeGuard[Module]:
    """Say whether something is a torch module, without loading torch where nobody has."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(source, torch.nn.Module)


def bundle_of(source: Bundle | PathLike) -> Bundle:
    """Give a bundle, opened where it is a path."""
    return source if isinstance(source, Bundle) else open_bundle(existing(source))


def graph_of(
    source: Network,
    *,
    dt_s: float | None = None,
    dialect: str | None = None,
    input_max: int | None = None,
) -> Graph:
    """Give the float network of anything that has one, in its canonical form."""
    found = opened(source)
    if not isinstance(found, Path):
        if input_max is not None:
            raise without_effect("input_max", f"a {type(found).__name__}", "It knows what it takes.")
        if dt_s is not None:
            raise without_effect("dt_s", f"a {type(found).__name__}", "It knows how long its steps are.")
        if dialect is not None:
            raise without_effect("dialect", f"a {type(found).__name__}", "Only NIR files have dialects.")
        if isinstance(found, Bundle):
            return canonical(found.graph)
        if isinstance(found, Graph):
            return canonical(found)
        from neurodeploy.training.to_graph import load_run

        return canonical(load_run(found.path).graph)
    from neurodeploy.nir.read import read_nir

    return canonical(read_nir(found, dt_s=dt_s, dialect=dialect, input_max=input_max))


def target_of(target: Target[Any] | PathLike) -> Target[Any]:
    """Give a target by name, file or itself."""
    return load_target(target) if isinstance(target, str | Path) else target


def spikes_for(network: Graph | Bundle, spikes: Spikes) -> NDArray[np.uint8]:
    """Give input spikes that a network takes, checked; ND010, ND011 or ND015 where it does not."""
    graph = network.manifest if isinstance(network, Bundle) else network
    size, maximum = graph.input_size, graph.input_max
    if isinstance(spikes, str | Path):
        return Samples.from_npz(existing(spikes), size=size, maximum=maximum).spikes
    array: Any = spikes.spikes if isinstance(spikes, Samples) else spikes
    return Samples(array, size=size, maximum=maximum).spikes


def without_effect(option: str, found: str, help: str) -> NeurodeployError:
    """Give ND096 for an option that would change nothing."""
    return WITHOUT_EFFECT.error(where=option, found=f"given with {found}", help=help)
