"""``neurodeploy lava install|status``: Lava's own environment."""

from __future__ import annotations

import click

from neurodeploy.commands import options


@click.group("lava")
def command() -> None:
    """Install Lava's own environment, or say how it is."""


@command.command("install")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON; progress goes to stderr.")
def install_command(as_json: bool) -> None:
    """Make a private environment with Lava in the user's cache folder (about 5 GB)."""
    from neurodeploy.targets.loihi.lava.environment import install

    found = install(lambda line: options.echo(line, err=as_json))
    if as_json:
        options.print_json(found.to_dict(), schema="lava")


@command.command("status")
@click.option(
    "--deep", is_flag=True, help="Import Lava, which takes seconds, in place of reading the marker."
)
@options.json_option
@click.pass_context
def status_command(ctx: click.Context, *, deep: bool, as_json: bool) -> None:
    """Say whether Lava can be used, and where it is; exit code 4 where it cannot."""
    from neurodeploy.findings.finding import Exit
    from neurodeploy.targets.loihi.lava.environment import status

    found = status(deep=deep)
    code = Exit.OK if found.ready else Exit.BACKEND_MISSING
    if as_json:
        options.print_json(found.to_dict(), schema="lava", exit_code=code)
    elif found.ready:
        versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
        options.echo(f"Lava is ready ({found.origin}): {found.python}\n{versions}")
    else:
        options.echo(f"Lava is not ready ({found.origin}): {found.reason}\nRun `neurodeploy lava install`.")
    ctx.exit(code)
