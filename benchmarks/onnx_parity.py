"""Compare ONNX files in onnxruntime with the simulator, on whole test sets and random programs.

    python benchmarks/onnx_parity.py BUNDLE... [--programs N] [--seed N] [--output FILE]

Every spike, u and v of every population at every step; scores as numbers and as decisions. The bundles may be
of any chip that gives its integers; the ONNX files are written from their programs. With --output, the page.
Exit code 1 if any value differs.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "property")]

from programs import random_case  # noqa: E402

import neurodeploy as nd  # noqa: E402
from neurodeploy.findings.finding import NeurodeployError  # noqa: E402
from neurodeploy.targets.onnx.in_onnxruntime import OnnxRuntime  # noqa: E402
from neurodeploy.targets.onnx.target import onnx  # noqa: E402
from neurodeploy.traces import Traces  # noqa: E402

RECORD = ("spikes", "u", "v")
RUNS = 3
"""The fastest of so many is the time; other work on the machine slows the others."""


HEAD = """| network | samples x steps | values compared | **mismatches** | other decisions | scores apart \
| onnxruntime, ms | simulator, ms | bytes of `step.onnx` | operators |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


def mismatches(expected: Traces, found: Traces) -> tuple[int, int]:
    """Give how many values were compared, and how many differ."""
    n_compared = n_wrong = 0
    for name, one in expected.populations.items():
        for key in RECORD:
            ours, theirs = getattr(one, key), getattr(found.populations[name], key)
            assert ours.shape == theirs.shape, (name, key)
            n_compared += ours.size
            n_wrong += int((ours != theirs).sum())
    return n_compared, n_wrong


def fastest(compute: Any, n: int) -> tuple[Any, float]:
    """Give the result and the milliseconds a sample of the fastest run."""
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        result = compute()
        times.append(time.perf_counter() - began)
    return result, 1000 * min(times) / n


def bundle_row(path: Path) -> dict[str, Any]:
    """Run a bundle's whole test set on both sides."""
    bundle, target, runtime = nd.open_bundle(path), onnx(), OnnxRuntime()
    sets = bundle.samples
    key = "test" if "test" in sets else next(iter(sets))
    spikes, program = sets[key].spikes, bundle.program
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        facts = target.write(program, folder)["onnx"]["files"]
        readings = target.file_findings(program, folder)
        expected = target.simulate(program, spikes, record=RECORD)
        found = runtime.run(folder, spikes, record=RECORD)
        n_compared, n_wrong = mismatches(expected, found)
        _, ours = fastest(lambda: target.simulate(program, spikes, record=("spikes",)), len(spikes))
        _, theirs = fastest(lambda: runtime.run(folder, spikes, record=("spikes",)), len(spikes))
    apart = decisions = 0.0
    if expected.score is not None and found.score is not None:
        apart = float(np.abs(expected.score - found.score).max())
        decisions = int((expected.score.argmax(-1) != found.score.argmax(-1)).sum())
    accuracy = nd.accuracy(sets[key], found)
    return {
        "network": bundle.manifest.name,
        "samples": len(spikes),
        "steps": spikes.shape[1],
        "values": n_compared,
        "mismatches": n_wrong + len(readings or ()),
        "score": apart,
        "decisions": decisions,
        "accuracy": None if accuracy is None else 100 * accuracy,
        "ours": ours,
        "theirs": theirs,
        **{name: facts[f"{name}.onnx"] for name in ("step", "sequence")},
    }


def soak(n_programs: int, seed: int) -> dict[str, int]:
    """Run random programs on both sides; those that the simulator refuses do not count."""
    target, runtime = onnx(), OnnxRuntime()
    total = dict.fromkeys(("programs", "refused", "recurrent", "values", "mismatches", "spikes", "read"), 0)
    while total["programs"] < n_programs:
        program, spikes = random_case(seed, n_populations=1 + seed % 4, size=2 + seed % 7, n_samples=3)
        seed += 1
        try:
            expected = target.simulate(program, spikes, record=RECORD)
        except NeurodeployError:
            total["refused"] += 1
            continue
        with tempfile.TemporaryDirectory() as name:
            target.write(program, Path(name))
            total["read"] += len(target.file_findings(program, Path(name)) or ())
            found = runtime.run(Path(name), spikes, record=RECORD)
        n_compared, n_wrong = mismatches(expected, found)
        total["programs"] += 1
        total["values"] += n_compared
        total["mismatches"] += n_wrong
        total["spikes"] += sum(int(trace.spikes.sum()) for trace in expected.populations.values())
        names = [p.name for p in program.populations]
        total["recurrent"] += any(
            p.source in names and names.index(p.source) >= names.index(p.target) for p in program.projections
        )
    return total


def page(rows: list[dict[str, Any]], total: dict[str, int], command: str) -> str:
    """Make the page of what was measured."""
    lines = [
        f"| {row['network']} | {row['samples']} x {row['steps']} | {row['values']:,} | {row['mismatches']} | "
        f"{row['decisions']} | {row['score']:.1g} | {row['theirs']:.2f} | {row['ours']:.2f} | "
        f"{row['step']['bytes']:,} | {row['step']['operators']} |"
        for row in rows
    ]
    table = "\n".join(lines)
    return f"""# ONNX: the files in onnxruntime against our simulator

`{command}` wrote this page:
onnxruntime {version("onnxruntime")}, onnx {version("onnx")}, {os.cpu_count()} cores
({platform.machine()}), Python {platform.python_version()}.

Whole test sets of trained networks. Every spike, u and v of every population at every step is compared,
and both files are read back by the second reader; what either finds counts as a mismatch. Times are
milliseconds a sample, the fastest of {RUNS} runs over the whole set on all cores, spikes recorded; other work
on the machine slows both.

{HEAD}
{table}

Scores differ in their last digits because onnxruntime computes the exponentials of a softmax with other code.
onnxruntime multiplies every weight at every step; the simulator touches only the synapses of neurons that
spike.

Random programs over everything that a program can hold (filters, biases, graded input, exponents -8 to 7,
delays 0 to 63, several taps, tau groups, recurrent projections, latencies, initial voltages):

| what | measured |
| --- | --- |
| programs | {total["programs"]} |
| of them recurrent | {total["recurrent"]} |
| refused by the simulator, not counted | {total["refused"]} |
| values compared (spikes, u, v) | {total["values"]:,} |
| **mismatches** | {total["mismatches"]} |
| spikes | {total["spikes"]:,} |
| places where the second reader finds another number | {total["read"]} |

That a wrong file is seen is shown by tests/onnx: nine injected bugs (decays rounded down, `>=` for `>`, no
wrap, no reset, delays a step longer, no bias, sums not rounded apart, another start, latencies not cut)
each fail in onnxruntime, and each again in the second reader.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("bundles", nargs="*", type=Path)
    parser.add_argument("--programs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    rows = []
    for path in options.bundles:
        rows.append(bundle_row(path))
        print(rows[-1], flush=True)
    total = soak(options.programs, options.seed)
    print(total)
    if options.output is not None:
        names = " ".join(row["network"] + "-bundle" for row in rows)
        command = f"python benchmarks/onnx_parity.py {names} --programs {options.programs}"
        options.output.write_text(page(rows, total, command), encoding="utf-8")
    return 1 if total["mismatches"] or total["read"] or any(row["mismatches"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
