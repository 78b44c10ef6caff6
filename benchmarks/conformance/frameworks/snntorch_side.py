"""snnTorch's side of the conformance matrix: runs in an environment with snntorch."""

from __future__ import annotations

from importlib.metadata import version

import nir
import numpy as np
import snntorch as snn
import torch
from side import N_HIDDEN, N_IN, N_OUT, Case, Recorded, given, main, spread, weights
from snntorch.export_nir import export_to_nir
from snntorch.import_nir import import_from_nir

NEURONS = (snn.Leaky, snn.Synaptic, snn.RLeaky, snn.RSynaptic)
DT = 1e-4  # export_nir.py and import_nir.py both fix it


def linear(
    seed: int, n_out: int, n_in: int, reach: float = 1.0, bias: float | None = None
) -> torch.nn.Linear:
    layer = torch.nn.Linear(n_in, n_out, bias=bias is not None)
    layer.weight.data = torch.from_numpy(weights(seed, n_out, n_in, reach))
    if bias is not None:
        layer.bias.data = torch.full((n_out,), bias)
    return layer


def full(x: float, n: int) -> torch.Tensor:
    return torch.full((n,), x)  # a scalar cannot be written with nir 1.0.8


def run(net: torch.nn.Module, spikes: np.ndarray) -> Recorded:
    """Step a network whose neurons keep their state, and record every neuron."""
    neurons = {name: module for name, module in net.named_modules() if isinstance(module, NEURONS)}
    rows: dict[str, list] = {name: [] for name in neurons}

    def hook(name: str):
        def record(module, _, out) -> None:
            spk = out[0] if isinstance(out, tuple) else out
            rows[name].append((spk.detach().numpy() > 0, module.mem.detach().numpy().copy()))

        return record

    for name, module in neurons.items():
        if hasattr(module, "reset_mem"):
            module.reset_mem()
        module.register_forward_hook(hook(name))
    x = torch.from_numpy(spikes).float()
    with torch.no_grad():
        for t in range(x.shape[1]):
            net(x[:, t])
    return {name: tuple(np.stack(part, 1) for part in zip(*row, strict=True)) for name, row in rows.items()}


def case(
    about: str, *layers: torch.nn.Module, spikes: np.ndarray | None = None, dialect: str = "reset=zero"
) -> Case:
    x = given() if spikes is None else spikes
    net = torch.nn.Sequential(*layers)
    recorded = {
        name: (s.reshape(*s.shape[:2], -1), v.reshape(*v.shape[:2], -1))
        for name, (s, v) in run(net, x).items()
    }
    for module in net.modules():
        if isinstance(module, NEURONS) and hasattr(module, "reset_mem"):
            module.reset_mem()

    def save(path: str) -> None:
        nir.write(path, export_to_nir(net, torch.from_numpy(x[:1, 0]).float(), ignore_dims=[0]))

    return Case(about, dt=DT, spikes=x, recorded=recorded, save=save, dialect=dialect)


def two(
    about: str,
    first: torch.nn.Module,
    second: torch.nn.Module,
    *,
    bias: float | None = None,
    dialect: str = "reset=zero",
) -> Case:
    layers = linear(1, N_HIDDEN, N_IN, bias=bias), first, linear(2, N_OUT, N_HIDDEN), second
    return case(about, *layers, dialect=dialect)


def leaky(n: int, beta: float = 0.9, **options) -> snn.Leaky:
    return snn.Leaky(beta=full(beta, n), threshold=full(1.0, n), init_hidden=True, **options)


HARD = {"reset_mechanism": "zero", "reset_delay": False}


def synaptic(n: int, **options) -> snn.Synaptic:
    return snn.Synaptic(
        alpha=full(0.8, n), beta=full(0.9, n), threshold=full(4.0, n), init_hidden=True, **options
    )


def convolution(**options) -> Case:
    conv = torch.nn.Conv2d(1, 3, 3, stride=2, padding=1)
    conv.weight.data = torch.from_numpy(weights(7, 27, 1, 1.0).reshape(3, 1, 3, 3) + 0.2)
    conv.bias.data = torch.full((3,), 0.05)
    beta, threshold = torch.full((3, 4, 4), 0.9), torch.full((3, 4, 4), 1.0)
    neurons = snn.Leaky(beta=beta, threshold=threshold, init_hidden=True, **options)
    layers = conv, neurons, torch.nn.Flatten(), linear(2, N_OUT, 48, 0.5), leaky(N_OUT, **options)
    return case("Conv2d, stride 2, Leaky, Flatten, Leaky", *layers, spikes=given(3, 1, 8, 8))


def recurrent(kind: str, **options) -> Case:
    shared = {"threshold": full(1.0, N_HIDDEN), "linear_features": N_HIDDEN, "init_hidden": True, **options}
    if kind == "RLeaky":
        layer = snn.RLeaky(beta=full(0.9, N_HIDDEN), **shared)
    else:
        layer = snn.RSynaptic(alpha=full(0.8, N_HIDDEN), beta=full(0.9, N_HIDDEN), **shared)
    layer.recurrent.weight.data = torch.from_numpy(weights(5, N_HIDDEN, N_HIDDEN, 0.5))
    layer.recurrent.bias.data = torch.zeros(N_HIDDEN)
    return two(f"{kind}, all to all", layer, leaky(N_OUT, **options))


CASES = {
    "leaky-zero": lambda: two("Leaky, reset to zero at once", leaky(N_HIDDEN, **HARD), leaky(N_OUT, **HARD)),
    "leaky-bias": lambda: two(
        "the same, with a bias", leaky(N_HIDDEN, **HARD), leaky(N_OUT, **HARD), bias=0.05
    ),
    "leaky-default": lambda: two(
        "Leaky as by default: subtract, at the next step",
        leaky(N_HIDDEN),
        leaky(N_OUT),
        dialect="reset=subtract",
    ),
    "leaky-subtract": lambda: two(
        "Leaky, subtract at once",
        leaky(N_HIDDEN, reset_delay=False),
        leaky(N_OUT, reset_delay=False),
        dialect="reset=subtract-at-once",
    ),
    "leaky-zero-late": lambda: two(
        "Leaky, reset to zero at the next step",
        leaky(N_HIDDEN, reset_mechanism="zero"),
        leaky(N_OUT, reset_mechanism="zero"),
    ),
    "per-neuron": lambda: two(
        "Leaky, beta and threshold per neuron",
        snn.Leaky(
            beta=torch.from_numpy(spread(3, 0.7, 0.97)),
            threshold=torch.from_numpy(spread(4, 0.5, 1.5)),
            init_hidden=True,
            **HARD,
        ),
        leaky(N_OUT, **HARD),
    ),
    "beta-one": lambda: two(
        "Leaky with beta = 1, an integrator", leaky(N_HIDDEN, 1.0, **HARD), leaky(N_OUT, **HARD)
    ),
    "synaptic-zero": lambda: two(
        "Synaptic, reset to zero at once", synaptic(N_HIDDEN, **HARD), synaptic(N_OUT, **HARD)
    ),
    "synaptic-default": lambda: two(
        "Synaptic as by default", synaptic(N_HIDDEN), synaptic(N_OUT), dialect="reset=subtract"
    ),
    "recurrent-zero": lambda: recurrent("RLeaky", **HARD),
    "recurrent-synaptic": lambda: recurrent("RSynaptic", **HARD),
    "conv-zero": lambda: convolution(**HARD),
}


def read(path: str, spikes: np.ndarray) -> Recorded:
    """Compute one of our files as snnTorch imports it."""
    found = run(import_from_nir(nir.read(path)), spikes)
    return {name.split(".")[0]: traces for name, traces in found.items()}


if __name__ == "__main__":
    main(CASES, read, lambda: {name: version(name) for name in ("snntorch", "nir", "nirtorch", "torch")})
