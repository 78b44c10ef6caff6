"""Find a Python 3.10 that really runs, and uv."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from neurodeploy.findings.codes_parity import LAVA_NOT_MADE, NO_PYTHON310
from neurodeploy.findings.finding import NeurodeployError, Rule

VERSION = "3.10"
"""The only Python that Lava runs on."""

Progress = Callable[[str], None]


def uv_program() -> Path:
    """Find uv's program: beside this Python, of the extra ``lava``, or on PATH.

    Raises
    ------
    NeurodeployError
        ND422 with exit code 4: there is none.
    """
    beside = Path(sys.executable).with_name("uv.exe" if os.name == "nt" else "uv")
    if beside.is_file():
        return beside
    try:
        from uv import find_uv_bin

        return Path(find_uv_bin())
    except (ImportError, FileNotFoundError):
        on_path = shutil.which("uv")
        if on_path:
            return Path(on_path)
        raise failed(
            LAVA_NOT_MADE,
            "uv is missing, which makes Lava's environment",
            "no program uv",
            f"{beside}, PATH",
            fix="pip install 'neurodeploy[lava]' brings it; then run `neurodeploy lava install` again.",
        ) from None


def find_python(progress: Progress = lambda _: None) -> Path:
    """Find a Python 3.10 that really runs: on PATH, of pyenv, of uv; at last let uv download one.

    Raises
    ------
    NeurodeployError
        ND421 with exit code 4.
    """
    for candidate in _candidates():
        if _runs(candidate):
            return candidate
        progress(f"    {candidate} does not run")
    uv = uv_program()
    find: list[str | Path] = [uv, "python", "find", "--no-project", "--managed-python", VERSION]
    done = run_program([*find, "--no-python-downloads"], timeout_s=60)
    if done.returncode:
        progress(f"    downloading Python {VERSION}")
        fetched = run_program([uv, "python", "install", "--no-bin", VERSION], timeout_s=900)
        done = run_program(find, timeout_s=60)
        if fetched.returncode or done.returncode:
            raise failed(
                NO_PYTHON310,
                f"no Python {VERSION} runs on this machine and none can be downloaded",
                last_line(fetched.stderr or done.stderr),
                "PATH, pyenv, uv",
                fix=f"Install Python {VERSION} (pyenv install {VERSION}, or your system's packages), "
                "then run `neurodeploy lava install` again.",
            )
    return Path(done.stdout.strip())


def _candidates() -> Iterator[Path]:
    on_path = shutil.which(f"python{VERSION}")
    if on_path:
        yield Path(on_path)  # may be a pyenv shim that only says how it would run
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    if root.is_dir():
        found = [path for path in root.iterdir() if re.fullmatch(rf"{re.escape(VERSION)}\.\d+", path.name)]
        for version in sorted(found, key=lambda path: int(path.name.rsplit(".", 1)[1]), reverse=True):
            yield version / "bin" / "python"


def _runs(python: Path) -> bool:
    code = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        return run_program([python, "-c", code], timeout_s=30).stdout.strip() == VERSION
    except NeurodeployError:
        return False


def run_program(command: list[str | Path], *, timeout_s: float) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, quietly; ND422 where it cannot be started or takes too long."""
    try:
        return subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
            env=clean_environment(),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise failed(LAVA_NOT_MADE, "a program could not be run", str(error), str(command[0])) from None


def clean_environment() -> dict[str, str]:
    """Give this process's environment without what points other Pythons at our packages."""
    ours = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "CONDA_PREFIX")
    return {key: value for key, value in os.environ.items() if key not in ours}


def last_line(text: str) -> str:
    """Give the last line that says something: programs name their error there."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def failed(rule: Rule, message: str, found: str, where: str, fix: str = "") -> NeurodeployError:
    """Make the error of a step that failed, with exit code 4."""
    return rule.error(
        message=message,
        where=where,
        found=found,
        help=fix or "Check the network and the free space (5 GB), then run `neurodeploy lava install`.",
    )
