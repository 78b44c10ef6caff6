"""What a sweep trains: the points of a grid, times seeds, each a recipe of its own."""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from neurodeploy.findings.codes_training import BAD_GRID, BAD_SEEDS
from neurodeploy.findings.finding import Finding, NeurodeployError
from neurodeploy.recipe import Recipe, load_recipe
from neurodeploy.recipe.load import check_key

VARIANT = "variant"
"""Grid key that is no key of a recipe: the recipe's variants by name, ``none`` for the plain recipe."""

MAX_RUNS = 10_000
"""Points of a grid, and seeds: more is a slip of the keyboard."""

_LONGEST_NAME = 100  # file systems take 255; seeds, suffixes and temporary names come on top


@dataclass(frozen=True, slots=True)
class Point:
    """One place of the grid.

    Attributes
    ----------
    name
        Name of its folder: letters, digits and ``._=,+-``.
    values
        Grid key to the value as it was written, in the order of the grids.
    recipe
        Name or path of the recipe, with its variant.
    overrides
        ``section.key=value``, as ``--set`` takes them.
    """

    name: str
    values: Mapping[str, str]
    recipe: str
    overrides: tuple[str, ...]

    def load(self, extra: Sequence[str] = ()) -> Recipe:
        """Give the checked recipe; the recipe's own findings where it does not hold together."""
        return load_recipe(self.recipe, [*self.overrides, *extra])


def grid_points(recipe: str, grids: Sequence[str], overrides: Sequence[str] = ()) -> tuple[Point, ...]:
    """Give the product of the grids, the last grid running fastest.

    Parameters
    ----------
    recipe
        Name or path.
    grids
        ``KEY=V1,V2``; commas inside brackets or quotes do not separate. ``variant`` is a key too.
    overrides
        Settings of every point; a grid wins over them.

    Raises
    ------
    NeurodeployError
        ND060 a grid is not of this form, has no or repeated values, or a key is given twice; ND022 a key that
        recipes do not have. Wrong values are the recipe's findings, raised when a point is loaded.
    """
    axes = [_axis(text) for text in grids]
    keys = [key for key, _ in axes]
    for key in keys:
        if keys.count(key) > 1:
            raise NeurodeployError(_wrong_grid("a grid key is given twice", key, "each key once"))
        if key != VARIANT:
            check_key(key, where=f"--grid {key}", others=(VARIANT,))
    n_points = math.prod(len(values) for _, values in axes)
    if n_points > MAX_RUNS:
        raise NeurodeployError(
            _wrong_grid("the grid has too many points", str(n_points), f"{MAX_RUNS} points")
        )
    points = []
    for combination in itertools.product(*(values for _, values in axes)):
        values = dict(zip(keys, combination, strict=True))
        variant = values.get(VARIANT, "none")
        points.append(
            Point(
                name=point_name(values),
                values=values,
                recipe=recipe if variant == "none" else f"{recipe}:{variant}",
                overrides=(*overrides, *(f"{k}={v}" for k, v in values.items() if k != VARIANT)),
            )
        )
    return tuple(points)


def point_name(values: Mapping[str, str]) -> str:
    """Give a folder name for a grid point: the same values, the same name, on every machine.

    The last part of each key and its value; a short hash is added where characters had to be replaced, where
    two keys end alike or where the name was too long, so that two points never share a folder.
    """
    if not values:
        return "base"
    short = [key.rpartition(".")[2] for key in values]
    plain = ",".join(f"{key}={value}" for key, value in zip(short, values.values(), strict=True))
    safe = re.sub(r"[^A-Za-z0-9._=,+-]", "_", plain)
    if safe == plain and len(safe) <= _LONGEST_NAME and len(set(short)) == len(short):
        return safe
    digest = hashlib.sha256(repr(list(values.items())).encode()).hexdigest()[:8]
    return f"{safe[:_LONGEST_NAME]}-{digest}"


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read seeds: ``0-9``, ``0,3,7`` or a mixture.

    Raises
    ------
    NeurodeployError
        ND061 not of this form, a range that falls, or a seed given twice.
    """
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,10})\s*(?:-\s*(\d{1,10})\s*)?", part)
        if match is None:
            raise NeurodeployError(_wrong_seeds("seeds cannot be read", text, part))
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last >= 2**32 or last - first >= 10_000:
            raise NeurodeployError(_wrong_seeds("a range of seeds is empty or too long", text, part))
        seeds += range(first, last + 1)
        if len(seeds) > MAX_RUNS:
            raise NeurodeployError(_wrong_seeds("there are too many seeds", text, f"{len(seeds)} seeds"))
    if len(set(seeds)) != len(seeds):
        raise NeurodeployError(_wrong_seeds("a seed is given twice", text, text))
    return tuple(seeds)


def _axis(text: str) -> tuple[str, tuple[str, ...]]:
    key, equals, rest = text.partition("=")
    key = key.strip()
    values = tuple(value.strip() for value in _split(rest))
    if not equals or not key or not all(values):
        raise NeurodeployError(_wrong_grid("a grid is not of the form KEY=V1,V2", text, "KEY=V1,V2,..."))
    if len(set(values)) != len(values):
        raise NeurodeployError(_wrong_grid("a grid repeats a value", text, "each value once"))
    return key, values


def _split(text: str) -> Iterator[str]:
    """Split at commas outside of brackets and quotes."""
    part, depth, quote = "", 0, ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
        if sign == "," and depth == 0 and not quote:
            yield part
            part = ""
        else:
            part += sign
    yield part


def _wrong_grid(message: str, found: str, limit: str) -> Finding:
    return BAD_GRID.finding(
        message=message,
        where="--grid",
        found=found,
        limit=limit,
        help="For example: --grid network.tau.dtau_s=-0.5,0,0.5 --grid network.hidden=[10,10],[10,10,10].",
    )


def _wrong_seeds(message: str, text: str, part: str) -> Finding:
    return BAD_SEEDS.finding(
        message=message,
        where=f"--seeds {text}",
        found=part.strip() or "nothing",
        limit="whole numbers and rising ranges of at most 10000, each seed once",
        help="For example: --seeds 0-9, or --seeds 0,1,5-7.",
    )
