"""Small networks of a user's own, random and with enough spikes, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import norse.torch as norse
import numpy as np
import torch
from torch import nn

import neurodeploy as nd

DT_S = 0.001
SOURCES, STEPS = 12, 40


def samples(n: int = 20, *, seed: int = 0) -> nd.Samples:
    rng = np.random.default_rng(seed)
    spikes = (rng.random((n, STEPS, SOURCES)) < 0.3).astype(np.uint8)
    return nd.Samples(spikes, rng.integers(0, 3, n))


def between(low: float, high: float, *shape: int) -> torch.Tensor:
    """One parameter, or one for each neuron."""
    return low + (high - low) * torch.rand(shape)


def box(*shape: int, **changes: Any) -> norse.LIFBoxParameters:
    values = {
        "tau_mem_inv": between(60, 140, *shape),
        "v_leak": between(0.01, 0.05, *shape),
        "v_th": between(0.08, 0.15, *shape),
        "v_reset": between(-0.1, 0.005, *shape),
    }
    return norse.LIFBoxParameters(**values | changes)


def lif(*shape: int, **changes: Any) -> norse.LIFParameters:
    values = {
        "tau_syn_inv": between(100, 300, *shape),
        "tau_mem_inv": between(60, 140, *shape),
        "v_leak": between(0.01, 0.05, *shape),
        "v_th": between(0.2, 0.3, *shape),
        "v_reset": between(-0.1, 0.005, *shape),
    }
    return norse.LIFParameters(**values | changes)


def li(*shape: int) -> norse.LIParameters:
    return norse.LIParameters(between(100, 300, *shape), between(60, 140, *shape), between(-0.1, 0.1, *shape))


def li_box(*shape: int) -> norse.LIBoxParameters:
    return norse.LIBoxParameters(between(60, 140, *shape), between(-0.1, 0.1, *shape))


def norm(layer: Any) -> Any:
    """Give a BatchNorm statistics and weights as a training does."""
    with torch.no_grad():
        for values in (layer.running_mean, layer.bias):
            values.copy_(between(-0.2, 0.2, len(values)))
        for values in (layer.running_var, layer.weight):
            values.copy_(between(0.5, 2.0, len(values)))
    return layer


def row(*layers: nn.Module) -> nn.Module:
    return norse.SequentialState(*layers)


def delayed() -> nn.Module:
    neurons = {"tau_s": 0.01, "dt_s": DT_S}
    hearing = nd.nn.CubaLIF(8, tau_syn_s=0.005, v_threshold=0.3, v_leak=0.02, **neurons)
    return nn.Sequential(
        nd.nn.DelayLinear(SOURCES, 10, max_delay_steps=9),
        nd.nn.LIF(10, v_threshold=0.1, v_leak=0.02, **neurons),
        nd.nn.Dense(10, 8),
        nd.nn.Recurrent(hearing, nd.nn.DelayLinear(8, 8, max_delay_steps=3), lag_steps=2),
        nd.nn.TemporalConv(8, 3, n_taps=3, dilation=2),
        nd.nn.LI(3, **neurons),
    )


def stepwise() -> nn.Module:
    neurons = {"tau_s": 0.01, "dt_s": DT_S}
    return row(
        nd.nn.Stepwise(nd.nn.DelayLinear(SOURCES, 8, max_delay_steps=4)),
        nd.nn.Stepwise(nd.nn.LIF(8, v_threshold=0.1, **neurons)),
        nn.Linear(8, 6),
        norse.LIFCell(lif()),
        nd.nn.Stepwise(nd.nn.Dense(6, 3)),
        nd.nn.Stepwise(nd.nn.LI(3, **neurons)),
    )


NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...] | None]] = {
    "box cells, one parameter each": (
        lambda: row(nn.Linear(12, 8), norse.LIFBoxCell(box()), nn.Linear(8, 3), norse.LIBoxCell(li_box())),
        None,
    ),
    "box cells, parameters for each neuron": (
        lambda: row(nn.Linear(12, 8), norse.LIFBoxCell(box(8)), nn.Linear(8, 3), norse.LIBoxCell(li_box(3))),
        None,
    ),
    "cells with a current, one parameter each": (
        lambda: row(nn.Linear(12, 8), norse.LIFCell(lif()), nn.Linear(8, 3), norse.LICell(li())),
        None,
    ),
    "cells with a current, parameters for each neuron": (
        lambda: row(nn.Linear(12, 8), norse.LIFCell(lif(8)), nn.Linear(8, 3), norse.LICell(li(3))),
        None,
    ),
    "whole sequences": (
        lambda: row(nn.Linear(12, 8), norse.LIF(lif()), nn.Dropout(0.5), nn.Linear(8, 3), norse.LI(li())),
        None,
    ),
    "whole sequences that hear themselves": (
        lambda: row(norse.LIFRecurrent(12, 8, p=lif(), autapses=True), nn.Linear(8, 3), norse.LI(li())),
        None,
    ),
    "recurrent cells": (
        lambda: row(norse.LIFRecurrentCell(12, 8, p=lif()), norse.LILinearCell(8, 3, p=li(3))),
        None,
    ),
    "spikes decide": (lambda: row(nn.Linear(12, 3), norse.LIFBoxCell(box(3))), None),
    "weights decide": (lambda: row(nn.Linear(12, 8), norse.LIFBoxCell(box()), nn.Linear(8, 3)), None),
    "norms": (
        lambda: row(
            nn.Linear(12, 8, bias=False),
            norm(nn.BatchNorm1d(8)),
            norse.LIFCell(lif(v_th=torch.tensor(0.1))),
            nn.Linear(8, 3),
            norm(nn.BatchNorm1d(3)),
            norse.LICell(li()),
        ),
        None,
    ),
    "convolutions": (
        lambda: row(
            nn.Conv2d(1, 4, 3, padding=1, stride=(1, 2), padding_mode="circular"),
            norm(nn.BatchNorm2d(4)),
            norse.LIFBoxCell(box(4, 1, 1)),
            nn.AvgPool2d(2, ceil_mode=True),
            nn.Conv2d(4, 4, 1, groups=2),
            norse.LIFCell(lif(v_th=torch.tensor(0.1))),
            nn.Flatten(),
            nn.Linear(8, 3),
            norse.LICell(li()),
        ),
        (1, 3, 4),
    ),
    "convolutions over one axis, and a sum": (
        lambda: row(
            norse.Lift(
                row(
                    nn.Conv1d(3, 4, 2, dilation=2),
                    norse.LIFBoxCell(box(v_th=torch.tensor(0.06))),
                    nn.LPPool1d(1, 2),
                    nn.Flatten(),
                    nn.Linear(4, 3),
                    norse.LIBoxCell(li_box()),
                )
            )
        ),
        (3, 4),
    ),
    "delays": (delayed, None),
    "layers of nd.nn step by step": (stepwise, None),
}
"""Networks by name, and the shape of one step of their input."""


def made(name: str) -> tuple[nn.Module, dict[str, Any]]:
    """Give a network, the same every time, and what from_module has to be told."""
    make, shape = NETWORKS[name]
    with torch.random.fork_rng():
        torch.manual_seed(3)
        module = make()
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.Linear | nn.Conv1d | nn.Conv2d):
                part.weight += 0.1  # so that most neurons spike
            if isinstance(part, norse.LIFRecurrentCell):  # what the weights hold counts, not the option
                part.recurrent_weights.fill_diagonal_(-0.2)
    return module, {"dt_s": DT_S, "input_shape": shape}


def own_output(module: nn.Module, spikes: np.ndarray, shape: tuple[int, ...] | None) -> np.ndarray:
    """Run a module as its user does, in float32: what it gives at each step, ``[sample, step, neuron]``."""
    module = module.eval()
    x = torch.from_numpy(spikes.transpose(1, 0, 2)).float()
    x = x.reshape(*x.shape[:2], *(shape or x.shape[2:]))
    kinds = (norse.LIFBoxCell, norse.LIFCell, norse.LIFRecurrentCell, nd.nn.Stepwise)
    with torch.no_grad():
        if any(isinstance(layer, kinds) for layer in module.children()):
            state, given = None, []
            for now in x:
                out, state = module(now, state)
                given.append(out)
            whole = torch.stack(given)
        else:
            whole = module(x)
            while isinstance(whole, tuple):
                whole = whole[0]
    return whole.reshape(*x.shape[:2], -1).transpose(0, 1).numpy()
