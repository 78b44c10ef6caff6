"""A bundle: a folder whose files are what its manifest says, opened once and read when asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodeploy.bundle.golden import Expected, Golden, load_golden
from neurodeploy.bundle.hashes import check_files, check_unlisted
from neurodeploy.bundle.layout import GOLDEN, MANIFEST, MODEL, SAMPLES
from neurodeploy.bundle.live import BundleStream
from neurodeploy.bundle.manifest import Manifest, refused
from neurodeploy.bundle.manifest_file import read_manifest
from neurodeploy.data.samples import Samples, load_samples
from neurodeploy.findings.codes_parity import NO_STREAM
from neurodeploy.findings.finding import Finding, raise_errors
from neurodeploy.findings.printable import printable
from neurodeploy.targets.registry import TARGET_FILE, target_of

if TYPE_CHECKING:
    from neurodeploy.graph.model import Graph
    from neurodeploy.targets.target import Target


@dataclass(frozen=True, eq=False, repr=False)
class Bundle:
    """What ``neurodeploy export`` wrote; make one with :func:`open_bundle`.

    Attributes
    ----------
    path
        The folder.
    manifest
        What it says of itself.
    findings
        Notes on the folder: files that are no part of the bundle.
    """

    path: Path
    manifest: Manifest
    findings: tuple[Finding, ...] = ()

    @cached_property
    def graph(self) -> Graph:
        """The float network, in seconds; ND009 where the manifest says something else of it."""
        from neurodeploy.nir.read import read_nir

        graph = read_nir(self.path / MODEL)
        self._agrees(MODEL, graph)
        return graph

    @cached_property
    def target(self) -> Target[Any]:
        """What the bundle was made for; ND027 where nothing installed knows it."""
        return target_of(self.path, self.manifest.target)

    @cached_property
    def program(self) -> Any:
        """The target's integer program, in the target's own type; ND009 as for :attr:`graph`.

        ND2xx (exit code 3) where it breaks a rule of the target: rules hold for every program that is read,
        not only for those that are made.
        """
        program = self.target.read(self.path)
        self._agrees("the program", program)
        raise_errors(self.target.check(program))
        return program

    @cached_property
    def samples(self) -> Mapping[str, Samples]:
        """Sets of samples by name; ND010 to ND015 where the network cannot take them."""
        return load_samples(
            self.path / SAMPLES,
            size=self.manifest.input_size,
            maximum=self.manifest.input_max,
            n_classes=self.n_classes,
        )

    @cached_property
    def n_classes(self) -> int | None:
        """How many classes the readout tells apart; None without one."""
        readout = self.graph.readout
        return None if readout is None else self.graph.population(readout.population).size

    @cached_property
    def golden(self) -> Golden:
        """A few inputs, and what the trained network and the integers did with them at export.

        ND043 where they are not what this network would give: other populations, sizes or inputs, or no
        trained traces although the bundle was made from a run, a module or a network with traces.
        """
        sizes = {population.name: population.size for population in self.graph.populations}
        manifest = self.manifest
        trained = manifest.recipe is not None or manifest.witness is not None
        expected = Expected(manifest.input_size, manifest.input_max, sizes, trained=trained)
        return load_golden(self.path / GOLDEN, expected=expected)

    def stream(self) -> BundleStream:
        """Start a sample that comes in step by step, in the target's integers.

        Raises
        ------
        NeurodeployError
            ND428: the target cannot run step by step.
        """
        stream = getattr(self.target, "stream", None)
        if stream is None:
            raise NO_STREAM.error(
                where=self.manifest.target, help="Run whole samples with nd.simulate or `neurodeploy run`."
            )
        return BundleStream(
            stream(self.program),
            self.program,
            latency_steps=self.manifest.latency_steps,
            readout=self.manifest.readout,
            input_size=self.manifest.input_size,
        )

    def __repr__(self) -> str:
        manifest = self.manifest
        sets = ", ".join(f"{name} {n}" for name, n in list(manifest.samples.items())[:6])
        late = ", ".join(f"{name} {n}" for name, n in list(manifest.latency_steps.items())[:6])
        read = manifest.readout
        lines = [
            f"Bundle {str(self.path)!r}: {manifest.name!r} for {manifest.target}, schema {manifest.schema}",
            f"  input    {manifest.input_size} sources, up to {manifest.input_max} a step",
            f"  step     {manifest.dt_s:g} s",
            f"  latency  {late or 'no populations'} (steps)",
            f"  readout  {'none' if read is None else f'{read.population!r}, {read.score}'}",
            f"  samples  {sets or 'none'}",
            f"  files    {', '.join(sorted(manifest.sha256))}",
        ]
        return "\n".join(printable(line) for line in lines)

    def _agrees(self, what: str, network: Any) -> None:
        """Raise ND009 where the manifest contradicts a network that was read."""
        problems = [
            (key, f"{said!r}", f"{is_!r} in {what}") for key, said, is_ in self._pairs(network) if said != is_
        ]
        if problems:
            raise refused(str(self.path / MANIFEST), problems)

    def _pairs(self, network: Any) -> Iterator[tuple[str, Any, Any]]:
        """Yield a key, what the manifest says, and what is so, for whatever the network knows of itself."""
        manifest = self.manifest
        yield "dt", manifest.dt_s, getattr(network, "dt_s", manifest.dt_s)
        size, most = manifest.input_size, manifest.input_max
        yield "input.size", size, getattr(network, "input_size", size)
        yield "input.max", most, getattr(network, "input_max", most)
        yield "readout", manifest.readout, getattr(network, "readout", manifest.readout)
        populations = getattr(network, "populations", None)
        if populations is not None:
            names = sorted(manifest.latency_steps)
            yield "latency_steps", names, sorted(population.name for population in populations)
            for population in populations:
                late = manifest.latency_steps.get(population.name)
                key = f"latency_steps.{population.name}"
                yield key, late, getattr(population, "latency_steps", late)


def open_bundle(path: str | Path) -> Bundle:
    """Open a bundle: read its manifest and check every file's digest, once.

    Parameters
    ----------
    path
        The folder that ``neurodeploy export`` wrote.

    Returns
    -------
    Bundle
        Its network, program, samples and golden traces are read when they are asked for.

    Raises
    ------
    NeurodeployError
        ND001, ND006, ND007, ND009 as :func:`neurodeploy.bundle.manifest_file.read_manifest`; ND008 with
        exit code 5: a file is missing or changed, or one that would be read is not listed; ND027 nothing
        installed knows the bundle's target.
    """
    path = Path(path)
    manifest = read_manifest(path)
    check_files(path, manifest)
    check_unlisted(path, manifest, reserved=(TARGET_FILE,))  # before it is read to find the target
    target = target_of(path, manifest.target)
    return Bundle(path, manifest, check_unlisted(path, manifest, reserved=target.files))
