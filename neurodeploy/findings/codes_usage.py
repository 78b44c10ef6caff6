"""What the codes ND001 to ND029, ND040 to ND049 and ND080 to ND099 mean: usage, files, recipes, targets."""

from __future__ import annotations

from neurodeploy.findings.finding import Rule, Severity

NO_SUCH_PATH = Rule(
    "ND001",
    "no such file or folder",
    why="The path does not exist, or is a folder where a file is needed.",
    example="neurodeploy verify runs/x-bundel",
)

UNREADABLE_FILE = Rule(
    "ND002",
    "the file cannot be read",
    why=(
        "It is truncated, damaged or of another kind. Files are never read with pickle, so an npz file "
        "with Python objects is refused as well."
    ),
    example="neurodeploy run BUNDLE --backend fixed --input notes.txt -o out.npz",
)

ARRAY_MISSING = Rule(
    "ND003",
    "an array is missing from the file",
    why="Input files hold an array `spikes`, and `labels` where an accuracy is asked for.",
    example="an --input file that was written with numpy.savez(path, x=spikes)",
)

OUTPUT_EXISTS = Rule(
    "ND005",
    "the output exists and is not a bundle",
    why=(
        "An existing folder is replaced only if it is a bundle, so that a mistyped -o cannot destroy "
        "anything."
    ),
    example="neurodeploy export RUN -o ~",
)

NOT_A_BUNDLE = Rule(
    "ND006",
    "not a bundle: its manifest is missing or unreadable",
    why="A bundle is a folder with a manifest.json that says what is in it.",
    example="neurodeploy verify RUN, before `neurodeploy export RUN`",
)

OTHER_SCHEMA = Rule(
    "ND007",
    "the bundle has another schema version",
    why="Files mean something else in another version of the schema; guessing could give a wrong result.",
    example="a bundle that a later version of neurodeploy has exported",
)

BUNDLE_CHANGED = Rule(
    "ND008",
    "a file of the bundle is missing or changed",
    why=(
        "The manifest holds the sha256 of every file, and of itself. A result about other content would "
        "be about another network. Exit code 5."
    ),
    example="editing program.h5 in a bundle",
    exit_code=5,
)

BAD_MANIFEST = Rule(
    "ND009",
    "the manifest of the bundle does not hold what it should",
    why=(
        "Every key has a type and a range, numbers are finite, digests name plain files of the bundle's own "
        "folder, and what it says of the network is what the network's files say."
    ),
    example="a manifest.json without `input`",
)

SPIKES_SHAPE = Rule(
    "ND010",
    "the input spikes have the wrong shape",
    why="Inputs are [sample, step, source], with the number of sources that the network has.",
    example="spikes of shape [step, source] for a single sample; add an axis",
)

SPIKES_VALUE = Rule(
    "ND011",
    "an input value is not a whole number that the network takes",
    why=(
        "A network trained on binary spikes takes 0 and 1. One trained on counts takes counts up to the"
        " maximum in its manifest. Lava would turn larger values into booleans without a word."
    ),
    example="an input with the value 2 for a bundle with input max 1",
)

LABELS_SHAPE = Rule(
    "ND012",
    "the labels do not fit the samples",
    why=(
        "There is one label for each sample, or one for each step of each sample. With any other shape, "
        "labels would be held against the wrong samples, or against one another (one-hot)."
    ),
    example="labels of shape [100, 10] (one-hot) for 100 samples of 80 steps",
)

LABELS_VALUE = Rule(
    "ND013",
    "a label is not the number of a class",
    why=(
        "Labels are whole numbers from 0 to the number of classes minus 1. Text, floats and numbers of "
        "classes that the network does not have can never be right, so a gate would compare noise."
    ),
    example="a label 99 for a network with 10 classes",
)

BAD_MASK = Rule(
    "ND014",
    "the mask does not say which steps count",
    why=(
        "A mask is true where a step counts, [sample, step], and true somewhere: an accuracy over no step "
        "is no number. 0 and 1 as integers are taken for false and true; anything else is refused."
    ),
    example="a mask of the labels' shape that is false everywhere",
)

NO_SAMPLES = Rule(
    "ND015",
    "there are no samples, steps or sources",
    why="Nothing can be measured on nothing, and a check that compared nothing must not pass.",
    example="spikes of shape [0, 100, 140]",
)

UNKNOWN_RECIPE = Rule(
    "ND020",
    "no recipe or variant has this name",
    why=(
        "A recipe is named as `neurodeploy models` lists it, with a variant after a colon, or by a TOML file."
    ),
    example="neurodeploy train mts-xr",
)

BAD_OVERRIDE = Rule(
    "ND021",
    "an override is not of the form key=value",
    why="--set takes a dotted key of the recipe and a TOML value.",
    example="--set train.epochs:10",
)

UNKNOWN_KEY = Rule(
    "ND022",
    "a recipe has no such key",
    why=(
        "An unknown key would change nothing and leave the impression that it did. "
        "docs/reference/recipes.md lists all keys."
    ),
    example="--set train.epoch=10",
)

BAD_VALUE = Rule(
    "ND023",
    "a key of the recipe is missing or has a wrong value",
    why="Every key has a type and a range; see docs/reference/recipes.md.",
    example="--set train.epochs=-1",
)

TAU_BELOW_STEP = Rule(
    "ND024",
    "a time constant is shorter than a step",
    why="The dynamics are Euler steps: with tau below dt, v would overshoot its target in one step.",
    example="--set network.tau.tau_s=0.001 with data.dt_s = 0.01",
)

KEYS_DISAGREE = Rule(
    "ND025",
    "keys of the recipe do not fit each other",
    why="Each value is allowed by itself, but not with the others; the finding names both.",
    example="a longest delay of 100 steps with samples of 100 steps",
)

KEY_WITHOUT_EFFECT = Rule(
    "ND026",
    "a key of the recipe has no effect",
    why="It counts only with another value of another key, so it would be ignored.",
    example="network.tau.dtau_s with network.tau.mode = fixed",
)

UNKNOWN_TARGET = Rule(
    "ND027",
    "no such target",
    why="A target is named as `neurodeploy targets` lists it, or by a TOML file.",
    example="--target loihl",
)

BAD_TARGET_FILE = Rule(
    "ND028",
    "the target file cannot be used",
    why="It is not TOML, or a key is unknown, missing or of the wrong type.",
    example="a target file with `nam = ...`",
)

BAD_LIMIT = Rule(
    "ND029",
    "a limit of the target is missing or incomplete",
    why=(
        "Every limit needs a whole number, a unit, a source and when it was verified: a number without "
        "a source cannot be checked."
    ),
    example="a target file without [limits.max_delay_steps]",
)

PROGRAM_UNREADABLE = Rule(
    "ND040",
    "the program file cannot be read",
    why="program.h5 is truncated, damaged or not HDF5.",
    example="a copy that was interrupted",
)

BAD_PROGRAM = Rule(
    "ND041",
    "the program file does not hold a valid program",
    why="A key is missing or its numbers contradict each other.",
    example="an HDF5 file of another program under the name program.h5",
)

BAD_GOLDEN = Rule(
    "ND043",
    "the golden file does not hold what it should",
    why=(
        "It is what today's computation is compared with: spikes and v of every population, for every input "
        "and step. A comparison with less could pass without having compared."
    ),
    example="a golden.npz whose traces have zero steps",
)

UNLISTED_FILE = Rule(
    "ND044",
    "the bundle's folder holds files that its manifest does not list",
    why="They are no part of the bundle: nothing reads them, and no result is about them.",
    example="a file manager's .DS_Store in the folder",
    severity=Severity.NOTE,
)

NO_OWN_CHECKSUM = Rule(
    "ND045",
    "the manifest has no checksum of its own",
    why=(
        "Bundles of schema 1 are read, but a change of the manifest itself (not of the files that it lists) "
        "cannot be noticed in them."
    ),
    example="a bundle of schema 1",
    severity=Severity.NOTE,
)

WRONG_USAGE = Rule(
    "ND080",
    "wrong usage",
    why="An option or argument is unknown, missing or out of range. Every command has --help.",
    example="neurodeploy verify BUNDLE --samples 0",
)

UNKNOWN_COMMAND = Rule(
    "ND081",
    "there is no such command",
    why="The finding names the nearest one.",
    example="neurodeploy exprot RUN",
)

PACKAGE_MISSING = Rule(
    "ND082",
    "this command needs a package that is not installed",
    why=(
        "Training and sweeps need torch, norse and scipy, sweeps on a cluster need Ray, plots matplotlib; "
        "they come as extras, so that verifying and running bundles stays small."
    ),
    example="neurodeploy train after a plain `pip install neurodeploy`",
)

INTERRUPTED = Rule(
    "ND083",
    "interrupted",
    why=(
        "Ctrl-C ends a command with exit code 130, SIGTERM with 143. Files are written whole or not at all, "
        "and training and sweeps go on with --resume."
    ),
    example="Ctrl-C during `neurodeploy train`",
    severity=Severity.NOTE,
)

SYSTEM_REFUSES = Rule(
    "ND084",
    "the system refuses a file or folder",
    why="No permission, no space, a broken disk, a file where a folder is needed, or the reverse.",
    example="-o /out.npz as an ordinary user",
)

IN_USE = Rule(
    "ND085",
    "another process is using it",
    why=(
        "Two processes that write into the same folder would mix what they write. The lock ends with the "
        "process that holds it, also where that is killed."
    ),
    example="the same `neurodeploy train` in two terminals",
)

NEITHER_RUN_NOR_BUNDLE = Rule(
    "ND086",
    "the folder is neither a run nor a bundle",
    why="A run has a recipe.toml, a bundle has a manifest.json.",
    example="neurodeploy inspect .",
)

UNKNOWN_CODE = Rule(
    "ND087",
    "there is no such code",
    why=(
        "Codes are ND and three digits: 0xx usage and files, 1xx graph, 2xx target rules, 3xx "
        "quantisation, 4xx parity and backends. A code is never used for another meaning."
    ),
    example="neurodeploy explain ND999",
)

BAD_PASS = Rule(
    "ND088",
    "a pass cannot be used as it is named",
    why="A pass is named as name:option=value,option=value; its options are its fields.",
    example="--pass clamp_delays:max_stepz=62",
)
