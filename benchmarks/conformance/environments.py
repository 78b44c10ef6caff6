"""The frameworks' own environments: which packages, where, and made by uv one after the other.

Nothing of a framework is ever installed beside neurodeploy. PyPI's torch brings several GB of CUDA; where a
folder has a CPU wheel of the pinned version, ``UV_FIND_LINKS=FOLDER`` makes uv take that one.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from neurodeploy.machine import cache_folder
from neurodeploy.targets.loihi.lava.python310 import clean_environment, last_line, uv_program

SCRIPTS = Path(__file__).with_name("frameworks")
PYTHON = "3.11"
FOLDER_VARIABLE = "NEURODEPLOY_CONFORMANCE"
"""Names the folder of the environments; by default it is in neurodeploy's cache."""

TORCH = "torch==2.13.0"


@dataclass(frozen=True, slots=True)
class Framework:
    """One framework of the matrix.

    Attributes
    ----------
    name, title
        As in the matrix.
    requirements
        What is installed, pinned.
    dialect
        What our reader is told of who wrote a file; empty where the framework writes none.
    """

    name: str
    title: str
    requirements: tuple[str, ...]
    dialect: str = ""

    @property
    def script(self) -> Path:
        """The framework's side, which runs in its environment."""
        return SCRIPTS / f"{self.name.replace('-', '_').replace('.', '_')}_side.py"

    @property
    def folder(self) -> Path:
        """Where its environment is or would be; other pins live in another folder."""
        named = os.environ.get(FOLDER_VARIABLE)
        base = Path(named) if named else cache_folder() / "conformance"
        digest = hashlib.sha256("\n".join([PYTHON, *self.requirements]).encode()).hexdigest()[:12]
        return base / f"{self.name}-{digest}"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def is_ready(self) -> bool:
        """Whether the environment was made to its end."""
        return (self.folder / "complete").is_file() and self.python.exists()


FRAMEWORKS = {
    each.name: each
    for each in (
        Framework("norse", "Norse 1.1.0", ("norse==1.1.0", "nir==1.0.8", "nirtorch==2.6", TORCH), "norse"),
        Framework(
            "snntorch",
            "snnTorch 1.0.0",
            ("snntorch==1.0.0", "nir==1.0.8", "nirtorch==2.6", TORCH),
            "snntorch",
        ),
        Framework(
            "spikingjelly",
            "SpikingJelly 2.0.0",
            ("spikingjelly==2.0.0", "nir==1.0.8", "nirtorch==2.6", TORCH),
            "spikingjelly",
        ),
        Framework(
            "sinabs", "sinabs 3.1.3", ("sinabs==3.1.3", "nir==1.0.4", "nirtorch==2.0.2", TORCH), "sinabs"
        ),
        Framework(
            "rockpool",
            "Rockpool 3.1.0",
            ("rockpool[torch]==3.1.0", "nir==1.0.8", "nirtorch==2.6", TORCH),
            "rockpool",
        ),
        Framework("nir-1.0.4", "nir 1.0.4", ("nir==1.0.4", "h5py")),
        Framework("spyx", "Spyx 1.0.0", ("spyx==1.0.0", "nir==1.0.8"), "spyx"),
    )
}
"""Every framework by its name, in the order of the page."""

NOT_HERE = {
    "lava-dl, hxtorch, Nengo": "write and read no NIR",
    "jaxsnn 0.3.0": "installs; reads NIR for event-based training of its own and writes none: not run here",
    "snn-mlir 1.0.0": "installs; a compiler front end that reads NIR and writes none: not run here",
}
"""What has no rows, and why."""


def make(framework: Framework) -> str:
    """Make an environment unless it is there; give why it could not be made, empty where it is ready."""
    if framework.is_ready:
        return ""
    framework.folder.parent.mkdir(parents=True, exist_ok=True)
    uv = str(uv_program())
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", PYTHON, str(framework.folder)],
        [uv, "pip", "install", "--quiet", "--python", str(framework.python), *framework.requirements],
    ):
        done = subprocess.run(
            command, capture_output=True, text=True, env=clean_environment(), cwd=framework.folder.parent
        )
        if done.returncode:
            return last_line(done.stderr)
    (framework.folder / "complete").write_text("\n".join(framework.requirements) + "\n")
    return ""


def call(framework: Framework, what: str, folder: Path) -> dict[str, dict]:
    """Run a framework's side on a folder, and give its answers.

    Raises
    ------
    RuntimeError
        The script did not end well.
    """
    done = subprocess.run(
        [str(framework.python), "-W", "ignore", str(framework.script), what, str(folder.resolve())],
        capture_output=True,
        text=True,
        cwd=folder,
        env=clean_environment() | {"OMP_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"},
        timeout=900,
    )
    if done.returncode:
        raise RuntimeError(f"{framework.script.name} {what}: {last_line(done.stderr)}")
    return json.loads((folder / "answers.json").read_text(encoding="utf-8"))
