"""Find a Python of a given version that really runs, or say why there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

VERSIONS = ("3.10", "3.11", "3.12", "3.13")
"""What ``requires-python`` promises; a test holds the two against each other."""


def find(version: str) -> tuple[Path | None, str]:
    """Give an interpreter and how it was found; or None and why there is none.

    Looked for in this order: the interpreter that runs the tests, PATH (a pyenv shim may be there and not
    run), pyenv's versions, those that uv manages, and one that uv downloads.
    """
    for place, candidate in _candidates(version):
        if _runs(candidate, version):
            return candidate, place
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        return None, f"no Python {version} on PATH or of pyenv, and no uv to bring one"
    fetched = _run(uv, "python", "install", "--no-bin", version, timeout_s=900)
    found = _managed(uv, version)
    if found is not None and _runs(found, version):
        return found, "uv"
    lines = [line.strip() for line in fetched.stderr.splitlines() if line.strip()]
    return None, f"no Python {version} on PATH or of pyenv, and uv cannot bring one: {(lines or ['?'])[-1]}"


def _candidates(version: str) -> Iterator[tuple[str, Path]]:
    base = Path(sys.base_prefix) / "bin" / f"python{version}"
    yield "the interpreter of these tests", base
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield "PATH", Path(on_path)
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for folder in sorted(root.glob(f"{version}.*"), reverse=True):
        yield "pyenv", folder / "bin" / "python"
    uv = shutil.which("uv")
    managed = _managed(uv, version) if uv else None
    if managed:
        yield "uv", managed


def _managed(uv: str, version: str) -> Path | None:
    words = ("python", "find", "--no-project", "--managed-python", "--no-python-downloads", version)
    done = _run(uv, *words, timeout_s=60)
    return Path(done.stdout.strip()) if done.returncode == 0 else None


def _runs(python: Path, version: str) -> bool:
    if not python.is_file():
        return False
    done = _run(str(python), "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])", timeout_s=30)
    return done.stdout.strip() == version


def _run(*words: str, timeout_s: float) -> subprocess.CompletedProcess[str]:
    outside = {key: text for key, text in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(words, capture_output=True, text=True, timeout=timeout_s, env=outside, check=False)
