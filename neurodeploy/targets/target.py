"""Backends: compile a program for a target and run it there; found through entry points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from neurodeploy.findings.codes_parity import PLUGIN_BROKEN, UNKNOWN_RUNTIME
from neurodeploy.findings.finding import Finding, NeurodeployError, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from neurodeploy.graph.model import Graph
    from neurodeploy.targets.limits import Target
    from neurodeploy.targets.loihi.program import FixedGraph
    from neurodeploy.traces import Traces

GROUP = "neurodeploy.targets"
_OWN = {"loihi": "neurodeploy.targets.loihi.target:BACKEND"}  # also where the package is not installed


@runtime_checkable
class Backend(Protocol):
    """What a backend gives; a plug-in registers an object of this shape under the entry point group."""

    @property
    def name(self) -> str:
        """Name, as in a target's ``backend``."""

    def graph_rules(self, graph: Graph, target: Target) -> Iterator[Finding]:
        """Yield what can be said of a float network before it is quantised (ND2xx)."""

    def rules(self, program: FixedGraph, target: Target) -> Iterator[Finding]:
        """Yield every reason why a program does not fit the target (ND2xx)."""

    def compile(self, program: FixedGraph, folder: Path) -> dict[str, Any]:
        """Write what the chip's software reads into a folder; give facts for the manifest."""

    def run(
        self,
        bundle: Path,
        spikes: NDArray[np.integer[Any]],
        *,
        timeout_s: float | None = None,
        record: Sequence[str] = ("spikes", "v"),
        progress: Callable[[int, int], None] | None = None,
    ) -> Traces:
        """Run a bundle in the chip's own software, aligned like every other trace."""


def _entries() -> dict[str, EntryPoint]:
    own = {name: EntryPoint(name, value, GROUP) for name, value in _OWN.items()}
    return {**own, **{entry.name: entry for entry in entry_points(group=GROUP)}}


def backend_names() -> list[str]:
    """List the backends, sorted, without importing any."""
    return sorted(_entries())


def load_backend(name: str) -> Backend:
    """Import a backend.

    Raises
    ------
    NeurodeployError
        ND427 there is none of that name; ND424 with exit code 4: it is there and cannot be loaded.
    """
    entries = _entries()
    if name not in entries:
        raise UNKNOWN_RUNTIME.error(
            where=name,
            limit=", ".join(sorted(entries)),
            help=nearest(name, entries) or "Install the package that brings it.",
        )
    try:
        backend = entries[name].load()
    except Exception as error:
        raise _unusable(entries[name], f"{type(error).__name__}: {error}") from error
    if not isinstance(backend, Backend):
        raise _unusable(entries[name], f"{type(backend).__name__} is not a Backend")
    return backend


def _unusable(entry: EntryPoint, found: str) -> NeurodeployError:
    return PLUGIN_BROKEN.error(
        where=f"{entry.name} = {entry.value}",
        found=found.splitlines()[0],
        limit=f"an object with the methods of {GROUP}.Backend",
        help="Repair or remove the package that brings it.",
    )
