"""sinabs' side of the conformance matrix: runs in an environment with sinabs."""

from __future__ import annotations

from importlib.metadata import version

import nir
import numpy as np
import sinabs.layers as sl
import torch
from side import N_HIDDEN, N_IN, N_OUT, N_SAMPLES, Case, Recorded, given, main, spread, weights
from sinabs.activation import MembraneReset, SingleSpike
from sinabs.nir import from_nir, to_nir

DT = 1.0  # its time constants count steps
KINDS = (sl.LIFSqueeze, sl.IAFSqueeze, sl.ExpLeakSqueeze)


def linear(seed: int, n_out: int, n_in: int, reach: float, bias: float | None = None) -> torch.nn.Linear:
    made = torch.nn.Linear(n_in, n_out, bias=bias is not None)
    made.weight.data = torch.from_numpy(weights(seed, n_out, n_in, reach))
    if bias is not None:
        made.bias.data = torch.full((n_out,), bias)
    return made


def run(net: torch.nn.Module, spikes: np.ndarray) -> Recorded:
    """Feed all steps at once, as Squeeze layers take them: batch and time in one axis."""
    outputs: dict[str, np.ndarray] = {}
    neurons = {name: module for name, module in net.named_modules() if isinstance(module, KINDS)}
    hooks = [
        module.register_forward_hook(
            lambda _, __, out, name=name: outputs.update({name: out.detach().numpy()})
        )
        for name, module in neurons.items()
    ]
    for module in neurons.values():
        module.reset_states()
    x = torch.from_numpy(spikes).float().flatten(0, 1)
    with torch.no_grad():
        net(x)
    for hook in hooks:
        hook.remove()
    recorded = {}
    for name, out in outputs.items():
        shaped = out.reshape(len(spikes), spikes.shape[1], -1)
        is_readout = isinstance(neurons[name], sl.ExpLeakSqueeze)
        recorded[name] = (None, shaped) if is_readout else (shaped.astype(np.uint8), None)
    return recorded


def case(
    about: str,
    *layers: torch.nn.Module,
    spikes: np.ndarray | None = None,
    dialect: str = "reset=zero,spikes=single",
) -> Case:
    x = given() if spikes is None else spikes
    net = torch.nn.Sequential(*layers)
    recorded = run(net, x)

    def save(path: str) -> None:
        for module in net.modules():
            if isinstance(module, KINDS):
                module.reset_states()
        nir.write(path, to_nir(net, torch.from_numpy(x).float().flatten(0, 1)))

    return Case(about, dt=DT, spikes=x, recorded=recorded, save=save, dialect=dialect)


SQUEEZED = {"batch_size": N_SAMPLES}
ONCE = {"spike_fn": SingleSpike}
HARD = {"reset_fn": MembraneReset(), **ONCE}


def lif(n: int, tau: float | torch.Tensor = 8.0, **options) -> sl.LIFSqueeze:
    taus = tau if isinstance(tau, torch.Tensor) else torch.full((n,), tau)
    return sl.LIFSqueeze(tau_mem=taus, spike_threshold=torch.ones(n), **SQUEEZED, **options)


def two(
    about: str,
    make,
    *,
    reach: float,
    bias: float | None = None,
    dialect: str = "reset=zero,spikes=single",
) -> Case:
    layers = (
        linear(1, N_HIDDEN, N_IN, reach, bias),
        make(N_HIDDEN),
        linear(2, N_OUT, N_HIDDEN, reach),
        make(N_OUT),
    )
    return case(about, *layers, dialect=dialect)


def iaf(n: int, **options) -> sl.IAFSqueeze:
    return sl.IAFSqueeze(spike_threshold=torch.ones(n), min_v_mem=None, **SQUEEZED, **options)


def readout() -> Case:
    li = sl.ExpLeakSqueeze(tau_mem=torch.full((N_OUT,), 8.0), **SQUEEZED)
    return case(
        "LIF and ExpLeak",
        linear(1, N_HIDDEN, N_IN, 8.0),
        lif(N_HIDDEN, **HARD),
        linear(2, N_OUT, N_HIDDEN, 8.0),
        li,
    )


def convolution() -> Case:
    conv = torch.nn.Conv2d(1, 3, 3, padding=1)
    conv.weight.data = torch.from_numpy(weights(7, 27, 1, 0.5).reshape(3, 1, 3, 3) + 0.1)
    conv.bias.data = torch.full((3,), 0.02)
    first = sl.IAFSqueeze(min_v_mem=None, **SQUEEZED, **HARD)
    layers = conv, first, sl.SumPool2d(2), torch.nn.Flatten(), linear(2, N_OUT, 48, 0.3), iaf(N_OUT, **HARD)
    return case("Conv2d, IAF, SumPool2d, Flatten, IAF", *layers, spikes=given(3, 1, 8, 8))


CASES = {
    "lif-default": lambda: two(
        "LIFSqueeze as by default: soft, several spikes a step",
        lif,
        reach=8.0,
        dialect="reset=subtract,spikes=multi",
    ),
    "lif-soft": lambda: two(
        "LIFSqueeze, soft, one spike a step",
        lambda n: lif(n, **ONCE),
        reach=8.0,
        dialect="reset=subtract,spikes=single",
    ),
    "lif-hard": lambda: two("LIFSqueeze, MembraneReset", lambda n: lif(n, **HARD), reach=8.0),
    "lif-bias": lambda: two("the same, with a bias", lambda n: lif(n, **HARD), reach=8.0, bias=0.05),
    "per-neuron": lambda: two(
        "LIFSqueeze, MembraneReset, tau per neuron",
        lambda n: lif(n, torch.from_numpy(spread(3, 4.0, 16.0, n)), **HARD),
        reach=8.0,
    ),
    "lif-unnormalised": lambda: two(
        "LIFSqueeze, norm_input=False",
        lambda n: lif(n, norm_input=False, **HARD),
        reach=1.0,
        dialect="reset=zero,spikes=single,norm_input=no",
    ),
    "lif-synapse": lambda: two(
        "LIFSqueeze with tau_syn",
        lambda n: lif(n, tau_syn=torch.full((n,), 4.0), **HARD),
        reach=4.0,
        dialect="reset=zero,spikes=single,tau_syn=lost",
    ),
    "iaf-default": lambda: two(
        "IAFSqueeze as by default", iaf, reach=1.0, dialect="reset=subtract,spikes=multi"
    ),
    "iaf-hard": lambda: two("IAFSqueeze, MembraneReset", lambda n: iaf(n, **HARD), reach=1.0),
    "exp-leak": readout,
    "conv-iaf-pool": convolution,
}


def read(path: str, spikes: np.ndarray) -> Recorded:
    """Compute one of our files as sinabs imports it."""
    graph = nir.read(path)
    return run(from_nir(graph, batch_size=len(spikes), num_timesteps=spikes.shape[1]), spikes)


if __name__ == "__main__":
    main(CASES, read, lambda: {name: version(name) for name in ("sinabs", "nir", "nirtorch", "torch")})
