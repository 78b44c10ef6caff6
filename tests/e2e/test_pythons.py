"""The wheel and the sdist, installed without any extra, work alike on every Python that is promised."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("interpreters", Path(__file__).with_name("interpreters.py"))
assert SPEC is not None and SPEC.loader is not None
interpreters = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(interpreters)

pytestmark = pytest.mark.slow
CONSTRAINTS = ROOT / "constraints.txt"
OUTSIDE = {key: text for key, text in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
EXTRAS = ("torch", "norse", "scipy", "safetensors", "uv", "matplotlib", "ray", "tonic")


@dataclass
class Installed:
    """An environment with a plain install, and a folder for what it writes."""

    version: str
    python: Path
    folder: Path

    def run(self, *words: str | Path) -> str:
        """Run Python there, away from the checkout; give what it printed."""
        line = [str(word) for word in (self.python, *words)]
        done = subprocess.run(line, cwd=self.folder, capture_output=True, text=True, env=OUTSIDE, timeout=600)
        assert done.returncode == 0, f"{' '.join(line)}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout

    def neurodeploy(self, *words: str | Path) -> str:
        """Run a command there."""
        return self.run("-m", "neurodeploy", *words)


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build the sdist, and the wheel from the sdist: what a release uploads."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "-o", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, timeout=300, env=OUTSIDE)
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


def make(version: str, distribution: Path, folder: Path) -> Installed:
    base, where = interpreters.find(version)
    if base is None:
        pytest.skip(f"Python {version} was not tested: {where}")
    python = folder / "env" / "bin" / "python"
    for line in (
        [base, "-m", "venv", folder / "env"],
        [python, "-m", "pip", "install", "-q", "-c", CONSTRAINTS, distribution],
    ):
        done = subprocess.run([*map(str, line)], capture_output=True, text=True, env=OUTSIDE, timeout=900)
        assert done.returncode == 0, done.stdout + done.stderr
    return Installed(version, python, folder)


@pytest.fixture(scope="module", params=interpreters.VERSIONS)
def installed(
    request: pytest.FixtureRequest,
    distributions: tuple[Path, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Installed:
    """The wheel alone, in a new environment of one Python."""
    return make(request.param, distributions[1], tmp_path_factory.mktemp(f"python{request.param}"))


def test_every_python_of_the_promise_is_tried():
    promise = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (ROOT / "pyproject.toml").read_text())
    assert promise is not None
    promised = [f"3.{minor}" for minor in range(int(promise[1]), int(promise[2]))]
    assert promised == list(interpreters.VERSIONS)


def test_it_imports_on_its_own_without_an_extra(installed):
    code = (
        "import importlib.util, sys, neurodeploy\n"
        f"there = [name for name in {EXTRAS!r} if importlib.util.find_spec(name)]\n"
        "print(neurodeploy.__file__, '%d.%d' % sys.version_info[:2], there)"
    )
    file, version, there = installed.run("-c", code).split(maxsplit=2)
    assert installed.folder in Path(file).parents and version == installed.version
    assert there.strip() == "[]"


def test_it_lists_the_recipes_and_shows_one(installed):
    assert "mts-xor" in installed.neurodeploy("models")
    assert "hidden" in installed.neurodeploy("inspect", "mts-xor")
    assert "loihi2" in installed.neurodeploy("targets")


def test_it_verifies_a_bundle_that_another_python_made(installed, tiny_folder):
    facts = json.loads(installed.neurodeploy("verify", tiny_folder / "bundle", "--json"))
    results = {check["name"]: check["status"] for check in facts["checks"]}
    assert facts["exit_code"] == 0
    assert [results[name] for name in ("hashes", "golden", "twins")] == ["passed"] * 3, results
    assert "P2" in results and results["P2"] != "failed"


def test_it_inspects_and_runs_a_bundle_with_the_same_traces_everywhere(installed, tiny_folder):
    from neurodeploy.cli import program

    bundle, given = tiny_folder / "bundle", tiny_folder / "given.npz"
    assert "hidden1" in installed.neurodeploy("inspect", bundle)
    for backend in ("fixed", "float"):
        there, here = installed.folder / f"{backend}.npz", tiny_folder / f"{backend}.npz"
        installed.neurodeploy("run", bundle, "--backend", backend, "--input", given, "-o", there)
        if not here.is_file():
            words = ["run", str(bundle), "--backend", backend, "--input", str(given), "-o", str(here)]
            with pytest.raises(SystemExit) as ended:
                program.main(words)
            assert ended.value.code == 0
        with np.load(here) as ours, np.load(there) as theirs:
            assert sorted(ours.files) == sorted(theirs.files)
            for name in ours.files:
                if backend == "fixed" or name.endswith("/spikes"):
                    assert np.array_equal(ours[name], theirs[name]), name
                else:  # float64 sums in another order of another numpy: P1's own bound
                    np.testing.assert_allclose(theirs[name], ours[name], rtol=1e-9, atol=1e-9)


def test_it_exports_the_same_program(installed, tiny_folder):
    out = installed.folder / "bundle"
    installed.neurodeploy(
        "export",
        tiny_folder / "tiny.nir",
        "--target",
        "loihi2",
        "-o",
        out,
        "--calibrate",
        tiny_folder / "given.npz",
    )
    assert arrays(out / "program.h5") == arrays(tiny_folder / "bundle" / "program.h5")


def test_the_five_lines_of_the_tutorial_run_with_figures_and_without_torch(installed, tiny_folder):
    line = [installed.python, "-m", "pip", "install", "-q", "-c", CONSTRAINTS, "matplotlib"]
    done = subprocess.run([*map(str, line)], capture_output=True, text=True, env=OUTSIDE, timeout=900)
    assert done.returncode == 0, done.stderr
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "tutorial.md").read_text(), re.DOTALL)
    (code,) = [block for block in blocks if "nd.load_samples" in block and "nd.accuracy" in block]
    assert code.count("\n") <= 8 and "torch" not in code
    code = code.replace('"xor.bundle"', repr(str(tiny_folder / "bundle"))).replace('"test"', '"given"')
    out = installed.run("-c", code + "\nimport sys; assert 'torch' not in sys.modules")
    assert out.startswith("1.0") or out.startswith("0."), out
    assert (installed.folder / "raster.png").read_bytes().startswith(b"\x89PNG")


def test_what_needs_an_extra_says_which(installed):
    line = [str(installed.python), "-m", "neurodeploy", "train", "mts-xor", "-o", "run"]
    done = subprocess.run(
        line, cwd=installed.folder, capture_output=True, text=True, env=OUTSIDE, timeout=120
    )
    assert done.returncode == 2 and "ND082" in done.stderr and "neurodeploy[train]" in done.stderr


def test_the_sdist_installs_too(distributions, tmp_path):
    oldest = make(interpreters.VERSIONS[0], distributions[0], tmp_path)
    assert "mts-xor" in oldest.neurodeploy("models")


def arrays(path: Path) -> dict[str, tuple[str, bytes]]:
    """Every array of an HDF5 file: type, shape and content."""
    found: dict[str, tuple[str, bytes]] = {}

    def take(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = (f"{item.dtype}{item.shape}", np.asarray(item[()]).tobytes())

    with h5py.File(path) as file:
        file.visititems(take)
    assert found
    return found
