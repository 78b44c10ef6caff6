"""Progress: how a stage that takes time says how far it is, to whoever shows it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

NO_FACTS: Mapping[str, Any] = MappingProxyType({})


class Progress(Protocol):
    """Called by every stage that takes time; a function of these arguments will do."""

    def __call__(
        self, stage: str, done: int = 0, total: int = 0, facts: Mapping[str, Any] = NO_FACTS
    ) -> None:
        """Say how far a stage is.

        Parameters
        ----------
        stage
            What is being done, as a phrase; it changes when another stage begins.
        done, total
            How many samples, files or batches are done, of how many; a total of 0 is not known.
        facts
            What was measured on the way, e.g. an epoch's loss.
        """


def silent(stage: str, done: int = 0, total: int = 0, facts: Mapping[str, Any] = NO_FACTS) -> None:
    """Say nothing: the default wherever a :class:`Progress` is taken."""
