"""Spyx's side of the conformance matrix: runs in an environment with spyx."""

from __future__ import annotations

from importlib.metadata import version

import jax
import jax.numpy as jnp
import nir
import numpy as np
from flax import nnx
from side import N_HIDDEN, N_IN, N_OUT, Case, Recorded, given, main, spread, weights
from spyx import nn
from spyx.nir import from_nir, to_nir

DT = 1.0  # its to_nir counts in steps unless it is told otherwise
RNGS = nnx.Rngs(0)
SPIKING = (nn.LIF, nn.IF, nn.CuBaLIF, nn.RIF, nn.RLIF, nn.RCuBaLIF)


def linear(seed: int, n_out: int, n_in: int, reach: float = 1.0, bias: float | None = None) -> nnx.Linear:
    made = nnx.Linear(n_in, n_out, use_bias=bias is not None, rngs=RNGS)
    made.kernel[...] = jnp.asarray(weights(seed, n_out, n_in, reach).T)
    if bias is not None:
        made.bias[...] = jnp.full((n_out,), bias)
    return made


def run(layers: list, spikes: np.ndarray) -> dict[int, np.ndarray]:
    """Step the layers and keep what each spiking one gives."""

    def step(signal, states):
        kept, after = {}, []
        for k, layer in enumerate(layers):
            state = states[k]
            if state is None:
                signal = layer(signal)
            else:
                signal, state = layer(signal, state)
            after.append(state)
            if isinstance(layer, SPIKING):
                kept[k] = signal.reshape(len(spikes), -1) > 0
        return kept, after

    step = jax.jit(step)
    states = [
        layer.initial_state(len(spikes)) if hasattr(layer, "initial_state") else None for layer in layers
    ]
    rows: dict[int, list] = {k: [] for k, layer in enumerate(layers) if isinstance(layer, SPIKING)}
    for t in range(spikes.shape[1]):
        kept, states = step(jnp.asarray(spikes[:, t], jnp.float32), states)
        for k, z in kept.items():
            rows[k].append(np.asarray(z))
    return {k: np.stack(row, 1) for k, row in rows.items()}


def case(about: str, *layers, n_out: int = N_OUT) -> Case:
    x = given()
    recorded = {f"layer_{k}": (z, None) for k, z in run(list(layers), x).items()}

    def save(path: str) -> None:
        shapes = {"input": np.array([N_IN])}, {"output": np.array([n_out])}
        nir.write(path, to_nir(nn.Sequential(*layers), *shapes, dt=DT))

    return Case(about, dt=DT, spikes=x, recorded=recorded, save=save)


def two(about: str, make, *, bias: float | None = None) -> Case:
    return case(
        about, linear(1, N_HIDDEN, N_IN, 1.0, bias), make(N_HIDDEN), linear(2, N_OUT, N_HIDDEN), make(N_OUT)
    )


def lif(n: int, beta: float = 0.9) -> nn.LIF:
    return nn.LIF((n,), beta=beta, rngs=RNGS)


def per_neuron(n: int) -> nn.LIF:
    made = nn.LIF((n,), rngs=RNGS)
    made.beta[...] = jnp.asarray(spread(3, 0.7, 0.97, n))
    return made


def recurrent(n: int) -> nn.RLIF:
    made = nn.RLIF((n,), beta=0.9, rngs=RNGS)
    made.recurrent_w[...] = jnp.asarray(weights(5, n, n, 0.5))
    return made


CASES = {
    "lif": lambda: two("LIF", lif),
    "lif-bias": lambda: two("LIF, with a bias", lif, bias=0.05),
    "per-neuron": lambda: two("LIF, beta per neuron", per_neuron),
    "if": lambda: two("IF", lambda n: nn.IF((n,))),
    "cuba": lambda: two("CuBaLIF", lambda n: nn.CuBaLIF((n,), alpha=0.6, beta=0.9, threshold=2.0, rngs=RNGS)),
    "recurrent": lambda: two("RLIF", recurrent),
}


def read(path: str, spikes: np.ndarray) -> Recorded:
    """Compute one of our files as Spyx imports it, in the dt that the file's metadata name."""
    graph = nir.read(path)
    x = jnp.asarray(spikes.swapaxes(0, 1), jnp.float32)
    model, _ = from_nir(graph, x, dt=float(graph.metadata["dt"]))
    names = [name for name, node in graph.nodes.items() if isinstance(node, nir.LIF | nir.CubaLIF | nir.IF)]
    found = run(list(model.layers), spikes)
    return dict(zip(names, ((z, None) for z in found.values()), strict=True))


if __name__ == "__main__":
    main(CASES, read, lambda: {name: version(name) for name in ("spyx", "nir", "jax")})
