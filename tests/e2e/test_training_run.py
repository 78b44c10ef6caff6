"""Whole trainings: what a run folder holds, resuming exactly, and what a user can get wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from neurodeploy.commands.train import command
from neurodeploy.data.samples import accuracy, load_samples
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.recipe import Recipe
from neurodeploy.recipe.load import parse_recipe
from neurodeploy.training.to_graph import load_run
from neurodeploy.training.train import train

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def recipe_of(epochs: int = 4, **train_keys: object) -> Recipe:
    return parse_recipe(
        {
            "name": "tiny",
            "data": {
                "kind": "mts-xor",
                "channels": 40,
                "steps": 40,
                "train_trials": 90,
                "validation_trials": 32,
                "test_trials": 32,
            },
            "network": {
                "hidden": [8, 6],
                "dropout": 0.2,
                "tau": {
                    "mode": "hierarchical",
                    "tau_s": 0.1,
                    "dtau_s": 0.1,
                    "spread": 0.1,
                    "learn": "neuron",
                },
                "projection": {
                    "kind": "delays",
                    "max_delay_steps": 6,
                    "density": 0.7,
                    "sigma_schedule": "adaptive",
                },
                "readout": {"score": "per_step"},
            },
            "train": {"epochs": epochs, "batch_size": 32, "lr": 0.01, "seed": 3, **train_keys},
        }
    )


def stop_after(epoch: int):
    """Press Ctrl-C in the middle of the epoch that follows ``epoch`` finished ones."""

    def progress(stage: str, done: int, total: int, facts: dict[str, object]) -> None:
        if done == epoch and facts.get("batch") == 2:
            raise KeyboardInterrupt

    return progress


def without_times(path: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    train(recipe_of(), folder, threads=1)
    return folder


@pytest.mark.slow
def test_a_run_folder_holds_what_its_description_says(finished: Path) -> None:
    held = {path.name for path in finished.iterdir()}
    expected = {"recipe.toml", "model.safetensors", "checkpoint", "metrics.jsonl", "samples.npz"}
    expected |= {"result.json"}
    assert expected <= held <= expected | {"tensorboard"}
    lines = [json.loads(line) for line in (finished / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
    for line in lines:
        assert 0.0 <= line["validation_accuracy"] <= 1.0
        assert len(line["tau_median_s"]) == len(line["spikes_per_neuron_and_step"]) == 2
        assert line["sigma_steps"] >= 0.5
    result = json.loads((finished / "result.json").read_text())
    best = max(lines, key=lambda line: (line["validation_accuracy"], -line["validation_loss"]))
    assert result["selected_epoch"] == best["epoch"]
    assert result["validation"]["accuracy"] == best["validation_accuracy"]
    assert set(load_samples(finished / "samples.npz")) == {"validation", "test", "calibration"}
    assert not [path for path in finished.rglob("*") if path.suffix in (".pt", ".pkl", ".pickle", ".tmp")]


@pytest.mark.slow
def test_the_selected_weights_measure_what_the_result_says(finished: Path) -> None:
    from neurodeploy.graph.interpret import interpret_reference

    run = load_run(finished, golden_samples=4)
    result = json.loads((finished / "result.json").read_text())
    assert run.golden_input.shape == (4, 40, 40)
    assert np.array_equal(run.golden_input, run.samples["validation"].spikes[:4])
    traces = interpret_reference(run.graph, run.samples["test"].spikes)
    # The run measures in float32, this in float64: a spike on the threshold may flip a decision or two.
    n = int(run.samples["test"].mask.sum())
    assert accuracy(run.samples["test"], traces) == pytest.approx(result["test"]["accuracy"], abs=2.5 / n)


def test_a_run_that_was_interrupted_ends_in_the_same_weights_as_one_that_was_not(
    finished: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(recipe_of(), folder, threads=1, progress=stop_after(2))
    assert not (folder / "result.json").exists()
    torch.manual_seed(99)  # nothing may hang on the global generators
    np.random.default_rng()
    train(recipe_of(), folder, threads=1, resume=True)
    whole, resumed = load_file(finished / "model.safetensors"), load_file(folder / "model.safetensors")
    assert whole.keys() == resumed.keys()
    for name in whole:
        assert torch.equal(whole[name], resumed[name]), name
    whole, resumed = (load_file(next((f / "checkpoint").glob("*.safetensors"))) for f in (finished, folder))
    assert whole.keys() == resumed.keys()
    assert any(name.startswith("optimiser/") for name in whole)
    for name in whole:
        assert torch.equal(whole[name], resumed[name]), name
    assert without_times(finished / "metrics.jsonl") == without_times(folder / "metrics.jsonl")


def test_a_run_that_was_interrupted_in_its_first_epoch_can_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(recipe_of(1), tmp_path / "run", threads=1, progress=stop_after(0))
    assert train(recipe_of(1), tmp_path / "run", threads=1, resume=True).epochs == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGTERM")
def test_a_run_that_is_terminated_says_so_leaves_nothing_half_written_and_goes_on(tmp_path: Path) -> None:
    from neurodeploy.recipe import dump_recipe

    recipe, folder = recipe_of(400, keep="last"), tmp_path / "run"
    (tmp_path / "recipe.toml").write_text(dump_recipe(recipe), encoding="utf-8")
    arguments = ["train", str(tmp_path / "recipe.toml"), "-o", str(folder), "--threads", "1"]
    program = [sys.executable, "-m", "neurodeploy", *arguments]
    with subprocess.Popen(program, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not list((folder / "checkpoint").glob("epoch-*")):
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=120)[1]
    assert process.returncode == 143, said
    assert "[ND083]" in said
    left = {path.name for path in folder.rglob("*") if path.is_file()}
    assert not [name for name in left if name.endswith(".tmp") or name in (".lock", "result.json")]
    done = json.loads((folder / "checkpoint" / "state.json").read_text())["epoch"]
    assert 1 <= done < 400

    for run, resume in ((folder, True), (tmp_path / "whole", False)):
        with pytest.raises(KeyboardInterrupt):
            train(recipe, run, threads=1, resume=resume, progress=stop_after(done + 2))
    whole, resumed = (
        load_file(next((run / "checkpoint").glob("*.safetensors"))) for run in (tmp_path / "whole", folder)
    )
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_another_seed_gives_other_weights(finished: Path, tmp_path: Path) -> None:
    train(recipe_of(), tmp_path / "run", seed=4, epochs=1, threads=1)
    one, other = load_file(finished / "model.safetensors"), load_file(tmp_path / "run" / "model.safetensors")
    assert not torch.equal(one["hidden.0.connection.weight"], other["hidden.0.connection.weight"])


def test_a_run_folder_that_exists_is_left_alone(finished: Path) -> None:
    before = (finished / "result.json").read_bytes()
    with pytest.raises(NeurodeployError) as caught:
        train(recipe_of(), finished, threads=1)
    assert caught.value.findings[0].code == "ND051"
    assert (finished / "result.json").read_bytes() == before


def test_resuming_with_another_recipe_is_refused(finished: Path) -> None:
    with pytest.raises(NeurodeployError) as caught:
        train(recipe_of(5), finished, threads=1, resume=True)
    assert caught.value.findings[0].code == "ND052"
    assert "epochs = 4 (now epochs = 5)" in caught.value.findings[0].found


def test_resuming_nothing_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(NeurodeployError) as caught:
        train(recipe_of(), tmp_path / "none", threads=1, resume=True)
    assert caught.value.findings[0].code == "ND053"
    assert not (tmp_path / "none").exists()


def test_a_loss_that_is_not_finite_stops_with_a_finding() -> None:
    from neurodeploy.data.sets import load_data
    from neurodeploy.training.fit.epoch import train_epoch
    from neurodeploy.training.fit.optimiser import make_optimiser
    from neurodeploy.training.model.spiking_network import SpikingNetwork
    from neurodeploy.training.world import World

    recipe = recipe_of()
    network = SpikingNetwork(recipe, 40, 2)
    network.readout.weight.data[0, 0, 0] = float("inf")
    with pytest.raises(NeurodeployError) as caught:
        train_epoch(network, make_optimiser(network), load_data(recipe).train, epoch=0, world=World())
    assert caught.value.findings[0].code == "ND054"


def test_a_folder_that_is_not_a_finished_run_cannot_be_loaded(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(NeurodeployError) as caught:
        load_run(tmp_path)
    assert caught.value.findings[0].code == "ND050"
    for name in ("recipe.toml", "samples.npz", "result.json"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    (tmp_path / "model.safetensors").write_bytes((finished / "model.safetensors").read_bytes()[:200])
    with pytest.raises(NeurodeployError) as caught:
        load_run(tmp_path)
    assert caught.value.findings[0].code == "ND002"


@pytest.mark.parametrize("cut", ["tensors", "state"])
def test_a_checkpoint_that_cannot_be_read_is_a_finding(finished: Path, tmp_path: Path, cut: str) -> None:
    from neurodeploy.training.fit.checkpoint import load_checkpoint

    for path in (finished / "checkpoint").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    victim = next(tmp_path.glob("*.safetensors")) if cut == "tensors" else tmp_path / "state.json"
    victim.write_bytes(victim.read_bytes()[:50])
    with pytest.raises(NeurodeployError) as caught:
        load_checkpoint(tmp_path)
    assert caught.value.findings[0].code == "ND002"


def test_the_command_trains_and_says_what_comes_next(tmp_path: Path) -> None:
    arguments = ["mts-xor", "--epochs", "1", "-o", str(tmp_path / "run"), "--threads", "1", "--seed", "2"]
    for size in ("train", "validation", "test"):
        arguments += ["--set", f"data.{size}_trials=32"]
    outcome = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    assert "of 32 samples" in outcome.stdout
    assert f"next: neurodeploy export {tmp_path / 'run'}" in outcome.stdout
    again = CliRunner().invoke(command, [*arguments, "--resume", "--json"], catch_exceptions=False)
    facts = json.loads(again.stdout)
    assert facts["seed"] == 2
    assert 0.0 <= facts["test"]["accuracy_percent"] <= 100.0


def launch(folder: Path, processes: int, port: int) -> dict[str, torch.Tensor]:
    """Train in as many processes through torchrun's own module."""
    arguments = ["train", str(folder.parent / "recipe.toml"), "-o", str(folder), "--threads", "1"]
    program = [sys.executable, "-m", "neurodeploy"]
    if processes > 1:
        program = [
            *(sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={processes}"),
            *(f"--master-port={port}", "-m", "neurodeploy"),
        ]
    done = subprocess.run(
        [*program, *arguments],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("run: ") == 1
    return load_file(folder / "model.safetensors")


@pytest.mark.slow
def test_two_processes_train_the_network_that_one_process_trains(tmp_path: Path) -> None:
    import socket

    from neurodeploy.recipe import dump_recipe

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # keep = "last": which epoch is best may turn on one decision that float32's order of summation flips.
    (tmp_path / "recipe.toml").write_text(dump_recipe(recipe_of(2, keep="last")))
    one, two = launch(tmp_path / "one", 1, port), launch(tmp_path / "two", 2, port)
    facts = [json.loads((tmp_path / name / "result.json").read_text()) for name in ("one", "two")]
    assert [fact["processes"] for fact in facts] == [1, 2]
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=1e-3, atol=1e-4)
