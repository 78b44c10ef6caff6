"""Lava's own Python environment: find it, make it, say how it is."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path

from neurodeploy.findings.codes_parity import LAVA_DOES_NOT_IMPORT, LAVA_NOT_MADE, NO_LAVA
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.targets.loihi.lava.python310 import (
    VERSION,
    Progress,
    clean_environment,
    failed,
    find_python,
    last_line,
    run_program,
    uv_program,
)

PYTHON_VARIABLE = "NEURODEPLOY_LAVA_PYTHON"
"""Names an interpreter that has Lava; it is used instead of the private environment."""

CACHE_VARIABLE = "NEURODEPLOY_CACHE"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_MARKER = "complete.json"  # written last: an environment without it is built again
_PROBE = """
import json, importlib.metadata as m
import lava.lib.dl.netx.hdf5, lava.proc.lif.models, h5py
print(json.dumps({name: m.version(name) for name in ("lava-nc", "lava-dl", "torch", "numpy", "h5py")}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LavaStatus:
    """How Lava's environment is.

    Attributes
    ----------
    ready
        Whether Lava can be imported there.
    python
        The interpreter, or an empty text.
    origin
        ``NEURODEPLOY_LAVA_PYTHON`` or ``private``.
    folder
        Where the private environment is or would be.
    versions
        Of lava-nc, lava-dl, torch, numpy and h5py.
    reason
        Why it is not ready.
    """

    ready: bool
    python: str
    origin: str
    folder: str
    versions: dict[str, str] = field(default_factory=dict)
    reason: str = ""

    def to_dict(self) -> dict[str, object]:
        """Give the status as a JSON-ready mapping."""
        return asdict(self)


def cache_folder() -> Path:
    """Give the user's cache folder of this program; ``NEURODEPLOY_CACHE`` names another."""
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("neurodeploy", appauthor=False)


def environment_folder() -> Path:
    """Give the private environment's folder; other pins live in another folder."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    return cache_folder() / "lava" / digest


def _python_in(folder: Path) -> Path:
    return folder / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def lava_python() -> Path:
    """Give the interpreter that has Lava, without starting it.

    Raises
    ------
    NeurodeployError
        ND420 with exit code 4: it is not installed, or the variable names no file.
    """
    if named := os.environ.get(PYTHON_VARIABLE):
        if Path(named).is_file():
            return Path(named)
        raise _missing(f"{PYTHON_VARIABLE}={named} is no file", f"Correct or unset {PYTHON_VARIABLE}.")
    folder = environment_folder()
    if (folder / _MARKER).is_file() and _python_in(folder).exists():
        return _python_in(folder)
    raise _missing(f"nothing in {folder}", "Run `neurodeploy lava install`.")


def _missing(found: str, fix: str) -> NeurodeployError:
    return NO_LAVA.error(
        found=found,
        limit="lava-nc 0.10.0 and lava-dl 0.6.0 on Python 3.10, in an environment of their own",
        help=fix,
    )


def status() -> LavaStatus:
    """Say how Lava's environment is, by importing Lava there."""
    origin = PYTHON_VARIABLE if os.environ.get(PYTHON_VARIABLE) else "private"
    folder = str(environment_folder())
    try:
        python = lava_python()
    except NeurodeployError as error:
        return LavaStatus(
            ready=False, python="", origin=origin, folder=folder, reason=error.findings[0].found
        )
    versions, reason = _probe(python)
    return LavaStatus(
        ready=bool(versions),
        python=str(python),
        origin=origin,
        folder=folder,
        versions=versions,
        reason=reason,
    )


def _probe(python: Path) -> tuple[dict[str, str], str]:
    """Import Lava; give the versions, or none and the reason."""
    done = run_program([python, "-W", "ignore", "-c", _PROBE], timeout_s=300)
    if done.returncode:
        return {}, last_line(done.stderr)
    return json.loads(done.stdout.splitlines()[-1]), ""


def install(progress: Progress = lambda _: None) -> LavaStatus:
    """Make the private environment, unless one is ready; interrupted, it starts again where uv's cache is.

    Parameters
    ----------
    progress
        Gets one line for each step.

    Raises
    ------
    NeurodeployError
        Exit code 4: ND421 no Python 3.10 runs here and none can be downloaded, ND422 making the
        environment or installing the packages failed, ND423 Lava does not import afterwards.
    """
    found = status()
    if found.ready:
        progress(f"Lava is ready: {found.python}")
        return found
    if found.origin == PYTHON_VARIABLE:
        raise _missing(f"{PYTHON_VARIABLE}: {found.reason}", f"Correct or unset {PYTHON_VARIABLE}.")
    folder = environment_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARKER).unlink(missing_ok=True)
    progress(f"1/4 looking for Python {VERSION}")
    python = find_python(progress)
    progress(f"2/4 making an environment in {folder} with {python}")
    uv = uv_program()
    _uv_step([uv, "venv", "--clear", "--python", python, folder / "env"], folder, progress)
    progress("3/4 installing lava-nc 0.10.0, lava-dl 0.6.0 and what they need (about 5 GB on disk)")
    _uv_step([uv, "pip", "install", "--python", _python_in(folder), "-r", REQUIREMENTS], folder, progress)
    progress("4/4 importing Lava")
    versions, reason = _probe(_python_in(folder))
    if not versions:
        raise failed(LAVA_DOES_NOT_IMPORT, "Lava does not import in its new environment", reason, str(folder))
    (folder / _MARKER).write_text(json.dumps(versions, sort_keys=True) + "\n")
    done = status()
    progress(f"Lava is ready: {done.python}")
    return done


def _uv_step(command: list[str | Path], folder: Path, progress: Progress) -> None:
    """Run uv with a line every ten seconds; ND422 where it fails."""
    log = folder / "install.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=stream,
            stderr=stream,
            stdin=subprocess.DEVNULL,
            cwd=folder,  # away from any project's own uv settings
            env=clean_environment(),
        )
        waited = 0
        try:
            while process.poll() is None:
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    waited += 10
                    progress(f"    {waited} s")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode:
        raise failed(
            LAVA_NOT_MADE, "Lava's environment could not be made", last_line(log.read_text()), str(log)
        )
