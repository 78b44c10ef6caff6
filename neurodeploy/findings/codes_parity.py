"""What the codes ND4xx mean: backends, simulators and parity."""

from __future__ import annotations

from neurodeploy.findings.finding import Exit, Rule, Severity

NO_LAVA = Rule(
    "ND420",
    "Lava is not installed",
    why=(
        "Lava's last releases need Python 3.10, numpy < 2 and torch 2.3, so they live in an environment"
        " of their own: `neurodeploy lava install` makes it. Exit code 4."
    ),
    example="neurodeploy run BUNDLE --backend lava on a new machine",
    exit_code=Exit.BACKEND_MISSING,
)

NO_PYTHON310 = Rule(
    "ND421",
    "no Python 3.10 runs on this machine and none can be downloaded",
    why="Lava 0.10.0 does not import on a later Python.",
    example="neurodeploy lava install without network and without Python 3.10",
    exit_code=Exit.BACKEND_MISSING,
)

LAVA_NOT_MADE = Rule(
    "ND422",
    "Lava's environment could not be made",
    why="A program that makes it is missing or failed; the finding has its last line.",
    example="less than 5 GB of free space",
    exit_code=Exit.BACKEND_MISSING,
)

LAVA_DOES_NOT_IMPORT = Rule(
    "ND423",
    "Lava does not import in its new environment",
    why="All packages are there, and still it does not import.",
    example="a system without a library that torch needs",
    exit_code=Exit.BACKEND_MISSING,
)

PLUGIN_BROKEN = Rule(
    "ND424",
    "a plug-in cannot be loaded",
    why="Its import failed or gave something of another shape; a plug-in is never skipped silently.",
    example="an entry point that names a missing module",
    exit_code=Exit.BACKEND_MISSING,
)

RUNTIME_FAILED = Rule(
    "ND425",
    "the run in Lava failed",
    why="The finding has Lava's own message. Exit code 4: nothing was compared.",
    example="a bundle whose network.net is damaged",
    exit_code=Exit.BACKEND_MISSING,
)

RUNTIME_TOO_SLOW = Rule(
    "ND426",
    "Lava did not finish within its time limit and was stopped",
    why=(
        "Lava can wait for ever where one of its processes fails (lava issue 826), so every run has a limit."
    ),
    example="thousands of samples in one run",
    exit_code=Exit.BACKEND_MISSING,
)

UNKNOWN_RUNTIME = Rule(
    "ND427",
    "no such backend",
    why="The finding lists those that there are.",
    example='nd.verify(BUNDLE, runtimes={"lavva": 1})',
)

NO_STREAM = Rule(
    "ND428",
    "the target cannot run step by step",
    why="A stream needs a simulator that keeps its state from call to call; not every target has one.",
    example="nd.open_bundle(BUNDLE).stream() with a target that only runs whole samples",
)

SIMULATOR_SHAPE = Rule(
    "ND460",
    "the simulator's input has the wrong shape",
    why="Samples are [sample, step, source]; a stream takes one [source] at a time.",
    example="simulate(program, spikes[0])",
)

SIMULATOR_DTYPE = Rule(
    "ND461",
    "the simulator's input is not whole numbers",
    why="Spikes are counts; a float array may hide rounding.",
    example="simulate(program, spikes.astype(float))",
)

SIMULATOR_RANGE = Rule(
    "ND462",
    "an input value is outside what the network takes",
    why="A binary network takes 0 and 1.",
    example="a count of 3 into a binary network",
)

STATE_OVERFLOW = Rule(
    "ND463",
    "the synaptic input left what 32-bit state can hold",
    why="The fast simulator computes in 32 bits and says so where they do not suffice.",
    example="tens of thousands of synapses of weight 255 with a large exponent",
)

P1_DIFFERS = Rule(
    "ND470",
    "the NIR file does not compute what was trained",
    why="Spikes must be equal and v within 1e-9 * max(1, |v|). What follows would prove another network.",
    example="a BatchNorm bias folded with the wrong sign",
)

DROP_TOO_LARGE = Rule(
    "ND471",
    "the integers lose more accuracy than allowed",
    why=(
        "The limit is --max-drop, in percentage points, on every set: of the measured drop, or with "
        "--confidence of the upper end of its interval. The ladder names the step that loses it."
    ),
    example="--max-drop 0.5 with a drop of 0.8",
)

GOLDEN_DIFFERS = Rule(
    "ND472",
    "the integers do not compute what they computed at export",
    why="The simulator has changed since, or the machine computes wrongly.",
    example="a bundle of a version whose simulator had a fault",
)

TWINS_DIFFER = Rule(
    "ND473",
    "the fast simulator does not compute what the reference computes",
    why="One of the two is wrong, so neither may be believed.",
    example="a fault in a compiled kernel",
)

P3_DIFFERS = Rule(
    "ND474",
    "Lava does not compute what the integers compute",
    why=(
        "Every spike and every v of every population must be equal; one mismatch is a failure. The "
        "first difference is named."
    ),
    example="a delay that is one step too long",
)

NOTHING_COMPARED = Rule(
    "ND475",
    "a check compared nothing, so it cannot pass",
    why="Nothing was wrong because nothing was looked at.",
    example="a bundle with an empty set of samples",
)

GATE_NEEDS_LABELS = Rule(
    "ND477",
    "a limit on the drop of accuracy needs labels and a readout",
    why="Without them there is no accuracy, and a gate that cannot be tested must not pass.",
    example="--max-drop 1 on a bundle that was made from a NIR file without labels",
    exit_code=Exit.GATE_FAILED,
)

FEWER_SAMPLES = Rule(
    "ND478",
    "the bundle has fewer samples than were asked for",
    why="All that there are were used. A note.",
    example="--lava 100 on a bundle with 16 samples",
    severity=Severity.NOTE,
)

NO_V_TO_COMPARE = Rule(
    "ND479",
    "Lava gave no v to compare",
    why="Equal spikes alone do not prove equal state.",
    example="an outdated Lava environment",
)

SPIKES_DIFFER = Rule(
    "ND480",
    "the integers' spikes are not those of the float network",
    why=(
        "More than a third of all spikes of a population have no counterpart at the same neuron and step. "
        "Trained bundles have some percent, so this is another network, and it fails with or without a "
        "limit on accuracy."
    ),
    example="a weight scale that is wrong by a factor of two",
)

DECISIONS_DIFFER = Rule(
    "ND481",
    "the integers decide otherwise than the float network",
    why=(
        "More than a third of the decisions differ. Trained bundles differ in some percent; it fails with or "
        "without a limit on accuracy, and needs no labels."
    ),
    example="a bundle with all weights 0 on a task of two classes",
)

SILENT_POPULATION = Rule(
    "ND482",
    "a population does not fire at all, so nothing of its spikes was compared",
    why=(
        "Equal silence proves nothing: files whose reset, decay or gain was lost on the way are silent and "
        "agree in every decision. A warning where the trained network is known to be silent there as well."
    ),
    example="a NIR file in which a framework's gain of dt/tau is missing",
)

ARTEFACT_DIFFERS = Rule(
    "ND483",
    "the file that the chip's software reads does not hold the program",
    why=(
        "The simulator runs program.h5, the chip's software its own file. A reader that shares no code with "
        "the writer found another value there."
    ),
    example="a network.net that was written by another export",
)

NOT_THIS_NETWORK = Rule(
    "ND484",
    "the program is not made of this network",
    why=(
        "Its populations, projections, sizes, step, inputs or readout are not those of model.nir, so "
        "nothing can be held against it."
    ),
    example="a population of 64 neurons with 63 in program.h5",
)

DELAY_WRONG = Rule(
    "ND485",
    "a deployed delay is not the trained one",
    why=(
        "With the latencies and the connection's own step taken off, every delay register must be the "
        "nearest whole step."
    ),
    example="delays that are truncated, clamped, or one step too long",
)

DECAY_WRONG = Rule(
    "ND486",
    "a decay register is no rounding of its time constant",
    why=(
        "A register holds the rounding of 4096 dt/tau, or, in a group of several decays, of the "
        "middle of its extremes."
    ),
    example="every dv three too large",
)

GROUPS_WRONG = Rule(
    "ND487",
    "neurons of one group have different registers",
    why="A chip process holds one pair of decays and one threshold for all of its neurons.",
    example="a neuron in the group of another tau",
)

SCALE_WRONG = Rule(
    "ND488",
    "a scale or an origin is not what the network needs",
    why=(
        "Integer 0 stands for the reset, or a readout's leak; scales are in inverse proportion to thresholds."
    ),
    example="an origin of v_leak in a population that resets elsewhere",
)

THRESHOLD_WRONG = Rule(
    "ND489",
    "a threshold register is no rounding of its threshold",
    why="It must be within half a unit of (v_threshold - v_reset) * scale / 64.",
    example="every threshold one too low",
)

BIAS_WRONG = Rule(
    "ND490",
    "a bias register is no rounding of its bias",
    why="It must be within half a unit of what bias and leak add to v in a step, in units of its exponent.",
    example="a bias that is missing",
)

START_WRONG = Rule(
    "ND491",
    "a population does not start where the trained one does",
    why="From v_initial, the steps of its latency must lead to v_leak when its own time begins.",
    example="a late population that starts from 0",
)

WEIGHTS_WRONG = Rule(
    "ND492",
    "weights are no rounding of the trained ones",
    why=(
        "Weights are rounded together, so single ones may move; their gain is 1 all the same, and "
        "what is left over is as small as rounding leaves it, in a projection and in each neuron of "
        "it."
    ),
    example="weights that are 2 % too large, transposed, or those of another projection",
)
