"""The network that a recipe could become at worst, so that a target can refuse it before any training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.findings.finding import raise_errors
from neurodeploy.graph.model import INPUT, Graph, Population, Projection, Readout
from neurodeploy.graph.neurons import NeuronModel
from neurodeploy.recipe import Recipe
from neurodeploy.targets.registry import load_target
from neurodeploy.targets.target import Target
from neurodeploy.training.model.connections import has_delays, recurrent_range
from neurodeploy.training.model.neurons import NEURONS
from neurodeploy.training.model.spiking_network import READOUT, hidden_name
from neurodeploy.units import steps_to_delay

REPRESENTED = 512
"""Neurons of a population that have synapses in the worst case; the others stand beside them without any."""


def check_target(recipe: Recipe, target: str | Path | Target[Any]) -> None:
    """Refuse a recipe whose network a target cannot hold, whatever training makes of it.

    Parameters
    ----------
    recipe
        What is to be trained.
    target
        Name of a target, a target file, or an object.

    Raises
    ------
    NeurodeployError
        What the target's rules say of :func:`worst_case_graph` (ND2xx, exit 3); ND027 to
        ND029 and ND424 the target itself.
    """
    chosen = load_target(target) if isinstance(target, str | Path) else target
    raise_errors(chosen.rules(worst_case_graph(recipe)))


def worst_case_graph(recipe: Recipe, *, n_inputs: int | None = None, n_classes: int = 2) -> Graph:
    """Build the network with every delay at its longest, and one at its shortest, before it is trained.

    Parameters
    ----------
    recipe
        Decides neurons, time constants, sizes and delays.
    n_inputs
        Input channels; by default the recipe's.
    n_classes
        Neurons of the readout, which the data decide.

    Returns
    -------
    Graph
        With weights of 1. Larger populations than :data:`REPRESENTED` are two: one with synapses, and
        ``<name>-rest`` with the other neurons, so that a recipe of any size costs little to check.
    """
    network, dt_s = recipe.network, recipe.data.dt_s
    neuron = NEURONS[network.neuron]
    tau_syn_s, w_in = neuron.filter_of(network, dt_s)
    taus = network.tau.of_layers(len(network.hidden))
    taps = network.projection.taps_of_layers(len(network.hidden))
    n_inputs = recipe.data.channels if n_inputs is None else n_inputs
    populations, projections = [], []
    source, n_sources = INPUT, n_inputs
    for index, size in enumerate(network.hidden):
        name = hidden_name(index)
        values = {
            "tau_s": taus[index],
            "v_threshold": network.v_threshold,
            "v_reset": network.v_reset,
            "tau_syn_s": tau_syn_s,
            "w_in": w_in,
        }
        populations += [
            _population(part, neuron.model_of(network), n, **values) for part, n in _parts(name, size).items()
        ]
        n_targets = min(size, REPRESENTED)
        steps = _steps(recipe, n_targets, n_sources, taps[index])
        projections.append(_projection(source, name, steps, dt_s))
        if network.recurrent:
            projections.append(_projection(name, name, _steps_back(recipe, n_targets), dt_s))
        source, n_sources = name, n_targets
    populations.append(
        _population(READOUT, NeuronModel.LI, n_classes, tau_s=network.readout.tau_s, tau_syn_s=dt_s)
    )
    projections.append(_projection(source, READOUT, _steps(recipe, n_classes, n_sources, None), dt_s))
    return Graph(
        name=recipe.name,
        dt_s=dt_s,
        input_size=n_inputs,
        input_max=recipe.data.input_max,
        populations=tuple(populations),
        projections=tuple(projections),
        readout=Readout(population=READOUT, score=network.readout.score),
    )


def _parts(name: str, size: int) -> dict[str, int]:
    rest = size - REPRESENTED
    return {name: size} if rest <= 0 else {name: REPRESENTED, f"{name}-rest": rest}


def _population(name: str, model: NeuronModel, size: int, **values: float) -> Population:
    every = {"v_threshold": 1.0, "v_leak": 0.0, "v_reset": 0.0, "r": 1.0, "w_in": 1.0, "bias": 0.0} | values
    return Population(name=name, model=model, **{key: np.full(size, value) for key, value in every.items()})


def _steps(recipe: Recipe, n_targets: int, n_sources: int, taps: tuple[int, int] | None) -> Any:
    """Give the worst delays ``[tap, target, source]``, in steps; no taps at the readout."""
    projection = recipe.network.projection
    if has_delays(projection, readout=taps is None):
        steps = np.full((1, n_targets, n_sources), projection.max_delay_steps)
        if steps.size > 1:
            steps[0, 0, 0] = projection.min_delay_steps
        return steps
    if projection.kind == "convolution" and taps is not None:
        shape = (taps[0], n_targets, n_sources)
        return np.broadcast_to(np.arange(taps[0])[:, None, None] * taps[1], shape)
    return np.zeros((1, n_targets, n_sources), dtype=np.int64)


def _steps_back(recipe: Recipe, size: int) -> Any:
    """Give the worst delays of a hidden layer to itself, ``[1, target, source]``, in steps."""
    projection = recipe.network.projection
    delayed = has_delays(projection, recurrent=True)
    shortest, longest = recurrent_range(projection) if delayed else (1, 1)
    steps = np.full((1, size, size), longest)
    steps[0, 0, 0] = shortest
    return steps


def _projection(source: str, target: str, steps: Any, dt_s: float) -> Projection:
    return Projection(
        source=source, target=target, weight=np.ones(steps.shape), delay_s=steps_to_delay(steps, dt_s)
    )
