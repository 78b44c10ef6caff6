"""What the codes ND096 to ND099 (ends that no stage has foreseen), ND24x and ND43x (ONNX files) mean."""

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

TOO_WIDE_FOR_RUNTIME = Rule(
    "ND240",
    "a sum may need more bits than the runtime has",
    why=(
        "The target file says that the runtime has no 64-bit integers. If every source sent its largest "
        "value at once, a sum of this population would leave 32 bits, and what a runtime makes of that is "
        "not defined. Exit code 3."
    ),
    example="export with a target file of backend onnx whose integer_bits is 32, and graded input up to 255",
    exit_code=Exit.TARGET_RULE,
)

NO_FLOAT_FORM = Rule(
    "ND241",
    "a neuron has no float form in ONNX",
    why=(
        "`--float` writes the step of the neuron models that it knows, operator by operator. What it would "
        "write of another one computed something else. Exit code 3."
    ),
    example="export --target onnx --float of a network with a neuron model of a newer version",
    exit_code=Exit.TARGET_RULE,
)

FLOAT_DIFFERS = Rule(
    "ND431",
    "the float network in ONNX is not the float interpreter's",
    why=(
        "The file was written, run in onnxruntime on the bundle's golden inputs and compared: a spike "
        "differs, or a v by more than 1e-6. Sums in another order differ in their last digits, and a v "
        "within those of the threshold may then spike on one side alone. The bundle is not written."
    ),
    example="export --target onnx --float of a network whose v reaches its threshold exactly",
)

NO_ONNX = Rule(
    "ND430",
    "onnx or onnxruntime is not installed",
    why=(
        "Writing ONNX files needs the package onnx, running them onnxruntime: the extra `onnx` brings both. "
        "A bundle that holds such files can be opened, simulated and verified without them. Exit code 4."
    ),
    example="neurodeploy run BUNDLE --backend onnx on a plain install",
    exit_code=Exit.BACKEND_MISSING,
)
