"""A data set: spikes come early in one class and late in the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurodeploy.data.sample_set import DataSets, DenseSet
from neurodeploy.recipe import Data


@dataclass(frozen=True)
class EarlyLate:
    """Bernoulli spikes in one half of the steps; the fields are the keys of a recipe's ``[data.options]``.

    Attributes
    ----------
    trials
        Samples of each set.
    rate
        Probability of a spike, for each step of the half and each channel.
    """

    trials: int = 64
    rate: float = 0.3

    def __post_init__(self) -> None:
        if self.trials < 2 or not 0 < self.rate <= 1:
            raise ValueError("trials from 2, rate above 0 and up to 1")

    def load(self, data: Data, *, folder: Path | None, seed: int) -> DataSets:
        """Draw the three sets; ``folder`` is not needed."""
        del folder
        train, validation, test = (
            self._drawn(data, np.random.default_rng([seed, stream])) for stream in range(3)
        )
        return DataSets(train=train, validation=validation, test=test, n_classes=2)

    def _drawn(self, data: Data, rng: np.random.Generator) -> DenseSet:
        labels = np.arange(self.trials) % 2
        late = np.arange(data.steps) >= data.steps // 2
        on = late[None, :] == (labels[:, None] == 1)
        spikes = (rng.random((self.trials, data.steps, data.channels)) < self.rate) & on[:, :, None]
        return DenseSet(spikes=spikes.astype(np.uint8), labels=labels)
