"""``neurodeploy models``: the shipped recipes."""

from __future__ import annotations

import click

from neurodeploy.commands import options


@click.command("models")
@options.json_option
def command(as_json: bool) -> None:
    """List the shipped recipes with their variants; train one with `neurodeploy train NAME[:VARIANT]`."""
    from neurodeploy.recipe import list_recipes

    recipes = list_recipes()
    if as_json:
        options.print_json(
            {
                "models": {
                    recipe.name: {
                        "description": recipe.description,
                        "source": recipe.source,
                        "variants": list(recipe.variants),
                    }
                    for recipe in recipes
                }
            },
            schema="models",
        )
        return
    width = max((len(recipe.name) for recipe in recipes), default=0)
    for recipe in recipes:
        source = f" [{recipe.source}]" if recipe.source else ""
        options.echo(f"{recipe.name:<{width}}  {recipe.description}{source}")
        if recipe.variants:
            options.echo(f"{'':<{width}}  variants: {', '.join(recipe.variants)}")
