"""What the codes ND096 to ND099 mean: options without effect, and ends that no stage has foreseen."""

from __future__ import annotations

from neurodeploy.findings.finding import Exit, Rule

WITHOUT_EFFECT = Rule(
    "ND096",
    "an option has no effect here",
    why="It would be ignored, and leave the impression that it did something.",
    example="neurodeploy export RUN --dt 0.001: a run knows how long its steps are",
)

NESTED_TOO_DEEPLY = Rule(
    "ND097",
    "the input is nested too deeply",
    why=(
        "Tables, brackets or nodes within each other are read one inside the other, and a program has a "
        "bounded stack. No network or recipe of use comes near it."
    ),
    example="a recipe with a value of 10,000 opening brackets",
)

OUT_OF_MEMORY = Rule(
    "ND098",
    "there is not enough memory",
    why="An array does not fit. Fewer samples at once, or a smaller network, need less.",
    example="neurodeploy run BUNDLE --backend fixed --input IN.npz with more samples than the memory holds",
)

INTERNAL_ERROR = Rule(
    "ND099",
    "internal error: this is a bug of neurodeploy",
    why=(
        "Something failed that nobody had thought of. It never counts as a failed gate (exit code 1), so "
        "that a pipeline cannot take a crash for a verdict; the exit code is 70. The finding names what a "
        "report needs: the error, the last places in the program, and the versions."
    ),
    example="neurodeploy inspect with a file that no reader foresaw",
    exit_code=Exit.INTERNAL_ERROR,
)
