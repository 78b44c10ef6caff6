"""The state of one training between its epochs: what is selected, checkpointed and written at the end."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import neurodeploy
from neurodeploy.data.samples import Samples, save_samples
from neurodeploy.data.sets import DataSets, SampleSet, samples_of
from neurodeploy.progress import Progress, silent
from neurodeploy.recipe import Recipe
from neurodeploy.runs.folder import CHECKPOINT, RECIPE, SAMPLES, unreadable, write_result
from neurodeploy.training.fit.checkpoint import (
    Checkpoint,
    copied,
    optimiser_state,
    restore_optimiser,
    save_checkpoint,
)
from neurodeploy.training.fit.epoch import Measured, diverged, evaluate, train_epoch
from neurodeploy.training.fit.metrics import Metrics
from neurodeploy.training.fit.optimiser import make_optimiser, make_sigma
from neurodeploy.training.model.spiking_network import SpikingNetwork, hidden_name
from neurodeploy.training.read_run import save_network
from neurodeploy.training.world import World

CALIBRATION_SAMPLES = 256
CALIBRATION = 4
"""Stream of random numbers that picks the calibration samples, see :mod:`neurodeploy.training.fit.epoch`."""


TRAINING = "training"
"""The stage of a :class:`~neurodeploy.progress.Progress`: done and total are epochs, and the facts are
``batch`` and ``batches`` of the epoch under way, or an epoch's line of metrics after it."""


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What a training gave. Accuracies are 0 to 1, of the selected weights with whole delays.

    Attributes
    ----------
    run
        The run folder.
    epochs, selected_epoch
        Epochs trained, and the one whose weights were selected (from 1).
    validation, test
        Loss, accuracy and mean spikes per neuron and step on either set.
    seconds
        Of the training, data loading and evaluation included.
    notes
        What the data loader had to say.
    facts
        What ``result.json`` holds.
    """

    run: Path
    epochs: int
    selected_epoch: int
    validation: Measured
    test: Measured
    seconds: float
    notes: tuple[str, ...]
    facts: Mapping[str, Any]


class Session:
    """The state of one training between its epochs."""

    def __init__(
        self,
        *,
        recipe: Recipe,
        out: Path,
        network: SpikingNetwork,
        data: DataSets,
        world: World,
        progress: Progress,
        started: float,
    ) -> None:
        self.recipe, self.out, self.network, self.data, self.world = recipe, out, network, data, world
        self.progress = progress if world.first else silent
        self.optimiser = make_optimiser(network)
        self.sigma = make_sigma(recipe)
        self.epoch = 0
        self.best: dict[str, torch.Tensor] = {}
        self.best_epoch, self.best_key = 0, (-1.0, 0.0)
        self.started = started
        self.seconds_before = 0.0

    def restore(self, checkpoint: Checkpoint | None) -> None:
        """Go on from a checkpoint; None begins at the beginning."""
        if checkpoint is None:
            return
        facts = checkpoint.facts
        try:
            self.network.load_state_dict(checkpoint.model)
            restore_optimiser(self.optimiser, self.network, checkpoint.optimiser)
            if self.sigma is not None:
                self.sigma.restore(facts["sigma"])
            self.epoch, self.best = checkpoint.epoch, checkpoint.best
            self.best_epoch, self.best_key = int(facts["best_epoch"]), tuple(facts["best_key"])
            self.seconds_before = float(facts["seconds"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise unreadable(self.out / CHECKPOINT, error, f"a checkpoint of {RECIPE}") from None

    def seconds(self) -> float:
        """Give the seconds of this and earlier parts of the run."""
        return self.seconds_before + time.perf_counter() - self.started

    def run(self) -> None:
        """Train the epochs that are left; checkpoint after each."""
        if not self.world.first:
            while self.epoch < self.recipe.train.epochs:
                self._one_epoch()
            return
        with Metrics(self.out, self.epoch) as metrics:
            while self.epoch < self.recipe.train.epochs:
                line = self._one_epoch()
                metrics.write(line)
                self._checkpoint()
                self.progress(TRAINING, self.epoch, self.recipe.train.epochs, line)

    def _one_epoch(self) -> dict[str, Any]:
        begun = time.perf_counter()
        sigma = None if self.sigma is None else self.sigma.at(self.epoch)
        if sigma is not None:
            self.network.set_sigma(sigma)

        def tick(done: int, n: int) -> None:
            self.progress(TRAINING, self.epoch, self.recipe.train.epochs, {"batch": done, "batches": n})

        trained = train_epoch(
            self.network, self.optimiser, self.data.train, epoch=self.epoch, world=self.world, tick=tick
        )
        held = self._measured(self.data.validation, f"epoch {self.epoch + 1}, validation set")
        if self.sigma is not None:
            self.sigma.observe(self.epoch, trained.loss)
        self.epoch += 1
        key = (held.accuracy, -held.loss)
        if self.recipe.train.keep == "best" and key > self.best_key:
            self.best, self.best_epoch, self.best_key = copied(self.network.state_dict()), self.epoch, key
        return {
            "epoch": self.epoch,
            "train_loss": trained.loss,
            "train_accuracy": trained.accuracy,
            "validation_loss": held.loss,
            "validation_accuracy": held.accuracy,
            "sigma_steps": sigma,
            "lr": {group["kind"]: group["lr"] for group in self.optimiser.param_groups},
            "tau_median_s": self._median_taus(),
            "spikes_per_neuron_and_step": list(held.rates),
            "seconds": time.perf_counter() - begun,
        }

    def _measured(self, samples: SampleSet, where: str) -> Measured:
        """Measure a set; ND054 where its loss is not finite, in every process at once."""
        measured = evaluate(self.network, samples, world=self.world)
        if not math.isfinite(measured.loss):
            raise diverged(f"{self.recipe.name}: {where}", f"loss {measured.loss}")
        return measured

    def _median_taus(self) -> list[float]:
        """Give each hidden layer's median time constant, in seconds; ND054 where one is infinite."""
        medians = []
        for index, layer in enumerate(self.network.layers()):
            tau_s = layer.tau.seconds()
            if not np.isfinite(tau_s).all():
                where = f"{self.recipe.name}: epoch {self.epoch}, time constants of {hidden_name(index)}"
                raise diverged(where, f"{np.count_nonzero(~np.isfinite(tau_s))} without end")
            medians.append(float(np.median(tau_s)))
        return medians

    def _checkpoint(self) -> None:
        facts = {
            "best_epoch": self.best_epoch,
            "best_key": list(self.best_key),
            "sigma": None if self.sigma is None else self.sigma.state(),
            "seconds": self.seconds(),
        }
        state = copied(self.network.state_dict())
        moments = optimiser_state(self.optimiser, self.network)
        save_checkpoint(self.out / CHECKPOINT, Checkpoint(self.epoch, state, self.best, moments, facts))

    def finish(self) -> TrainResult:
        """Select the weights, measure them on the held-out sets, and write the run's files."""
        if self.best:
            self.network.load_state_dict(self.best)
        selected = self.best_epoch if self.best else self.epoch
        validation = self._measured(self.data.validation, f"epoch {selected}, validation set")
        test = self._measured(self.data.test, f"epoch {selected}, test set")
        facts = self._facts(selected, validation, test)
        if self.world.first:
            save_network(self.out, self.network, copied(self.network.state_dict()))
            save_samples(
                self.out / SAMPLES,
                {
                    "validation": samples_of(self.data.validation),
                    "test": samples_of(self.data.test),
                    "calibration": calibration(self.data.train, self.recipe.train.seed),
                },
            )
            write_result(self.out, facts)
        self.world.wait()
        return TrainResult(
            self.out, self.epoch, selected, validation, test, facts["seconds"], self.data.notes, facts
        )

    def _facts(self, selected: int, validation: Measured, test: Measured) -> dict[str, Any]:
        return {
            "recipe": self.recipe.name,
            "seed": self.recipe.train.seed,
            "epochs": self.epoch,
            "selected_epoch": selected,
            "selected_on": "validation" if self.best else "nothing (train.keep = last)",
            "validation": {"samples": len(self.data.validation), **_measured(validation)},
            "test": {"samples": len(self.data.test), **_measured(test)},
            "train": {"samples": len(self.data.train)},
            "parameters": sum(p.numel() for p in self.network.parameters()),
            "seconds": self.seconds(),
            "processes": self.world.size,
            "threads": torch.get_num_threads(),
            "notes": list(self.data.notes),
            "versions": {
                "neurodeploy": neurodeploy.__version__,
                "torch": torch.__version__,
                "numpy": np.__version__,
                "python": platform.python_version(),
            },
        }


def calibration(samples: SampleSet, seed: int) -> Samples:
    """Draw the training samples that scales are later chosen on: without augmentation, in file order."""
    n = len(samples)
    chosen = np.random.default_rng([seed, CALIBRATION]).permutation(n)[: min(n, CALIBRATION_SAMPLES)]
    chosen.sort()
    spikes = np.ascontiguousarray(samples.batch(chosen).transpose(1, 0, 2))
    mask = samples.mask
    return Samples(spikes, samples.labels[chosen], None if mask is None else mask[chosen])


def _measured(measured: Measured) -> dict[str, Any]:
    return {
        "accuracy": measured.accuracy,
        "loss": measured.loss,
        "spikes_per_neuron_and_step": list(measured.rates),
    }
