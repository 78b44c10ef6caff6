"""What a target is: a row of stages from a Graph to a program, its files, simulator and runtimes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from neurodeploy.findings.finding import Finding
    from neurodeploy.graph.model import Graph
    from neurodeploy.passes.draft import AfterEach, Pass
    from neurodeploy.targets.limits import Limit
    from neurodeploy.traces import Traces

P = TypeVar("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How closely a runtime must agree with the target's own simulator.

    Attributes
    ----------
    v_tolerance
        0: every v is equal, bit for bit. Above: times ``max(1, |v|)``. Spikes are always equal.
    reason
        Why exactly this.
    """

    v_tolerance: float
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Lowered(Generic[P]):
    """What lowering gives.

    Attributes
    ----------
    program
        What the target runs.
    findings
        Notes and warnings: rounded delays, clipped weights, grouped taus.
    facts
        The same as numbers, ready for JSON, for the manifest.
    latency_steps
        How many steps later than in the Graph each population runs.
    """

    program: P
    findings: tuple[Finding, ...]
    facts: dict[str, Any]
    latency_steps: Mapping[str, int]

    def __repr__(self) -> str:
        late = ", ".join(f"{name} {steps}" for name, steps in list(self.latency_steps.items())[:6])
        return (
            f"Lowered({type(self.program).__name__}, {len(self.findings)} findings, latency {late or 'none'})"
        )


@dataclass(frozen=True, slots=True, eq=False)
class LadderGraph:
    """One float network between the trained one and the program.

    Attributes
    ----------
    key, title
        Which roundings are on: this one and those of all before it.
    graph
        With the numbers that the integers stand for.
    """

    key: str
    title: str
    graph: Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What a program takes of its target, ready for JSON.

    Attributes
    ----------
    totals
        By name; each name says its unit.
    populations
        The same for each population.
    note
        What the numbers leave out.
    """

    totals: Mapping[str, float]
    populations: Mapping[str, Mapping[str, float]]
    note: str = ""


@runtime_checkable
class Runtime(Protocol):
    """Software that runs what a bundle holds and that is not ours: the chip's own, or another interpreter."""

    @property
    def name(self) -> str:
        """Name, as in ``run --backend``."""

    def missing(self) -> Finding | None:
        """Say why it cannot run here; None where it can."""

    def run(
        self,
        bundle: Path,
        spikes: NDArray[np.integer[Any]],
        *,
        record: Sequence[str] = ("spikes", "v"),
        timeout_s: float | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Traces:
        """Run ``[sample, step, source]`` input; traces are aligned: latencies are removed.

        ``progress`` is called with (samples done, samples). NeurodeployError with exit code 4 where it breaks
        off.
        """


@runtime_checkable
class ChecksFiles(Protocol):
    """A target that writes a file of its own for the chip's software, and can read it back to check it."""

    def file_findings(self, program: Any, folder: Path) -> Sequence[Finding] | None:
        """Give every place where that file does not hold the program; None where there is none to hold it.

        The reader shares no code with the writer.
        """


@runtime_checkable
class WritesFloat(Protocol):
    """A target that can write the trained network in floats beside its program."""

    def write_float(self, graph: Graph, folder: Path, spikes: NDArray[np.integer[Any]]) -> Mapping[str, Any]:
        """Write it, run it on samples, hold it against the float interpreter; facts for the manifest.

        NeurodeployError where the two differ.
        """


@runtime_checkable
class Certifies(Protocol):
    """A target that can say, without running anything, whether a program is a rounding of a network."""

    def certify(self, graph: Graph, program: Any) -> Sequence[Finding]:
        """Give every number of the program that no legal rounding gives, with where, found and wanted.

        It shares no code with :meth:`Target.lower`.
        """


@runtime_checkable
class Target(Protocol[P]):
    """A chip or a runtime that networks are compiled for; ``P`` is its own type of program.

    A plug-in registers, in the entry point group ``neurodeploy.targets``, a function that takes a
    :class:`~neurodeploy.targets.limits.Profile` (what a target file says) or None and gives such an object.
    """

    @property
    def name(self) -> str:
        """Name, as in ``--target`` and in a bundle's manifest."""

    @property
    def title(self) -> str:
        """What it is, for people."""

    @property
    def limits(self) -> Mapping[str, Limit]:
        """Every number that a program is held against, with its source."""

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that :meth:`write` may write."""

    @property
    def runtimes(self) -> Mapping[str, Runtime]:
        """What can run its bundles besides our simulator, by name."""

    @property
    def parity(self) -> Parity:
        """How closely a runtime must agree with :meth:`simulate`."""

    def rules(self, graph: Graph) -> Iterator[Finding]:
        """Yield what can be said of a float network before it is lowered (ND2xx)."""

    def lower(
        self,
        graph: Graph,
        *,
        calibration: NDArray[np.uint8] | None = None,
        passes: Sequence[Pass] = (),
        after_each: AfterEach | None = None,
    ) -> Lowered[P]:
        """Turn a network into a program; ``passes`` run first, ``calibration`` is input to look at."""

    def check(self, program: P) -> Iterator[Finding]:
        """Yield every reason why a program does not fit (ND2xx); whoever reads one asks."""

    def write(self, program: P, folder: Path) -> Mapping[str, Any]:
        """Write the program's files into an existing folder; give facts for the manifest, ready for JSON."""

    def read(self, folder: Path) -> P:
        """Read what :meth:`write` wrote, and check all of it."""

    def simulate(
        self,
        program: P,
        spikes: NDArray[np.integer[Any]],
        *,
        record: Sequence[str] = ("spikes", "v"),
        threads: int | None = None,
    ) -> Traces:
        """Compute samples fast, exactly as :meth:`simulate_naive` does."""

    def simulate_naive(self, program: P, spikes: NDArray[np.integer[Any]]) -> Traces:
        """Compute samples by the readable definition."""

    def rungs(self, graph: Graph, program: P) -> Sequence[LadderGraph]:
        """Decode a program into the float networks between it and ``graph``, the trained one first."""

    def range_findings(self, program: P, spikes: NDArray[np.integer[Any]], where: str) -> Iterator[Finding]:
        """Run samples and yield what they drive beyond what the target holds (sums, readouts)."""

    def resources(self, program: P) -> Resources:
        """Count what a program takes."""
