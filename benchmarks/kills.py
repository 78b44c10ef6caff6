"""Kill trainings and exports at random moments, and show that nothing is lost: -9, TERM and INT.

    python benchmarks/kills.py [--kills N] [--exports N] [--seed N] [--epochs N]

A small training is killed, resumed, killed again ... and resumed until it is done; its weights must equal
those of the uninterrupted training to the bit, and TERM and INT must leave no temporary file. An export that
replaces an existing bundle is killed; afterwards the old or the new bundle is there, whole. Exits with 1 on
any difference.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
LONGEST_S = 600.0
"""Seconds after which a training or export that was not killed counts as hung."""

RECIPE = """name = "tiny"
[data]
kind = "mts-xor"
steps = 25
channels = 40
train_trials = 64
validation_trials = 16
test_trials = 16
[network]
hidden = [8, 8]
dropout = 0.1
[network.tau]
mode = "hierarchical"
tau_s = 0.1
dtau_s = 0.05
learn = "neuron"
[network.projection]
kind = "delays"
max_delay_steps = 6
[network.readout]
tau_s = 0.05
score = "per_step"
[train]
epochs = {epochs}
batch_size = 8
lr = 0.01
threads = 1
"""


def start(folder: Path, *args: str) -> subprocess.Popen[bytes]:
    """Start a command in its own process group."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return subprocess.Popen(
        [sys.executable, "-m", "neurodeploy", *args],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )


def finished(folder: Path, *args: str) -> float:
    """Run a command to its end; give the seconds that it took."""
    began = time.monotonic()
    process = start(folder, *args)
    _, said = process.communicate(timeout=LONGEST_S)
    if process.returncode:
        raise SystemExit(f"{' '.join(args)} ended with {process.returncode}:\n{said.decode()}")
    return time.monotonic() - began


def killed(folder: Path, args: tuple[str, ...], after_s: float, what: signal.Signals) -> tuple[bool, str]:
    """Start a command and kill it; say whether it was killed, and what is wrong with how it ended."""
    process = start(folder, *args)
    try:
        _, said = process.communicate(timeout=after_s)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, what)
        try:
            _, said = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return True, f"{what.name} did not end it within a minute"
        if what != signal.SIGKILL and b"Traceback" in said and b"neurodeploy/cli" in said:
            return True, f"{what.name} gave a traceback"
        return True, ""
    return False, "" if process.returncode == 0 else f"exit {process.returncode}: {said.decode()[-300:]}"


def temporary(folder: Path) -> list[str]:
    """Give the names of temporary files and folders."""
    return [path.name for path in folder.rglob("*") if path.name.endswith(".tmp")]


Weights = dict[str, tuple[str, tuple[int, ...], bytes]]


def weights(run: Path) -> Weights:
    """Give type, shape and bits of every tensor, and the metadata.

    Not the bytes of the file: safetensors writes the metadata's keys in an order that changes from process to
    process, also where nothing was interrupted.
    """
    from safetensors import safe_open

    with safe_open(run / "model.safetensors", framework="np") as file:
        found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        facts = json.dumps(file.metadata(), sort_keys=True)
    bits = {name: (str(array.dtype), array.shape, array.tobytes()) for name, array in found.items()}
    return {**bits, "metadata": ("", (), facts.encode())}


def kill_trainings(folder: Path, n: int, rng: random.Random, epochs: int, found: Counter[str]) -> list[str]:
    """Kill trainings n times in all, several times each; give what is wrong."""
    (folder / "tiny.toml").write_text(RECIPE.format(epochs=epochs), encoding="utf-8")
    train = ("train", "tiny.toml", "-o")
    whole_s = finished(folder, *train, "whole")
    expected = weights(folder / "whole")
    wrong: list[str] = []
    number = kills = 0
    while kills < n:
        run = folder / f"run-{number}"
        number += 1
        for part in range(4):
            if kills >= n:
                break
            what = rng.choice(SIGNALS)
            # A start takes most of a short training: the later moments are the more interesting ones.
            resume = ("--resume",) if (run / "recipe.toml").exists() else ()
            before = set(temporary(folder))
            hit, reason = killed(folder, (*train, run.name, *resume), rng.uniform(0.2, 1.1) * whole_s, what)
            if reason:
                wrong.append(f"training {run.name}, part {part}: {reason}")
            if not hit:
                found["training finished before the kill"] += 1
                break
            kills += 1
            print(f"training kill {kills} of {n}: {what.name}", file=sys.stderr, flush=True)
            found[f"training {what.name}"] += 1
            left = sorted(set(temporary(folder)) - before)
            if left and what != signal.SIGKILL:
                wrong.append(f"training {run.name}: {what.name} left {', '.join(left)}")
        resume = ("--resume",) if (run / "recipe.toml").exists() else ()
        if not (run / "result.json").exists():
            if run.exists() and not resume:
                shutil.rmtree(run)  # killed before the recipe was written: nothing to go on with
                found["training killed before it began"] += 1
            finished(folder, *train, run.name, *resume)
        now = weights(run)
        if differing := [name for name in sorted(expected | now) if expected.get(name) != now.get(name)]:
            wrong.append(f"training {run.name}: other {', '.join(differing)}")
        found["resumed trainings compared"] += 1
        shutil.rmtree(run)
    return wrong


def state_of(bundle: Path) -> str:
    """Give a name for a bundle's content; ``broken`` or ``absent`` where there is no whole one."""
    if not bundle.exists():
        return "absent"
    try:
        manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
        for name, digest in manifest["sha256"].items():
            if hashlib.sha256((bundle / name).read_bytes()).hexdigest() != digest:
                return "broken"
    except (OSError, ValueError, KeyError):
        return "broken"
    return json.dumps(manifest["sha256"], sort_keys=True)


def kill_exports(folder: Path, n: int, rng: random.Random, found: Counter[str]) -> list[str]:
    """Kill n exports that replace a bundle; give what is wrong. Each end is the old bundle or the new one."""
    places, states = folder / "exports", {}
    places.mkdir()
    for seed in (1, 2):
        # Another seed draws other random input only where there are no samples: two trainings differ surely.
        run = f"seed-{seed}"
        finished(folder, "train", "tiny.toml", "--seed", str(seed), "--epochs", "1", "-o", run)
    export = ("export", "--no-verify", "-o", "exports/bundle")
    seconds = 0.0
    for name in ("seed-1", "seed-2"):
        seconds = finished(folder, *export, name)
        states[state_of(places / "bundle")] = name
    wrong: list[str] = []
    for number in range(n):
        what = rng.choice(SIGNALS)
        # The replacing is at the end, and takes milliseconds.
        after_s = rng.uniform(0.1, 1.0) * seconds if rng.random() < 0.3 else rng.gauss(0.97, 0.04) * seconds
        hit, reason = killed(folder, (*export, f"seed-{1 + number % 2}"), max(0.05, after_s), what)
        print(f"export kill {number + 1} of {n}: {what.name}", file=sys.stderr, flush=True)
        found[f"export {what.name}" if hit else "export finished before the kill"] += 1
        if reason:
            wrong.append(f"export {number}: {reason}")
        state = state_of(places / "bundle")
        if state not in states:
            wrong.append(
                f"export {number}: after {what.name} the bundle is {state if len(state) < 9 else 'another'}"
            )
            shutil.rmtree(places / "bundle", ignore_errors=True)
        left = [path.name for path in places.iterdir() if path.name != "bundle"]
        if left and what != signal.SIGKILL:
            wrong.append(f"export {number}: {what.name} left {', '.join(left)}")
        for name in left:
            shutil.rmtree(places / name, ignore_errors=True)
        if not (places / "bundle").exists():
            finished(folder, *export, "seed-1")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=50, help="of trainings [default: %(default)s]")
    parser.add_argument("--exports", type=int, default=50, help="kills of exports [default: %(default)s]")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=12, help="of each training [default: %(default)s]")
    given = parser.parse_args()
    rng = random.Random(given.seed)
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        wrong = kill_trainings(folder, given.kills, rng, given.epochs, found)
        wrong += kill_exports(folder, given.exports, rng, found)
    for what, count in sorted(found.items()):
        print(f"{what:<36}{count:>6}")
    print(f"{'differences':<36}{len(wrong):>6}")
    for line in wrong:
        print(f"  {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
