"""SpikingJelly's side of the conformance matrix: runs in an environment with spikingjelly."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
import torch
from side import N_HIDDEN, N_IN, N_OUT, Case, Recorded, given, main, weights
from spikingjelly.activation_based import functional, layer, neuron
from spikingjelly.activation_based.nir_exchange import export_to_nir, import_from_nir

DT = 1e-3


def linear(seed: int, n_out: int, n_in: int, reach: float = 1.0, bias: float | None = None) -> layer.Linear:
    made = layer.Linear(n_in, n_out, bias=bias is not None)
    made.weight.data = torch.from_numpy(weights(seed, n_out, n_in, reach))
    if bias is not None:
        made.bias.data = torch.full((n_out,), bias)
    return made


def case(about: str, *layers: torch.nn.Module, spikes: np.ndarray | None = None) -> Case:
    x = given() if spikes is None else spikes
    net = torch.nn.Sequential(*layers)
    rows: dict[str, list] = {
        name: [] for name, module in net.named_children() if isinstance(module, neuron.BaseNode)
    }
    functional.reset_net(net)
    with torch.no_grad():
        for t in range(x.shape[1]):
            signal = torch.from_numpy(x[:, t]).float()
            for name, module in net.named_children():
                signal = module(signal)
                if name in rows:
                    rows[name].append((signal.flatten(1).numpy() > 0, module.v.flatten(1).numpy().copy()))
    functional.reset_net(net)
    recorded = {
        f"_{name}": tuple(np.stack(part, 1) for part in zip(*row, strict=True)) for name, row in rows.items()
    }

    def save(path: str) -> None:
        export_to_nir(net, torch.from_numpy(x[:1, 0]).float(), save_path=path, dt=DT)

    return Case(about, dt=DT, spikes=x, recorded=recorded, save=save)


def two(about: str, make, *, reach: float = 1.0, bias: float | None = None) -> Case:
    layers = linear(1, N_HIDDEN, N_IN, reach, bias), make(), linear(2, N_OUT, N_HIDDEN, reach), make()
    return case(about, *layers)


def ties() -> Case:
    """Weights in halves, so that v meets the threshold exactly: SpikingJelly fires there."""
    first, second = linear(1, N_HIDDEN, N_IN), linear(2, N_OUT, N_HIDDEN)
    for each in (first, second):
        each.weight.data = torch.round(each.weight.data * 2 + 0.5) / 2
    layers = first, neuron.IFNode(v_threshold=1.0), second, neuron.IFNode(v_threshold=1.0)
    return case("IFNode, v at the threshold exactly", *layers)


def convolution() -> Case:
    conv = layer.Conv2d(1, 3, 3, stride=1, padding=1)
    conv.weight.data = torch.from_numpy(weights(7, 27, 1, 0.5).reshape(3, 1, 3, 3) + 0.1)
    conv.bias.data = torch.full((3,), 0.02)
    layers = (
        conv,
        neuron.IFNode(),
        layer.AvgPool2d(2, 2),
        layer.Flatten(),
        linear(2, N_OUT, 48),
        neuron.IFNode(),
    )
    return case("Conv2d, IF, AvgPool2d, Flatten, IF", *layers, spikes=given(3, 1, 8, 8))


CASES = {
    "lif-default": lambda: two("LIFNode as by default: input decays, hard reset", neuron.LIFNode, reach=2.0),
    "lif-undecayed": lambda: two(
        "LIFNode, input as it is", lambda: neuron.LIFNode(tau=5.0, decay_input=False)
    ),
    "lif-bias": lambda: two(
        "the same, with a bias", lambda: neuron.LIFNode(tau=5.0, decay_input=False), bias=0.05
    ),
    "lif-reset": lambda: two(
        "LIFNode, v_reset -0.3", lambda: neuron.LIFNode(tau=5.0, decay_input=False, v_reset=-0.3)
    ),
    "lif-soft": lambda: two("LIFNode, soft reset", lambda: neuron.LIFNode(v_reset=None), reach=2.0),
    "parametric": lambda: two("ParametricLIFNode", lambda: neuron.ParametricLIFNode(init_tau=3.0), reach=2.0),
    "if": lambda: two("IFNode", neuron.IFNode),
    "cuba": lambda: two(
        "CUBALIFNode", lambda: neuron.CUBALIFNode(c_decay=0.6, v_decay=0.9, v_threshold=2.0, v_reset=0.0)
    ),
    "ties": ties,
    "conv-if-pool": convolution,
}


def read(path: str, spikes: np.ndarray) -> Recorded:
    """Compute one of our files as SpikingJelly imports it."""
    net = import_from_nir(path)
    rows: dict[str, list] = {name: [] for name, module in net.named_children() if hasattr(module, "module")}

    def hook(name: str):
        def record(module, _, out) -> None:
            v = out[1][list(module.module._memories).index("v")]
            rows[name].append((out[0].numpy() > 0, v.numpy().copy()))

        return record

    for name in rows:
        net.get_submodule(name).register_forward_hook(hook(name))
    state = None
    with torch.no_grad():
        for t in range(spikes.shape[1]):
            _, state = net(torch.from_numpy(spikes[:, t]).float(), state)
    return {name: tuple(np.stack(part, 1) for part in zip(*row, strict=True)) for name, row in rows.items()}


if __name__ == "__main__":
    main(CASES, read, lambda: {name: version(name) for name in ("spikingjelly", "nir", "nirtorch", "torch")})
