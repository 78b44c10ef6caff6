"""What the codes ND001 to ND029, ND040 to ND049 and ND080 to ND099 mean: usage, files, recipes, targets."""

from __future__ import annotations

USAGE: dict[str, tuple[str, str, str]] = {
    "ND001": (
        "no such file or folder",
        "The path does not exist, or is a folder where a file is needed.",
        "neurodeploy verify runs/x-bundel",
    ),
    "ND002": (
        "the file cannot be read",
        "It is truncated, damaged or of another kind. Files are never read with pickle, so an npz file "
        "with Python objects is refused as well.",
        "neurodeploy run BUNDLE --backend fixed --input notes.txt -o out.npz",
    ),
    "ND003": (
        "an array is missing from the file",
        "Input files hold an array `spikes`, and `labels` where an accuracy is asked for.",
        "an --input file that was written with numpy.savez(path, x=spikes)",
    ),
    "ND005": (
        "the output exists and is not a bundle",
        "An existing folder is replaced only if it is a bundle, so that a mistyped -o cannot destroy "
        "anything.",
        "neurodeploy export RUN -o ~",
    ),
    "ND006": (
        "not a bundle: its manifest is missing or unreadable",
        "A bundle is a folder with a manifest.json that says what is in it.",
        "neurodeploy verify RUN, before `neurodeploy export RUN`",
    ),
    "ND007": (
        "the bundle has another schema version",
        "Files mean something else in another version of the schema; guessing could give a wrong result.",
        "a bundle that a later version of neurodeploy has exported",
    ),
    "ND008": (
        "a file of the bundle is missing, changed or unknown",
        "The manifest holds the sha256 of every file. A result about other content would be about another "
        "network. Exit code 5.",
        "editing program.h5 in a bundle",
    ),
    "ND010": (
        "the input spikes have the wrong shape",
        "Inputs are [sample, step, source], with the number of sources that the network has.",
        "spikes of shape [step, source] for a single sample; add an axis",
    ),
    "ND011": (
        "an input value is not a whole number that the network takes",
        "A network trained on binary spikes takes 0 and 1. One trained on counts takes counts up to the "
        "maximum in its manifest. Lava would turn larger values into booleans without a word.",
        "an input with the value 2 for a bundle with input max 1",
    ),
    "ND020": (
        "no recipe or variant has this name",
        "A recipe is named as `neurodeploy models` lists it, with a variant after a colon, or by a TOML "
        "file.",
        "neurodeploy train mts-xr",
    ),
    "ND021": (
        "an override is not of the form key=value",
        "--set takes a dotted key of the recipe and a TOML value.",
        "--set train.epochs:10",
    ),
    "ND022": (
        "a recipe has no such key",
        "An unknown key would change nothing and leave the impression that it did. "
        "docs/reference/recipes.md lists all keys.",
        "--set train.epoch=10",
    ),
    "ND023": (
        "a key of the recipe is missing or has a wrong value",
        "Every key has a type and a range; see docs/reference/recipes.md.",
        "--set train.epochs=-1",
    ),
    "ND024": (
        "a time constant is shorter than a step",
        "The dynamics are Euler steps: with tau below dt, v would overshoot its target in one step.",
        "--set network.tau.tau_s=0.001 with data.dt_s = 0.01",
    ),
    "ND025": (
        "keys of the recipe do not fit each other",
        "Each value is allowed by itself, but not with the others; the finding names both.",
        "a longest delay of 100 steps with samples of 100 steps",
    ),
    "ND026": (
        "a key of the recipe has no effect",
        "It counts only with another value of another key, so it would be ignored.",
        "network.tau.dtau_s with network.tau.mode = fixed",
    ),
    "ND027": (
        "no such target",
        "A target is named as `neurodeploy targets` lists it, or by a TOML file.",
        "--target loihl",
    ),
    "ND028": (
        "the target file cannot be used",
        "It is not TOML, or a key is unknown, missing or of the wrong type.",
        "a target file with `nam = ...`",
    ),
    "ND029": (
        "a limit of the target is missing or incomplete",
        "Every limit needs a whole number, a unit, a source and when it was verified: a number without a "
        "source cannot be checked.",
        "a target file without [limits.max_delay_steps]",
    ),
    "ND040": (
        "the program file cannot be read",
        "program.h5 is truncated, damaged or not HDF5.",
        "a copy that was interrupted",
    ),
    "ND041": (
        "the program file does not hold a valid program",
        "A key is missing or its numbers contradict each other.",
        "an HDF5 file of another program under the name program.h5",
    ),
    "ND080": (
        "wrong usage",
        "An option or argument is unknown, missing or out of range. Every command has --help.",
        "neurodeploy verify BUNDLE --samples 0",
    ),
    "ND081": (
        "there is no such command",
        "The finding names the nearest one.",
        "neurodeploy exprot RUN",
    ),
    "ND082": (
        "this command needs a package that is not installed",
        "Training needs torch and norse, sweeps on a cluster need Ray; both come as extras, so that "
        "verifying and running bundles stays small.",
        "neurodeploy train after a plain `pip install neurodeploy`",
    ),
    "ND083": (
        "interrupted",
        "Ctrl-C ends a command with exit code 130. Files are written whole or not at all, and training "
        "and sweeps go on with --resume.",
        "Ctrl-C during `neurodeploy train`",
    ),
    "ND084": (
        "the system refuses a file or folder",
        "No permission, no space, a file where a folder is needed, or the reverse.",
        "-o /out.npz as an ordinary user",
    ),
    "ND086": (
        "the folder is neither a run nor a bundle",
        "A run has a recipe.toml, a bundle has a manifest.json.",
        "neurodeploy inspect .",
    ),
    "ND087": (
        "there is no such code",
        "Codes are ND and three digits: 0xx usage and files, 1xx graph, 2xx target rules, 3xx "
        "quantisation, 4xx parity and backends. A code is never used for another meaning.",
        "neurodeploy explain ND999",
    ),
}
