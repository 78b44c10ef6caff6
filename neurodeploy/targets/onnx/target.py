"""ONNX as a target: a chip's program, and beside it the same integers as ONNX files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodeploy.files import sha256
from neurodeploy.findings.codes_program import TOO_WIDE_FOR_RUNTIME
from neurodeploy.targets.integers import GivesIntegers, IntegerNetwork
from neurodeploy.targets.limits import Limit, Profile
from neurodeploy.targets.onnx.float_file import write_float
from neurodeploy.targets.onnx.in_onnxruntime import SEQUENCE, OnnxRuntime
from neurodeploy.targets.onnx.neuron_step import BEFORE, FLOAT64, INT32, INT64, Cell, cells
from neurodeploy.targets.onnx.operators import Operators
from neurodeploy.targets.onnx.sequences import sequence_graph, step_graph
from neurodeploy.targets.onnx.write_onnx import IR, OPSET, require_onnx, write_onnx
from neurodeploy.targets.registry import DEFAULT_TARGET, load_target
from neurodeploy.targets.target import (
    Certifies,
    ChecksFiles,
    LadderGraph,
    Lowered,
    Parity,
    Resources,
    Runtime,
    Target,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodeploy.findings.finding import Finding
    from neurodeploy.graph.model import Graph
    from neurodeploy.passes.draft import AfterEach, Pass
    from neurodeploy.traces import Traces

STEP, FLOAT = "step.onnx", "float.onnx"
PROCESSOR = "onnxruntime 1.32.0, CPU execution provider"
ON = "2026-11-24, run"
OWN = {
    "float_bits": Limit(
        name="float_bits", value=64, unit="bits of the widest float", source=PROCESSOR, verified_on=ON
    ),
    "integer_bits": Limit(
        name="integer_bits", value=64, unit="bits of the widest integer", source=PROCESSOR, verified_on=ON
    ),
}
"""What a runtime can compute with; a target file of ``backend = "onnx"`` may say less."""


def onnx(profile: Profile | None = None) -> OnnxTarget:
    """Make the target around the default chip; a target file may change the limits of either."""
    chip = load_target(DEFAULT_TARGET)
    if profile is None:
        name, title, given = "onnx", "ONNX files of the integers of a chip", {}
    else:
        name, title, given = profile.name, profile.title, dict(profile.limits)
    limits = {**chip.limits, **OWN, **given}
    return OnnxTarget(name=name, title=title, limits=limits, chip=_limited(chip, limits))


def _limited(chip: Target[Any], limits: Mapping[str, Limit]) -> Target[Any]:
    """Give the chip with those of the limits that it asks for."""
    own = {key: limits[key] for key in chip.limits}
    return chip if own == dict(chip.limits) else replace(chip, limits=own)  # type: ignore[type-var]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxTarget:
    """See :class:`neurodeploy.targets.target.Target`; everything but the ONNX files is the chip's.

    Attributes
    ----------
    name, title, limits
        The chip's limits, and :data:`OWN`.
    chip
        Who lowers, checks, writes and simulates the program.
    """

    name: str
    title: str
    limits: Mapping[str, Limit]
    chip: Target[Any] = field(repr=False)

    def __repr__(self) -> str:
        runtimes = ", ".join(self.runtimes)
        return f"Target {self.name!r}: {self.title}, around {self.chip.name!r}, runs in {runtimes}"

    @property
    def files(self) -> tuple[str, ...]:
        """The chip's, ``step.onnx``, ``sequence.onnx`` and, where asked for, ``float.onnx``."""
        return (*self.chip.files, STEP, SEQUENCE, FLOAT)

    @property
    def runtimes(self) -> Mapping[str, Runtime]:
        """Onnxruntime; and what runs the chip's own files, which the bundle has too."""
        return {OnnxRuntime.name: OnnxRuntime(), **self.chip.runtimes}

    @property
    def parity(self) -> Parity:
        """Bit for bit."""
        return Parity(v_tolerance=0.0, reason="both compute the same integers")

    @property
    def decay(self) -> str:
        """How decays are computed: with what the runtime has."""
        if self.limits["float_bits"].value >= 64:
            return FLOAT64
        return INT64 if self.limits["integer_bits"].value >= 64 else INT32

    def rules(self, graph: Graph) -> Iterator[Finding]:
        """Yield what the chip's rules yield."""
        yield from self.chip.rules(graph)

    def lower(
        self,
        graph: Graph,
        *,
        calibration: NDArray[np.uint8] | None = None,
        passes: Sequence[Pass] = (),
        after_each: AfterEach | None = None,
    ) -> Lowered[Any]:
        """Lower as for the chip; ND430 (exit code 4) at once where the files could not be written."""
        require_onnx()
        return self.chip.lower(graph, calibration=calibration, passes=passes, after_each=after_each)

    def check(self, program: Any) -> Iterator[Finding]:
        """Yield what the chip's rules yield, and ND240 for sums that the runtime's integers cannot hold."""
        yield from self.chip.check(program)
        integer_bits = self.limits["integer_bits"]
        if integer_bits.value >= 64:
            return
        for cell in cells(self._integers(program)):
            if cell.whole is not np.int32:
                yield TOO_WIDE_FOR_RUNTIME.finding(
                    where=cell.neurons.name,
                    found="a sum that may leave 32 bits",
                    limit=str(integer_bits),
                    help="Lower the input's maximum or the weight exponents, or use a runtime with 64 bits.",
                )

    def write(self, program: Any, folder: Path) -> Mapping[str, Any]:
        """Write the chip's files, ``step.onnx`` and ``sequence.onnx``.

        Returns
        -------
        Mapping
            The chip's facts; under ``onnx`` the opset, the format's version, how decays are computed, and
            what the two files hold.
        """
        facts = dict(self.chip.write(program, folder))
        network = self._integers(program)
        told, fit = self._metadata(network, folder), {}
        for path, ops, more in self._graphs(network):
            write_onnx(ops, folder / path, name=network.name, facts={**told, **more})
            fit[path] = {
                "bytes": (folder / path).stat().st_size,
                "operators": ops.n_operators,
                "kinds": sorted(ops.kinds),
            }
        return {**facts, "onnx": {"opset": OPSET, "ir_version": IR, "decay": self.decay, "files": fit}}

    def write_float(self, graph: Graph, folder: Path, spikes: NDArray[np.integer[Any]]) -> Mapping[str, Any]:
        """Write the trained network in float64 as ``float.onnx``; see ``float_network``.

        Returns
        -------
        Mapping
            File, bytes and operators, how many samples were compared, and how far v was apart at most.

        Raises
        ------
        NeurodeployError
            ND241 (exit code 3) a neuron model without a form; ND430 (exit code 4) onnx or onnxruntime is not
            installed; ND431 it does not compute what the float interpreter does.
        """
        return write_float(graph, folder, spikes, name=FLOAT)

    def read(self, folder: Path) -> Any:
        """Read the chip's program; the ONNX files are held against it by :meth:`file_findings`."""
        return self.chip.read(folder)

    def file_findings(self, program: Any, folder: Path) -> Sequence[Finding] | None:
        """Hold both ONNX files and the chip's own against the program, without the package onnx."""
        from neurodeploy.targets.onnx.read.onnx_read import onnx_findings

        found = list(onnx_findings(folder, self._integers(program), names=(STEP, SEQUENCE)))
        chips = self.chip.file_findings(program, folder) if isinstance(self.chip, ChecksFiles) else None
        return [*found, *(chips or ())]

    def certify(self, graph: Graph, program: Any) -> Sequence[Finding]:
        """Give what the chip's certificate gives."""
        assert isinstance(self.chip, Certifies), "the default chip certifies its programs"
        return self.chip.certify(graph, program)

    def simulate(
        self,
        program: Any,
        spikes: NDArray[np.integer[Any]],
        *,
        record: Sequence[str] = ("spikes", "v"),
        threads: int | None = None,
    ) -> Traces:
        """Compute samples as the chip's simulator does."""
        return self.chip.simulate(program, spikes, record=record, threads=threads)

    def stream(self, program: Any) -> Any:
        """Start a sample that comes in step by step, in the chip's simulator."""
        return self.chip.stream(program)  # type: ignore[attr-defined]

    def simulate_naive(self, program: Any, spikes: NDArray[np.integer[Any]]) -> Traces:
        """Compute samples by the chip's definition."""
        return self.chip.simulate_naive(program, spikes)

    def rungs(self, graph: Graph, program: Any) -> Sequence[LadderGraph]:
        """Decode the chip's program."""
        return self.chip.rungs(graph, program)

    def range_findings(self, program: Any, spikes: NDArray[np.integer[Any]], where: str) -> Iterator[Finding]:
        """Yield what the chip's registers could not hold."""
        return self.chip.range_findings(program, spikes, where)

    def resources(self, program: Any) -> Resources:
        """Count bytes of constants and operators of ``step.onnx``, and what the chip would take."""
        network = self._integers(program)
        chips = self.chip.resources(program)
        parts = cells(network)
        ops = step_graph(network, parts, decay=self.decay, real=self._real)
        mine = {
            cell.neurons.name: {
                "onnx_product_bytes": float(
                    sum(p.weight.nbytes + p.zero_point.nbytes for p in cell.products)
                ),
                "onnx_state_bytes": float(
                    sum(np.dtype(dtype).itemsize * int(np.prod(shape)) for _, dtype, shape in cell.states())
                ),
            }
            for cell in parts
        }
        totals = {
            "onnx_bytes": ops.n_bytes,
            "onnx_operators": ops.n_operators,
            "onnx_state_bytes": sum(one["onnx_state_bytes"] for one in mine.values()),
            "onnx_opset": OPSET,
        }
        return Resources(
            totals={**chips.totals, **totals},
            populations={name: {**one, **mine.get(name, {})} for name, one in chips.populations.items()},
            note=f"{chips.note}; ONNX: constants of one step, names and nodes come on top",
        )

    @property
    def _real(self) -> type:
        return np.float64 if self.limits["float_bits"].value >= 64 else np.float32

    def _integers(self, program: Any) -> IntegerNetwork:
        assert isinstance(self.chip, GivesIntegers), "the default chip says its programs in plain integers"
        return self.chip.integers(program)

    def _graphs(self, network: IntegerNetwork) -> Iterator[tuple[str, Operators, dict[str, str]]]:
        parts = cells(network)
        yield (
            STEP,
            step_graph(network, parts, decay=self.decay, real=self._real),
            {"initial": json.dumps(_initial(parts))},
        )
        yield SEQUENCE, sequence_graph(network, parts, decay=self.decay, real=self._real), {}

    def _metadata(self, network: IntegerNetwork, folder: Path) -> dict[str, str]:
        """Give what a file says of itself: every value is text, those of tables are JSON."""
        tables = {
            "latency_steps": {n.name: n.latency_steps for n in network.neurons},
            "scale": {n.name: _one_or_all(n.scale) for n in network.neurons},
            "origin": {n.name: _one_or_all(n.origin) for n in network.neurons},
            "readout": None
            if network.readout is None
            else {"population": network.readout.population, "score": network.readout.score},
            "sha256": {name: sha256(folder / name) for name in self.chip.files if (folder / name).is_file()},
        }
        return {
            "dt_s": repr(network.dt_s),
            "input_size": str(network.input_size),
            "input_max": str(network.input_max),
            "decay": self.decay,
            **{key: json.dumps(value) for key, value in tables.items()},
        }


def _one_or_all(values: NDArray[Any]) -> Any:
    """Give one number where all are equal, else all of them."""
    return values[0].item() if (values == values[0]).all() else values.tolist()


def _initial(parts: Sequence[Cell]) -> dict[str, Any]:
    """Give the states that do not start at 0: the number of each neuron, by the input's name."""
    return {
        f"{BEFORE}{cell.held}": _one_or_all(cell.neurons.initial)
        for cell in parts
        if cell.neurons.initial.any()
    }
