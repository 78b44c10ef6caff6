"""What the codes ND4xx mean: backends, simulators and parity."""

from __future__ import annotations

PARITY: dict[str, tuple[str, str, str]] = {
    "ND420": (
        "Lava is not installed",
        "Lava's last releases need Python 3.10, numpy < 2 and torch 2.3, so they live in an environment "
        "of their own: `neurodeploy lava install` makes it. Exit code 4.",
        "neurodeploy run BUNDLE --backend lava on a new machine",
    ),
    "ND421": (
        "no Python 3.10 runs on this machine and none can be downloaded",
        "Lava 0.10.0 does not import on a later Python.",
        "neurodeploy lava install without network and without Python 3.10",
    ),
    "ND422": (
        "Lava's environment could not be made",
        "A program that makes it is missing or failed; the finding has its last line.",
        "less than 5 GB of free space",
    ),
    "ND423": (
        "Lava does not import in its new environment",
        "All packages are there, and still it does not import.",
        "a system without a library that torch needs",
    ),
    "ND424": (
        "a backend cannot be loaded",
        "A plug-in's import failed or gave something that is no backend; it is never skipped silently.",
        "an entry point that names a missing module",
    ),
    "ND425": (
        "the run in Lava failed",
        "The finding has Lava's own message. Exit code 4: nothing was compared.",
        "a bundle whose network.net is damaged",
    ),
    "ND426": (
        "Lava did not finish within its time limit and was stopped",
        "Lava can wait for ever where one of its processes fails (lava issue 826), so every run has a limit.",
        "thousands of samples in one run",
    ),
    "ND427": (
        "no such backend",
        "The finding lists those that there are.",
        "--require loihi",
    ),
    "ND460": (
        "the simulator's input has the wrong shape",
        "Samples are [sample, step, source]; a stream takes one [source] at a time.",
        "simulate(program, spikes[0])",
    ),
    "ND461": (
        "the simulator's input is not whole numbers",
        "Spikes are counts; a float array may hide rounding.",
        "simulate(program, spikes.astype(float))",
    ),
    "ND462": (
        "an input value is outside what the network takes",
        "A binary network takes 0 and 1.",
        "a count of 3 into a binary network",
    ),
    "ND463": (
        "the synaptic input left what 32-bit state can hold",
        "The fast simulator computes in 32 bits and says so where they do not suffice.",
        "tens of thousands of synapses of weight 255 with a large exponent",
    ),
    "ND470": (
        "the NIR file does not compute what was trained (P1)",
        "Spikes must be equal and v within 1e-9 * max(1, |v|). What follows would prove another network.",
        "a BatchNorm bias folded with the wrong sign",
    ),
    "ND471": (
        "the integers lose more accuracy than allowed (P2)",
        "The limit is --max-drop, in percentage points, on every set. The ladder names the step that "
        "loses it.",
        "--max-drop 0.5 with a drop of 0.8",
    ),
    "ND472": (
        "the integers do not compute what they computed at export",
        "The simulator has changed since, or the machine computes wrongly.",
        "a bundle of a version whose simulator had a fault",
    ),
    "ND473": (
        "the fast simulator does not compute what the reference computes",
        "One of the two is wrong, so neither may be believed.",
        "a fault in a compiled kernel",
    ),
    "ND474": (
        "Lava does not compute what the integers compute (P3)",
        "Every spike and every v of every population must be equal; one mismatch is a failure. The first "
        "difference is named.",
        "a delay that is one step too long",
    ),
    "ND475": (
        "a check compared nothing, so it cannot pass",
        "Nothing was wrong because nothing was looked at.",
        "a bundle with an empty set of samples",
    ),
    "ND477": (
        "a limit on the drop of accuracy needs labels and a readout",
        "Without them there is no accuracy, and a gate that cannot be tested must not pass.",
        "--max-drop 1 on a bundle that was made from a NIR file without labels",
    ),
    "ND478": (
        "the bundle has fewer samples than were asked for",
        "All that there are were used. A note.",
        "--lava 100 on a bundle with 16 samples",
    ),
    "ND479": (
        "Lava gave no v to compare",
        "Equal spikes alone do not prove equal state.",
        "an outdated Lava environment",
    ),
}
