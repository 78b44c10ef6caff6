"""``neurodeploy run``: feed a bundle input spikes on one backend."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurodeploy.commands import options, progress_bar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodeploy.traces import Traces


@click.command("run")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--backend",
    metavar="float|fixed|RUNTIME",
    required=True,
    help="The float network, the target's own simulator, or one of its runtimes, as lava.",
)
@click.option(
    "--input",
    "given",
    type=click.Path(path_type=Path),
    required=True,
    metavar="IN.npz",
    help="`spikes`, whole numbers [sample, step, source].",
)
@options.out_option(
    "OUT.npz",
    required=True,
    help="`<population>/spikes`, `<population>/v` [sample, step, neuron] and `output/score` [sample, class].",
)
@options.threads_option
@options.json_option
def command(
    *, bundle: Path, backend: str, given: Path, out: Path, threads: int | None, as_json: bool
) -> None:
    """Run a bundle on a backend; no backend ever takes the place of another.

    Latencies are removed: step t of every population is step t of the trained network.
    """
    options.check_outputs(bundle, given, {"-o": out})
    began = time.perf_counter()
    with progress_bar.shown("loading", quiet=as_json) as progress:
        from neurodeploy.api.bundles import run
        from neurodeploy.api.given import bundle_of
        from neurodeploy.files import save_npz

        opened = bundle_of(bundle)
        traces = run(opened, given, backend=backend, threads=threads, progress=progress)
    seconds = time.perf_counter() - began  # reading the program and a first compilation included
    arrays = output_arrays(traces)
    save_npz(out, arrays)
    if as_json:
        shapes = {name: list(array.shape) for name, array in arrays.items()}
        notes = [finding.to_dict() for finding in opened.findings]
        told = {"output": str(out), "backend": backend, "seconds": seconds, "arrays": shapes}
        options.print_json({**told, "findings": notes}, schema="run")
        return
    options.show_findings(opened.findings, as_json=False)
    spikes = next(iter(traces.populations.values())).spikes
    n_spikes = sum(int(trace.spikes.sum()) for trace in traces.populations.values())
    options.echo(
        f"{spikes.shape[0]} samples of {spikes.shape[1]} steps on {backend} in {seconds:.2f} s: "
        f"{n_spikes} spikes -> {out}"
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
