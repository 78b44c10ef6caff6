"""Golden files, and one small network with everything that is made from it."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection, Readout

ROOT = Path(__file__).parents[1]
# A machine may be busy, and the first example of a test may compile a kernel.
settings.register_profile("neurodeploy", deadline=None)
settings.load_profile("neurodeploy")
MISSING_LAVA = "/nowhere/python"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="accept the texts as they are now")


@dataclass
class Golden:
    """Hold a text against a file; accept it with --update-golden."""

    folder: Path
    update: bool
    name: str

    def check(self, text: str, path: Path | None = None) -> None:
        path = path or self.folder / f"{self.name}.txt"
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        known = path.read_text(encoding="utf-8") if path.is_file() else ""
        changes = "\n".join(
            difflib.unified_diff(known.splitlines(), text.splitlines(), str(path), "now", lineterm="")
        )
        assert known == text, f"accept with --update-golden:\n{changes}"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """The golden file of this test: named after it, in tests/golden/<its file>."""
    folder = ROOT / "tests" / "golden" / request.path.stem.removeprefix("test_")
    name = request.node.name.removeprefix("test_").replace("[", "-").rstrip("]")
    return Golden(folder, request.config.getoption("--update-golden"), name)


def population(name: str, size: int, model: NeuronModel, tau_s: float, **other: float) -> Population:
    arrays = {
        "tau_s": tau_s,
        "v_threshold": 1.0,
        "v_leak": 0.0,
        "v_reset": 0.0,
        "r": 1.0,
        "tau_syn_s": 0.01,
        "w_in": 1.0,
        "bias": 0.0,
    } | other
    return Population(name=name, model=model, **{key: np.full(size, x) for key, x in arrays.items()})


def make_tiny_graph() -> Graph:
    """12 inputs, 16 and 16 LIF neurons, 3 leaky integrators; delays of 1 to 9 steps."""
    rng = np.random.default_rng(0)
    dt_s = 0.01

    def projection(source: str, target: str, n_pre: int, n_post: int, scale: float) -> Projection:
        return Projection(
            source=source,
            target=target,
            weight=rng.normal(0.3, 1, (1, n_post, n_pre)) * scale,
            delay_s=rng.integers(1, 10, (1, n_post, n_pre)) * dt_s,
        )

    return Graph(
        name="tiny",
        dt_s=dt_s,
        input_size=12,
        populations=(
            population("hidden1", 16, NeuronModel.LIF, 0.05, bias=0.05),
            population("hidden2", 16, NeuronModel.LIF, 0.1),
            population("out", 3, NeuronModel.LI, 0.05),
        ),
        projections=(
            projection(INPUT, "hidden1", 12, 16, 2.5),
            projection("hidden1", "hidden2", 16, 16, 1.5),
            projection("hidden2", "out", 16, 3, 1.0),
        ),
        readout=Readout(population="out"),
    )


@pytest.fixture(scope="session")
def tiny_graph() -> Graph:
    return make_tiny_graph()


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory, tiny_graph: Graph) -> Path:
    """``tiny.nir``; ``given.npz`` with labels that the float network gets right; ``bundle`` made of them."""
    from neurodeploy.data.samples import predictions
    from neurodeploy.export import export
    from neurodeploy.graph.interpret import interpret
    from neurodeploy.nir.write import write_nir

    folder = tmp_path_factory.mktemp("tiny")
    write_nir(tiny_graph, folder / "tiny.nir")
    spikes = (np.random.default_rng(1).random((24, 40, 12)) < 0.2).astype(np.uint8)
    np.savez(folder / "given.npz", spikes=spikes, labels=predictions(interpret(tiny_graph, spikes)))
    export(folder / "tiny.nir", target="loihi2", out=folder / "bundle", calibrate=folder / "given.npz")
    return folder


@pytest.fixture
def tiny_nir(tiny_folder: Path) -> Path:
    return tiny_folder / "tiny.nir"


@pytest.fixture
def given(tiny_folder: Path) -> Path:
    return tiny_folder / "given.npz"


@pytest.fixture
def bundle(tiny_folder: Path, tmp_path: Path) -> Path:
    """A copy that the test may change."""
    shutil.copytree(tiny_folder / "bundle", tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def rehash() -> Callable[[Path], None]:
    """Write the manifest of a changed bundle anew, so that its content matches its hashes again."""
    from neurodeploy.bundle.manifest_file import read_manifest, write_manifest

    def write(folder: Path) -> None:
        write_manifest(folder, read_manifest(folder))

    return write


@pytest.fixture
def without_lava(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make Lava missing, whatever this machine has."""
    monkeypatch.setenv("NEURODEPLOY_LAVA_PYTHON", MISSING_LAVA)
