"""Recurrent layers of a recipe, from training to the chip's own software."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.recipe.load import parse_recipe
from neurodeploy.targets.loihi.simulate.naive import simulate_reference

sys.path.insert(0, str(Path(__file__).parents[1] / "parity"))
packing = importlib.import_module("lava_packing")

NETWORKS = {
    "one step": {"projection": {"kind": "dense"}},
    "delays": {"projection": {"kind": "delays", "max_delay_steps": 6, "recurrent_delays": True}},
    "delays from 2, filtered": {
        "neuron": "lif",
        "tau_syn_s": 0.02,
        "projection": {
            "kind": "delays",
            "max_delay_steps": 6,
            "min_delay_steps": 2,
            "recurrent_delays": True,
        },
    },
}


def trained(name: str, out: Path) -> nd.Run:
    sizes = {f"{which}_trials": n for which, n in (("train", 48), ("validation", 16), ("test", 16))}
    recipe = parse_recipe(
        {
            "name": "recurrent",
            "data": {"kind": "mts-xor", "channels": 40, "steps": 25, **sizes},
            "network": {
                "hidden": [7, 6],
                "recurrent": True,
                "init_gain": 1.5,
                "readout": {"score": "per_step"},
                **NETWORKS[name],
            },
            "train": {"epochs": 2, "batch_size": 16, "lr": 0.02},
        }
    )
    return nd.train(recipe, out, threads=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_recurrent_network_passes_p1_and_its_integers_are_the_definition(name: str, tmp_path: Path) -> None:
    run = trained(name, tmp_path / "run")
    bundle = nd.export(run, target="loihi2", out=tmp_path / "bundle")
    assert nd.verify(bundle).check("P1").status == "passed"
    sample = bundle.samples["test"].spikes[:2]
    program = bundle.program
    fast = nd.simulate(bundle, sample, record=("spikes", "v", "u"))
    slow = simulate_reference(program, sample)
    for population in ("hidden1", "hidden2"):
        found, expected = fast.populations[population], slow.populations[population]
        assert found.spikes.any()
        assert np.array_equal(found.spikes, expected.spikes) and np.array_equal(found.v, expected.v)


@pytest.mark.lava
@pytest.mark.slow
@pytest.mark.parametrize("name", ["one step", "delays from 2, filtered"])
def test_a_recurrent_network_is_the_same_in_lava(name: str, tmp_path: Path) -> None:
    packing.need_lava()
    bundle = nd.export(trained(name, tmp_path / "run"), target="loihi2", out=tmp_path / "bundle")
    verified = nd.verify(bundle, runtimes={"lava": 2})
    assert verified.check("P3").status == "passed"


def test_recurrent_delays_need_recurrent_layers() -> None:
    table = {
        "name": "small",
        "data": {"kind": "events"},
        "network": {"projection": {"kind": "delays", "recurrent_delays": True}},
    }
    with pytest.raises(NeurodeployError) as caught:
        parse_recipe(table)
    assert {finding.code for finding in caught.value.findings} == {"ND025"}
