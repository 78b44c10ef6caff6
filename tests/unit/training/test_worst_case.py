"""What a target says of a recipe before it is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.checks import check_graph
from neurodeploy.graph.model import NeuronModel
from neurodeploy.recipe import Recipe, list_recipes, load_recipe
from neurodeploy.recipe.load import parse_recipe
from neurodeploy.training.model.spiking_network import SpikingNetwork
from neurodeploy.training.to_graph import to_graph
from neurodeploy.training.train import train
from neurodeploy.training.worst_case import REPRESENTED, check_target, worst_case_graph


def recipe_of(**network: Any) -> Recipe:
    sizes = {f"{name}_trials": 20 for name in ("train", "validation", "test")}
    return parse_recipe(
        {
            "name": "tiny",
            "data": {"kind": "mts-xor", "channels": 40, "steps": 100, **sizes},
            "network": {"hidden": [6, 5], "readout": {"score": "per_step"}, **network},
            "train": {"epochs": 1},
        }
    )


def stopped(recipe: Recipe, out: Path, **options: Any) -> tuple[set[str], int]:
    with pytest.raises(NeurodeployError) as caught:
        train(recipe, out, threads=1, **options)
    return {finding.code for finding in caught.value.findings}, caught.value.exit_code


@pytest.mark.parametrize("longest", [80, 99])
def test_delays_beyond_the_target_stop_before_anything_is_written(tmp_path: Path, longest: int) -> None:
    recipe = recipe_of(projection={"kind": "delays", "max_delay_steps": longest})
    assert stopped(recipe, tmp_path / "run") == ({"ND201"}, 3)
    assert not (tmp_path / "run").exists()


def test_a_soft_reset_is_trained_for_the_target(tmp_path: Path) -> None:
    assert train(recipe_of(reset="soft"), tmp_path / "run", threads=1).epochs == 1


def test_what_no_target_is_asked_about_is_trained(tmp_path: Path) -> None:
    recipe = recipe_of(projection={"kind": "delays", "max_delay_steps": 80})
    assert train(recipe, tmp_path / "run", threads=1, target=None).epochs == 1


def test_an_unknown_target_is_a_finding(tmp_path: Path) -> None:
    assert stopped(recipe_of(), tmp_path / "run", target="abacus") == ({"ND027"}, 2)


@pytest.mark.parametrize("listed", list_recipes(), ids=lambda listed: listed.name)
def test_every_shipped_recipe_and_variant_fits_its_target(listed: Any) -> None:
    for variant in ("", *(f":{name}" for name in listed.variants)):
        check_target(load_recipe(listed.name + variant), "loihi2")


@pytest.mark.parametrize(
    "network",
    [
        {"projection": {"kind": "dense"}, "neuron": "lif", "tau_syn_s": 0.03},
        {"projection": {"kind": "delays", "max_delay_steps": 9, "min_delay_steps": 2}},
        {"projection": {"kind": "delays", "max_delay_steps": 9, "readout_delays": True}},
        {"projection": {"kind": "convolution", "kernel_size": 4, "dilation": 3}},
        {"projection": {"kind": "dense"}, "recurrent": True},
        {"projection": {"kind": "delays", "max_delay_steps": 9, "recurrent_delays": True}, "recurrent": True},
        {
            "projection": {
                "kind": "delays",
                "max_delay_steps": 9,
                "min_delay_steps": 3,
                "recurrent_delays": True,
            },
            "recurrent": True,
        },
    ],
)
def test_the_worst_case_is_a_sound_graph_with_the_shapes_and_neurons_of_the_trained_one(
    network: dict[str, Any],
) -> None:
    recipe = recipe_of(**network, tau={"mode": "hierarchical", "tau_s": 0.1, "dtau_s": 0.1})
    worst, trained = worst_case_graph(recipe), to_graph(SpikingNetwork(recipe, 40, 2).eval())
    assert not [finding for finding in check_graph(worst) if finding.severity.value == "error"]
    assert [p.name for p in worst.projections] == [p.name for p in trained.projections]
    for one, other in zip(worst.projections, trained.projections, strict=True):
        assert one.weight.shape == other.weight.shape
        assert one.delay_s.max() >= other.delay_s.max()
        assert one.delay_s.min() <= other.delay_s.min()
    for one, other in zip(worst.populations, trained.populations, strict=True):
        assert (one.name, one.model, one.size) == (other.name, other.model, other.size)
        for field in one.model.parameters:
            if field != "bias":
                np.testing.assert_allclose(getattr(one, field), getattr(other, field), rtol=1e-6)
    assert worst.readout == trained.readout


def test_large_layers_cost_little_and_keep_their_number_of_neurons() -> None:
    recipe = recipe_of(hidden=[65536, 600, 65536, *[1, 65536] * 16])
    graph = worst_case_graph(recipe)
    neurons = sum(p.size for p in graph.populations if p.model is NeuronModel.LIF)
    assert neurons == sum(recipe.network.hidden)
    assert max(p.weight.size for p in graph.projections) == REPRESENTED**2
    with pytest.raises(NeurodeployError) as caught:
        check_target(recipe, "loihi2")
    assert "ND211" in {finding.code for finding in caught.value.findings}
