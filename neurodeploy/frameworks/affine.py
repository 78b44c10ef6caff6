"""The weights between two populations, asked of torch's own layers: what one element alone gives.

A linear layer is what it does to each element of its input by itself. So convolutions with any stride,
padding, dilation and groups, and pools, are read by running them: no second definition of them is here.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from neurodeploy.findings.codes_nir import TOO_LARGE
from neurodeploy.frameworks.refused_layer import refused
from neurodeploy.frameworks.walk import LayerAt

AS_THEY_ARE = (nn.Identity, nn.Flatten, nn.Unflatten, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout)
"""Layers that in evaluation change no number, at most the shape."""

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d)
POOLS = (nn.AvgPool1d, nn.AvgPool2d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.LPPool1d, nn.LPPool2d)
BATCH_FIRST = (*NORMS, nn.Conv1d, nn.Conv2d)
"""Layers that would take the batch of a whole sequence for their channels."""

KNOWN = (*AS_THEY_ARE, *NORMS, *WEIGHTED, *POOLS)

MAX_ELEMENTS = 2**22
"""Of what is computed at once."""

MAX_SYNAPSES = 2**27
CLOSE = 1e-9
"""How far a layer may be from its own weights: float64 sums in another order."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Strands:
    """What leads from one population to what is computed of it.

    Attributes
    ----------
    shape
        Of the elements, without batch.
    weights
        By delay in steps, ``[element, source]``.
    bias
        ``[element]``.
    """

    shape: tuple[int, ...]
    weights: dict[int, sparse.csr_array]
    bias: Floats

    @classmethod
    def straight(cls, shape: tuple[int, ...]) -> Strands:
        """Give the wires of a population itself."""
        n = prod(shape)
        return cls(shape, {0: sparse.csr_array(sparse.eye_array(n))}, np.zeros(n))

    def then(self, shape: tuple[int, ...], matrix: Any, bias: Floats) -> Strands:
        """Put a matrix ``[element, element before]`` and a bias behind."""
        weights = {delay: sparse.csr_array(matrix @ w) for delay, w in self.weights.items()}
        return Strands(shape, weights, matrix @ self.bias + bias)

    def delayed(self, shape: tuple[int, ...], by_delay: dict[int, sparse.csr_array]) -> Strands:
        """Put matrices with a delay each behind; the bias before them must be 0."""
        weights: dict[int, sparse.csr_array] = {}
        for before, w in self.weights.items():
            for delay, matrix in by_delay.items():
                found = sparse.csr_array(matrix @ w)
                total = before + delay
                weights[total] = weights[total] + found if total in weights else found
        return Strands(shape, weights, np.zeros(prod(shape)))


def through(layer: LayerAt, wires: Strands, *, sequence: bool) -> Strands:
    """Follow wires through a layer without neurons.

    Parameters
    ----------
    layer
        In float64 and in evaluation.
    wires
        What reaches it.
    sequence
        Whether the module takes whole sequences.

    Raises
    ------
    NeurodeployError
        ND140 a layer that is not one matrix for every sample and step; ND116 one with too many synapses.
    """
    module, path = layer.module, layer.path
    _refuse(layer, sequence=sequence)
    lead = (1,) if sequence and not layer.lifted else ()
    shape = _shape_behind(layer, wires.shape, lead)
    if isinstance(module, AS_THEY_ARE):
        return replace(wires, shape=shape)
    if isinstance(module, NORMS):
        matrix, bias = _norm(module, wires.shape)
    else:
        matrix, bias = _asked(module, wires.shape, shape, lead)
    found = wires.then(shape, matrix, bias)
    _check_same(layer, (matrix, bias), wires.shape, shape, lead)
    if (n := sum(w.nnz for w in found.weights.values())) > MAX_SYNAPSES:
        raise TOO_LARGE.error(
            where=path, found=f"{n} synapses", limit=f"{MAX_SYNAPSES}", help="Put neurons between the layers."
        )
    return found


def _refuse(layer: LayerAt, *, sequence: bool) -> None:
    """Refuse layers that would mix samples or numbers of the batch."""
    module, path = layer.module, layer.path
    if sequence and not layer.lifted and isinstance(module, BATCH_FIRST):
        reason = "would take the batch of a sequence [step, batch, ...] for its channels"
        raise refused(path, module, reason, "Wrap it: norse.torch.Lift(layer).")
    if isinstance(module, NORMS) and module.running_mean is None:
        reason = "normalises by each batch (track_running_stats is off), so no weights say what it does"
        raise refused(path, module, reason, "Train with running statistics.")
    if isinstance(module, nn.LPPool1d | nn.LPPool2d) and float(module.norm_type) != 1.0:
        raise refused(path, module, f"with norm_type {module.norm_type:g} is no sum", "Use norm_type=1.")


def _shape_behind(layer: LayerAt, shape: tuple[int, ...], lead: tuple[int, ...]) -> tuple[int, ...]:
    """Give the shape of what leaves a layer, without step and batch."""
    first = (*lead, 2)
    out = _called(layer, torch.zeros(*first, *shape, dtype=torch.float64))
    if tuple(out.shape[: len(first)]) != first:
        reason = f"joins step or batch with its neurons: {[*first, *shape]} becomes {list(out.shape)}"
        raise refused(layer.path, layer.module, reason, "Flatten only the axes behind step and batch.")
    return tuple(out.shape[len(first) :])


def _called(layer: LayerAt, x: Tensor) -> Tensor:
    try:
        with torch.no_grad():
            found: Tensor = layer.module(x)
            return found
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        reason = f"cannot take {list(x.shape)}: {error}"[:300]
        raise refused(layer.path, layer.module, reason, "Give the input_shape that it takes.") from None


def _norm(module: Any, shape: tuple[int, ...]) -> tuple[Any, Floats]:
    """Give a BatchNorm of running statistics: ``y = (x - mean) / sqrt(var + eps) * weight + bias``."""
    scale = 1.0 / torch.sqrt(module.running_var + module.eps)
    scale = scale if module.weight is None else scale * module.weight
    shift = -module.running_mean * scale
    shift = shift if module.bias is None else shift + module.bias
    channels = (len(scale), *(1,) * (len(shape) - 1))
    full = [np.broadcast_to(x.detach().numpy().reshape(channels), shape).reshape(-1) for x in (scale, shift)]
    return sparse.csr_array(sparse.diags_array(full[0])), full[1].astype(np.float64)


def _asked(
    module: nn.Module, shape: tuple[int, ...], out: tuple[int, ...], lead: tuple[int, ...]
) -> tuple[Any, Floats]:
    """Give matrix and bias of a layer: what each element alone gives without bias, and what none gives."""
    n_in, n_out = prod(shape), prod(out)
    with torch.no_grad():
        bias = module(torch.zeros(*lead, 1, *shape, dtype=torch.float64)).reshape(-1).numpy()
        if isinstance(module, nn.Linear) and len(shape) == 1:
            return sparse.csr_array(module.weight.detach().numpy()), bias
        bare = copy.deepcopy(module)
        if getattr(bare, "bias", None) is not None:
            bare.bias = None  # type: ignore[assignment]
        columns = []
        part = max(1, MAX_ELEMENTS // max(n_in, n_out))
        for first in range(0, n_in, part):
            n = min(part, n_in - first)
            alone = torch.zeros(n, n_in, dtype=torch.float64)
            alone[torch.arange(n), torch.arange(first, first + n)] = 1.0
            answer = bare(alone.reshape(*lead, n, *shape)).reshape(n, n_out)
            columns.append(sparse.csr_array(answer.numpy()))
    return sparse.csr_array(sparse.vstack(columns).T), bias


def _check_same(
    layer: LayerAt,
    read: tuple[Any, Floats],
    shape: tuple[int, ...],
    out: tuple[int, ...],
    lead: tuple[int, ...],
) -> None:
    """Hold a layer against its matrix on random input: it must do the same to each sample."""
    matrix, bias = read
    x = torch.rand(*lead, 3, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    y = _called(layer, x).reshape(3, prod(out)).numpy()
    wanted = (matrix @ x.reshape(3, -1).numpy().T).T + bias
    if not np.allclose(y, wanted, rtol=CLOSE, atol=CLOSE):
        raise refused(layer.path, layer.module, "is not one matrix of weights for every sample and step")
