"""``neurodeploy check``: rules only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurodeploy.commands import options
from neurodeploy.findings.finding import Finding, NeurodeployError, Severity, exit_code_of

if TYPE_CHECKING:
    from neurodeploy.targets.target import Target


@click.command("check")
@click.argument("source", metavar="BUNDLE|FILE.nir", type=click.Path(path_type=Path))
@options.target_option
@click.option(
    "--dt", "dt_s", type=float, metavar="SECONDS", help="Length of a step, for NIR files that do not say."
)
@options.json_option
@click.pass_context
def command(ctx: click.Context, *, source: Path, target: str, dt_s: float | None, as_json: bool) -> None:
    """Say whether a network fits a target, and if not, every reason why not. Nothing is written."""
    from neurodeploy.targets.registry import load_target

    options.existing(source)
    if dt_s is not None and not 0 < dt_s < float("inf"):
        raise click.BadParameter("a step takes more than 0 seconds", ctx, param_hint="--dt")
    chip = load_target(target)
    findings = _bundle(source, chip) if source.is_dir() else _network(source, chip, dt_s)
    code = exit_code_of(findings)
    if as_json:
        options.print_json(
            {
                "source": str(source),
                "target": chip.name,
                "exit_code": code,
                "findings": [finding.to_dict() for finding in findings],
            }
        )
    else:
        options.show_findings(findings, as_json=False)
        errors = sum(finding.severity is Severity.ERROR for finding in findings)
        verdict = f"breaks {errors} rule(s) of {chip.name}" if errors else f"fits {chip.name}"
        click.echo(f"{source} {verdict}")
    ctx.exit(code)


def _bundle(source: Path, chip: Target[Any]) -> list[Finding]:
    """Hold a bundle's program against the rules."""
    from neurodeploy.bundle.bundle import open_bundle

    bundle = open_bundle(source)
    return [*bundle.findings, *chip.check(bundle.program)]


def _network(source: Path, chip: Target[Any], dt_s: float | None) -> list[Finding]:
    """Hold a float network against the rules, as it is and lowered."""
    from neurodeploy.graph.lowering import canonical
    from neurodeploy.nir.read import read_nir

    graph = canonical(read_nir(source, dt_s=dt_s))
    findings = list(chip.rules(graph))
    try:
        lowered = chip.lower(graph)
    except NeurodeployError as error:
        found = [*findings, *error.findings]
    else:
        found = [*findings, *lowered.findings, *chip.check(lowered.program)]
    return _distinct(found)


def _distinct(findings: list[Finding]) -> list[Finding]:
    """Leave out what was said before: the same code at the same place, however it is worded."""
    kept: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        kept.setdefault((finding.code, finding.where.partition(",")[0].partition("[")[0]), finding)
    return list(kept.values())
