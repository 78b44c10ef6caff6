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
from neurodeploy.lock import locked
from neurodeploy.machine import cache_folder
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

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_MARKER = "complete.json"  # written last: an environment without it is built again
_VERSIONS = """
import json, importlib.metadata as m
print(json.dumps({name: m.version(name) for name in ("lava-nc", "lava-dl", "torch", "numpy", "h5py")}))
"""
_PROBE = f"import lava.lib.dl.netx.hdf5, lava.proc.lif.models, h5py{_VERSIONS}"


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
    imported
        Whether Lava was imported to find out; otherwise what the installation left behind says so.
    reason
        Why it is not ready.
    """

    ready: bool
    python: str
    origin: str
    folder: str
    versions: dict[str, str] = field(default_factory=dict)
    imported: bool = False
    reason: str = ""

    def to_dict(self) -> dict[str, object]:
        """Give the status as a JSON-ready mapping."""
        return asdict(self)


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


def status(*, deep: bool = True) -> LavaStatus:
    """Say how Lava's environment is.

    Parameters
    ----------
    deep
        Import Lava there, which takes seconds. Otherwise the marker of the private environment is read,
        which is written when Lava was imported after its installation; an interpreter that the variable
        names is asked which packages it has.
    """
    origin = PYTHON_VARIABLE if os.environ.get(PYTHON_VARIABLE) else "private"
    folder = str(environment_folder())
    try:
        python = lava_python()
    except NeurodeployError as error:
        return LavaStatus(
            ready=False, python="", origin=origin, folder=folder, reason=error.findings[0].found
        )
    if deep:
        versions, reason = _ask(python, _PROBE)
    elif origin == PYTHON_VARIABLE:
        versions, reason = _ask(python, _VERSIONS)
    else:
        versions, reason = _marked(environment_folder() / _MARKER)
    return LavaStatus(
        ready=bool(versions),
        python=str(python),
        origin=origin,
        folder=folder,
        versions=versions,
        imported=deep and bool(versions),
        reason=reason,
    )


def _ask(python: Path, code: str) -> tuple[dict[str, str], str]:
    """Run a probe in an interpreter; give the versions that it prints, or none and the reason."""
    try:
        done = run_program([python, "-W", "ignore", "-c", code], timeout_s=300)
    except NeurodeployError as error:
        return {}, error.findings[0].found
    if done.returncode:
        return {}, last_line(done.stderr)
    versions = _versions(done.stdout.strip().rpartition("\n")[2])
    return versions, "" if versions else f"{python} is no Python: it printed no versions"


def _marked(marker: Path) -> tuple[dict[str, str], str]:
    """Read the versions that the installation has left; none and the reason where they cannot be read."""
    try:
        versions = _versions(marker.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return {}, str(error)
    return versions, "" if versions else f"{marker} names no versions"


def _versions(text: str) -> dict[str, str]:
    """Read versions by package from JSON; none where it is anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): str(version) for name, version in found.items()}


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
    if found.origin == PYTHON_VARIABLE and not found.ready:
        raise _missing(f"{PYTHON_VARIABLE}: {found.reason}", f"Correct or unset {PYTHON_VARIABLE}.")
    if not found.ready:
        folder = environment_folder()
        # One at a time: the other may be making the very environment.
        with locked(folder / "install.lock", wait=True, on_wait=lambda who: progress(f"waiting for {who}")):
            found = status()
            if not found.ready:
                _make(folder, progress)
                found = status()
    progress(f"Lava is ready: {found.python}")
    return found


def _make(folder: Path, progress: Progress) -> None:
    """Make the environment and mark it at last; see :func:`install`."""
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
    versions, reason = _ask(_python_in(folder), _PROBE)
    if not versions:
        raise failed(LAVA_DOES_NOT_IMPORT, "Lava does not import in its new environment", reason, str(folder))
    (folder / _MARKER).write_text(json.dumps(versions, sort_keys=True) + "\n")


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
