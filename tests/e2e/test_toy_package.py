"""Rule 7: a stranger's package brings a target, a data set and a pass, and goes the whole row."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import neurodeploy

ROOT = Path(__file__).parents[2]
TOY = ROOT / "tests" / "toy"
pytestmark = pytest.mark.slow


@dataclass
class Shell:
    """Runs commands in a folder, with the toy on the path of Python, or without it."""

    site: Path
    folder: Path

    def __call__(self, *words: str | Path, exit_code: int = 0, toy: bool = True) -> str:
        path = [str(self.site)] * toy + [str(Path(neurodeploy.__file__).parents[1])]
        done = subprocess.run(
            [sys.executable, "-m", "neurodeploy", *map(str, words)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=600,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1"},
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == exit_code, f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr if exit_code else done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the toy installed in it, as pip installs a wheel, and nothing else."""
    folder = tmp_path_factory.mktemp("site")
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*install, "--target", str(folder), str(TOY)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def neuro(site: Path, tmp_path: Path) -> Shell:
    return Shell(site, tmp_path)


def statuses(text: str) -> dict[str, str]:
    return {check["name"]: check["status"] for check in json.loads(text)["checks"]}


def test_the_whole_row_from_its_own_data_to_a_report(neuro: Shell, tmp_path: Path):
    neuro("train", TOY / "early-late.toml", "-o", "run")
    result = neuro("export", "run", "--target", "abacus", "--pass", "drop_weak:share=0.05", "-o", "bundle")
    assert "weights in beads" in result or "abacus" in (tmp_path / "bundle" / "manifest.json").read_text()
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    assert manifest["target"] == "abacus" and "share=0.05" in manifest["quantisation"]["passes"][0]
    neuro("check", "bundle", "--target", "abacus")
    checks = statuses(neuro("verify", "bundle", "--max-drop", "100", "--json", "--report", "report.html"))
    assert [checks[name] for name in ("hashes", "P2", "golden", "twins")] == ["passed"] * 4
    assert "early-late" in (tmp_path / "report.html").read_text()
    with np.load(tmp_path / "bundle" / "samples.npz") as sets:
        spikes = sets[next(name for name in sets.files if name.endswith("spikes"))][:4]
    np.savez(tmp_path / "in.npz", spikes=spikes)
    neuro("run", "bundle", "--backend", "fixed", "--input", "in.npz", "-o", "out.npz")
    with np.load(tmp_path / "out.npz") as out:
        assert out["output/score"].shape == (4, 2)


def test_the_pass_changes_the_program_and_its_option_counts(
    neuro: Shell, tiny_nir: Path, given: Path, tmp_path: Path
):
    def synapses(name: str, *words: str) -> int:
        neuro("export", tiny_nir, "--target", "abacus", "--calibrate", given, "-o", name, *words)
        facts = json.loads(neuro("inspect", name, "--json"))
        return sum(projection["synapses"] for projection in facts["projections"])

    from neurodeploy.nir.read import read_nir

    def in_program(name: str) -> int:
        return sum(
            int(np.count_nonzero(p.weight)) for p in read_nir(tmp_path / name / "beads.nir").projections
        )

    assert (
        synapses("all")
        == synapses("some", "--pass", "drop_weak")
        == synapses("few", "--pass", "drop_weak:share=0.5")
    )
    assert in_program("all") > in_program("some") > in_program("few") > 0
    out = neuro(
        "export", tiny_nir, "--target", "abacus", "--calibrate", given, "-o", "no",
        "--pass", "drop_weak:shar=1",
        exit_code=2,
    )  # fmt: skip
    assert "did you mean 'share'?" in out and not (tmp_path / "no").exists()


def test_its_runtime_is_what_p3_compares_with(neuro: Shell, tiny_nir: Path, given: Path):
    neuro("export", tiny_nir, "--target", "abacus", "--calibrate", given, "-o", "bundle")
    facts = json.loads(neuro("verify", "bundle", "--runtime", "counting=4", "--json"))
    (p3,) = (check for check in facts["checks"] if check["name"] == "P3")
    assert p3["status"] == "passed" and p3["backend"] == "counting"


def test_a_rule_of_its_own_stops_export_and_writes_nothing(neuro: Shell, tiny_nir: Path, tmp_path: Path):
    out = neuro("check", tiny_nir, "--target", TOY / "abacus.toml", exit_code=3)
    assert "ND201" in out and "4 steps (the length of this abacus's rods)" in out
    neuro("export", tiny_nir, "--target", TOY / "abacus.toml", "-o", "bundle", exit_code=3)
    assert not (tmp_path / "bundle").exists()
    neuro(
        "export",
        tiny_nir,
        "--target",
        TOY / "abacus.toml",
        "-o",
        "bundle",
        "--pass",
        "clamp_delays:max_steps=4",
    )
    assert json.loads((tmp_path / "bundle" / "manifest.json").read_text())["target"] == "small-abacus"
    # Delays cut from 9 steps to 4 make another network: two thirds of the spikes have no counterpart.
    assert statuses(neuro("verify", "bundle", "--json", exit_code=1))["P2"] == "failed"


def test_it_is_listed_with_its_limits(neuro: Shell):
    assert "abacus" in neuro("targets") and "loihi2" in neuro("targets")
    assert "the size of the abacus's beads" in neuro("targets", "abacus") + neuro(
        "targets", "abacus", "--json"
    )


def test_without_the_package_its_bundles_and_files_are_findings_and_never_another_chips(
    neuro: Shell, tiny_nir: Path, given: Path, tmp_path: Path
):
    neuro("export", tiny_nir, "--target", "abacus", "--calibrate", given, "-o", "bundle")
    cases = {
        ("verify", "bundle"): 2,
        ("run", "bundle", "--backend", "fixed", "--input", given, "-o", "out.npz"): 2,
        ("export", tiny_nir, "--target", "abacus", "-o", "no"): 2,
        ("export", tiny_nir, "--target", TOY / "abacus.toml", "-o", "no"): 2,
        ("check", tiny_nir, "--target", TOY / "abacus.toml"): 2,
        ("train", TOY / "early-late.toml", "-o", "no"): 2,
    }
    for words, exit_code in cases.items():
        out = neuro(*words, exit_code=exit_code, toy=False)
        assert "error[ND" in out, words
    assert "ND027" in neuro("check", tiny_nir, "--target", TOY / "abacus.toml", exit_code=2, toy=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle"]
