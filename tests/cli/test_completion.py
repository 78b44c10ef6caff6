"""What a shell offers at a tab."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def offered(*words: str) -> set[str]:
    """Ask as bash does; the last word is being typed."""
    line = ("neurodeploy", *words)
    done = subprocess.run(
        [sys.executable, "-m", "neurodeploy"],
        env={
            **os.environ,
            "_NEURODEPLOY_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(line),
            "COMP_CWORD": str(len(line) - 1),
        },
        capture_output=True,
        text=True,
    )
    assert done.stderr == "", done.stderr
    return {entry.partition(",")[2] for entry in done.stdout.splitlines()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("ver",), {"verify"}),
        (("lava", "i"), {"install"}),
        (("train", "mts-xor-delays:f"), {"mts-xor-delays:fixed", "mts-xor-delays:f"}),
        (("export", "x", "--target", "loihi2"), {"loihi2"}),
        (("targets", "loi"), {"loihi", "loihi2", "loi"}),
        (("train", "mts-xor", "--set", "train.ep"), {"train.epochs="}),
        (("sweep", "mts-xor", "--grid", "train.se"), {"train.seed="}),
        (("explain", "nd20"), {f"ND20{n}" for n in range(1, 10)}),
        (("verify", "x", "--max"), {"--max-drop"}),
        (("exprot", "x", ""), None),
    ],
    ids=lambda entry: " ".join(entry) if isinstance(entry, tuple) else "",
)  # fmt: skip
def test_a_shell_offers_what_fits(words, expected):
    found = offered(*words)
    assert expected is None or found == expected


def test_every_shell_gets_its_script():
    for shell in ("bash", "zsh", "fish"):
        done = subprocess.run(
            [sys.executable, "-m", "neurodeploy"],
            env={**os.environ, "_NEURODEPLOY_COMPLETE": f"{shell}_source"},
            capture_output=True,
            text=True,
        )
        assert "_NEURODEPLOY_COMPLETE" in done.stdout and done.returncode == 0, done.stderr
