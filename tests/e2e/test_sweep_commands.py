import csv
import importlib.util
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from neurodeploy.commands.sweep import command

SMALL = [
    "mts-xor", "--grid", "network.tau.dtau_s=-0.2,0.2", "--set", "data.train_trials=64",
    "--set", "data.validation_trials=16", "--set", "data.test_trials=16", "--epochs", "2",
    "--set", "train.batch_size=32",
]  # fmt: skip


def rows_in(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((out / "rows.csv").read_text().splitlines()))


def call(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, list(arguments), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return int(result.return_value), result.stdout


@pytest.mark.slow
def test_a_sweep_trains_resumes_and_gives_the_same_rows(tmp_path: Path) -> None:
    out = tmp_path / "sweep"
    code, text = call(*SMALL, "--seeds", "0", "-o", str(out), "--jobs", "2", "--json")
    assert code == 0
    assert [point["point"] for point in json.loads(text)["points"]] == ["dtau_s=-0.2", "dtau_s=0.2"]
    first = rows_in(out)
    code, _ = call(*SMALL, "--seeds", "0", "-o", str(out), "--resume", "--json")
    assert code == 0
    assert rows_in(out) == first


@pytest.mark.slow
def test_a_half_finished_run_continues_to_the_same_result(tmp_path: Path) -> None:
    small = [*SMALL[:1], *SMALL[3:]]
    whole, half = tmp_path / "whole", tmp_path / "half"
    call(*small, "--seeds", "3", "-o", str(whole), "--json")
    call(*small, "--seeds", "3", "-o", str(half), "--json")
    run = half / "runs" / "base" / "seed3"
    (run / "result.json").unlink()
    code, _ = call(*small, "--seeds", "3", "-o", str(half), "--resume", "--json")
    assert code == 0
    before, after = (json.loads((out / "runs/base/seed3/result.json").read_text()) for out in (whole, half))
    assert before["test"] == after["test"]


@pytest.mark.slow
def test_a_run_that_fails_gives_exit_code_1_and_a_finding(tmp_path: Path) -> None:
    arguments = [
        "mts-xor",
        "--set",
        "data.kind=events",
        "--set",
        "data.channels=140",
        "--set",
        "network.readout.score=last",
    ]
    code, text = call(*arguments, "--seeds", "0", "-o", str(tmp_path / "s"), "--json")
    assert code == 1
    (finding,) = json.loads(text)["findings"]
    assert finding["code"] == "ND066"
    assert "ND037" in finding["found"]


@pytest.mark.slow
def test_a_local_ray_gives_the_rows_of_local_processes(tmp_path: Path) -> None:
    if importlib.util.find_spec("ray") is None:
        pytest.skip("needs ray: pip install 'neurodeploy[sweep]'")
    alone, ray = tmp_path / "alone", tmp_path / "ray"
    small = [*SMALL, "--seeds", "1"]
    call(*small, "-o", str(alone), "--json")
    code, _ = call(*small, "-o", str(ray), "--ray", "local", "--jobs", "2", "--json")
    assert code == 0
    expected, found = ([{**row, "seconds": ""} for row in rows_in(out)] for out in (alone, ray))
    assert found == expected
