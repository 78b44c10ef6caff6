"""Trainings that cannot go on: a loss that is not finite, a full disk. A finding, nothing half-written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from neurodeploy.data.sets import load_data
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.recipe import Recipe, dump_recipe
from neurodeploy.recipe.load import load_recipe, parse_recipe
from neurodeploy.training.fit.session import Session
from neurodeploy.training.model.spiking_network import SpikingNetwork
from neurodeploy.training.train import train
from neurodeploy.training.world import World

FULL = """
import resource, sys
from pathlib import Path
from neurodeploy.data.sets import load_data
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.recipe import load_recipe
from neurodeploy.training.train import train
import torch.utils.tensorboard, neurodeploy.ops.spectral, neurodeploy.ops.scan.autograd

recipe, out = load_recipe(sys.argv[1]), Path(sys.argv[2])
limit = int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))  # a write beyond it fails, as on a full disk
try:
    train(recipe, out, threads=1)
except NeurodeployError as error:
    sys.exit(f"{error.findings[0].code} {error.exit_code}")
"""


def recipe_of(network: dict[str, object] | None = None, **keys: object) -> Recipe:
    sizes = {f"{name}_trials": 20 for name in ("train", "validation", "test")}
    return parse_recipe(
        {
            "name": "tiny",
            "data": {"kind": "mts-xor", "channels": 40, "steps": 25, **sizes},
            "network": {"hidden": [8], "readout": {"score": "per_step"}, **(network or {})},
            "train": {"epochs": 2, "batch_size": 20, **keys},
        }
    )


def test_a_validation_loss_that_is_not_finite_is_a_finding(tmp_path: Path) -> None:
    recipe = recipe_of()
    data = load_data(recipe)
    network = SpikingNetwork(recipe, 40, 2)

    def explode(stage, done, total, facts) -> None:  # as the last step of the optimiser can
        if facts.get("batch") and facts["batch"] == facts["batches"]:
            network.readout.weight.data.fill_(float("nan"))

    session = Session(
        recipe=recipe, out=tmp_path, network=network, data=data, world=World(), progress=explode, started=0.0
    )
    with pytest.raises(NeurodeployError) as caught:
        session.run()
    (finding,) = caught.value.findings
    assert (finding.code, finding.found) == ("ND054", "loss nan")
    assert "epoch 1, validation set" in finding.where
    assert not (tmp_path / "checkpoint").exists()


def test_time_constants_that_become_infinite_are_a_finding(tmp_path: Path) -> None:
    recipe = recipe_of({"tau": {"learn": "neuron"}}, lr_tau=1000.0, lr_schedule="constant")
    with pytest.raises(NeurodeployError) as caught:
        train(recipe, tmp_path / "run", threads=1)
    (finding,) = caught.value.findings
    assert finding.code == "ND054"
    assert "time constants of hidden1" in finding.where
    assert not (tmp_path / "run" / "result.json").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files (POSIX)")
@pytest.mark.parametrize("limit", [600, 4_000, 9_000])
def test_a_disk_that_takes_no_more_is_a_finding_and_the_run_goes_on_afterwards(
    tmp_path: Path, limit: int
) -> None:
    (tmp_path / "recipe.toml").write_text(dump_recipe(recipe_of()), encoding="utf-8")
    recipe, run = load_recipe(tmp_path / "recipe.toml"), tmp_path / "run"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FULL, str(tmp_path / "recipe.toml"), str(run), str(limit)],
        capture_output=True,
        text=True,
    )
    assert done.stderr.strip().endswith("ND084 2"), done.stderr
    assert not [path for path in run.rglob("*") if path.suffix == ".tmp" or path.name == "result.json"]
    train(recipe, tmp_path / "whole", threads=1)
    if (run / "recipe.toml").is_file():
        train(recipe, run, threads=1, resume=True)
        whole, resumed = (load_file(folder / "model.safetensors") for folder in (tmp_path / "whole", run))
        assert all(torch.equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.slow
def test_two_trainings_do_not_write_into_one_folder(tmp_path: Path) -> None:
    codes = []

    def meanwhile(stage, done, total, facts) -> None:
        if facts.get("batch") and not codes:
            command = "import sys; from pathlib import Path; from neurodeploy.recipe import load_recipe\n"
            command += "from neurodeploy.findings.finding import NeurodeployError\n"
            command += "from neurodeploy.training.train import train\n"
            command += "try: train(load_recipe(sys.argv[1]), Path(sys.argv[2]), threads=1, resume=True)\n"
            command += "except NeurodeployError as error: print(error.findings[0].code)"
            recipe, run = str(tmp_path / "run" / "recipe.toml"), str(tmp_path / "run")
            other = [sys.executable, "-W", "ignore", "-c", command, recipe, run]
            codes.append(subprocess.run(other, capture_output=True, text=True).stdout.strip())

    train(recipe_of(), tmp_path / "run", threads=1, progress=meanwhile)
    assert codes == ["ND085"]
    assert not (tmp_path / "run" / ".lock").exists()
