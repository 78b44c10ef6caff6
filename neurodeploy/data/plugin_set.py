"""The sets of another package's data set, held against the recipe before anything is trained on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from neurodeploy.data.sample_set import DataSets, SampleSet
from neurodeploy.findings.codes_parity import PLUGIN_BROKEN
from neurodeploy.findings.codes_training import DATA_MISFIT
from neurodeploy.findings.finding import Finding, NeurodeployError
from neurodeploy.recipe import Recipe
from neurodeploy.recipe.plugins import make_source


def load_plugin(recipe: Recipe, folder: Path | None, seed: int) -> DataSets:
    """Let a plug-in load its sets and check that they fit the recipe.

    Raises
    ------
    NeurodeployError
        ND042 the sets do not fit the recipe; ND424 (exit code 4) the plug-in fails, with its own message.
    """
    data = recipe.data
    source = make_source(data.kind, data.options)
    try:
        sets = source.load(data, folder=folder, seed=seed)
    except NeurodeployError:
        raise
    except Exception as error:  # whatever a stranger's code raises
        raise PLUGIN_BROKEN.error(
            message="a plug-in fails to load its data set",
            where=f"data.kind = {data.kind}",
            found=f"{type(error).__name__}: {error}".splitlines()[0][:300],
            help="Report it to the package that brings the data set.",
        ) from error
    if not isinstance(sets, DataSets):
        raise PLUGIN_BROKEN.error(
            message="a plug-in fails to load its data set",
            where=f"data.kind = {data.kind}",
            found=f"load gave a {type(sets).__name__}",
            limit="a neurodeploy.data.sample_set.DataSets",
            help="Report it to the package that brings the data set.",
        )
    wrong = [
        finding
        for name in ("train", "validation", "test")
        for finding in _misfits(
            getattr(sets, name), f"data.kind = {data.kind}: {name}", recipe, sets.n_classes
        )
    ]
    if wrong:
        raise NeurodeployError(wrong)
    return sets


def _misfits(items: SampleSet, where: str, recipe: Recipe, n_classes: int) -> Iterator[Finding]:
    """Yield ND042 for everything about a set that is not as the recipe says."""
    data = recipe.data
    per_step = recipe.network.readout.score == "per_step"
    labels = np.asarray(items.labels)
    n_axes = 2 if per_step else 1
    facts = [
        (len(items) > 0, f"{len(items)} samples", "at least one"),
        (items.n_steps == data.steps, f"{items.n_steps} steps", f"{data.steps} (data.steps)"),
        (
            items.n_channels == data.channels,
            f"{items.n_channels} channels",
            f"{data.channels} (data.channels)",
        ),
        (
            items.input_max <= data.input_max,
            f"values up to {items.input_max}",
            f"{data.input_max} (data.input)",
        ),
        (
            labels.ndim == n_axes and labels.shape[0] == len(items),
            f"labels {list(labels.shape)}",
            f"a label for each {'step' if per_step else 'sample'} (network.readout.score)",
        ),
        (
            labels.dtype.kind in "iu" and bool(((labels >= 0) & (labels < n_classes)).all()),
            f"labels of type {labels.dtype}" + (f" up to {labels.max()}" if labels.size else ""),
            f"whole numbers 0..{n_classes - 1} (n_classes)",
        ),
    ]
    for fits, found, limit in facts:
        if not fits:
            yield DATA_MISFIT.finding(
                where=where, found=found, limit=limit, help="Change the recipe to fit it."
            )
