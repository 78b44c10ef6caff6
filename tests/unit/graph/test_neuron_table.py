"""The table of neuron models: each entry is whole, and an entry is enough for a model to be computed."""

from dataclasses import fields, replace

import nir
import numpy as np
import pytest

from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.interpret import interpret, interpret_reference
from neurodeploy.graph.lowering import canonical_population
from neurodeploy.graph.model import Population
from neurodeploy.graph.neurons import (
    PARAMETERS,
    Neuron,
    NeuronModel,
    NeuronState,
    NeuronTable,
    of_nir_type,
    with_reset,
)

DT_S = 0.01


def subtracting(p, state, i, dt_s):
    """A LIF step whose reset subtracts the threshold."""
    v = state.v + dt_s / p.tau_s * (p.r * i + p.v_leak - state.v)
    z = v > p.v_threshold
    return NeuronState(v - z * p.v_threshold, state.c), z


class Toy(NeuronTable):
    """A table of one new model, outside the compiled family."""

    SOFT = Neuron(
        key="soft",
        step=subtracting,
        nir_type="Soft",
        nir_parameters={"tau": "tau_s", "r": "r", "v_leak": "v_leak", "v_threshold": "v_threshold"},
        spiking=True,
        filtered=False,
        compiled=False,
    )


@pytest.mark.parametrize("model", NeuronModel)
def test_an_entry_names_parameters_that_nir_and_the_population_have(model):
    entry = model.neuron
    node = getattr(nir, entry.nir_type)
    assert {f.name for f in fields(node)} >= set(entry.nir_parameters)
    assert set(entry.nir_parameters.values()) < {f.name for f in fields(Population)}
    assert with_reset(of_nir_type(entry.nir_type), entry.reset) is model
    assert ("v_threshold" in model.parameters) == model.spiking
    assert ("tau_syn_s" in model.parameters) == model.filtered


def test_a_population_has_no_arrays_but_the_parameters_of_the_table():
    assert {f.name for f in fields(Population)} == {"name", "model", *PARAMETERS}


def test_a_model_is_found_by_its_name_in_files():
    names = ["lif", "li", "cuba_lif", "cuba_li", "if", "i"]
    names += [f"{n}_{reset}" for n in ("lif", "cuba_lif", "if") for reset in ("subtract", "subtract_late")]
    assert [NeuronModel(name) for name in names] == list(NeuronModel)
    assert NeuronModel.LIF == "lif"
    assert NeuronModel.LIF.value == "lif"
    assert of_nir_type("Conv2d") is None


def test_an_entry_is_enough_for_a_new_model_to_be_checked_and_computed(changed):
    graph = changed("a", model=Toy.SOFT, tau_s=np.full(2, 0.02))
    assert list(check_graph(graph)) == []
    assert [f.code for f in check_graph(changed("a", model=Toy.SOFT, v_reset=np.full(2, np.nan)))] == []
    x = np.zeros((1, 4, 3), dtype=np.uint8)
    x[0, 0, 2] = 1
    # a[1]: weight 4 at once, alpha 1/2: v = 2 spikes and stays at 1, then halves
    expected = [1.0, 0.5, 0.25, 0.125]
    for run in (interpret, interpret_reference):
        trace = run(graph, x).populations["a"]
        assert trace.v[0, :, 1].tolist() == expected
        assert trace.spikes[0, :, 1].tolist() == [1, 0, 0, 0]
    canonical = canonical_population(replace(graph.populations[0], v_reset=np.ones(2)), DT_S)
    assert canonical.v_reset.tolist() == [0, 0]
    assert canonical.v_threshold.tolist() == [1, 1]
