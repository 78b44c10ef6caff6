"""``neurodeploy export``: a run or a NIR file becomes a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from neurodeploy.commands import options
from neurodeploy.findings.codes_parity import DROP_TOO_LARGE, GATE_NEEDS_LABELS
from neurodeploy.findings.finding import Exit, Finding


@click.command("export")
@click.argument("source", metavar="RUN|FILE.nir", type=click.Path(path_type=Path))
@options.target_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The bundle's folder [default: beside it]."
)
@click.option(
    "--dt", "dt_s", type=float, metavar="SECONDS", help="Length of a step, for NIR files that do not say."
)
@click.option(
    "--calibrate",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Spikes (and labels) that a NIR file is calibrated and measured on.",
)
@click.option(
    "--max-drop",
    type=click.FloatRange(min=0),
    metavar="POINTS",
    help="Fail if the integers lose more accuracy than this.",
)
@click.option("--no-verify", is_flag=True, help="Do not measure what each rounding costs.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random input without samples.")
@options.json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    source: Path,
    target: str,
    output: Path | None,
    dt_s: float | None,
    calibrate: Path | None,
    max_drop: float | None,
    no_verify: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Turn a run folder or a NIR file into a bundle for a target, and measure what every rounding costs.

    Nothing is written unless everything could be. With --max-drop the bundle is written all the same, and
    the exit code is 1 where the integers lose more.
    """
    if no_verify and max_drop is not None:
        raise click.UsageError("--max-drop needs what --no-verify leaves out", ctx)
    options.existing(source)
    if calibrate is not None:
        options.existing(calibrate)
    if dt_s is not None and not 0 < dt_s < float("inf"):
        raise click.BadParameter("a step takes more than 0 seconds", ctx, param_hint="--dt")
    out = output or source.with_name(f"{source.stem}-bundle")

    from neurodeploy.export import export
    from neurodeploy.report.terminal import findings_text, print_text, rungs_table

    say = options.progress_lines(quiet=as_json)
    result = export(
        source,
        target=target,
        out=out,
        dt_s=dt_s,
        calibrate=calibrate,
        verify=not no_verify,
        seed=seed,
        progress=say,
    )
    options.end_progress(quiet=as_json)
    gate = None if max_drop is None else drop_gate(result.rungs, max_drop)
    if as_json:
        findings = [*result.findings, *([gate] if gate else [])]
        options.print_json(
            {
                "bundle": str(result.bundle),
                "findings": [finding.to_dict() for finding in findings],
                "rungs": result.rungs,
                "exit_code": Exit.GATE_FAILED if gate else Exit.OK,
            }
        )
    else:
        print_text(findings_text([*result.findings, *([gate] if gate else [])]), err=True)
        for table in rungs_table(result.rungs):
            print_text(table)
        click.echo(f"bundle: {result.bundle}")
    ctx.exit(Exit.GATE_FAILED if gate else Exit.OK)


def drop_gate(rungs: list[dict[str, Any]], max_drop: float) -> Finding | None:
    """Hold the measured drop against the limit; None where it passes.

    Raises
    ------
    NeurodeployError
        ND477: there were no labels, so the limit means nothing.
    """
    by_set: dict[str, dict[str, float]] = {}
    for rung in rungs:
        if rung["accuracy_percent"] is not None:
            by_set.setdefault(rung["set"], {})[rung["rung"]] = rung["accuracy_percent"]
    if not by_set:
        raise GATE_NEEDS_LABELS.error(
            where="--max-drop",
            found="samples without labels, or a network without readout",
            help="Give --calibrate FILE.npz with `labels`, or leave --max-drop out.",
        )
    drops = {name: found["float"] - found["integers"] for name, found in by_set.items()}
    worst = max(drops, key=drops.__getitem__)
    if drops[worst] <= max_drop:
        return None
    return DROP_TOO_LARGE.finding(
        message="the integers lose more accuracy than allowed",
        where=f"samples {worst!r}",
        found=f"{drops[worst]:.2f} percentage points",
        limit=f"{max_drop:g} percentage points",
        help="The ladder names the step that loses it.",
    )
