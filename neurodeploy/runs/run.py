"""A finished training as an object: its recipe, its result, its metrics and its samples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodeploy.data.samples import Samples, load_samples
from neurodeploy.findings.codes_training import RUN_NOT_FINISHED
from neurodeploy.findings.codes_usage import NO_SUCH_PATH
from neurodeploy.recipe import Recipe, load_recipe
from neurodeploy.runs.folder import METRICS, MODEL, RECIPE, RESULT, SAMPLES, read_result, unreadable


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Run:
    """What ``neurodeploy train`` wrote; make one with :meth:`open`.

    Attributes
    ----------
    path
        The folder.
    recipe
        As it was trained.
    result
        What ``result.json`` holds: accuracies of the selected weights, epochs, seconds.
    """

    path: Path
    recipe: Recipe
    result: Mapping[str, Any]

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """Open the folder of a finished training.

        Raises
        ------
        NeurodeployError
            ND001 no such folder, ND050 not a finished run, ND002 an unreadable file, or a finding of the
            recipe.
        """
        path = Path(path)
        require_finished(path)
        return cls(path, load_recipe(path / RECIPE), read_result(path))

    @property
    def samples(self) -> Mapping[str, Samples]:
        """Held-out sets by name, and those that integers are calibrated on: read anew each time."""
        return load_samples(self.path / SAMPLES)

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """One mapping an epoch; ND002 where the file cannot be read. A last line that was cut is left out."""
        try:
            text = (self.path / METRICS).read_text(encoding="utf-8")
            whole = text[: text.rfind("\n") + 1]
            return [dict(json.loads(line)) for line in whole.splitlines()]
        except (OSError, ValueError, TypeError) as error:
            raise unreadable(self.path / METRICS, error, "a JSON object in each line") from None

    def __repr__(self) -> str:
        recipe, result = self.recipe, self.result
        lines = [f"Run {str(self.path)!r}: recipe {recipe.name!r}, seed {recipe.train.seed}"]
        for name in ("validation", "test"):
            measured = result.get(name)
            if isinstance(measured, Mapping) and isinstance(measured.get("accuracy"), float):
                lines.append(f"  {name:<10}  {measured['accuracy']:.2%}")
        if "epochs" in result:
            lines.append(f"  epochs      {result['epochs']}, selected {result.get('selected_epoch')}")
        return "\n".join(lines)


def require_finished(path: Path) -> None:
    """Raise ND001 where there is no folder and ND050 where it is not a finished run."""
    if not path.exists():
        raise NO_SUCH_PATH.error(where=str(path), help="Check the path.")
    missing = [name for name in (RECIPE, MODEL, SAMPLES, RESULT) if not (path / name).is_file()]
    if missing:
        begun = (path / RECIPE).is_file()
        raise RUN_NOT_FINISHED.error(
            message="the training has not finished" if begun else "the folder is not a training run",
            where=str(path),
            found=f"no {', '.join(missing)}",
            limit=f"{RECIPE}, {MODEL}, {SAMPLES} and {RESULT}",
            help=f"Finish it: `neurodeploy train {path / RECIPE} -o {path} --resume`."
            if begun
            else "Make one with `neurodeploy train RECIPE`.",
        )
