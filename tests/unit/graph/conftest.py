"""Small graphs to break."""

from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection, Readout

DT_S = 0.01


def full(size, value):
    return np.full(size, float(value))


@pytest.fixture
def population():
    """Make a population from scalars."""

    def make(name="a", model=NeuronModel.LIF, size=2, **values):
        defaults = {
            "tau_s": 0.05, "v_threshold": 1.0, "v_leak": 0.0, "v_reset": 0.0, "r": 1.0,
            "tau_syn_s": DT_S, "w_in": 1.0, "bias": 0.0,
        }  # fmt: skip
        arrays = {key: full(size, value) for key, value in (defaults | values).items()}
        return Population(name=name, model=model, **arrays)

    return make


@pytest.fixture
def graph(population):
    """Two populations in a chain: 3 inputs, 2 LIF, 2 LI, delays of 0 to 2 steps."""
    weight = np.array([[[1.0, 2.0, 0.0], [0.5, -1.0, 4.0]]])
    steps = np.array([[[0, 1, 0], [2, 2, 0]]])
    return Graph(
        name="chain",
        dt_s=DT_S,
        input_size=3,
        populations=(population("a"), population("out", NeuronModel.LI)),
        projections=(
            Projection(source=INPUT, target="a", weight=weight, delay_s=steps * DT_S),
            Projection(source="a", target="out", weight=np.ones((1, 2, 2)), delay_s=np.zeros((1, 2, 2))),
        ),
        readout=Readout(population="out"),
    )


@pytest.fixture
def changed(graph):
    """Give the chain with fields of a population, a projection or the graph replaced."""

    def change(what=None, **values):
        if what is None:
            return replace(graph, **values)
        return replace(
            graph,
            populations=tuple(replace(p, **values) if p.name == what else p for p in graph.populations),
            projections=tuple(replace(p, **values) if p.name == what else p for p in graph.projections),
        )

    return change
