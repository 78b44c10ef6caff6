"""Run a module on samples, and keep what its neurons did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from norse.torch import SequentialState
from numpy.typing import NDArray
from torch import Tensor, nn

from neurodeploy.findings.codes_module import MODULE_FAILS
from neurodeploy.frameworks.own_layers import has_neurons
from neurodeploy.frameworks.refused_layer import refused
from neurodeploy.frameworks.walk import LayerAt
from neurodeploy.traces import PopulationTrace


def recorded(
    module: nn.Module,
    kept: Sequence[tuple[LayerAt, bool]],
    spikes: NDArray[np.uint8],
    shape: tuple[int, ...],
    *,
    sequence: bool,
) -> list[PopulationTrace]:
    """Run a module as its user does: step by step with its state, or on the whole sequence.

    Parameters
    ----------
    module
        A copy in float64; hooks are put on it and taken off again.
    kept
        The layers to keep, and whether each spikes.
    spikes
        ``[sample, step, source]``.
    shape
        Of the sources, as the module takes them.
    sequence
        Whether the module takes ``[step, batch, ...]``; else one step and its state.

    Returns
    -------
    list[PopulationTrace]
        One for each layer kept: spikes, all 0 where it never spikes, and v in float64.

    Raises
    ------
    NeurodeployError
        ND142 the module's own error; ND140 spikes that are not 0 and 1.
    """
    seen: list[list[tuple[Tensor | None, Tensor]]] = [[] for _ in kept]
    hooks = [_keep(layer, spiking, entry) for (layer, spiking), entry in zip(kept, seen, strict=True)]
    x = torch.from_numpy(np.ascontiguousarray(spikes.transpose(1, 0, 2))).double()
    x = x.reshape(*x.shape[:2], *shape)
    try:
        with torch.no_grad():
            _run(module, x, sequence=sequence)
    except Exception as error:
        raise MODULE_FAILS.error(
            where=type(module).__name__,
            found=f"{type(error).__name__}: {error}"[:300],
            limit=f"input of the shape {list(x.shape if sequence else x.shape[1:])}",
            help="Give the samples that it was trained on, and the input_shape that it takes.",
        ) from error
    finally:
        for hook in hooks:
            hook.remove()
    return [
        _trace(layer, spiking, entry, x, in_steps=not sequence or layer.lifted)
        for (layer, spiking), entry in zip(kept, seen, strict=True)
    ]


def _run(module: nn.Module, x: Tensor, *, sequence: bool) -> None:
    """Run a module on ``[step, batch, ...]``."""
    if sequence:
        module(x)
        return
    state: Any = None
    stateful = (
        isinstance(module, SequentialState) or hasattr(module, "state_fallback") or _takes_state(module)
    )
    for now in x:
        if stateful:
            _, state = module(now, state)
        else:
            module(now)


def _takes_state(module: nn.Module) -> bool:
    return "state" in type(module).forward.__annotations__


def _keep(layer: LayerAt, spiking: bool, entry: list[tuple[Tensor | None, Tensor]]) -> Any:
    """Put a hook on a layer that keeps spikes and v of each call."""
    module: Any = layer.module
    if hasattr(module, "record_states"):
        module.record_states = True  # of a copy: it then gives v of every step
    if has_neurons(module) and spiking and layer.called is None:
        return _KeepVoltages(module, entry)

    def hook(_: nn.Module, __: Any, output: Any) -> None:
        out, state = output if isinstance(output, tuple) else (output, None)
        entry.append((out, _voltage(state)) if spiking else (None, out))

    return (layer.called or module).register_forward_hook(hook)


def _voltage(state: Any) -> Tensor:
    """Give v of a state of Norse's or of ``nd.nn``: ``(v, i)``, or that and the spikes on their way."""
    v = getattr(state, "v", None)
    if v is None:
        v = getattr(state, "neurons", state)[0]
    found: Tensor = v
    return found


class _KeepVoltages:
    """Asks a layer of ``nd.nn`` for voltages beside the spikes that it gives."""

    def __init__(self, module: Any, entry: list[tuple[Tensor | None, Tensor]]) -> None:
        self.module = module

        def forward(x: Tensor, **options: Any) -> Tensor:
            spikes, v = type(module).forward(module, x, **{**options, "return_v": True})
            entry.append((spikes, v))
            found: Tensor = spikes
            return found

        module.forward = forward

    def remove(self) -> None:
        del self.module.forward


def _trace(
    layer: LayerAt, spiking: bool, entry: list[tuple[Tensor | None, Tensor]], x: Tensor, *, in_steps: bool
) -> PopulationTrace:
    """Join what was kept of a layer's calls to ``[sample, step, neuron]``."""
    n_steps, n_samples = x.shape[:2]
    if len(entry) != (n_steps if in_steps else 1):
        raise refused(layer.path, layer.module, f"was called {len(entry)} times for {n_steps} steps")

    def joined(parts: list[Tensor]) -> NDArray[np.float64]:
        whole = torch.stack(parts) if in_steps else parts[0]
        flat = whole.reshape(n_steps, n_samples, -1).transpose(0, 1)
        return np.ascontiguousarray(flat.numpy(), dtype=np.float64)

    v = joined([v for _, v in entry])
    if not spiking:
        return PopulationTrace(np.zeros(v.shape, np.uint8), v)
    z = joined([z for z, _ in entry if z is not None])
    if not np.isin(z, (0.0, 1.0)).all():
        raise refused(layer.path, layer.module, "gives spikes that are not 0 and 1")
    return PopulationTrace(z.astype(np.uint8), v)
