"""``neurodeploy run``: feed a bundle input spikes on one backend."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurodeploy.commands import options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from neurodeploy.bundle.bundle import Bundle
    from neurodeploy.traces import Traces


@click.command("run")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--backend",
    type=click.Choice(["float", "fixed", "lava"]),
    required=True,
    help="Float interpreter of the NIR file, integer simulator, or Lava.",
)
@click.option(
    "--input",
    "given",
    type=click.Path(path_type=Path),
    required=True,
    metavar="IN.npz",
    help="`spikes`, whole numbers [sample, step, source].",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="OUT.npz",
    help="`<population>/spikes`, `<population>/v` [sample, step, neuron] and `output/score` [sample, class].",
)
@options.threads_option
@options.json_option
def command(
    *, bundle: Path, backend: str, given: Path, output: Path, threads: int | None, as_json: bool
) -> None:
    """Run a bundle on a backend; no backend ever takes the place of another.

    Latencies are removed: step t of every population is step t of the trained network.
    """
    from neurodeploy.bundle.bundle import open_bundle
    from neurodeploy.data.samples import Samples
    from neurodeploy.files import save_npz

    options.existing(bundle)
    options.existing(given)
    opened = open_bundle(bundle)
    takes = opened.manifest
    spikes = Samples.from_npz(given, size=takes.input_size, maximum=takes.input_max).spikes
    if not as_json:
        options.show_findings(opened.findings, as_json=False)
    say = options.progress_lines(quiet=as_json)
    began = time.perf_counter()
    traces = _BACKENDS[backend](opened, spikes, threads, say)
    seconds = time.perf_counter() - began  # reading the program and a first compilation included
    options.end_progress(quiet=as_json)
    arrays = output_arrays(traces)
    save_npz(output, arrays)
    if as_json:
        shapes = {name: list(array.shape) for name, array in arrays.items()}
        told = {"output": str(output), "backend": backend, "seconds": seconds, "arrays": shapes}
        options.print_json({**told, "findings": [finding.to_dict() for finding in opened.findings]})
    else:
        n_spikes = sum(int(trace.spikes.sum()) for trace in traces.populations.values())
        click.echo(
            f"{len(spikes)} samples of {spikes.shape[1]} steps on {backend} in {seconds:.2f} s: "
            f"{n_spikes} spikes -> {output}"
        )


def output_arrays(traces: Traces) -> dict[str, NDArray[Any]]:
    """Give traces under the names of OUT.npz."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, trace in traces.populations.items():
        arrays[f"{name}/spikes"] = trace.spikes
        if trace.v is not None:
            arrays[f"{name}/v"] = trace.v
    if traces.score is not None:
        arrays["output/score"] = traces.score
    if traces.score_per_step is not None:
        arrays["output/score_per_step"] = traces.score_per_step
    return arrays


def _float(
    bundle: Bundle, spikes: NDArray[np.uint8], threads: int | None, say: Callable[[str], None]
) -> Traces:
    from neurodeploy.graph.interpret import interpret

    say("computing in float64")
    return interpret(bundle.graph, spikes, threads=threads)


def _fixed(
    bundle: Bundle, spikes: NDArray[np.uint8], threads: int | None, say: Callable[[str], None]
) -> Traces:
    say("simulating integers")
    return bundle.target.simulate(bundle.program, spikes, threads=threads)


def _lava(
    bundle: Bundle,
    spikes: NDArray[np.uint8],
    threads: int | None,  # noqa: ARG001 (Lava has its own)
    say: Callable[[str], None],
) -> Traces:
    runtime = bundle.target.runtimes["lava"]
    return runtime.run(
        bundle.path, spikes, progress=lambda done, total: say(f"Lava, {done} of {total} samples")
    )


_BACKENDS: dict[str, Callable[..., Traces]] = {"float": _float, "fixed": _fixed, "lava": _lava}
