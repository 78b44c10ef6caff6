"""Recipes: what to train, on which data and how, as TOML files with a checked schema."""

from neurodeploy.recipe.keys import Key, keys, reference
from neurodeploy.recipe.load import Listed, dump_recipe, list_recipes, load_recipe
from neurodeploy.recipe.network import Network, ProjectionKeys, ReadoutKeys, Tau
from neurodeploy.recipe.schema import Augment, Data, Recipe, Train

__all__ = [
    "Augment",
    "Data",
    "Key",
    "Listed",
    "Network",
    "ProjectionKeys",
    "ReadoutKeys",
    "Recipe",
    "Tau",
    "Train",
    "dump_recipe",
    "keys",
    "list_recipes",
    "load_recipe",
    "reference",
]
