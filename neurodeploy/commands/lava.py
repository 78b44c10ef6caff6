"""``neurodeploy lava install|status``: Lava's own environment."""

from __future__ import annotations

import json

import click


@click.group("lava")
def command() -> None:
    """Install Lava's own environment, or say how it is."""


@command.command("install")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON; progress goes to stderr.")
def install_command(as_json: bool) -> None:
    """Make a private environment with Lava in the user's cache folder (about 5 GB)."""
    from neurodeploy.targets.loihi.lava.environment import install

    found = install(lambda line: click.echo(line, err=as_json))
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=1))


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="The status as JSON, with the same exit code.")
@click.pass_context
def status_command(ctx: click.Context, as_json: bool) -> None:
    """Say whether Lava can be used, and where it is; exit code 4 where it cannot."""
    from neurodeploy.findings.finding import Exit
    from neurodeploy.targets.loihi.lava.environment import status

    found = status()
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=1))
    elif found.ready:
        versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
        click.echo(f"Lava is ready ({found.origin}): {found.python}\n{versions}")
    else:
        click.echo(f"Lava is not ready ({found.origin}): {found.reason}\nRun `neurodeploy lava install`.")
    ctx.exit(Exit.OK if found.ready else Exit.BACKEND_MISSING)
