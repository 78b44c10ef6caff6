"""Finding a Python 3.10 that runs, the states of the environment, and the commands."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from neurodeploy.commands.lava import command
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.targets.loihi.lava import environment, python310

WINDOWS = sys.platform == "win32"


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No variable, an empty cache, PATH, pyenv and uv of our own."""
    monkeypatch.delenv(environment.PYTHON_VARIABLE, raising=False)
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    uv = program(tmp_path / "uv", "echo 'error: offline' >&2; exit 2")
    monkeypatch.setattr(environment, "uv_program", lambda: uv)
    monkeypatch.setattr(python310, "uv_program", lambda: uv)
    monkeypatch.setattr(python310.shutil, "which", lambda name: _which(tmp_path / "bin", name))
    return tmp_path


def _which(folder: Path, name: str) -> str | None:
    return str(folder / name) if (folder / name).is_file() else None


def test_a_shim_that_fails_is_passed_over_for_pyenvs_newest(nowhere: Path) -> None:
    program(nowhere / "bin/python3.10", "echo 'pyenv: python3.10: command not found' >&2; exit 127")
    program(nowhere / "pyenv/versions/3.10.4/bin/python", "echo 3.10")
    newest = program(nowhere / "pyenv/versions/3.10.13/bin/python", "echo 3.10")
    program(nowhere / "pyenv/versions/3.11.2/bin/python", "echo 3.11")
    told: list[str] = []
    assert python310.find_python(told.append) == newest
    assert len(told) == 1 and "does not run" in told[0]


def test_the_one_on_path_comes_first(nowhere: Path) -> None:
    program(nowhere / "pyenv/versions/3.10.4/bin/python", "echo 3.10")
    first = program(nowhere / "bin/python3.10", "echo 3.10")
    assert python310.find_python() == first


def test_uvs_own_is_used_before_one_is_downloaded(nowhere: Path) -> None:
    program(nowhere / "uv", f'[ "$2" = find ] && echo {nowhere}/managed')
    assert python310.find_python() == nowhere / "managed"


def test_without_uv_the_finding_names_the_extra_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python310.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NeurodeployError) as caught:
        python310.uv_program()
    (finding,) = caught.value.findings
    assert (finding.code, caught.value.exit_code) == ("ND422", 4)
    assert "pip install 'neurodeploy[lava]'" in finding.help
    found = program(tmp_path / "uv", "exit 0")  # on PATH, as beside Python
    assert python310.uv_program() == found


def test_none_at_all_is_a_finding_that_says_what_to_install(nowhere: Path) -> None:
    with pytest.raises(NeurodeployError) as caught:
        python310.find_python()
    (finding,) = caught.value.findings
    assert (finding.code, caught.value.exit_code) == ("ND421", 4)
    assert finding.found == "error: offline"
    assert "Install Python 3.10" in finding.help


def installed(folder: Path, probe: str) -> Path:
    python = program(environment.environment_folder() / "env/bin/python", probe)
    (environment.environment_folder() / "complete.json").write_text('{"lava-nc": "0.10.0"}')
    assert folder in python.parents
    return python


def test_an_environment_without_its_marker_is_not_installed(nowhere: Path) -> None:
    python = installed(nowhere, "echo '{}'")
    assert environment.lava_python() == python
    (environment.environment_folder() / "complete.json").unlink()
    with pytest.raises(NeurodeployError) as caught:
        environment.lava_python()
    assert (caught.value.findings[0].code, caught.value.exit_code) == ("ND420", 4)


def test_the_variable_is_used_instead(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(nowhere, "echo '{}'")
    monkeypatch.setenv(environment.PYTHON_VARIABLE, sys.executable)
    assert environment.lava_python() == Path(sys.executable)
    monkeypatch.setenv(environment.PYTHON_VARIABLE, str(nowhere / "no"))
    with pytest.raises(NeurodeployError) as caught:
        environment.lava_python()
    assert "is no file" in caught.value.findings[0].found


def test_the_status_tells_why_lava_does_not_import(nowhere: Path) -> None:
    installed(nowhere, "echo \"ModuleNotFoundError: No module named 'setuptools'\" >&2; exit 1")
    found = environment.status()
    assert not found.ready
    assert found.reason == "ModuleNotFoundError: No module named 'setuptools'"


def test_installing_makes_verifies_and_marks_last(nowhere: Path) -> None:
    base = program(nowhere / "bin/python3.10", "echo 3.10")
    python = environment.environment_folder() / "env/bin/python"
    program(nowhere / "working", """echo '{"lava-nc": "0.10.0"}'""")
    program(
        nowhere / "uv",
        f'echo "$@" >> {nowhere}/calls; mkdir -p {python.parent}; cp {nowhere}/working {python}',
    )
    told: list[str] = []
    found = environment.install(told.append)
    assert found.ready and found.versions == {"lava-nc": "0.10.0"}
    calls = (nowhere / "calls").read_text().splitlines()
    assert calls[0] == f"venv --clear --python {base} {python.parents[1]}"
    assert calls[1].startswith(f"pip install --python {python} -r ")
    assert [line[:3] for line in told if line[1:2] == "/"] == ["1/4", "2/4", "3/4", "4/4"]

    environment.install(told.append)  # at once: it is there
    assert len((nowhere / "calls").read_text().splitlines()) == 2


def test_an_install_that_fails_leaves_no_marker(nowhere: Path) -> None:
    program(nowhere / "bin/python3.10", "echo 3.10")
    with pytest.raises(NeurodeployError) as caught:
        environment.install()
    assert (caught.value.findings[0].code, caught.value.exit_code) == ("ND422", 4)
    assert caught.value.findings[0].found == "error: offline"
    assert not (environment.environment_folder() / "complete.json").exists()


def test_lava_that_does_not_import_after_all_is_a_finding(nowhere: Path) -> None:
    program(nowhere / "bin/python3.10", "echo 3.10")
    python = environment.environment_folder() / "env/bin/python"
    program(nowhere / "uv", f"mkdir -p {python.parent}; cp {nowhere}/broken {python}")
    program(nowhere / "broken", "echo 'ImportError: no lava' >&2; exit 1")
    with pytest.raises(NeurodeployError) as caught:
        environment.install()
    assert caught.value.findings[0].code == "ND423"
    assert not (environment.environment_folder() / "complete.json").exists()


def test_the_pins_are_exact_and_name_no_host() -> None:
    lines = [
        line
        for line in environment.REQUIREMENTS.read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert all("==" in line for line in lines)
    assert not any("//" in line or line.startswith("-") for line in lines)
    assert {"lava-nc==0.10.0", "lava-dl==0.6.0", "numpy==1.26.4", "setuptools==69.5.1"} <= set(lines)


def test_other_pins_live_in_another_folder(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = environment.environment_folder()
    other = nowhere / "requirements.txt"
    other.write_text(environment.REQUIREMENTS.read_text() + "\n")
    monkeypatch.setattr(environment, "REQUIREMENTS", other)
    assert environment.environment_folder() != before
    assert before.is_relative_to(nowhere / "cache")


def test_the_status_command_says_what_to_do_and_exits_4(nowhere: Path) -> None:
    done = CliRunner().invoke(command, ["status"])
    assert done.exit_code == 4
    assert "neurodeploy lava install" in done.output
    done = CliRunner().invoke(command, ["status", "--json"])
    assert done.exit_code == 4
    found = json.loads(done.output)
    assert found["ready"] is False and found["origin"] == "private"


def test_the_status_command_shows_versions(nowhere: Path) -> None:
    installed(nowhere, """echo '{"lava-nc": "0.10.0"}'""")
    done = CliRunner().invoke(command, ["status"])
    assert done.exit_code == 0
    assert "lava-nc 0.10.0" in done.output


def test_the_status_command_reads_the_marker_and_starts_no_python(nowhere: Path) -> None:
    installed(nowhere, f"touch {nowhere}/started; sleep 60")
    done = CliRunner().invoke(command, ["status", "--json"])
    found = json.loads(done.output)
    assert (
        found["ready"] is True and found["imported"] is False and found["versions"] == {"lava-nc": "0.10.0"}
    )
    assert not (nowhere / "started").exists()


def test_the_deep_status_imports_lava(nowhere: Path) -> None:
    installed(nowhere, "echo 'ImportError: no lava' >&2; exit 1")
    assert CliRunner().invoke(command, ["status"]).exit_code == 0
    done = CliRunner().invoke(command, ["status", "--deep"])
    assert done.exit_code == 4 and "ImportError: no lava" in done.output


@pytest.mark.parametrize(
    "marker", ["", "[]", "[" * 100_000, '"x"', "\xff"], ids=["empty", "list", "deep", "text", "bytes"]
)
def test_a_damaged_marker_is_not_ready(nowhere: Path, marker: str) -> None:
    installed(nowhere, "exit 0")
    (environment.environment_folder() / "complete.json").write_bytes(marker.encode("latin-1"))
    assert not environment.status(deep=False).ready


@pytest.mark.parametrize("deep", [True, False], ids=["deep", "shallow"])
@pytest.mark.parametrize("text", ["exit 0", "echo hello", "echo '[1]'", "exit 3"])
def test_a_variable_that_names_no_python_is_not_ready(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, text: str, deep: bool
) -> None:
    monkeypatch.setenv(environment.PYTHON_VARIABLE, str(program(nowhere / "true", text)))
    found = environment.status(deep=deep)
    assert not found.ready and found.reason
    done = CliRunner().invoke(command, ["status", *(["--deep"] if deep else [])])
    assert done.exit_code == 4 and "Traceback" not in done.output


def test_a_variable_that_names_a_program_of_another_kind_is_not_ready(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nowhere / "data").write_bytes(b"\x00\x01")
    monkeypatch.setenv(environment.PYTHON_VARIABLE, str(nowhere / "data"))
    assert not environment.status().ready


def test_two_installations_at_once_make_one_environment(nowhere: Path) -> None:
    program(nowhere / "bin/python3.10", "echo 3.10")
    python = environment.environment_folder() / "env/bin/python"
    program(nowhere / "working", """echo '{"lava-nc": "0.10.0"}'""")
    program(
        nowhere / "uv",
        f'echo "$1" >> {nowhere}/calls; sleep 0.2; mkdir -p {python.parent}; cp {nowhere}/working {python}',
    )
    told: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(environment.install, [told.append, told.append]))
    assert all(one.ready for one in found)
    assert (nowhere / "calls").read_text().split() == ["venv", "pip"]
    assert sum(line.startswith("waiting for") for line in told) == 1
