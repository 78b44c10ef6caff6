"""The Loihi backend: rules, NetX files and the Lava process graph, and runs in Lava."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from neurodeploy.findings.finding import Finding
    from neurodeploy.graph.model import Graph
    from neurodeploy.targets.limits import Target
    from neurodeploy.targets.loihi.program import FixedGraph
    from neurodeploy.traces import Traces

PROGRAM = "program.h5"
NETWORK = "network.net"


class LoihiBackend:
    """Compiles for Loihi and runs in Lava; see :class:`neurodeploy.targets.target.Backend`."""

    name = "loihi"

    def graph_rules(self, graph: Graph, target: Target) -> Iterator[Finding]:
        """See :func:`neurodeploy.targets.loihi.rules.graph_rules`."""
        from neurodeploy.targets.loihi.rules import graph_rules

        return graph_rules(graph, target)

    def rules(self, program: FixedGraph, target: Target) -> Iterator[Finding]:
        """See :func:`neurodeploy.targets.loihi.rules.rules`."""
        from neurodeploy.targets.loihi.rules import rules

        return rules(program, target)

    def compile(self, program: FixedGraph, folder: Path) -> dict[str, Any]:
        """Write ``program.h5`` and, where the format can hold the program, ``network.net``.

        Parameters
        ----------
        program
            A program without errors from :meth:`rules`.
        folder
            An existing folder.

        Returns
        -------
        dict
            ``netx``: whether network.net was written; ``netx_misfits``: why not.
        """
        from neurodeploy.targets.loihi.netx import netx_misfits, write_netx
        from neurodeploy.targets.loihi.program_file import write_program

        write_program(program, folder / PROGRAM)
        misfits = netx_misfits(program)
        if not misfits:
            write_netx(program, folder / NETWORK)
        return {"netx": not misfits, "netx_misfits": misfits}

    def run(
        self,
        bundle: Path,
        spikes: NDArray[np.integer[Any]],
        *,
        timeout_s: float | None = None,
        record: Sequence[str] = ("spikes", "v"),
        progress: Callable[[int, int], None] | None = None,
    ) -> Traces:
        """See :func:`neurodeploy.targets.loihi.lava.run.run_lava`."""
        from neurodeploy.targets.loihi.lava.run import run_lava

        return run_lava(bundle, spikes, timeout_s=timeout_s, record=record, progress=progress)


BACKEND = LoihiBackend()
