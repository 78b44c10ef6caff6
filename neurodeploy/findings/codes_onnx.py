"""What the codes ND240 to ND249 and ND430 to ND439 mean: ONNX."""

from __future__ import annotations

from neurodeploy.findings.finding import Exit, Rule

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
