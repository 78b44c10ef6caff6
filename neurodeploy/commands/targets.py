"""``neurodeploy targets``: the chips and their limits."""

from __future__ import annotations

import click

from neurodeploy.commands import completion, options


@click.command("targets")
@click.argument("name", required=False, metavar="[NAME|FILE.toml]", shell_complete=completion.targets)
@options.json_option
def command(name: str | None, as_json: bool) -> None:
    """List the targets; with a name, all of its limits with their units and sources."""
    from neurodeploy.targets.registry import load_target, target_names

    targets = [load_target(entry) for entry in ([name] if name else target_names())]
    targets = list({target.name: target for target in targets}.values())
    if as_json:
        options.print_json(
            {
                "targets": {
                    target.name: {
                        "title": target.title,
                        "runtimes": sorted(target.runtimes),
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
        options.echo(f"{target.name}  {target.title}, {len(target.limits)} limits")
        for limit in target.limits.values() if name else ():
            options.echo(f"  {limit.name} = {limit.value} {limit.unit}")
            options.echo(f"      source: {limit.source}")
            options.echo(f"      verified: {limit.verified_on}")
