"""What a training takes: three sets of samples, and where another package's come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.samples import Samples
from neurodeploy.recipe import Augment, Data


class SampleSet(Protocol):
    """What training needs of a set; :class:`neurodeploy.data.events.EventSet` and :class:`DenseSet`."""

    def __len__(self) -> int: ...

    @property
    def n_steps(self) -> int:
        """Steps of a sample."""
        ...

    @property
    def n_channels(self) -> int:
        """Input channels."""
        ...

    @property
    def input_max(self) -> int:
        """Largest value of an input bin."""
        ...

    @property
    def labels(self) -> NDArray[np.int64]:
        """Classes, ``[sample]`` or ``[sample, step]``."""
        ...

    @property
    def mask(self) -> NDArray[np.bool_] | None:
        """Steps that count for accuracy, ``[sample, step]``; None where labels are per sample."""
        ...

    def batch(
        self,
        positions: NDArray[np.integer],
        augment: Augment | None = None,
        generator: np.random.Generator | None = None,
    ) -> NDArray[np.uint8]:
        """Give some samples as dense spikes, ``[step, batch, channel]``."""
        ...

    def samples(self, n: int | None = None) -> Samples:
        """Give the first ``n`` samples, ``[sample, step, channel]``."""
        ...


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DenseSet:
    """Samples in memory as they are, never augmented.

    Attributes
    ----------
    spikes
        uint8 ``[sample, step, source]``.
    labels
        int64 ``[sample]``, or ``[sample, step]``: the target of every step.
    mask
        bool ``[sample, step]``: the steps on which accuracy is measured; None where labels are per sample.
    input_max
        Largest value of a bin.

    Raises
    ------
    NeurodeployError
        As :class:`neurodeploy.data.samples.Samples`.
    """

    spikes: NDArray[np.uint8]
    labels: NDArray[np.int64]
    mask: NDArray[np.bool_] | None = None
    input_max: int = 1

    def __post_init__(self) -> None:
        checked = Samples(self.spikes, self.labels, self.mask, maximum=self.input_max, where="data set")
        for name in ("spikes", "labels", "mask"):
            object.__setattr__(self, name, getattr(checked, name))

    def __len__(self) -> int:
        return int(self.spikes.shape[0])

    @property
    def n_steps(self) -> int:
        """Steps of a sample."""
        return int(self.spikes.shape[1])

    @property
    def n_channels(self) -> int:
        """Inputs."""
        return int(self.spikes.shape[2])

    def batch(
        self,
        positions: NDArray[np.integer],
        augment: Augment | None = None,  # noqa: ARG002  the same call as EventSet's; these are not augmented
        generator: np.random.Generator | None = None,  # noqa: ARG002
    ) -> NDArray[np.uint8]:
        """Give some samples as ``[step, batch, channel]``; they are never augmented."""
        return np.ascontiguousarray(self.spikes[np.asarray(positions)].transpose(1, 0, 2))

    def samples(self, n: int | None = None) -> Samples:
        """Give the first ``n`` samples (all by default)."""
        return Samples(self.spikes[:n], self.labels[:n], None if self.mask is None else self.mask[:n])


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSets:
    """What a network is trained on, chosen by and measured on.

    Attributes
    ----------
    train, validation, test
        The sets; no sample is in two of them.
    n_classes
        Classes over all three.
    notes
        What the user should know: what was cut, what was split off.
    """

    train: SampleSet
    validation: SampleSet
    test: SampleSet
    n_classes: int
    notes: tuple[str, ...] = ()


class DataSource(Protocol):
    """A data set of another package, found by its kind; see :mod:`neurodeploy.recipe.plugins`.

    A frozen dataclass: its fields are the keys of the recipe's table ``[data.options]``.
    """

    def load(self, data: Data, *, folder: Path | None, seed: int) -> DataSets:
        """Give the three sets.

        Parameters
        ----------
        data
            The recipe's table: ``dt_s``, ``steps``, ``channels`` and ``input_max`` decide the grid.
        folder
            What the user gave with ``--data``; None without.
        seed
            Of everything that is drawn: the same seed, the same sets.

        Returns
        -------
        DataSets
            Of :class:`SampleSet` each, for example :class:`DenseSet`; with ``steps``
            steps, ``channels`` channels, values up to ``input_max``, and labels per step where the recipe's
            score is ``per_step``.
        """
        ...
