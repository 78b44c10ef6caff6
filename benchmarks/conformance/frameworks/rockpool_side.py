"""Rockpool's side of the conformance matrix: runs in an environment with rockpool[torch]."""

from __future__ import annotations

from importlib.metadata import version

import nir
import numpy as np
import torch
from rockpool.nn.combinators import Sequential
from rockpool.nn.modules.torch import ExpSynTorch, LIFNeuronTorch, LIFTorch, LinearTorch
from rockpool.nn.modules.torch.nir import from_nir, to_nir
from side import N_HIDDEN, N_IN, N_OUT, Case, Recorded, given, main, spread, weights

DT = 1e-3
SPIKING = (LIFTorch, LIFNeuronTorch)


def linear(seed: int, n_out: int, n_in: int, reach: float, bias: float | None = None) -> LinearTorch:
    options = {} if bias is None else {"bias": torch.full((n_out,), bias)}
    weight = torch.from_numpy(weights(seed, n_out, n_in, reach).T.copy())
    return LinearTorch((n_in, n_out), weight=weight, has_bias=bias is not None, **options)


def case(about: str, *layers: torch.nn.Module, dialect: str = "spikes=single") -> Case:
    x = given()
    net = Sequential(*layers)
    recorded: dict[str, tuple] = {}
    signal = torch.from_numpy(x).float()
    with torch.no_grad():
        for name, module in net.modules().items():
            signal, _, _ = module(signal)
            if isinstance(module, SPIKING):
                recorded[name] = (signal.numpy().astype(np.uint8), None)
            elif isinstance(module, ExpSynTorch):
                recorded[name] = (None, signal.numpy().copy())

    def save(path: str) -> None:
        nir.write(path, to_nir(net))

    return Case(about, dt=DT, spikes=x, recorded=recorded, save=save, dialect=dialect)


def lif(n: int, **options) -> LIFTorch:
    values = {
        "tau_mem": torch.full((n,), 0.02),
        "tau_syn": torch.full((n, 1), 0.005),
        "threshold": torch.full((n,), 4.0),
        "bias": torch.zeros(n),
        "dt": DT,
    }
    return LIFTorch(n, **values | options)


def two(
    about: str, make, *, reach: float = 1.0, bias: float | None = None, dialect: str = "spikes=single"
) -> Case:
    layers = (
        linear(1, N_HIDDEN, N_IN, reach, bias),
        make(N_HIDDEN),
        linear(2, N_OUT, N_HIDDEN, reach),
        make(N_OUT),
    )
    return case(about, *layers, dialect=dialect)


def once(n: int, **options) -> LIFTorch:
    return lif(n, max_spikes_per_dt=torch.tensor(1.0), **options)


def unfiltered(n: int) -> LIFNeuronTorch:
    return LIFNeuronTorch(
        n, tau_mem=torch.full((n,), 0.02), threshold=torch.ones(n), bias=torch.zeros(n), dt=DT
    )


def readout() -> Case:
    li = ExpSynTorch(N_OUT, tau=torch.full((N_OUT,), 0.02), dt=DT)
    return case(
        "LIFTorch and ExpSynTorch",
        linear(1, N_HIDDEN, N_IN, 1.0),
        once(N_HIDDEN),
        linear(2, N_OUT, N_HIDDEN, 1.0),
        li,
    )


CASES = {
    "lif-default": lambda: two("LIFTorch, as many spikes a step as fit", lif, dialect="spikes=multi"),
    "lif-once": lambda: two("LIFTorch, one spike a step", once),
    "lif-linear-bias": lambda: two("the same, with a bias in LinearTorch", once, bias=0.02),
    "lif-own-bias": lambda: two(
        "the same, with a bias in LIFTorch", lambda n: once(n, bias=torch.full((n,), 0.05))
    ),
    "per-neuron": lambda: two(
        "LIFTorch, tau per neuron",
        lambda n: once(
            n,
            tau_mem=torch.from_numpy(spread(3, 0.01, 0.04, n)),
            tau_syn=torch.from_numpy(spread(4, 0.003, 0.01, n)[:, None]),
        ),
    ),
    "recurrent": lambda: two(
        "LIFTorch with recurrent weights",
        lambda n: once(n, has_rec=True, w_rec=torch.from_numpy(weights(5, n, n, 1.0))),
    ),
    "lif-neuron": lambda: two("LIFNeuronTorch, no filter", unfiltered, dialect="spikes=multi"),
    "exp-syn": readout,
}


def read(path: str, spikes: np.ndarray) -> Recorded:
    """Compute one of our files as Rockpool imports it."""
    net = from_nir(nir.read(path))
    rows: dict[str, list] = {n: [] for n, module in net.named_children() if isinstance(module, SPIKING)}

    def hook(row: list):
        def record(_, __, out) -> None:
            row.append((out[0] if isinstance(out, tuple) else out).numpy().copy())

        return record

    for name, row in rows.items():
        net.get_submodule(name).register_forward_hook(hook(row))
    state = None
    with torch.no_grad():
        for t in range(spikes.shape[1]):
            _, state = net(torch.from_numpy(spikes[:, t : t + 1]).float(), state)
    return {name: (np.concatenate(row, 1).astype(np.uint8), None) for name, row in rows.items()}


if __name__ == "__main__":
    main(CASES, read, lambda: {name: version(name) for name in ("rockpool", "nir", "nirtorch", "torch")})
