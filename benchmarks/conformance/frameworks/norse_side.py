"""Norse's side of the conformance matrix: runs in an environment with norse."""

from __future__ import annotations

from importlib.metadata import version

import nir
import norse.torch as norse
import numpy as np
import torch
from norse.torch.functional.reset import reset_subtract
from side import N_HIDDEN, N_IN, N_OUT, Case, Recorded, given, main, spread, weights

DT = 1e-3
STATEFUL = ("LIFCell", "LIFBoxCell", "LIBoxCell", "LICell", "IAFCell", "LIFRecurrentCell")


def full(x: float, n: int) -> torch.Tensor:
    return torch.full((n,), x)


def linear(seed: int, n_out: int, n_in: int, reach: float, bias: float | None = None) -> torch.nn.Linear:
    made = torch.nn.Linear(n_in, n_out, bias=bias is not None)
    made.weight.data = torch.from_numpy(weights(seed, n_out, n_in, reach))
    if bias is not None:
        made.bias.data = torch.full((n_out,), bias)
    return made


def case(
    about: str,
    *layers: torch.nn.Module,
    dt: float | None = 1.0,
    spikes: np.ndarray | None = None,
    dialect: str = "",
) -> Case:
    """Step a network and record it; ``dt`` is to_nir's (None leaves it out, as Norse's page does)."""
    x = given() if spikes is None else spikes
    rows: dict[str, list] = {
        str(k): [] for k, module in enumerate(layers) if type(module).__name__ in STATEFUL
    }
    states: list = [None] * len(layers)
    with torch.no_grad():
        for t in range(x.shape[1]):
            signal = torch.from_numpy(x[:, t]).float()
            for k, module in enumerate(layers):
                if str(k) not in rows:
                    signal = module(signal)
                    continue
                signal, states[k] = module(signal, states[k])
                v = states[k].v.flatten(1).numpy().copy()
                rows[str(k)].append((signal.flatten(1).numpy() > 0, v))
    recorded = {}
    for name, row in rows.items():
        z, v = (np.stack(part, 1) for part in zip(*row, strict=True))
        recorded[name] = (z if hasattr(layers[int(name)].p, "v_th") else None, v)

    def save(path: str) -> None:
        options = {} if dt is None else {"dt": dt}
        nir.write(
            path, norse.to_nir(norse.SequentialState(*layers), torch.from_numpy(x[:1, 0]).float(), **options)
        )

    return Case(about, dt=DT, spikes=x, recorded=recorded, save=save, dialect=dialect)


def box(n: int, tau: float = 0.02, **options) -> norse.LIFBoxCell:
    values = {
        "tau_mem_inv": full(1 / tau, n),
        "v_th": full(1.0, n),
        "v_leak": full(0.0, n),
        "v_reset": full(0.0, n),
    }
    return norse.LIFBoxCell(norse.LIFBoxParameters(**values | options), dt=DT)


def lif(n: int, **options) -> norse.LIFCell:
    values = {
        "tau_mem_inv": full(50.0, n),
        "tau_syn_inv": full(200.0, n),
        "v_th": full(1.0, n),
        "v_leak": full(0.0, n),
        "v_reset": full(0.0, n),
    }
    return norse.LIFCell(norse.LIFParameters(**values | options), dt=DT)


def two(
    about: str,
    make,
    *,
    reach: float,
    bias: float | None = None,
    dt: float | None = 1.0,
    dialect: str = "",
    **options,
) -> Case:
    layers = (
        linear(1, N_HIDDEN, N_IN, reach, bias),
        make(N_HIDDEN, **options),
        linear(2, N_OUT, N_HIDDEN, reach),
        make(N_OUT),
    )
    return case(about, *layers, dt=dt, dialect=dialect)


def readout() -> Case:
    li = norse.LIBoxCell(norse.LIBoxParameters(tau_mem_inv=full(50.0, N_OUT), v_leak=full(0.0, N_OUT)), dt=DT)
    return case(
        "LIFBoxCell and a LIBoxCell",
        linear(1, N_HIDDEN, N_IN, 20.0),
        box(N_HIDDEN),
        linear(2, N_OUT, N_HIDDEN, 20.0),
        li,
    )


def integrator_readout() -> Case:
    li = norse.LICell(
        norse.LIParameters(tau_mem_inv=full(50.0, N_OUT), tau_syn_inv=full(200.0, N_OUT)), dt=DT
    )
    return case(
        "LIFBoxCell and a LICell",
        linear(1, N_HIDDEN, N_IN, 20.0),
        box(N_HIDDEN),
        linear(2, N_OUT, N_HIDDEN, 8.0),
        li,
    )


def iaf(n: int) -> norse.IAFCell:
    return norse.IAFCell(norse.IAFParameters(v_th=full(1.0, n), v_reset=full(0.0, n)), dt=DT)


def recurrent() -> Case:
    cell = norse.LIFRecurrentCell(
        N_HIDDEN,
        N_HIDDEN,
        p=norse.LIFParameters(tau_mem_inv=full(50.0, N_HIDDEN), tau_syn_inv=full(200.0, N_HIDDEN)),
        dt=DT,
    )
    cell.input_weights.data = torch.eye(N_HIDDEN)
    cell.recurrent_weights.data = torch.from_numpy(weights(5, N_HIDDEN, N_HIDDEN, 3.0))
    return case(
        "LIFRecurrentCell", linear(1, N_HIDDEN, N_IN, 8.0), cell, linear(2, N_OUT, N_HIDDEN, 20.0), box(N_OUT)
    )


def convolution() -> Case:
    conv = torch.nn.Conv2d(1, 3, 3, stride=2, padding=1)
    conv.weight.data = torch.from_numpy((weights(7, 27, 1, 1.0).reshape(3, 1, 3, 3) + 0.1) * 20)
    conv.bias.data = torch.full((3,), 1.0)
    p = norse.LIFBoxParameters(
        tau_mem_inv=torch.full((3, 4, 4), 50.0), v_th=torch.ones(3, 4, 4), v_leak=torch.zeros(3, 4, 4)
    )
    layers = conv, norse.LIFBoxCell(p, dt=DT)  # its to_nir has nothing for Flatten
    return case("Conv2d, LIFBoxCell", *layers, spikes=given(3, 1, 8, 8))


CASES = {
    "box": lambda: two("LIFBoxCell, to_nir(dt=1.0)", box, reach=20.0),
    "box-documented": lambda: two("LIFBoxCell, to_nir as documented", box, reach=20.0, dt=None),
    "box-bias": lambda: two("LIFBoxCell with a bias", box, reach=20.0, bias=0.3),
    "box-per-neuron": lambda: two(
        "LIFBoxCell, tau, threshold and leak per neuron",
        box,
        reach=20.0,
        tau_mem_inv=torch.from_numpy(1 / spread(3, 0.01, 0.04)),
        v_th=torch.from_numpy(spread(4, 0.6, 1.4)),
        v_leak=torch.from_numpy(spread(5, -0.1, 0.1)),
    ),
    "box-reset": lambda: two(
        "LIFBoxCell, v_reset -0.5",
        lambda n: box(n, v_reset=full(-0.5, n)),
        reach=20.0,
        dialect="v_reset=-0.5",
    ),
    "box-subtract": lambda: two(
        "LIFBoxCell, reset_subtract",
        lambda n: box(n, reset_method=reset_subtract),
        reach=20.0,
        dialect="reset=subtract",
    ),
    "lif": lambda: two("LIFCell, to_nir(dt=1.0)", lif, reach=8.0),
    "lif-documented": lambda: two("LIFCell, to_nir as documented", lif, reach=8.0, dt=None),
    "lif-bias": lambda: two("LIFCell with a bias", lif, reach=8.0, bias=0.1),
    "iaf": lambda: two("IAFCell", iaf, reach=1.0),
    "li-box": readout,
    "li": integrator_readout,
    "recurrent": recurrent,
    "conv-box": convolution,
}


def read(path: str, spikes: np.ndarray) -> Recorded:
    """Compute one of our files as Norse imports it, with its default dt."""
    net = norse.from_nir(nir.read(path))
    kinds = ("LIFBoxCell", "CubaLIF", "IAFCell")
    rows: dict[str, list] = {n: [] for n, module in net.named_children() if type(module).__name__ in kinds}

    def hook(name: str):
        def record(_, __, out) -> None:
            state = out[1] if hasattr(out[1], "v") else out[1][1]
            rows[name].append((out[0].numpy() > 0, state.v.numpy().copy()))

        return record

    for name in rows:
        net.get_submodule(name).register_forward_hook(hook(name))
    state = None
    with torch.no_grad():
        for t in range(spikes.shape[1]):
            _, state = net(torch.from_numpy(spikes[:, t]).float(), state)
    return {name: tuple(np.stack(part, 1) for part in zip(*row, strict=True)) for name, row in rows.items()}


if __name__ == "__main__":
    main(CASES, read, lambda: {name: version(name) for name in ("norse", "nir", "nirtorch", "torch")})
