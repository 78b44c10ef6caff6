"""``neurodeploy init``: a commented recipe to start from."""

from __future__ import annotations

from pathlib import Path

import click

from neurodeploy.commands import completion, options
from neurodeploy.findings.codes_usage import OUTPUT_EXISTS

STARTER = "mts-xor"
"""The recipe whose data need no files: it trains as it is."""


@click.command("init")
@click.argument("recipe", default=STARTER, shell_complete=completion.recipes)
@options.out_option("FILE.toml", "The recipe's file; - is stdout.  [default: recipe.toml]")
@options.json_option
def command(recipe: str, out: Path | None, as_json: bool) -> None:
    """Write a recipe to start from, every key with its meaning; RECIPE is a shipped one (mts-xor).

    Keys that count only with another value of another key are there as comments. An existing file is never
    overwritten.
    """
    from neurodeploy.recipe import load_recipe
    from neurodeploy.recipe.commented import commented
    from neurodeploy.runs.folder import RECIPE

    path = out or Path(RECIPE)
    text = f"{_head(recipe, path)}\n{commented(load_recipe(recipe), unused=True)}"
    to_stdout = str(path) == "-"
    if not to_stdout:
        write_new(path, text)
    if as_json:
        told = {"recipe": str(path), "from": recipe}
        options.print_json(told | ({"toml": text} if to_stdout else {}), schema="init")
        return
    if to_stdout:
        options.echo(text.rstrip("\n"))
        return
    options.echo(f"recipe: {path}")
    options.echo(f"next: neurodeploy train {path}")


def write_new(path: Path, text: str) -> None:
    """Write a text file that is not there yet.

    Raises
    ------
    NeurodeployError
        ND005 something of this name is there, a link that leads nowhere included.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = path.open("x", encoding="utf-8")
    except FileExistsError:
        raise OUTPUT_EXISTS.error(
            message="the file exists, and is not overwritten",
            where=str(path),
            help="Choose another name with -o, or remove it yourself.",
        ) from None
    try:
        with file:
            file.write(text)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _head(recipe: str, path: Path) -> str:
    shown = "FILE.toml" if str(path) == "-" else path
    lines = (
        f"Made by `neurodeploy init {recipe}`. Train it with `neurodeploy train {shown}`.",
        "Any key can also be set on the command line: --set train.epochs=10.",
    )
    # A name may hold a line break, which would end the comment.
    return "".join(f"# {''.join(sign if sign.isprintable() else '?' for sign in line)}\n" for line in lines)
