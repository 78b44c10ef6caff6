"""The wheel holds all that the command line needs: recipes, targets, the Lava runner's script and pins."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUTSIDE = {key: text for key, text in os.environ.items() if key != "PYTHONPATH"}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and install it, alone, in a new environment that borrows this one's other packages."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "env")], check=True)
    site = Path(next((folder / "env" / "lib").glob("python3*")) / "site-packages")
    # A .pth adds this environment's packages, but not its own .pth files: the checkout stays out.
    (site / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "env" / "bin" / "python")]
    subprocess.run(
        [*pip, "install", "-q", "--no-deps", str(wheel)], check=True, capture_output=True, timeout=300
    )
    return folder / "env" / "bin" / "neurodeploy"


@pytest.mark.parametrize("command", [["--help"], ["models"], ["targets"], ["inspect", "mts-xor"], ["doctor"]])
def test_the_installed_wheel_answers_in_another_folder(
    installed: Path, command: list[str], tmp_path: Path
) -> None:
    line = [str(installed), *command]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=120, env=OUTSIDE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_ten_lines_of_the_tutorial_run_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "tutorial.md").read_text(), re.DOTALL)
    code = next(block for block in blocks if "nd.train" in block).replace("epochs=3", "epochs=1")
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 11
    where = "\nimport neurodeploy; print(neurodeploy.__file__)"
    done = subprocess.run(
        [str(installed.parent / "python"), "-c", code + where],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=900,
        env=OUTSIDE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(installed.parents[1]) in done.stdout.splitlines()[-1]
    assert (tmp_path / "xor.bundle" / "manifest.json").is_file()


def test_the_installed_wheel_is_what_runs(installed: Path, tmp_path: Path) -> None:
    code = "import neurodeploy, neurodeploy.shipped as r; print(neurodeploy.__file__, r.names('models'))"
    python = installed.parent / "python"
    done = subprocess.run(
        [str(python), "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, env=OUTSIDE
    )
    assert str(installed.parents[1]) in done.stdout
    assert "mts-xor-delays" in done.stdout
