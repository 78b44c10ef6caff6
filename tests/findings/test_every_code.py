"""Rule 8: every code is triggered by the cheapest real route, and its text is held golden."""

from __future__ import annotations

import importlib
import re
import shlex
import sys
from pathlib import Path

import pytest

from neurodeploy.findings.explain import all_codes

sys.path.insert(0, str(Path(__file__).parent))
from triggers import SLOW, TRIGGERS, Place, text_of

pytestmark = pytest.mark.slow

for family in ("usage", "networks", "modules", "training", "parity", "certificate", "onnx_files"):
    importlib.import_module(family)

ROOT = Path(__file__).parents[2]
PACKAGE_OF_OURS = re.compile(r"(?<=[\s'\"(=])/[^\s:,'\")]*/(?=neurodeploy/|site-packages/)")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def place(tiny_folder: Path, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return Place(tmp_path, tiny_folder, monkeypatch, runs)


def neutral(text: str, place: Place) -> str:
    """Take out of a text what differs between machines, Pythons and moments."""
    text = text.replace(str(place.folder), "DIR").replace(str(place.tiny), "TINY")
    text = text.replace(str(Path(sys.executable).parent), "BIN").replace(f"{ROOT}/", "")
    text = re.sub(r"python 3\.\d+", "python 3.x", text)
    text = re.sub(r"sha256 [0-9a-f]{8,64}(\.\.\.)?", "sha256 DIGEST", text)
    text = re.sub(r"/lava/[0-9a-f]{12}", "/lava/PINS", text)
    text = re.sub(r"process \d+ on \S+", "process 1 on HOST", text)
    text = re.sub(r"-?\d\.\d{9,}", "FLOAT64", text)
    text = re.sub(r"\S+\.py:\d+ \w+( < \S+\.py:\d+ \w+)*", "PLACES", text)
    text = re.sub(r"neurodeploy [\d.]+, Python .*", "VERSIONS.", text)
    text = re.sub(r"[\d.]+ GB(?=, this machine)", "SIZE", text)
    return PACKAGE_OF_OURS.sub("", text)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Ray warns before it raises
@pytest.mark.parametrize(
    "code", [pytest.param(code, marks=[pytest.mark.slow] * (code in SLOW)) for code in sorted(TRIGGERS)]
)
def test_a_code_is_triggered_and_reads_well(code: str, place: Place, golden) -> None:
    assert code in all_codes()
    text = neutral(text_of(code, place), place)
    golden.check(text + "\n", golden.folder.parent / "findings" / f"{code}.txt")


def test_no_code_is_without_a_trigger() -> None:
    assert sorted(all_codes().keys() - TRIGGERS.keys()) == []


def test_no_golden_text_is_left_of_a_code_that_is_gone() -> None:
    folder = Path(__file__).parents[1] / "golden" / "findings"
    assert {path.stem for path in folder.glob("*.txt")} <= TRIGGERS.keys()


# ---- examples


BEFORE = {
    "--set": "train mts-xor -o run",
    "--target": "check tiny.nir",
    "--grid": "sweep mts-xor -o sweep --seeds 0",
    "--seeds": "sweep mts-xor -o sweep",
    "--pass": "export tiny.nir -o bundle",
}
"""What an example that is only an option stands behind."""
PROSE = re.compile(r"[,;:`]| (on|with|without|after|before|where|for|of|then) ")


def command_of(example: str) -> list[str] | None:
    """Give an example's words after ``neurodeploy``; None where it is no command but says what happens."""
    if PROSE.search(example) or not example.startswith(("neurodeploy ", "--")):
        return None
    words = shlex.split(example)
    if words[0] == "neurodeploy":
        return words[1:]
    return [*BEFORE[words[0]].split(), *words] if words[0] in BEFORE else None


EXAMPLES = {
    code: words for code, rule in all_codes().items() if (words := command_of(rule.example)) is not None
}


def test_there_are_examples_to_run():
    assert {"ND001", "ND005", "ND020", "ND022", "ND027", "ND060", "ND081", "ND086"} <= EXAMPLES.keys()


@pytest.mark.parametrize("code", sorted(EXAMPLES))
def test_an_example_that_is_a_command_does_what_it_says(code: str, place: Place) -> None:
    place.patch.setenv("HOME", str(place.folder / "home"))
    Path("home").mkdir()
    Path("home/thesis.txt").write_text("years of work")
    Path("notes.txt").write_text("not an array")
    for name, make in (("BUNDLE", place.bundle), ("tiny.nir", place.nir), ("IN.npz", place.given)):
        if any(name in word for word in EXAMPLES[code]):
            make()
            if name == "IN.npz":
                Path("given.npz").rename(name)
    if "RUN" in EXAMPLES[code]:
        place.trained("plain").rename("RUN")
    words = [str(Path(word).expanduser()) if word == "~" else word for word in EXAMPLES[code]]
    assert f"[{code}]" in place.command(*words)
    assert Path("home/thesis.txt").read_text() == "years of work"
