"""From the trained network to the Graph: BatchNorm folded, delays rounded, every parameter in full shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neurodeploy.data.samples import Samples, load_samples
from neurodeploy.findings.codes_usage import ARRAY_MISSING, SPIKES_SHAPE
from neurodeploy.findings.finding import raise_errors
from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.model import INPUT, Graph, Projection, Readout
from neurodeploy.recipe import Recipe
from neurodeploy.runs.folder import SAMPLES, read_result
from neurodeploy.score import scores
from neurodeploy.traces import PopulationTrace, Traces
from neurodeploy.training.model.hidden_layer import Layer
from neurodeploy.training.model.spiking_network import READOUT, SpikingNetwork, hidden_name
from neurodeploy.training.read_run import read_network

SAMPLE_SETS = ("validation", "test", "calibration")
"""What a run's samples hold."""

GOLDEN_SAMPLES = 16
"""Samples whose spikes and membranes are kept as the trained network's own account."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class TrainedRun:
    """What a run folder holds, ready to be deployed.

    Attributes
    ----------
    recipe
        As it was trained.
    graph
        The selected weights as a Graph.
    samples
        ``validation``, ``test`` and ``calibration`` (drawn from the training set).
    golden_input, golden
        uint8 ``[sample, step, channel]``, and what the *trained* network (float64, evaluation, whole delays;
        BatchNorm not folded) does on them.
    facts
        What the training measured; ready for JSON.
    """

    recipe: Recipe
    graph: Graph
    samples: Mapping[str, Samples]
    golden_input: NDArray[np.uint8]
    golden: Traces
    facts: Mapping[str, Any]


def load_run(path: Path, *, golden_samples: int = GOLDEN_SAMPLES) -> TrainedRun:
    """Read a finished run.

    Parameters
    ----------
    path
        The folder that ``neurodeploy train`` wrote.
    golden_samples
        How many samples of the validation set the trained network is run on.

    Raises
    ------
    NeurodeployError
        ND001 no such folder, ND050 not a finished run, ND002 an unreadable file, ND101 NaN or infinite
        parameters, or a finding of the recipe.
    """
    network = read_network(path)
    graph = to_graph(network)
    samples = _samples(path / SAMPLES, network.n_inputs)
    golden_input = samples["validation"].spikes[:golden_samples]
    return TrainedRun(
        network.recipe, graph, samples, golden_input, golden_traces(network, golden_input), read_result(path)
    )


def _samples(path: Path, n_inputs: int) -> dict[str, Samples]:
    """Read a run's sets; ND003 one is missing, ND010 one has other channels or no samples."""
    samples = load_samples(path)
    missing = [name for name in SAMPLE_SETS if name not in samples]
    if missing:
        raise ARRAY_MISSING.error(
            where=str(path),
            found=f"sets {', '.join(sorted(samples)) or 'none'}",
            limit=f"needs {', '.join(missing)}",
            help="Restore it from a copy, or train again.",
        )
    for name in SAMPLE_SETS:
        n, n_steps, n_channels = samples[name].spikes.shape
        if n_channels != n_inputs or not n or not n_steps:
            raise SPIKES_SHAPE.error(
                where=f"{path}: {name}/spikes",
                found=str([n, n_steps, n_channels]),
                limit=f"[sample, step, {n_inputs}], none empty",
                help="Restore it from a copy, or train again.",
            )
    return samples


def to_graph(network: SpikingNetwork) -> Graph:
    """Turn a trained network into a Graph that computes the same, in float64.

    Parameters
    ----------
    network
        In any dtype; it is not changed.

    Returns
    -------
    Graph
        Populations ``hidden1`` ... and ``readout``. Delays are whole steps, to the nearest. BatchNorm is
        folded: weights ``W g / std`` with ``std = sqrt(var + eps)``, biases ``beta - mean g / std``.

    Raises
    ------
    NeurodeployError
        ND101 a parameter is NaN or infinite; other ND1xx of a graph.
    """
    recipe = network.recipe
    populations, projections = [], []
    source = INPUT
    for index, layer in enumerate(network.layers()):
        name = hidden_name(index)
        scale, bias = _scale_and_bias(layer)
        populations.append(layer.neurons.to_population(name, bias=bias))
        projections.append(_scaled(layer.connection.to_projection(source, name, dt_s=network.dt_s), scale))
        if layer.recurrent is not None:
            projections.append(_scaled(layer.neurons.to_projection(name), _gain(layer)))
        source = name
    populations.append(network.readout_neurons.to_population(READOUT))
    projections.append(network.readout.to_projection(source, READOUT, dt_s=network.dt_s))
    graph = Graph(
        name=recipe.name,
        dt_s=network.dt_s,
        input_size=network.n_inputs,
        input_max=recipe.data.input_max,
        populations=tuple(populations),
        projections=tuple(projections),
        readout=Readout(population=READOUT, score=recipe.network.readout.score),
    )
    raise_errors(check_graph(graph))
    return graph


def golden_traces(network: SpikingNetwork, spikes: NDArray[np.uint8]) -> Traces:
    """Run the trained network itself on some samples: float64, evaluation, whole delays.

    Parameters
    ----------
    network
        It is not changed.
    spikes
        ``[sample, step, channel]``.
    """
    twin = SpikingNetwork(network.recipe, network.n_inputs, network.n_classes)
    twin.load_state_dict(network.state_dict())
    twin.double().eval()
    x = torch.from_numpy(np.ascontiguousarray(spikes.transpose(1, 0, 2))).double()
    populations = {}
    with torch.no_grad():
        for recorded in twin.record(x):
            v = recorded.v.permute(1, 0, 2).contiguous().numpy()
            z = np.zeros(v.shape, dtype=np.uint8)
            if recorded.spikes is not None:
                z = recorded.spikes.permute(1, 0, 2).contiguous().numpy().astype(np.uint8)
            populations[recorded.name] = PopulationTrace(z, v)
    readout = populations[READOUT]
    assert readout.v is not None
    score, per_step = scores(network.recipe.network.readout.score, readout.v, readout.spikes)
    return Traces(populations, score, per_step)


def _scale_and_bias(layer: Layer) -> tuple[Floats, Floats]:
    """Give what BatchNorm and input gain multiply the weights with, and the bias, each ``[neuron]``."""
    if layer.norm is None:
        assert layer.bias is not None
        bias = layer.bias.detach().cpu().double()
        scale = torch.ones_like(bias)
    else:
        scale, bias = (value.cpu() for value in layer.norm.folded())
    gain = _gain(layer)
    return scale.numpy() * gain, bias.numpy() * gain


def _gain(layer: Layer) -> Floats:
    """Give what a recipe without input scaling multiplies all input with, ``[neuron]``."""
    tau_s = layer.tau.seconds()
    return np.ones_like(tau_s) if layer.recipe.input_scaling == "norse" else tau_s / layer.dt_s


def _scaled(projection: Projection, scale: Floats) -> Projection:
    """Multiply the weights into each target; where that makes them 0, there is no synapse and no delay."""
    weight = projection.weight * scale[None, :, None]
    return replace(projection, weight=weight, delay_s=np.where(weight == 0.0, 0.0, projection.delay_s))
