"""Cases of kind `bundle`: a mutated bundle through verify, run, check and inspect."""

from __future__ import annotations

import random
import shutil
import zipfile
from pathlib import Path

from benchmarks.fuzz import bundle_files, bundle_meaning
from benchmarks.fuzz.case import NO_PASS, Case, Command, encoding_of, json_or_text, must, usual

FOLDER = "bundle"
CHANNELS_FILE = "in.npz"


def build(rng: random.Random, folder: Path, seeds: Path) -> Case:
    """Mutate one of the seed bundles, and mend its hashes or not."""
    source = rng.choice(sorted(seeds.glob("bundle-*")))
    bundle = folder / FOLDER
    shutil.copytree(source, bundle)
    prepare(folder, source)
    chance = rng.random()
    if chance < 0.45:
        return _meaning(rng, folder, seeds, source.name)
    if chance < 0.52:
        what = bundle_files.outside(bundle, rng)
        return Case(f"{source.name}: {what}", commands(rng, verify=(NO_PASS, what)))
    if chance < 0.57:
        what = bundle_files.extra(bundle, rng)
        return Case(
            f"{source.name}: {what}", commands(rng, verify=(frozenset({0}), "an unlisted file is a note"))
        )
    if chance < 0.62:
        what = bundle_files.entries(bundle, rng)
        return Case(f"{source.name}: {what}", commands(rng))
    before = _listed(bundle)
    done = []
    for _ in range(rng.choice((1, 1, 2))):
        change = bundle_files.manifest if chance < 0.8 else bundle_files.file
        try:
            done.append(change(bundle, rng))
        except (ValueError, TypeError, KeyError, OSError, RecursionError, zipfile.BadZipFile) as error:
            done.append(f"no second change ({type(error).__name__})")  # the first left nothing to read
    what = f"{source.name}: {'; '.join(done)}"
    if rng.random() < 0.7:
        bundle_files.mend(bundle)
        return Case(f"{what} (hashes mended)", commands(rng))
    if chance >= 0.8 and _listed(bundle) != before:
        return Case(what, commands(rng, verify=(frozenset({5}), "a listed file was changed")))
    return Case(what, commands(rng))


def _listed(bundle: Path) -> dict[str, bytes]:
    """Give the content of every file but the manifest."""
    return {p.name: p.read_bytes() for p in sorted(bundle.iterdir()) if p.name != bundle_files.MANIFEST}


def prepare(folder: Path, source: Path) -> None:
    """Write an input that fits the sound bundle."""
    import numpy as np

    arrays = bundle_meaning.load(source / "golden.npz")
    np.savez(folder / CHANNELS_FILE, spikes=arrays["spikes"][:2])


def _meaning(rng: random.Random, folder: Path, seeds: Path, name: str) -> Case:
    """Change what the bundle says, with hashes that fit."""
    bundle = folder / FOLDER
    change = rng.choice(bundle_meaning.CHANGES)
    what, allowed = change(bundle, rng, seeds)
    bundle_files.mend(bundle)
    gate = ("--max-drop", "100") if what.startswith("labelled samples") else ()
    if what.endswith("--max-drop"):
        gate = ("--max-drop", "5")
    refused = frozenset({2, 3, 5}) if "register" in what else None
    return Case(f"{name}: {what}", commands(rng, verify=(allowed, what), refused=refused, gate=gate))


def commands(
    rng: random.Random,
    name: str = FOLDER,
    *,
    verify: tuple[frozenset[int], str] | None = None,
    refused: frozenset[int] | None = None,
    gate: tuple[str, ...] = (),
) -> tuple[Command, ...]:
    """Give the commands that a bundle goes through, with the exit codes that are right."""
    encoding = encoding_of(rng)
    reports = ("--junit", "j.xml", "--report", "r.html") if rng.random() < 0.3 else ()
    proof = usual("verify", name, *gate, *reports, *json_or_text(rng), encoding=encoding)
    backend = "fixed" if refused or rng.random() < 0.7 else "float"
    run = usual(
        "run", name, "--backend", backend, "--input", CHANNELS_FILE, "-o", "out.npz", *json_or_text(rng),
        output="out.npz", encoding=encoding,
    )  # fmt: skip
    check = usual("check", name, *json_or_text(rng), encoding=encoding)
    if verify:
        proof = must(proof, *verify)
    if refused and verify:
        run, check = must(run, refused, verify[1]), must(check, refused, verify[1])
    return (proof, run, check, usual("inspect", name, *json_or_text(rng), encoding=encoding))
