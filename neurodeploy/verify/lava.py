"""P3: our integers against Lava running the very artefact; one mismatch is a failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.samples import Samples
from neurodeploy.findings.codes_parity import FEWER_SAMPLES, NO_V_TO_COMPARE, P3_DIFFERS
from neurodeploy.findings.finding import NeurodeployError, Severity
from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.loihi.simulate.fast import simulate
from neurodeploy.traces import Traces
from neurodeploy.verify.comparison import Comparison
from neurodeploy.verify.gates import Check, broken, judge, skipped

TITLE = "integers = Lava, bit for bit"

PREFERRED_SETS = ("validation", "test")
"""Sets that samples for Lava are taken from, in this order; then any other set, then the golden inputs."""


class LavaRunner(Protocol):
    """Lava in its own environment, as the backend offers it."""

    def unavailable(self) -> str:
        """Say why Lava cannot run, or give an empty string."""
        ...

    def run(self, bundle: Path, spikes: NDArray[np.uint8], progress: Callable[[str], None]) -> Traces:
        """Run the bundle in Lava; NeurodeployError with exit code 4 where it breaks off."""
        ...


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


def check_lava(
    bundle: Path,
    program: FixedGraph,
    inputs: NDArray[np.uint8],
    *,
    asked: int,
    source: str,
    required: bool,
    runner: LavaRunner,
    progress: Callable[[str], None] = lambda _: None,
) -> Check:
    """Run samples in Lava and in our simulator, and compare every spike and every v of every population.

    Parameters
    ----------
    bundle
        The artefact that Lava runs.
    program
        The same in integers.
    inputs
        ``[sample, step, source]``.
    asked
        How many samples were asked for; 0 skips the check.
    source
        Which set the samples are from, for the report.
    required
        Whether the verification may pass without this check.
    runner
        Lava.
    """
    if asked == 0:
        reason = "no samples were asked for (--lava N)"
        return skipped("P3", TITLE, reason, required=required, backend="lava")
    if reason := runner.unavailable():
        return skipped("P3", TITLE, reason, required=required, backend="lava")
    notes = []
    if 0 < len(inputs) < asked:
        notes.append(
            FEWER_SAMPLES.finding(
                where=f"samples {source!r}", found=str(len(inputs)), limit=str(asked), severity=Severity.NOTE
            )
        )
    if not len(inputs):
        return judge("P3", TITLE, n_compared=0, problems=(), agreed="", required=required, backend="lava")
    ours = simulate(program, inputs, record=("spikes", "v"))
    try:
        lava = runner.run(bundle, inputs, progress)
    except NeurodeployError as error:
        return broken("P3", TITLE, error.findings, required=required, backend="lava")
    comparison = Comparison(P3_DIFFERS, [p.name for p in program.populations])
    comparison.add(ours, lava)
    problems = comparison.problems()
    without_v = [name for name, trace in lava.populations.items() if trace.v is None]
    if without_v:
        problems = [
            NO_V_TO_COMPARE.finding(where=", ".join(without_v), help="Run `neurodeploy lava install` again.")
        ]
    return judge(
        "P3",
        TITLE,
        n_compared=len(inputs),
        problems=problems,
        agreed=f"every spike and every v of every population equal, {len(inputs)} samples of {source}, "
        f"{inputs.shape[1]} steps",
        required=required,
        backend="lava",
        facts=comparison.facts() | {"samples_from": source, "n_steps": int(inputs.shape[1])},
        notes=notes,
    )
