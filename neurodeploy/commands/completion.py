"""Words that a shell offers at a tab: recipes, targets, keys of a recipe and codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

FILES = "file"
"""Kind of an item that makes the shell offer files as well."""


def recipes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Offer the shipped recipes, each with its variants, and TOML files."""
    from neurodeploy.recipe import list_recipes

    names = {}
    for recipe in list_recipes():
        names[recipe.name] = recipe.description
        names |= {f"{recipe.name}:{variant}": recipe.description for variant in recipe.variants}
    return _matching(names, incomplete, files=True)


def targets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Offer the targets, and TOML files."""
    from neurodeploy.targets.registry import target_names

    known = dict.fromkeys(target_names(), "")
    return _matching(known, incomplete, files=True)


def dialects(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Offer the dialects of NIR files."""
    from neurodeploy.nir.dialects.dialect import FRAMEWORKS

    return _matching({name: framework.title for name, framework in FRAMEWORKS.items()}, incomplete)


def keys(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Offer the keys of a recipe, with the sign that the value follows."""
    from neurodeploy.recipe import keys as all_keys

    return _matching({f"{key.path}=": key.description for key in all_keys()}, incomplete)


def codes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Offer the codes of findings with what they say."""
    from neurodeploy.findings.explain import all_codes

    return _matching({code: rule.message for code, rule in all_codes().items()}, incomplete.upper())


def readers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """Offer the frameworks that read NIR."""
    from neurodeploy.nir.readers.frameworks import READERS

    return _matching({name: reader.title for name, reader in READERS.items()}, incomplete)


def _matching(words: dict[str, str], incomplete: str, *, files: bool = False) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    found = [CompletionItem(word, help=text) for word, text in words.items() if word.startswith(incomplete)]
    return [*found, CompletionItem(incomplete, type=FILES)] if files else found
