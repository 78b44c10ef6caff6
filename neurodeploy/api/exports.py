"""Make bundles: of runs, networks, NIR files and a user's own modules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from neurodeploy.api.given import PathLike, bundle_of, is_module, without_effect
from neurodeploy.api.modules import from_module
from neurodeploy.bundle.bundle import Bundle
from neurodeploy.bundle.idle_options import refuse_idle
from neurodeploy.data.samples import Samples
from neurodeploy.files.paths import existing
from neurodeploy.findings.codes_usage import WRONG_USAGE
from neurodeploy.graph.model import Graph
from neurodeploy.graph.observed import Observed
from neurodeploy.progress import Progress, silent
from neurodeploy.runs.run import Run

if TYPE_CHECKING:
    from neurodeploy.frameworks.read_module import Module
    from neurodeploy.passes.draft import Pass
    from neurodeploy.targets.target import Target


def export(
    source: Graph | Run | Observed | Module | PathLike,
    out: PathLike,
    *,
    target: Target[Any] | PathLike,
    dt_s: float | None = None,
    dialect: str | None = None,
    calibrate: Samples | PathLike | None = None,
    verify: bool = True,
    passes: Sequence[Pass | str] = (),
    seed: int | None = None,
    with_float: bool = False,
    traces: PathLike | None = None,
    score: str | None = None,
    input_max: int | None = None,
    input_shape: Sequence[int] | None = None,
    progress: Progress = silent,
) -> Bundle:
    """Turn a network into a bundle for a target, and measure what every rounding costs.

    Parameters
    ----------
    source
        A run or its folder, a graph, a NIR file, what :func:`neurodeploy.from_module` gives, or the module.
    out
        The bundle's folder; it appears when everything in it is written.
    target
        Name, TOML file or object.
    dt_s
        Length of a step in seconds, for modules, and for NIR files that do not say.
    dialect
        Who wrote a NIR file, as for :func:`neurodeploy.read_nir`.
    calibrate
        Samples, or an npz of them, that a graph, NIR file or module is calibrated and measured on; a run has
        its own. A module needs them: what it does on the first of them is what P1 compares with.
    verify
        Whether to measure the ladder; without it the manifest says that it was not.
    passes
        Run on the trained network first: objects, or text as after ``--pass``.
    seed
        Of the random input that is used where there are no samples; 0 by default.
    with_float
        Whether the target also writes the trained network in floats, as ``onnx`` does (``float.onnx``).
    traces
        npz of what the network of a NIR file or graph did in the framework that trained it: ``spikes``, the
        inputs ``[sample, step, source]``, with ``labels`` if there are any; ``<population>/spikes`` and
        ``<population>/v`` (after reset; needed of what never spikes) ``[sample, step, neuron]``; and a text
        ``framework``. P1 then holds the network against it.
    score
        How a NIR file of others or a module decides: ``softmax_sum``, ``last``, ``max``, ``per_step`` or
        ``spike_count``.
    input_max
        The largest input value of a step that a NIR file of others or a module takes; 1 by default.
    input_shape
        Shape of one step of a module's input without batch, as ``(channels, height, width)``.
    progress
        Called with the stages.

    Returns
    -------
    Bundle
        Opened; what was found and measured is in its manifest.

    Raises
    ------
    NeurodeployError
        Any finding of the stages, and ND096 for an option that would change nothing; then nothing is written.
        ND470: the network computes something else than the module, or than the traces.
    """
    from neurodeploy.export import export
    from neurodeploy.passes.by_name import load_pass

    if is_module(source):
        given = {"seed": seed, "traces": traces, "dialect": dialect}
        refuse_idle("module", {name for name, value in given.items() if value is not None})
        if dt_s is None or calibrate is None:
            raise WRONG_USAGE.error(
                message="wrong usage: a module needs the length of a step and samples",
                where="export",
                help="Give dt_s=SECONDS, as it was trained, and calibrate=SAMPLES.",
            )
        largest = 1 if input_max is None else input_max
        network: Graph | Run | Observed | PathLike = from_module(
            source, calibrate, dt_s=dt_s, input_shape=input_shape, input_max=largest, score=score
        )
        dt_s = calibrate = score = input_max = None
    elif input_shape is not None:
        raise without_effect("input_shape", f"a {type(source).__name__}", "Only modules need it.")
    else:
        network = cast("Graph | Run | Observed | PathLike", source)
    if isinstance(network, Run):
        network = network.path
    result = export(
        network if isinstance(network, Graph | Observed) else existing(network),
        target=target,
        out=Path(out),
        dt_s=dt_s,
        dialect=dialect,
        calibrate=calibrate if isinstance(calibrate, Samples | None) else existing(calibrate),
        verify=verify,
        passes=[load_pass(each) if isinstance(each, str) else each for each in passes],
        seed=seed,
        with_float=with_float,
        traces=None if traces is None else existing(traces),
        score=score,
        input_max=input_max,
        progress=progress,
    )
    return bundle_of(result.bundle)
