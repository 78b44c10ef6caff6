"""The trained network and its Graph are the same network: P1, over every kind of recipe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from norse.torch import LIFBoxCell, LIFCell, LIFParameters
from norse.torch.functional.lif_box import LIFBoxParameters

from neurodeploy.findings.finding import Exit, NeurodeployError
from neurodeploy.graph.interpret import interpret, interpret_reference
from neurodeploy.graph.model import Graph, NeuronModel
from neurodeploy.nir.read import read_nir
from neurodeploy.nir.write import write_nir
from neurodeploy.recipe import Recipe, list_recipes, load_recipe
from neurodeploy.recipe.load import parse_recipe
from neurodeploy.training.model.spiking_network import SpikingNetwork
from neurodeploy.training.to_graph import golden_traces, to_graph

N_STEPS, N_SAMPLES, N_INPUTS, N_CLASSES = 30, 2, 12, 3

DELAYS = {"kind": "delays", "max_delay_steps": 9}
KINDS: dict[str, dict[str, Any]] = {
    "dense": {"projection": {"kind": "dense"}},
    "dense-sparse": {"projection": {"kind": "dense", "density": 0.4}},
    "learned-delays": {"projection": DELAYS},
    "learned-delays-readout": {"projection": {**DELAYS, "readout_delays": True, "density": 0.5}},
    "fixed-delays": {"projection": {**DELAYS, "mode": "fixed"}},
    "no-delays": {"projection": {**DELAYS, "mode": "none"}},
    "convolution": {
        "projection": {
            "kind": "convolution",
            "kernel_size": 3,
            "kernel_growth": 2,
            "dilation": 2,
            "density": 0.6,
        }
    },
    "no-batch-norm": {"projection": DELAYS, "batch_norm": False},
    "reset-below-rest": {"projection": DELAYS, "v_reset": -0.5, "v_threshold": 0.8},
    "tau-per-neuron": {
        "projection": DELAYS,
        "tau": {"mode": "hierarchical", "tau_s": 0.05, "dtau_s": 0.06, "spread": 0.3, "learn": "neuron"},
    },
    "unscaled-input": {"projection": DELAYS, "input_scaling": "none"},
    "unscaled-input-no-batch-norm": {"projection": DELAYS, "input_scaling": "none", "batch_norm": False},
    "unscaled-input-learned-tau": {
        "projection": DELAYS,
        "input_scaling": "none",
        "tau": {"tau_s": 0.04, "spread": 0.2, "learn": "neuron"},
    },
    "unscaled-input-filtered": {"projection": DELAYS, "input_scaling": "none", "neuron": "lif"},
    "recurrent": {"projection": {"kind": "dense", "density": 0.7}, "recurrent": True},
    "recurrent-delays": {"projection": {**DELAYS, "recurrent_delays": True}, "recurrent": True},
    "recurrent-delays-from-3": {
        "projection": {**DELAYS, "min_delay_steps": 3, "recurrent_delays": True, "mode": "fixed"},
        "recurrent": True,
        "batch_norm": False,
    },
    "recurrent-unscaled-input": {"projection": DELAYS, "recurrent": True, "input_scaling": "none"},
    "tau-per-layer": {"projection": DELAYS, "tau": {"tau_s": 0.04, "spread": 0.2, "learn": "layer"}},
}


def recipe_of(network: dict[str, Any], **top: Any) -> Recipe:
    return parse_recipe(
        {
            "name": "small",
            "data": {"kind": "events", "steps": N_STEPS, "channels": 140, **top},
            "network": {"hidden": [8, 7], "tau": {"tau_s": 0.03}, **network},
        }
    )


def disturb(network: SpikingNetwork, seed: int) -> None:
    """Give every parameter and statistic a random value, as training would."""
    generator = torch.Generator().manual_seed(seed)
    for layer in network.hidden:
        if layer.norm is not None:
            size = layer.norm.weight.shape
            layer.norm.running_mean.copy_(torch.randn(size, generator=generator) * 0.3)
            layer.norm.running_var.copy_(torch.rand(size, generator=generator) * 0.5 + 0.1)
            layer.norm.weight.data.mul_(torch.rand(size, generator=generator) + 1.0)
            layer.norm.bias.data.copy_(torch.rand(size, generator=generator) - 0.2)
        else:
            layer.bias.data.copy_(torch.rand(layer.bias.shape, generator=generator) * 0.5)
            layer.connection.weight.data.mul_(2.0)
        if layer.tau.learn != "fixed":
            layer.tau.theta.data.add_(torch.randn(layer.tau.theta.shape, generator=generator) * 0.5)
    network.clamp()


def random_spikes(seed: int, n_inputs: int = N_INPUTS, n_steps: int = N_STEPS, high: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shape = (N_SAMPLES, n_steps, n_inputs)
    return ((rng.random(shape) < 0.3) * rng.integers(1, high, shape, endpoint=True)).astype(np.uint8)


def same(network: SpikingNetwork, graph: Graph, spikes: np.ndarray) -> None:
    trained, interpreted = golden_traces(network, spikes), interpret_reference(graph, spikes)
    assert list(trained.populations) == list(interpreted.populations)
    for name, trace in trained.populations.items():
        assert np.array_equal(trace.spikes, interpreted.populations[name].spikes), name
        np.testing.assert_allclose(interpreted.populations[name].v, trace.v, rtol=0, atol=1e-9)
    np.testing.assert_allclose(interpreted.score, trained.score, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("kind", "neuron"),
    [
        *((kind, "lif_box") for kind in KINDS),
        *((kind, "lif") for kind in ("dense", "learned-delays", "no-batch-norm", "recurrent-delays")),
    ],
)
def test_the_graph_computes_what_the_trained_network_computes(kind: str, neuron: str) -> None:
    settings = {"neuron": neuron, **KINDS[kind]}
    if neuron == "lif":
        settings["tau_syn_s"] = 0.02
    network = SpikingNetwork(recipe_of(settings), N_INPUTS, N_CLASSES, seed=3)
    disturb(network, seed=4)
    spikes = random_spikes(5)
    rates = {name: t.spikes.mean() for name, t in golden_traces(network, spikes).populations.items()}
    assert 0.01 < rates["hidden1"] < 0.9, rates
    assert 0.01 < rates["hidden2"] < 0.9, rates
    same(network, to_graph(network), spikes)


@pytest.mark.parametrize("delays", [False, True])
def test_a_recurrent_layer_hears_itself_as_the_graph_says(delays: bool, tmp_path: Path) -> None:
    projection = {**DELAYS, "min_delay_steps": 2, "recurrent_delays": delays}
    network = SpikingNetwork(
        recipe_of({"recurrent": True, "projection": projection}), N_INPUTS, N_CLASSES, seed=3
    )
    disturb(network, seed=4)
    spikes, graph = random_spikes(5), to_graph(network)
    (back,) = (p for p in graph.projections if p.name == "hidden1->hidden1")
    steps = np.round(back.delay_s / graph.dt_s)
    assert (steps.min(), steps.max() <= 9) == (2 if delays else 1, True)
    assert (steps.max() > 4) == delays
    without = replace(graph, projections=tuple(p for p in graph.projections if p is not back))
    heard, unheard = (interpret_reference(g, spikes).populations["hidden1"].spikes for g in (graph, without))
    assert (heard != unheard).mean() > 0.01
    write_nir(graph, tmp_path / "model.nir")
    same(network, read_nir(tmp_path / "model.nir"), spikes)


def test_counts_are_read_by_the_graph_as_they_are_trained() -> None:
    network = SpikingNetwork(
        recipe_of({"projection": DELAYS}, input="count", max_count=5), N_INPUTS, N_CLASSES, seed=1
    )
    disturb(network, seed=2)
    graph = to_graph(network)
    assert graph.input_max == 5
    same(network, graph, random_spikes(3, high=5))


@pytest.mark.slow
@pytest.mark.parametrize("name", [listed.name for listed in list_recipes()])
def test_every_shipped_recipe_read_back_from_nir_gives_the_same_spikes(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    hidden = [9] * len(recipe.network.hidden)
    recipe = load_recipe(name, [f"network.hidden={hidden}"])
    n_inputs, high = 20, recipe.data.input_max
    network = SpikingNetwork(recipe, n_inputs, N_CLASSES)
    disturb(network, seed=6)
    spikes = random_spikes(7, n_inputs, n_steps=40, high=high)
    assert golden_traces(network, spikes).populations["hidden1"].spikes.mean() > 0.001
    write_nir(to_graph(network), tmp_path / "model.nir")
    same(network, read_nir(tmp_path / "model.nir"), spikes)


def test_the_trained_network_steps_as_norses_own_cells_do() -> None:
    spikes = random_spikes(8)
    for neuron, cell in (
        (
            "lif",
            LIFCell(
                LIFParameters(tau_mem_inv=torch.tensor(1 / 0.03), tau_syn_inv=torch.tensor(1 / 0.02)), dt=0.01
            ),
        ),
        ("lif_box", LIFBoxCell(LIFBoxParameters(tau_mem_inv=torch.tensor(1 / 0.03)), dt=0.01)),
    ):
        settings = {"neuron": neuron, "hidden": [8], "batch_norm": False, "projection": {"kind": "dense"}}
        if neuron == "lif":
            settings["tau_syn_s"] = 0.02
        network = SpikingNetwork(recipe_of(settings), N_INPUTS, N_CLASSES, seed=9)
        disturb(network, seed=10)
        trace = golden_traces(network, spikes).populations["hidden1"]
        layer, state, norse = network.hidden[0], None, []
        for t in range(N_STEPS):
            x = torch.from_numpy(spikes[:, t]).double() @ layer.connection.weight[0].double().T
            z, state = cell(x + layer.bias.double(), state)
            norse.append(z.detach())
        assert trace.spikes.mean() > 0.02
        assert np.array_equal(torch.stack(norse, dim=1).numpy().astype(np.uint8), trace.spikes), neuron


def test_a_soft_reset_subtracts_at_once_as_it_was_trained() -> None:
    rng = np.random.default_rng(5)
    network = SpikingNetwork(recipe_of({"reset": "soft"}), N_INPUTS, N_CLASSES)
    graph = to_graph(network)
    assert {p.model for p in graph.populations} == {NeuronModel.LIF_SUBTRACT, NeuronModel.LI}
    spikes = (rng.random((3, N_STEPS, N_INPUTS)) < 0.5).astype(np.uint8)
    trained, found = golden_traces(network, spikes), interpret(graph, spikes)
    assert trained.populations["hidden1"].spikes.any()
    for name, trace in trained.populations.items():
        assert np.array_equal(trace.spikes, found.populations[name].spikes)
        assert np.allclose(trace.v, found.populations[name].v, rtol=0, atol=1e-9)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_weight_that_is_not_a_number_is_a_finding(value: float) -> None:
    network = SpikingNetwork(recipe_of({}), N_INPUTS, N_CLASSES)
    network.hidden[1].connection.weight.data[0, 2, 3] = value
    with pytest.raises(NeurodeployError) as caught:
        to_graph(network)
    assert {finding.code for finding in caught.value.findings} == {"ND101"}
    assert caught.value.exit_code == Exit.BAD_INPUT


def test_delays_are_rounded_to_the_nearest_step_and_ties_go_up() -> None:
    network = SpikingNetwork(recipe_of({"projection": DELAYS}), N_INPUTS, N_CLASSES)
    delay = network.hidden[0].connection.delay
    delay.data[0, 0, :5] = torch.tensor([0.49999997, 0.5, 2.5, 3.4999998, 8.51])
    network.hidden[0].connection.weight.data[0, 0, :5] = 1.0
    steps = to_graph(network).projections[0].delay_s[0, 0, :5] / 0.01
    np.testing.assert_allclose(steps, [0, 1, 3, 3, 9], atol=1e-12)


def test_batch_norm_folds_into_weight_and_bias() -> None:
    network = SpikingNetwork(recipe_of({"projection": {"kind": "dense"}}), N_INPUTS, N_CLASSES)
    disturb(network, seed=11)
    norm, graph = network.hidden[0].norm, to_graph(network)
    std = np.sqrt(norm.running_var.double().numpy() + norm.eps)
    gain = norm.weight.detach().double().numpy() / std
    expected = norm.bias.detach().double().numpy() - norm.running_mean.double().numpy() * gain
    np.testing.assert_allclose(graph.population("hidden1").bias, expected, rtol=1e-12)
    weight = network.hidden[0].connection.weight[0].detach().double().numpy()
    np.testing.assert_allclose(graph.projections[0].weight[0], weight * gain[:, None], rtol=1e-12)


def test_an_unscaled_input_gives_the_membrane_of_the_hierarchy_paper() -> None:
    settings = {
        "hidden": [5],
        "input_scaling": "none",
        "batch_norm": False,
        "projection": {"kind": "dense"},
        "tau": {"tau_s": 0.3, "spread": 0.4},
    }
    network = SpikingNetwork(recipe_of(settings), 140, 3, seed=1).double().eval()
    (layer,) = network.layers()
    x = (torch.rand(N_STEPS, 1, 140, generator=torch.Generator().manual_seed(2)) < 0.1).double()
    with torch.no_grad():
        recorded = network.record(x)[0]
        current = layer.connection(x)
        v = torch.zeros(1, 5, dtype=torch.float64)
        for t, i in enumerate(current):
            v = (
                v + i - layer.tau.alpha() * v
            )  # arXiv 2407.18838: v = a v + i, here with Euler's a = 1 - dt/tau
            v = torch.where(v > 1.0, torch.zeros_like(v), v)
            torch.testing.assert_close(recorded.v[t], v, rtol=1e-12, atol=1e-12)
    assert recorded.spikes is not None
    assert recorded.spikes.sum() > 10
