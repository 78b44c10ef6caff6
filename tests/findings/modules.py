"""Triggers of ND140 to ND149: a user's own modules and traces."""

from __future__ import annotations

import norse.torch as norse
import numpy as np
from torch import nn
from triggers import Place, triggers

import neurodeploy as nd


def reading(*layers: nn.Module, sources: int = 3) -> None:
    """Read layers in a row."""
    spikes = np.ones((2, 5, sources), np.uint8)
    nd.from_module(norse.SequentialState(*layers), spikes, dt_s=0.001)


@triggers("ND140")
def not_representable(_: Place) -> None:
    reading(nn.Linear(3, 2), nn.ReLU(), norse.LIFCell())


@triggers("ND141")
def other_step(_: Place) -> None:
    reading(nn.Linear(3, 2), norse.LIFCell(dt=0.01))


@triggers("ND142")
def module_fails(_: Place) -> None:
    reading(nn.Linear(3, 2), norse.LIFCell(norse.LIFParameters(method="own")))


@triggers("ND143")
def bad_input_shape(_: Place) -> None:
    reading(nn.Conv2d(1, 2, 2), norse.LIFBoxCell(), sources=12)


@triggers("ND144")
def bad_traces(place: Place) -> str:
    with np.load(place.given()) as file:
        np.savez("traces.npz", spikes=file["spikes"])
    return place.command("export", place.nir(), "--traces", "traces.npz", "-o", "new")
