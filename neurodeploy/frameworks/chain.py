"""From the layers of a module to populations and projections: one row, neurons after weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from torch import nn

from neurodeploy.frameworks.affine import AS_THEY_ARE, KNOWN, Strands, through
from neurodeploy.frameworks.norse_neurons import KINDS, Floats, check_step, norse_population, weights_of
from neurodeploy.frameworks.own_layers import NO_PAST, has_neurons, has_synapses, through_synapses
from neurodeploy.frameworks.refused_layer import refused
from neurodeploy.frameworks.walk import LayerAt
from neurodeploy.graph.model import INPUT, NeuronModel, Population, Projection
from neurodeploy.units import steps_to_delay


@dataclass(slots=True, eq=False)
class Chain:
    """What the layers so far are.

    Attributes
    ----------
    dt_s
        Length of one step, in seconds.
    sequence
        Whether the module takes whole sequences.
    source, wires
        The last population, and what leads on from it.
    populations, projections
        In their order.
    kept
        The layer that is each population, and whether it spikes.
    """

    dt_s: float
    sequence: bool
    source: str
    wires: Strands
    populations: list[Population] = field(default_factory=list)
    projections: list[Projection] = field(default_factory=list)
    kept: list[tuple[LayerAt, bool]] = field(default_factory=list)

    def add_population(self, layer: LayerAt, population: Population, shape: tuple[int, ...]) -> None:
        """End the wires in a population; the next ones begin there."""
        self.populations.append(population)
        self.kept.append((layer, population.model.spiking))
        self.projections.append(_projection(self.source, population.name, self.wires, self.dt_s))
        self.source, self.wires = population.name, Strands.straight(shape)


def takes_sequences(layers: Sequence[LayerAt]) -> bool:
    """Say whether a module takes whole sequences ``[step, batch, ...]``; else one step and its state.

    Raises
    ------
    NeurodeployError
        ND140: no layer with neurons, or some that take steps beside others that take sequences.
    """
    by_way: dict[bool, LayerAt] = {}
    for layer in layers:
        _known(layer)
        kind = KINDS.get(type(layer.module))
        if kind is not None and kind.sequence and layer.lifted:
            raise refused(layer.path, layer.module, "inside norse.torch.Lift would take neurons for steps")
        if kind is not None:
            by_way.setdefault(kind.sequence or layer.lifted, layer)
        elif has_neurons(layer.module) or has_synapses(layer.module):
            by_way.setdefault(layer.called is None, layer)
    if len(by_way) == 2:
        step, whole = by_way[False], by_way[True]
        reason = f"takes one step at a time, {whole.path} a whole sequence"
        raise refused(
            step.path,
            step.module,
            reason,
            "Use the same way for all: cells, or norse.torch.Lift around them; nd.nn.Stepwise.",
        )
    for layer in layers:
        if type(layer.module) in KINDS or has_neurons(layer.module):
            return next(iter(by_way))
    last = layers[-1] if layers else LayerAt("module", nn.Sequential(), False)
    raise refused(last.path, last.module, "is the last layer, and there are no neurons", _NEURONS)


def _known(layer: LayerAt) -> None:
    """Refuse a layer of a type that this reader does not know."""
    module = layer.module
    if type(module) not in (*KINDS, *KNOWN) and not has_neurons(module) and not has_synapses(module):
        reason = "is neither neurons nor weights that this reader knows: no spike gets through it"
        raise refused(layer.path, module, reason, _NEURONS)


_NEURONS = "Neurons are " + ", ".join(f"norse.torch.{kind.__name__}" for kind in KINDS) + " and nd.nn's."


def chained(layers: Sequence[LayerAt], shape: tuple[int, ...], *, dt_s: float) -> Chain:
    """Make populations and projections of layers.

    Parameters
    ----------
    layers
        In their order, in float64 and in evaluation.
    shape
        Of the input, without step and batch.
    dt_s
        Length of one step, in seconds.

    Raises
    ------
    NeurodeployError
        ND140 a layer that cannot be represented, ND141 one with another dt.
    """
    chain = Chain(dt_s, takes_sequences(layers), INPUT, Strands.straight(shape))
    linear: LayerAt | None = None
    for layer in layers:
        if chain.kept and not chain.kept[-1][1] and not _in_evaluation_nothing(layer):
            before = chain.kept[-1][0]
            reason = "never spikes, so it can only be the last: its voltages would feed " + layer.path
            raise refused(before.path, before.module, reason, "Use neurons that spike, or make it the last.")
        if type(layer.module) in KINDS:
            _norse(chain, layer)
            linear = None
        elif has_neurons(layer.module):
            _own(chain, layer)
            linear = None
        elif has_synapses(layer.module):
            chain.wires = through_synapses(layer, chain.wires)
            linear = layer
        else:
            chain.wires = through(layer, chain.wires, sequence=chain.sequence)
            linear = linear if _in_evaluation_nothing(layer) else layer
    if linear is not None:
        _weighted_sum(chain, layers[-1], linear)
    return chain


def _in_evaluation_nothing(layer: LayerAt) -> bool:
    """Say whether a layer changes at most shapes."""
    return type(layer.module) in KNOWN and isinstance(layer.module, AS_THEY_ARE)


def _norse(chain: Chain, layer: LayerAt) -> None:
    """Add neurons of Norse's, with the weights that they hold."""
    module: Any = layer.module
    kind = KINDS[type(module)]
    if kind.weighted:
        weight = weights_of(module, "input_weights")
        if len(chain.wires.shape) != 1 or chain.wires.shape[0] != weight.shape[1]:
            raise refused(layer.path, module, f"takes [{weight.shape[1]}], not {list(chain.wires.shape)}")
        chain.wires = chain.wires.then((weight.shape[0],), weight, np.zeros(weight.shape[0]))
    shape, bias, name = chain.wires.shape, chain.wires.bias, layer.population
    population = norse_population(name, layer.path, module, shape, bias=bias, dt_s=chain.dt_s)
    chain.add_population(layer, population, shape)
    if kind.recurrent:
        weight = weights_of(module, "recurrent_weights")[None]
        delay_s = np.where(weight == 0.0, 0.0, chain.dt_s)
        chain.projections.append(Projection(source=name, target=name, weight=weight, delay_s=delay_s))


def _own(chain: Chain, layer: LayerAt) -> None:
    """Add neurons that say themselves what they are."""
    module: Any = layer.module
    if layer.lifted:
        raise refused(layer.path, module, NO_PAST, "Take it out of Lift.")
    check_step(layer.path, module.dt_s, chain.dt_s)
    shape, name = chain.wires.shape, layer.population
    population = module.to_population(name, bias=chain.wires.bias)
    if prod(shape) != population.size:
        raise refused(layer.path, module, f"has {population.size} neurons for {list(shape)} inputs")
    chain.add_population(layer, population, shape)
    if callable(getattr(module, "to_projection", None)):
        chain.projections.append(module.to_projection(name))


def _weighted_sum(chain: Chain, last: LayerAt, linear: LayerAt) -> None:
    """End in a weighted sum: leaky integrators whose tau is a step, so that v is the sum itself."""
    n = prod(chain.wires.shape)
    ones: Floats = np.ones(n)
    population = Population(
        name=linear.population,
        model=NeuronModel.LI,
        tau_s=ones * chain.dt_s,
        v_threshold=ones,
        v_leak=ones * 0.0,
        v_reset=ones * 0.0,
        r=ones,
        tau_syn_s=ones * chain.dt_s,
        w_in=ones,
        bias=chain.wires.bias,
    )
    chain.add_population(last, population, chain.wires.shape)


def _projection(source: str, target: str, wires: Strands, dt_s: float) -> Projection:
    """Make a projection of wires."""
    parts = [(delay, w.tocoo()) for delay, w in sorted(wires.weights.items())]
    n = prod(wires.shape)
    n_sources = parts[0][1].shape[1]
    return Projection.from_synapses(
        source=source,
        target=target,
        shape=(n, n_sources),
        post=np.concatenate([w.coords[0] for _, w in parts]),
        pre=np.concatenate([w.coords[1] for _, w in parts]),
        weight=np.concatenate([w.data for _, w in parts]),
        delay_s=steps_to_delay(np.concatenate([np.full(w.nnz, delay) for delay, w in parts]), dt_s),
    )
