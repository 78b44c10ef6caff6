"""Compare Lava with our simulators over tens of millions of neuron-steps; write docs/results/parity-soak.md.

python benchmarks/parity_soak.py [--soft] [--neuron-steps N] [--seed N] [--members N] [--steps N]
                               [--output FILE]

Each run of Lava holds about a thousand independent random networks and the hand-made corner networks of
tests/parity/lava_packing.py. Spikes, u and v of every neuron at every step are compared with the fast twin;
some networks of each run also with the readable reference. Exit code 1 if any value differs.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "parity")]
packing = importlib.import_module("lava_packing")

from neurodeploy.targets.loihi.chip import STATE_LIMIT, STATE_SHIFT  # noqa: E402
from neurodeploy.targets.loihi.lava.run import run_lava  # noqa: E402
from neurodeploy.targets.loihi.program import FixedPopulation  # noqa: E402
from neurodeploy.targets.loihi.simulate.fast import simulate  # noqa: E402
from neurodeploy.targets.loihi.simulate.naive import simulate_reference  # noqa: E402
from neurodeploy.targets.loihi.target import loihi  # noqa: E402

RECORD = ("spikes", "v", "u")
REFERENCE_MEMBERS = 4
"""Networks of each run that the reference simulates too: it takes milliseconds a neuron-step."""


def one_run(seed: int, *, members: int, n_steps: int, soft: bool) -> Counter[str]:
    """Draw one pack, run it everywhere, and count."""
    whole = packing.random_pack(
        seed,
        families=4,
        members=members,
        n_steps=n_steps,
        graded=seed % 2 == 1,
        lean=seed % 4 != 3,
        soft=soft,
    )
    facts: Counter[str] = Counter(runs=1, networks=len(whole.members))
    with tempfile.TemporaryDirectory() as folder:
        loihi().write(whole.program, Path(folder))
        start = time.perf_counter()
        found = run_lava(Path(folder), whole.spikes, record=RECORD, timeout_s=3600)
        facts["lava_seconds"] = round(time.perf_counter() - start)
    expected = simulate(whole.program, whole.spikes, record=RECORD)
    for line in packing.mismatches(whole, found, expected):
        print(f"  seed {seed}: {line}")
    for p in whole.program.populations:
        mine, lavas = expected.populations[p.name], found.populations[p.name]
        assert mine.v is not None
        facts["neuron_steps"] += mine.spikes.size
        facts["spikes"] += int(mine.spikes.sum())
        facts["exact_hits"] += int(_exact_hits(p, mine.v, mine.spikes).sum())
        facts["saturations"] += int((np.abs(mine.v) == STATE_LIMIT).sum())
        for key in RECORD:
            facts["mismatches"] += int((getattr(mine, key) != getattr(lavas, key)).sum())
    rng = np.random.default_rng(seed)
    for index in rng.choice(len(whole.members), REFERENCE_MEMBERS, replace=False):
        chosen = whole.members[index]
        alone = simulate_reference(*packing.member_program(whole, chosen))
        for name, trace in alone.populations.items():
            facts["reference_neuron_steps"] += trace.spikes.size
            for key in RECORD:
                lavas = getattr(found.populations[name], key)[..., chosen[name]]
                facts["mismatches"] += int((getattr(trace, key) != lavas).sum())
    return facts


def _exact_hits(p: FixedPopulation, v: NDArray[np.integer], spikes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Say where v was exactly at the threshold: a hard reset does not spike there, a soft one does."""
    if p.reset == "subtract":
        return (v == 0) & (spikes == 1)
    at = v == p.vth << STATE_SHIFT
    return at & (spikes == 1) if p.soft else at & (spikes == 0) & (v > 0)


def report(total: Counter[str], command: str, *, soft: bool) -> str:
    """Make the page from what was counted."""
    per_minute = total["neuron_steps"] / max(1, total["lava_seconds"]) * 60
    rows = {
        "networks": total["networks"],
        "runs of Lava": total["runs"],
        "neuron-steps": total["neuron_steps"],
        "values compared (spikes, u, v)": 3 * total["neuron_steps"],
        "**mismatches**": total["mismatches"],
        "neuron-steps also compared with the reference": total["reference_neuron_steps"],
        "spikes": total["spikes"],
        "steps at which v was exactly at the threshold": total["exact_hits"],
        "steps at which v was saturated": total["saturations"],
        "seconds in Lava": total["lava_seconds"],
        "neuron-steps a minute in Lava": round(per_minute),
    }
    table = "\n".join(f"| {name} | {value:,} |" for name, value in rows.items())
    if soft:
        return f"""# Parity soak of soft resets: Lava against our integer simulators

`{command}` wrote this page on a machine with {os.cpu_count()} cores ({platform.machine()}, Python
{platform.python_version()}).

Random networks whose neurons subtract the threshold, at once or one step late: Lava's ATRLIF with a
connection to itself (see docs/explanation/numerics.md), with biases, start voltages, delays 0 to 63, several
taps, tau groups, recurrent projections, graded input and latencies; and hand-made networks for exact
thresholds, saturation, several thresholds in a step and the ends of every register. Lava 0.10.0 runs its own
fixed-point models (`Loihi2SimCfg(select_tag="fixed_pt")`); spikes, u and v of every step are compared with
the fast twin, and some networks of each run with the readable reference.

| what | measured |
| --- | --- |
{table}

Other work on the machine slows Lava; it does not change the counts.
"""
    return f"""# Parity soak: Lava against our integer simulators

`make parity-soak` runs `{command}`, which wrote this page on a machine with {os.cpu_count()} cores
({platform.machine()}, Python {platform.python_version()}).

Random networks over everything that a FixedGraph can hold: current-based and unfiltered neurons, biases with
exponents, weights of one sign and mixed, weight exponents -7 to 7, delays 0 to 63, several taps, tau groups,
recurrent projections with delays, skip connections, graded input, initial voltages, latencies; and corner
networks for wrap, saturation, exact thresholds and the ends of every register. Lava 0.10.0 runs its own
fixed-point process models (`Loihi2SimCfg(select_tag="fixed_pt")`); spikes, u and v of every step are compared
with the fast twin, and some networks of each run with the readable reference.

| what | measured |
| --- | --- |
{table}

Other work on the machine slows Lava; it does not change the counts.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--neuron-steps", type=int, default=50_000_000)
    parser.add_argument("--seed", type=int, default=1000, help="of the first run; the next has the next")
    parser.add_argument("--members", type=int, default=250, help="networks in each of a run's families")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--soft", action="store_true", help="neurons with soft resets, alone")
    parser.add_argument("--output", type=Path, help="default: a page in docs/results")
    options = parser.parse_args()
    page = "parity-soak-soft-reset.md" if options.soft else "parity-soak.md"
    output = options.output or ROOT / "docs" / "results" / page

    total: Counter[str] = Counter()
    seed = options.seed
    while total["neuron_steps"] < options.neuron_steps:
        total += one_run(seed, members=options.members, n_steps=options.steps, soft=options.soft)
        print(
            f"seed {seed}: {total['neuron_steps']:,} neuron-steps, {total['networks']:,} networks, "
            f"{total['mismatches']} mismatches, {total['lava_seconds']:,} s in Lava",
            flush=True,
        )
        seed += 1
    command = " ".join(["python benchmarks/parity_soak.py", *sys.argv[1:]])
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(report(total, command, soft=options.soft))
    print(f"wrote {output}")
    return 1 if total["mismatches"] else 0


if __name__ == "__main__":
    sys.exit(main())
