"""P3: our simulator against a runtime that runs the very artefact; one mismatch is a failure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.samples import Samples
from neurodeploy.findings.codes_parity import FEWER_SAMPLES, NO_V_TO_COMPARE, P3_DIFFERS
from neurodeploy.findings.finding import Finding, NeurodeployError
from neurodeploy.graph.model import Graph
from neurodeploy.progress import Progress, silent
from neurodeploy.targets.target import Runtime, Target
from neurodeploy.verify.comparison import Comparison, chunks
from neurodeploy.verify.gates import Check, broken, judge, skipped
from neurodeploy.verify.levels import TRACE_BYTES

PREFERRED_SETS = ("validation", "test")
"""Sets that a runtime's samples are taken from, in this order; then any other, then the golden inputs."""


def choose_inputs(
    sets: Mapping[str, Samples], golden: NDArray[np.uint8], n: int
) -> tuple[str, NDArray[np.uint8]]:
    """Take the first ``n`` samples of the first set that has any; else of the golden inputs."""
    names = [name for name in PREFERRED_SETS if name in sets]
    names += [name for name in sets if name not in names]
    for name in names:
        if len(sets[name]):
            return name, sets[name].spikes[:n]
    return "golden", golden[:n]


def check_runtime(
    bundle: Path,
    graph: Graph,
    target: Target[Any],
    program: Any,
    inputs: NDArray[np.uint8],
    *,
    asked: int,
    source: str,
    required: bool,
    runtime: Runtime | None,
    threads: int | None = None,
    progress: Progress = silent,
) -> Check:
    """P3: run samples in a runtime and in our simulator, and compare every spike and v of every population.

    Parameters
    ----------
    bundle
        The artefact that the runtime runs.
    graph
        The same as a float network: its populations must all be compared.
    target
        Whose runtime it is; its parity says how closely v must agree.
    program
        What the bundle holds, as the target reads it.
    inputs
        ``[sample, step, source]``.
    asked
        How many samples were asked for; 0 skips the check.
    source
        Which set the samples are from, for the report.
    required
        Whether the verification may pass without this check.
    runtime
        What runs the bundle; None where the target has nothing but its simulator.
    threads
        For our simulator.
    """
    if runtime is None:
        reason = f"the target {target.name} has no runtime besides our simulator"
        return skipped("P3", "simulator = runtime", reason, required=required, backend="runtime")
    name = runtime.name.capitalize()
    exact = target.parity.v_tolerance == 0.0
    title = f"integers = {name}, bit for bit" if exact else f"simulator = {name}"
    if asked == 0:
        reason = f"no samples were asked for (--runtime {runtime.name}=N)"
        return skipped("P3", title, reason, required=required, backend=runtime.name)
    if missing := runtime.missing():
        reason = f"{missing.message}: {missing.found}" if missing.found else missing.message
        return skipped("P3", title, reason, required=required, backend=runtime.name)
    notes = []
    if 0 < len(inputs) < asked:
        notes.append(
            FEWER_SAMPLES.finding(where=f"samples {source!r}", found=str(len(inputs)), limit=str(asked))
        )
    if not len(inputs):
        return judge(
            "P3", title, n_compared=0, problems=(), agreed="", required=required, backend=runtime.name
        )
    try:
        problems, facts = _compared(
            bundle, graph, target, program, inputs, runtime=runtime, threads=threads, progress=progress
        )
    except NeurodeployError as error:
        return broken("P3", title, error.findings, required=required, backend=runtime.name)
    how = "every spike and every v" if exact else "every spike, and every v within its tolerance,"
    return judge(
        "P3",
        title,
        n_compared=len(inputs),
        problems=problems,
        agreed=f"{how} of every population equal, {len(inputs)} samples of {source}, {inputs.shape[1]} steps",
        required=required,
        backend=runtime.name,
        facts=facts | {"samples_from": source, "n_steps": int(inputs.shape[1])},
        notes=notes,
    )


def _compared(
    bundle: Path,
    graph: Graph,
    target: Target[Any],
    program: Any,
    inputs: NDArray[np.uint8],
    *,
    runtime: Runtime,
    threads: int | None,
    progress: Progress,
) -> tuple[list[Finding], dict[str, Any]]:
    """Run samples on both sides, in chunks that bound the memory; traces without v cannot be compared."""
    names = [population.name for population in graph.populations]
    comparison = Comparison(P3_DIFFERS, names, tolerance=target.parity.v_tolerance)
    n_neurons = sum(population.size for population in graph.populations)
    without_v: dict[str, None] = {}
    for part in chunks(len(inputs), inputs.shape[1] * n_neurons * TRACE_BYTES):

        def report(done: int, _: int, first: int = part.start) -> None:
            progress(f"P3: {runtime.name.capitalize()}", first + done, len(inputs))

        theirs = runtime.run(bundle, inputs[part], record=("spikes", "v"), progress=report)
        ours = target.simulate(program, inputs[part], record=("spikes", "v"), threads=threads)
        comparison.add(ours, theirs, first_sample=part.start)
        without_v |= {name: None for name, trace in theirs.populations.items() if trace.v is None}
    problems = comparison.problems()
    if without_v:
        fix = "Install the runtime again: it gave spikes alone."
        problems = [NO_V_TO_COMPARE.finding(where=", ".join(without_v), help=fix), *problems]
    return problems, comparison.facts()
