"""Metrics of a run: one JSON line an epoch, and the same as TensorBoard events where it is installed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from neurodeploy.files import atomic_file
from neurodeploy.runs.folder import METRICS, TENSORBOARD, unreadable


class Metrics:
    """Write each epoch's metrics to a run folder; used in a ``with`` statement.

    Parameters
    ----------
    folder
        The run folder.
    epochs
        Epochs that are already finished: lines after them, written before a crash, go.
    """

    def __init__(self, folder: Path, epochs: int) -> None:
        self._path = folder / METRICS
        kept = _lines(self._path, epochs)
        with atomic_file(self._path) as temporary:
            temporary.write_text("".join(f"{line}\n" for line in kept))
        self._board = _board(folder / TENSORBOARD, epochs)

    def __enter__(self) -> Metrics:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._board is not None:
            with contextlib.suppress(OSError) if error is not None else contextlib.nullcontext():
                self._board.close()

    def write(self, line: Mapping[str, Any]) -> None:
        """Append one epoch: numbers, or lists with one number for each layer."""
        with self._path.open("a") as file:
            file.write(json.dumps(line, allow_nan=False) + "\n")
        if self._board is None:
            return
        for name, value in line.items():
            values = {"": value}
            if isinstance(value, list):
                values = {f"/layer{index + 1}": item for index, item in enumerate(value)}
            elif isinstance(value, dict):
                values = {f"/{key}": item for key, item in value.items()}
            for suffix, number in values.items():
                if isinstance(number, int | float):
                    self._board.add_scalar(f"{name}{suffix}", number, line["epoch"])
        self._board.flush()


def _lines(path: Path, epochs: int) -> list[str]:
    """Read the lines of finished epochs; ND002 where they are not what was written."""
    try:
        kept = path.read_text(encoding="utf-8").splitlines()[:epochs] if path.is_file() else []
        for index, line in enumerate(kept):
            if json.loads(line)["epoch"] != index + 1:
                raise ValueError(f"line {index + 1} is of another epoch")
        if len(kept) < epochs:
            raise ValueError(f"{len(kept)} lines, {epochs} epochs are finished")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise unreadable(path, error, "a line of JSON for each finished epoch") from None
    return kept


def _board(folder: Path, epochs: int) -> Any:
    try:
        from torch.utils.tensorboard.writer import SummaryWriter
    except ImportError:  # an optional package; metrics.jsonl has every number
        return None
    return SummaryWriter(str(folder), purge_step=epochs + 1)
