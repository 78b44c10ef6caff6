"""Damaged run folders and checkpoints: a finding each, and never other weights."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.recipe import Recipe
from neurodeploy.recipe.load import parse_recipe
from neurodeploy.training.fit.checkpoint import load_checkpoint
from neurodeploy.training.to_graph import load_run
from neurodeploy.training.train import train


def recipe_of(**train_keys: Any) -> Recipe:
    sizes = {f"{name}_trials": 20 for name in ("train", "validation", "test")}
    return parse_recipe(
        {
            "name": "tiny",
            "data": {"kind": "mts-xor", "channels": 40, "steps": 25, **sizes},
            "network": {
                "hidden": [4],
                "projection": {"kind": "delays", "max_delay_steps": 3},
                "readout": {"score": "per_step"},
            },
            "train": {"epochs": 2, "batch_size": 20, **train_keys},
        }
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    train(recipe_of(), folder, threads=1)
    return folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy that the test may damage."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def codes(call: Callable[[], object]) -> list[str]:
    with pytest.raises(NeurodeployError) as caught:
        call()
    return [finding.code for finding in caught.value.findings]


def tensors_of(run: Path) -> Path:
    return next((run / "checkpoint").glob("*.safetensors"))


def test_a_flipped_bit_in_a_checkpoint_is_found(run: Path) -> None:
    generator = random.Random(0)
    for path in (tensors_of(run), run / "checkpoint" / "state.json"):
        whole = path.read_bytes()
        for _ in range(40):
            damaged = bytearray(whole)
            damaged[generator.randrange(len(whole))] ^= 1 << generator.randrange(8)
            path.write_bytes(damaged)
            if damaged.split() == whole.split():
                continue  # white space of JSON
            assert set(codes(lambda: load_checkpoint(run / "checkpoint"))) <= {"ND002", "ND057"}
        path.write_bytes(whole)
    assert load_checkpoint(run / "checkpoint") is not None


def test_other_weights_in_a_checkpoint_are_not_resumed(run: Path) -> None:
    path = tensors_of(run)
    tensors = load_file(path)
    tensors["model/readout.weight"] += 1.0
    save_file(tensors, path)
    (run / "result.json").unlink()
    assert codes(lambda: train(recipe_of(), run, threads=1, resume=True)) == ["ND057"]
    shutil.rmtree(run / "checkpoint")  # what the finding advises
    train(recipe_of(), run, threads=1, resume=True)


def test_a_checkpoint_that_names_a_file_elsewhere_is_refused(run: Path) -> None:
    path = run / "checkpoint" / "state.json"
    path.write_text(path.read_text().replace('"epoch-', '"../checkpoint/epoch-'))
    assert codes(lambda: load_checkpoint(run / "checkpoint")) == ["ND057"]


def test_a_checkpoint_of_another_network_is_a_finding(run: Path, tmp_path: Path) -> None:
    other = parse_recipe({**recipe_of().model_dump(exclude_unset=True), "network": {"hidden": [5, 5],
        "readout": {"score": "per_step"}}})  # fmt: skip
    train(other, tmp_path / "other", threads=1)
    shutil.rmtree(run / "checkpoint")
    shutil.copytree(tmp_path / "other" / "checkpoint", run / "checkpoint")
    assert codes(lambda: train(recipe_of(), run, threads=1, resume=True)) == ["ND002"]


def test_changed_weights_are_not_deployed(run: Path) -> None:
    path = run / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-3] + bytes([whole[-3] ^ 64]) + whole[-2:])
    assert codes(lambda: load_run(run)) == ["ND057"]


def test_weights_of_an_earlier_version_are_read_as_before(run: Path) -> None:
    path = run / "model.safetensors"
    save_file(load_file(path), path, metadata={"n_inputs": "40", "n_classes": "2"})
    assert load_run(run).graph.input_size == 40


@pytest.mark.parametrize(
    ("sizes", "name", "value"),
    [
        (("40", "3"), None, None),
        (("10000000000", "2"), None, None),
        (("forty", "2"), None, None),
        (("40", "2"), "hidden.0.connection.delay", torch.zeros(1, 4, 40, dtype=torch.int64)),
        (("40", "2"), "hidden.0.connection.weight", torch.zeros(40)),
        (("40", "2"), "hidden.0.norm.running_var", torch.zeros(4, dtype=torch.complex64)),
    ],
)
def test_weights_that_do_not_fit_the_recipe_are_a_finding(
    run: Path, sizes: tuple[str, str], name: str | None, value: torch.Tensor | None
) -> None:
    path = run / "model.safetensors"
    tensors = load_file(path)
    if name is not None and value is not None:
        tensors[name] = value
    save_file(tensors, path, metadata=dict(zip(("n_inputs", "n_classes"), sizes, strict=True)))
    assert codes(lambda: load_run(run)) == ["ND002"]


def test_a_recipe_of_huge_layers_beside_small_weights_allocates_nothing(run: Path) -> None:
    path = run / "recipe.toml"
    text = path.read_text()
    assert "hidden = [\n    4,\n]" in text
    path.write_text(text.replace("    4,\n", "    30000,\n    30000,\n"))
    assert codes(lambda: load_run(run)) == ["ND002"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", '{"validation": 3, "test": {}}', "[" * 5000, "{", '{"seconds": NaN}', "\udc80"],
)
def test_a_damaged_result_is_a_finding(run: Path, text: str) -> None:
    (run / "result.json").write_bytes(text.encode(errors="surrogateescape"))
    assert codes(lambda: load_run(run)) == ["ND002"]


def test_an_accuracy_that_is_none_is_a_finding(run: Path) -> None:
    path = run / "result.json"
    for value in (None, "0.9", 7.0, [0.5]):
        result = json.loads(path.read_text())
        result["test"]["accuracy"] = value
        path.write_text(json.dumps(result))
        assert codes(lambda: load_run(run)) == ["ND002"]


def test_samples_that_are_missing_or_of_another_network_are_findings(run: Path) -> None:
    path = run / "samples.npz"
    arrays = dict(np.load(path))
    np.savez(path, **{key: x for key, x in arrays.items() if not key.startswith("calibration")})
    assert codes(lambda: load_run(run)) == ["ND003"]
    np.savez(path, **{**arrays, "test/spikes": arrays["test/spikes"][:, :, :39]})
    assert codes(lambda: load_run(run)) == ["ND010"]


@pytest.mark.parametrize("text", [b"\xff\xfe", b"{}\n", b'{"epoch": 1}\n[]\n', b'{"epoch": 1}\n'])
def test_damaged_metrics_stop_a_resumed_run_with_a_finding(run: Path, text: bytes) -> None:
    (run / "metrics.jsonl").write_bytes(text)
    assert codes(lambda: train(recipe_of(), run, threads=1, resume=True)) == ["ND002"]
