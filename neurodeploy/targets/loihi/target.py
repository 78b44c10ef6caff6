"""Loihi as a target: rules, lowering, files, simulator and Lava, behind the one protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodeploy.shipped import path_of
from neurodeploy.targets.limits import Limit, Profile, read_profile
from neurodeploy.targets.loihi.chip import REQUIRED_LIMITS
from neurodeploy.targets.loihi.lava.runtime import Lava
from neurodeploy.targets.target import LadderGraph, Lowered, Parity, Resources, Runtime

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from neurodeploy.findings.finding import Finding
    from neurodeploy.graph.model import Graph
    from neurodeploy.passes.draft import AfterEach, Pass
    from neurodeploy.targets.integers import IntegerNetwork
    from neurodeploy.targets.loihi.program import FixedGraph
    from neurodeploy.targets.loihi.simulate.stream import Stream
    from neurodeploy.traces import Traces

DEFAULT = "loihi2"
"""The chip that ``--target loihi`` means."""

PROGRAM = "program.h5"
NETWORK = "network.net"


def loihi(profile: Profile | None = None) -> LoihiTarget:
    """Make the target of a chip; without a profile, of :data:`DEFAULT`.

    Raises
    ------
    NeurodeployError
        ND029: the profile lacks a limit that Loihi's code asks for.
    """
    profile = profile or read_profile(path_of("targets", DEFAULT))
    profile.require(REQUIRED_LIMITS)
    return LoihiTarget(name=profile.name, title=profile.title, limits=profile.limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoihiTarget:
    """One Loihi chip; see :class:`neurodeploy.targets.target.Target`.

    Attributes
    ----------
    name, title, limits
        From its target file.
    """

    name: str
    title: str
    limits: Mapping[str, Limit]

    def __repr__(self) -> str:
        runtimes = ", ".join(self.runtimes)
        return f"Target {self.name!r}: {self.title}, {len(self.limits)} limits, runs in {runtimes}"

    @property
    def files(self) -> tuple[str, ...]:
        """``program.h5``, and ``network.net`` where NetX can hold the program."""
        return (PROGRAM, NETWORK)

    @property
    def runtimes(self) -> Mapping[str, Runtime]:
        """Lava."""
        return {"lava": Lava()}

    @property
    def parity(self) -> Parity:
        """Bit for bit."""
        return Parity(v_tolerance=0.0, reason="both compute the same integers")

    def rules(self, graph: Graph) -> Iterator[Finding]:
        """See :func:`neurodeploy.targets.loihi.rules.graph_rules`."""
        from neurodeploy.targets.loihi.rules import graph_rules

        return graph_rules(graph, self.limits)

    def lower(
        self,
        graph: Graph,
        *,
        calibration: NDArray[np.uint8] | None = None,
        passes: Sequence[Pass] = (),
        after_each: AfterEach | None = None,
    ) -> Lowered[FixedGraph]:
        """See :func:`neurodeploy.targets.loihi.lower.row.lower`."""
        from neurodeploy.targets.loihi.lower.row import lower

        return lower(graph, self.limits, calibration=calibration, passes=passes, after_each=after_each)

    def check(self, program: FixedGraph) -> Iterator[Finding]:
        """See :func:`neurodeploy.targets.loihi.rules.rules`."""
        from neurodeploy.targets.loihi.rules import rules

        return rules(program, self.limits)

    def write(self, program: FixedGraph, folder: Path) -> Mapping[str, Any]:
        """Write ``program.h5`` and, where the format can hold the program, ``network.net``.

        Returns
        -------
        Mapping
            ``name``: the code that wrote it; ``netx``: whether network.net was written;
            ``netx_misfits``: why not.
        """
        from neurodeploy.targets.loihi.netx import netx_misfits, write_netx
        from neurodeploy.targets.loihi.program_file import write_program

        write_program(program, folder / PROGRAM)
        misfits = netx_misfits(program)
        if not misfits:
            write_netx(program, folder / NETWORK)
        return {"name": "loihi", "netx": not misfits, "netx_misfits": misfits}

    def read(self, folder: Path) -> FixedGraph:
        """See :func:`neurodeploy.targets.loihi.program_file.read_program`."""
        from neurodeploy.targets.loihi.program_file import read_program

        return read_program(folder / PROGRAM)

    def file_findings(self, program: FixedGraph, folder: Path) -> Sequence[Finding] | None:
        """Hold ``network.net`` against the program; None where NetX cannot hold it and there is no such file.

        See :func:`neurodeploy.targets.loihi.netx_read.network_findings`.
        """
        from neurodeploy.targets.loihi.netx import netx_misfits
        from neurodeploy.targets.loihi.netx_read import network_findings

        if not (folder / NETWORK).is_file() and netx_misfits(program):
            return None
        return list(network_findings(folder / NETWORK, program))

    def certify(self, graph: Graph, program: FixedGraph) -> Sequence[Finding]:
        """See :func:`neurodeploy.targets.loihi.certify.certificate.certificate`."""
        from neurodeploy.targets.loihi.certify.certificate import certificate

        return certificate(
            graph,
            program,
            vth_max=self.limits["vth_max"].value,
            mantissa_max=self.limits["bias_mantissa_max"].value,
        )

    def simulate(
        self,
        program: FixedGraph,
        spikes: NDArray[np.integer[Any]],
        *,
        record: Sequence[str] = ("spikes", "v"),
        threads: int | None = None,
    ) -> Traces:
        """See :func:`neurodeploy.targets.loihi.simulate.fast.simulate`."""
        from neurodeploy.targets.loihi.simulate.fast import simulate

        return simulate(program, spikes, record=record, threads=threads)

    def stream(self, program: FixedGraph) -> Stream:
        """See :class:`neurodeploy.targets.loihi.simulate.stream.Stream`."""
        from neurodeploy.targets.loihi.simulate.stream import Stream

        return Stream(program)

    def integers(self, program: FixedGraph) -> IntegerNetwork:
        """See :func:`neurodeploy.targets.loihi.meaning.integers`."""
        from neurodeploy.targets.loihi.meaning import integers

        return integers(program)

    def simulate_naive(self, program: FixedGraph, spikes: NDArray[np.integer[Any]]) -> Traces:
        """See :func:`neurodeploy.targets.loihi.simulate.naive.simulate_reference`."""
        from neurodeploy.targets.loihi.simulate.naive import simulate_reference

        return simulate_reference(program, spikes)

    def rungs(self, graph: Graph, program: FixedGraph) -> Sequence[LadderGraph]:
        """See :func:`neurodeploy.targets.loihi.decode.float_rungs`."""
        from neurodeploy.targets.loihi.decode import float_rungs

        return float_rungs(graph, program)

    def range_findings(
        self, program: FixedGraph, spikes: NDArray[np.integer[Any]], where: str
    ) -> Iterator[Finding]:
        """See :func:`neurodeploy.targets.loihi.ranges.range_findings`."""
        from neurodeploy.targets.loihi.ranges import range_findings

        return range_findings(program, spikes, where, self.limits)

    def resources(self, program: FixedGraph) -> Resources:
        """See :func:`neurodeploy.targets.loihi.resources.resources`."""
        from neurodeploy.targets.loihi.resources import resources

        return resources(program, self.limits)
