"""``neurodeploy check``: rules only."""

from __future__ import annotations

from pathlib import Path

import click

from neurodeploy.commands import completion, options
from neurodeploy.findings.finding import Severity, exit_code_of
from neurodeploy.targets.registry import DEFAULT_TARGET


@click.command("check")
@click.argument("source", metavar="RUN|FILE.nir|BUNDLE", type=click.Path(path_type=Path))
@click.option(
    "--target",
    metavar="NAME|FILE.toml",
    help="Name of a target, or a TOML file.  [default: a bundle's own, else loihi]",
    shell_complete=completion.targets,
)
@options.dt_option
@options.dialect_option
@options.input_max_option
@options.json_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    source: Path,
    target: str | None,
    dt_s: float | None,
    dialect: str | None,
    input_max: int | None,
    as_json: bool,
) -> None:
    """Say whether a network fits a target, and if not, every reason why not. Nothing is written."""
    from neurodeploy.api.given import opened, target_of
    from neurodeploy.api.networks import check
    from neurodeploy.bundle.bundle import Bundle

    network = opened(source)
    if isinstance(network, Bundle) and target is None:
        findings = check(network, dt_s=dt_s, dialect=dialect, input_max=input_max)
        chip = network.target
    else:
        chip = target_of(target or DEFAULT_TARGET)
        given = source if isinstance(network, Path) else network
        findings = check(given, chip, dt_s=dt_s, dialect=dialect, input_max=input_max)
    code = exit_code_of(findings)
    if as_json:
        options.print_json(
            {
                "source": str(source),
                "target": chip.name,
                "findings": [finding.to_dict() for finding in findings],
            },
            schema="check",
            exit_code=code,
        )
    else:
        options.show_findings(findings, as_json=False)
        errors = sum(finding.severity is Severity.ERROR for finding in findings)
        verdict = f"breaks {errors} rule(s) of {chip.name}" if errors else f"fits {chip.name}"
        options.echo(f"{source} {verdict}")
    ctx.exit(code)
