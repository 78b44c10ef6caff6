"""A user's own module becomes a Graph, held against what the module itself does on samples."""

from __future__ import annotations

from importlib.metadata import version
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn
from torch.nn import Module

from neurodeploy.data.samples import Samples, accuracy
from neurodeploy.findings.codes_module import BAD_INPUT_SHAPE
from neurodeploy.findings.finding import raise_errors
from neurodeploy.frameworks.chain import Chain, chained
from neurodeploy.frameworks.double import double_copy
from neurodeploy.frameworks.record import recorded
from neurodeploy.frameworks.walk import LayerAt, layers_of
from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.checks.structure import check_dt
from neurodeploy.graph.model import Graph, Readout
from neurodeploy.graph.observed import Observed
from neurodeploy.ops.threads import survive_forks
from neurodeploy.score import scores
from neurodeploy.traces import PopulationTrace, Traces

__all__ = ["Module", "from_module"]

TRACED = 16
"""Samples whose spikes and v are kept as the module's own account."""

CHUNK = 64
"""Samples that the module runs at once for its accuracy."""


def from_module(
    module: Module,
    samples: Samples,
    *,
    dt_s: float,
    input_shape: tuple[int, ...] | None = None,
    input_max: int = 1,
    score: str | None = None,
    name: str | None = None,
) -> Observed:
    """Read a module, and run it; see :func:`neurodeploy.from_module`."""
    raise_errors(check_dt(float(dt_s), "dt_s"))
    survive_forks()  # the module runs in torch's own pool
    shape = _shape(samples, input_shape)
    twin = double_copy(module)
    layers = layers_of(twin)
    _need_shape(layers, shape, input_shape)
    chain = chained(layers, shape, dt_s=float(dt_s))
    last = chain.populations[-1]
    graph = Graph(
        name=name or type(module).__name__,
        dt_s=float(dt_s),
        input_size=prod(shape),
        input_max=input_max,
        populations=tuple(chain.populations),
        projections=tuple(chain.projections),
        readout=Readout(
            population=last.name, score=score or ("spike_count" if last.model.spiking else "softmax_sum")
        ),
    )
    raise_errors(check_graph(graph))
    spikes = samples.spikes[:TRACED]
    found = _traces(twin, chain, graph, spikes, shape)
    return Observed(graph, samples, spikes, found, _witness(), _facts(twin, chain, graph, samples, shape))


def _traces(
    twin: nn.Module, chain: Chain, graph: Graph, spikes: NDArray[np.uint8], shape: tuple[int, ...]
) -> Traces:
    """Run the module, and score it as the graph's readout says."""
    kept = recorded(twin, chain.kept, spikes, shape, sequence=chain.sequence)
    populations = {p.name: trace for p, trace in zip(graph.populations, kept, strict=True)}
    return _scored(graph, populations)


def _scored(graph: Graph, populations: dict[str, PopulationTrace]) -> Traces:
    assert graph.readout is not None
    last = populations[graph.readout.population]
    assert last.v is not None
    score, per_step = scores(graph.readout.score, last.v, last.spikes)
    return Traces(populations, score, per_step)


def _facts(
    twin: nn.Module, chain: Chain, graph: Graph, samples: Samples, shape: tuple[int, ...]
) -> dict[str, Any]:
    """Measure the module's own accuracy on all samples."""
    if samples.labels is None:
        return {}
    right, weight = 0.0, 0.0
    for first in range(0, len(samples), CHUNK):
        cut = slice(first, first + CHUNK)
        mask = None if samples.mask is None else samples.mask[cut]
        if mask is not None and not mask.any():
            continue
        part = Samples(samples.spikes[cut], samples.labels[cut], mask)
        kept = recorded(twin, chain.kept[-1:], part.spikes, shape, sequence=chain.sequence)
        found = accuracy(part, _scored(graph, {graph.populations[-1].name: kept[0]}))
        n = len(part) if mask is None else int(mask.sum())
        right, weight = right + (found or 0.0) * n, weight + n
    return {"module_accuracy_percent": 100.0 * right / weight}


def _witness() -> str:
    """Say who computed the traces."""
    return f"your module (norse {version('norse')}, torch {version('torch').partition('+')[0]}), float64"


def _shape(samples: Samples, given: tuple[int, ...] | None) -> tuple[int, ...]:
    """Give the shape of one step of the input; ND143 where the samples have another number of sources."""
    size = samples.spikes.shape[2]
    if given is None:
        return (size,)
    shape = tuple(int(n) for n in given)
    if not shape or min(shape) < 1 or prod(shape) != size:
        raise BAD_INPUT_SHAPE.error(
            where="input_shape",
            found=f"{list(shape)}, {prod(shape)} elements",
            limit=f"{size}, the sources of the samples",
            help="Give the shape of one step without batch, as (channels, height, width).",
        )
    return shape


def _need_shape(layers: list[LayerAt], shape: tuple[int, ...], given: tuple[int, ...] | None) -> None:
    """Ask for the input's shape where the first layer cannot take a row of sources; ND143."""
    needs = (nn.Conv1d, nn.Conv2d, nn.AvgPool2d, nn.LPPool2d, nn.BatchNorm2d)
    if given is None and layers and isinstance(layers[0].module, needs):
        raise BAD_INPUT_SHAPE.error(
            where=layers[0].path,
            found=f"samples of {shape[0]} sources in a row, and no input_shape",
            limit=f"the shape that {type(layers[0].module).__name__} takes, without batch",
            help="Give input_shape=(channels, height, width).",
        )
