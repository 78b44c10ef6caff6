"""Two networks without spikes, a GRU and a small Transformer, trained the way the spiking ones are."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from neurodeploy.data.sets import DataSets, SampleSet, load_data
from neurodeploy.files import atomic_file
from neurodeploy.ops.threads import prepare_threads
from neurodeploy.recipe import Recipe
from neurodeploy.training.fit.epoch import AUGMENT, ORDER, batches_of
from neurodeploy.training.fit.schedule import one_cycle


class GRU(nn.Module):
    """One GRU layer and a linear readout at every step; the score is the sum of softmax over the steps."""

    def __init__(self, n_inputs: int, size: int, n_classes: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(n_inputs)
        self.gru = nn.GRU(n_inputs, size)
        self.dropout = nn.Dropout(dropout)
        self.readout = nn.Linear(size, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Turn counts ``[step, batch, channel]`` into scores ``[batch, class]``."""
        normal = self.norm(x.flatten(0, 1)).view_as(x)
        states, _ = self.gru(normal)
        return torch.softmax(self.readout(self.dropout(states)), dim=-1).sum(dim=0)


class Transformer(nn.Module):
    """Two encoder layers over groups of ``patch`` steps, learned positions, and the mean over time."""

    def __init__(
        self, n_inputs: int, size: int, n_classes: int, dropout: float, *, n_steps: int, patch: int = 4
    ) -> None:
        super().__init__()
        self.patch = patch
        self.norm = nn.BatchNorm1d(n_inputs)
        self.embed = nn.Linear(n_inputs * patch, size)
        self.position = nn.Parameter(0.02 * torch.randn(n_steps // patch, 1, size))
        layer = nn.TransformerEncoderLayer(size, 4, 2 * size, dropout, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.readout = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, n_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Turn counts ``[step, batch, channel]`` into scores ``[batch, class]``."""
        normal = self.norm(x.flatten(0, 1)).view_as(x)
        n_steps, batch, channels = normal.shape
        groups = normal.view(n_steps // self.patch, self.patch, batch, channels).transpose(1, 2)
        encoded = self.encoder(self.embed(groups.flatten(2)) + self.position)
        return self.readout(encoded.mean(dim=0))


def n_parameters(network: nn.Module) -> int:
    """Count trained numbers."""
    return sum(parameter.numel() for parameter in network.parameters())


def build(kind: str, recipe: Recipe, n_inputs: int, n_classes: int, target: int) -> nn.Module:
    """Give the network of a kind whose number of parameters is nearest to ``target``."""
    dropout = recipe.network.dropout

    def make(size: int) -> nn.Module:
        if kind == "gru":
            return GRU(n_inputs, size, n_classes, dropout)
        return Transformer(n_inputs, size, n_classes, dropout, n_steps=recipe.data.steps)

    sizes = range(4, 257, 1 if kind == "gru" else 4)  # four heads share the Transformer's size
    return make(min(sizes, key=lambda size: abs(n_parameters(make(size)) - target)))


def train_baseline(
    kind: str, recipe: Recipe, data_dir: Path | None, *, target: int, out: Path, lr: float
) -> dict:
    """Train one baseline and write ``result.json`` as a run has it; a finished one is read.

    Same files, steps, channels, augmentation, order of the samples, epochs, batch size and one-cycle
    schedule as the recipe; the epoch is chosen on the validation set, and the test set is evaluated once.
    """
    path = out / "result.json"
    if path.is_file():
        return dict(json.loads(path.read_text()))
    started = time.perf_counter()
    prepare_threads(1)
    train, seed = recipe.train, recipe.train.seed
    data: DataSets = load_data(recipe, data_dir, seed)
    torch.manual_seed(seed)
    network = build(kind, recipe, data.train.n_channels, data.n_classes, target)
    optimiser = torch.optim.Adam(network.parameters(), lr=lr, weight_decay=train.weight_decay)
    best: dict[str, Tensor] = {}
    best_key, best_epoch = (-1.0, 0.0), 0
    for epoch in range(train.epochs):
        order = np.random.default_rng([seed, ORDER, epoch]).permutation(len(data.train))
        batches = batches_of(len(data.train), train.batch_size, order)
        network.train()
        for index, positions in enumerate(batches):
            factor = one_cycle(epoch * len(batches) + index, train.epochs * len(batches))
            for group in optimiser.param_groups:
                group["lr"] = lr * factor
            drawn = np.random.default_rng([seed, AUGMENT, epoch, index])
            x = torch.from_numpy(data.train.batch(positions, recipe.data.augment, drawn)).float()
            labels = torch.from_numpy(data.train.labels[positions])
            loss = nn.functional.cross_entropy(network(x), labels)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        key = measure(network, data.validation)
        if key > best_key:
            best = {name: value.clone() for name, value in network.state_dict().items()}
            best_key, best_epoch = key, epoch + 1
    network.load_state_dict(best)
    result = {
        "recipe": kind,
        "seed": seed,
        "epochs": train.epochs,
        "selected_epoch": best_epoch,
        "validation": {"accuracy": measure(network, data.validation)[0]},
        "test": {"accuracy": measure(network, data.test)[0]},
        "parameters": n_parameters(network),
        "seconds": time.perf_counter() - started,
        "processes": 1,
        "threads": 1,
    }
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(result, indent=1) + "\n")
    return result


def measure(network: nn.Module, samples: SampleSet) -> tuple[float, float]:
    """Give accuracy and minus the mean loss on a set; of two epochs the larger pair is better."""
    network.eval()
    right, loss = 0, 0.0
    with torch.no_grad():
        for first in range(0, len(samples), 256):
            positions = np.arange(first, min(first + 256, len(samples)))
            scores = network(torch.from_numpy(samples.batch(positions)).float())
            labels = torch.from_numpy(samples.labels[positions])
            right += int((scores.argmax(dim=-1) == labels).sum())
            loss += float(nn.functional.cross_entropy(scores, labels, reduction="sum"))
    return right / len(samples), -loss / len(samples)
