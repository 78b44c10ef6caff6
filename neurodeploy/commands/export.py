"""``neurodeploy export``: a run or a NIR file becomes a bundle."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurodeploy.commands import options, progress_bar
from neurodeploy.findings.codes_parity import DROP_TOO_LARGE, GATE_NEEDS_LABELS
from neurodeploy.findings.finding import Exit, Finding

if TYPE_CHECKING:
    from neurodeploy.verify.drop_limit import Thresholds


@click.command("export")
@click.argument("source", metavar="RUN|FILE.nir", type=click.Path(path_type=Path))
@options.target_option
@options.out_option(
    "FOLDER", help="The bundle's folder.  [default: <run>-bundle or <file>-bundle, beside it]"
)
@options.dt_option
@options.dialect_option
@click.option(
    "--calibrate",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Spikes (and labels) that a NIR file is calibrated and measured on.",
)
@click.option(
    "--pass",
    "passes",
    multiple=True,
    metavar="NAME[:OPTION=VALUE,...]",
    help="Run a pass on the trained network first; repeatable, in this order.",
)
@click.option(
    "--max-drop",
    type=float,
    metavar="POINTS",
    help="Fail if the integers lose more accuracy than this.",
)
@click.option("--no-verify", is_flag=True, help="Do not measure what each rounding costs.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    help="Of the random input, where there are no samples.  [default: 0]",
)
@click.option(
    "--float",
    "with_float",
    is_flag=True,
    help="Also write the trained network in floats: --target onnx writes float.onnx.",
)
@click.option(
    "--traces",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="What a NIR file's network did where it was trained: P1 holds the network against it.",
)
@options.score_option
@options.input_max_option
@options.json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    source: Path,
    target: str,
    out: Path | None,
    dt_s: float | None,
    dialect: str | None,
    calibrate: Path | None,
    passes: tuple[str, ...],
    max_drop: float | None,
    no_verify: bool,
    seed: int | None,
    with_float: bool,
    traces: Path | None,
    score: str | None,
    input_max: int | None,
    as_json: bool,
) -> None:
    """Turn a run folder or a NIR file into a bundle for a target, and measure what every rounding costs.

    --traces holds the inputs as `spikes` [sample, step, source], with `labels` if there are any, and of every
    population `<population>/spikes` and `<population>/v` [sample, step, neuron]; v is needed only of what
    never spikes. A text `framework` says who made them.

    Nothing is written unless everything could be. With --max-drop the bundle is written all the same, and
    the exit code is 1 where the integers lose more.
    """
    if no_verify and max_drop is not None:
        raise click.UsageError("--max-drop needs what --no-verify leaves out", ctx)
    from neurodeploy.verify.drop_limit import Thresholds

    thresholds = Thresholds(max_drop=max_drop)
    with progress_bar.shown("loading", quiet=as_json) as progress:
        from neurodeploy.api.exports import export

        bundle = export(
            source,
            out if out is not None else beside(source),
            target=target,
            dt_s=dt_s,
            dialect=dialect,
            calibrate=calibrate,
            verify=not no_verify,
            passes=passes,
            seed=seed,
            with_float=with_float,
            traces=traces,
            score=score,
            input_max=input_max,
            progress=progress,
        )
    manifest = bundle.manifest
    rungs = [] if isinstance(manifest.rungs, str) else [dict(rung) for rung in manifest.rungs]
    gate = None if max_drop is None else drop_gate(rungs, thresholds)
    code = Exit.GATE_FAILED if gate else Exit.OK
    findings = [Finding.from_dict(entry) for entry in manifest.findings] + ([gate] if gate else [])
    if as_json:
        told = {"bundle": str(bundle.path), "findings": [finding.to_dict() for finding in findings]}
        options.print_json({**told, "rungs": rungs}, schema="export", exit_code=code)
        ctx.exit(code)
    from neurodeploy.report.terminal import print_text, rungs_table

    options.show_findings(findings, as_json=False)
    for table in rungs_table(rungs):
        print_text(table)
    options.echo(f"bundle: {bundle.path}")
    ctx.exit(code)


def beside(source: Path) -> Path:
    """Give the default name of a bundle: a run's whole name, as dots in it tell runs apart; a file's stem."""
    place = Path(os.path.normpath(source.absolute()))  # `.` and `run/..` have a name as well
    name = place.name if source.is_dir() else place.stem
    folder = place.parent if source.name in ("", "..") else source.parent
    return folder / f"{name or 'network'}-bundle"


def drop_gate(rungs: list[dict[str, Any]], thresholds: Thresholds) -> Finding | None:
    """Hold the drop that was measured on each set against the limit; None where all of them pass.

    Raises
    ------
    NeurodeployError
        ND477: a set has no labels, so the limit means nothing on it.
    """
    by_set: dict[str, dict[str, float | None]] = {}
    for rung in rungs:
        by_set.setdefault(rung["set"], {})[rung["rung"]] = rung["accuracy_percent"]
    drops: dict[str, float] = {}
    for name, found in by_set.items():
        before, after = found["float"], found["integers"]
        if before is None or after is None:
            raise GATE_NEEDS_LABELS.error(
                where=f"--max-drop, samples {name!r}",
                found="samples without labels, or a network without readout",
                help="Give --calibrate FILE.npz with `labels`, or leave --max-drop out.",
            )
        drops[name] = before - after
    worst = max(drops, key=drops.__getitem__)
    if thresholds.allows(drops[worst]):
        return None
    return DROP_TOO_LARGE.finding(
        message="the integers lose more accuracy than allowed",
        where=f"samples {worst!r}",
        found=f"{drops[worst]:.2f} percentage points",
        limit=f"{thresholds.max_drop:g} percentage points",
        help="The ladder names the step that loses it.",
    )
