"""``neurodeploy targets``: the chips and their limits."""

from __future__ import annotations

import click

from neurodeploy.commands import completion, options


@click.command("targets")
@click.argument("name", required=False, metavar="[NAME|FILE.toml]", shell_complete=completion.targets)
@options.json_option
def command(name: str | None, as_json: bool) -> None:
    """List the targets; with a name, all of its limits with their units and sources."""
    from neurodeploy.shipped import names
    from neurodeploy.targets.limits import load_target

    chosen = [options.target_name(name)] if name else names("targets")
    targets = [load_target(entry) for entry in chosen]
    if as_json:
        options.print_json(
            {
                "targets": {
                    target.name: {
                        "title": target.title,
                        "backend": target.backend,
                        "limits": {
                            limit.name: {
                                "value": limit.value,
                                "unit": limit.unit,
                                "source": limit.source,
                                "verified_on": limit.verified_on,
                            }
                            for limit in target.limits.values()
                        },
                    }
                    for target in targets
                }
            },
            schema="targets",
        )
        return
    for target in targets:
        also = "".join(f" (also: {alias})" for alias, real in options.ALIASES.items() if real == target.name)
        options.echo(f"{target.name}{also}  {target.title}, {len(target.limits)} limits")
        for limit in target.limits.values() if name else ():
            options.echo(f"  {limit.name} = {limit.value} {limit.unit}")
            options.echo(f"      source: {limit.source}")
            options.echo(f"      verified: {limit.verified_on}")
