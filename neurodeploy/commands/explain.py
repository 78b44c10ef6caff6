"""``neurodeploy explain``: what a finding's code means."""

from __future__ import annotations

import click

from neurodeploy.commands import completion, options


@click.command("explain")
@click.argument("code", required=False, shell_complete=completion.codes)
@options.json_option
def command(code: str | None, as_json: bool) -> None:
    """Explain the code of a finding: what it means, why it exists, what to do; without CODE, list all."""
    from neurodeploy.findings.explain import all_codes, as_dict, explain, explanation

    chosen = {code.upper(): explain(code)} if code else all_codes()
    if as_json:
        codes = {name: as_dict(entry) for name, entry in chosen.items()}
        options.print_json({"codes": codes}, schema="explain")
    elif code:
        click.echo(explanation(explain(code)))
    else:
        for name, entry in chosen.items():
            click.echo(f"{name}  {entry.message}")
