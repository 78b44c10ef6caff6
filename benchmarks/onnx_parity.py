"""Compare ONNX files in onnxruntime with the simulator, on whole test sets and random programs.

    python benchmarks/onnx_parity.py BUNDLE... [--programs N] [--seed N] [--output FILE]

Every spike, u and v of every population at every step; scores as numbers and as decisions. The bundles may be
of any chip that gives its integers; the ONNX files are written from their programs. With --output, the page.
Exit code 1 if any value differs.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nir
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "property")]

from programs import random_case  # noqa: E402

import neurodeploy as nd  # noqa: E402
from neurodeploy.findings.finding import NeurodeployError  # noqa: E402
from neurodeploy.graph.model import Graph, NeuronModel, Population, Projection, Readout  # noqa: E402
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
        "network": path.name.removesuffix("-bundle"),
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


def untrained(folder: Path) -> list[Path]:
    """Export a convolutional and a recurrent network with random weights, on random events that drive them.

    The first is Conv2d, IF, SumPool2d, Conv2d, LIF, Flatten, Linear, LIF on 2 x 12 x 12 sources; the second
    40-48-10 CubaLIF with delays of up to 12 steps, forward and back.
    """
    rng = np.random.default_rng(7)
    nodes = convolutional(rng)
    edges = list(itertools.pairwise(nodes))
    nir.write(str(folder / "convolutional.nir"), nir.NIRGraph(nodes, edges))
    made = []
    for name, network, size in (
        ("convolutional", folder / "convolutional.nir", 288),
        ("recurrent", recurrent(rng), 40),
    ):
        spikes = (rng.random((256, 100, size)) < 0.06).astype(np.uint8)
        dt = {"dt_s": 0.001} if isinstance(network, Path) else {}
        samples = nd.Samples(spikes)
        bundle = nd.export(
            network, folder / f"{name}-bundle", target="loihi2", calibrate=samples, verify=False, **dt
        )
        made.append(bundle.path)
    return made


def convolutional(rng: np.random.Generator) -> dict[str, Any]:
    """Give the nodes in their order."""

    def conv(post: int, pre: int, shape: tuple[int, int]) -> Any:
        weight = rng.normal(0.05, 0.3, (post, pre, 3, 3))
        return nir.Conv2d(
            input_shape=shape, weight=weight, stride=1, padding=1, dilation=1, groups=1, bias=np.zeros(post)
        )

    def lif(shape: tuple[int, ...]) -> Any:
        full = np.ones(shape)
        return nir.LIF(tau=0.02 * full, r=20 * full, v_leak=0 * full, v_threshold=full, v_reset=0 * full)

    return {
        "input": nir.Input(np.array([2, 12, 12])),
        "conv1": conv(6, 2, (12, 12)),
        "if1": nir.IF(
            r=np.full((6, 12, 12), 400.0), v_threshold=np.ones((6, 12, 12)), v_reset=np.zeros((6, 12, 12))
        ),
        "pool": nir.SumPool2d(
            kernel_size=np.array([2, 2]), stride=np.array([2, 2]), padding=np.array([0, 0])
        ),
        "conv2": conv(8, 6, (6, 6)),
        "lif2": lif((8, 6, 6)),
        "flatten": nir.Flatten(start_dim=0, end_dim=-1, input_type={"input": np.array([8, 6, 6])}),
        "linear": nir.Linear(weight=rng.normal(0.05, 0.3, (10, 288))),
        "lif3": lif((10,)),
        "output": nir.Output(np.array([10])),
    }


def recurrent(rng: np.random.Generator) -> Graph:
    """Give a network whose hidden neurons excite and inhibit each other after delays."""
    n = 48

    def population(name: str, size: int, model: NeuronModel) -> Population:
        each = np.ones(size)
        taus = {"tau_s": rng.uniform(0.02, 0.1, size), "tau_syn_s": 0.01 * each}
        return Population(
            name=name,
            model=model,
            **taus,
            v_threshold=each,
            v_leak=0 * each,
            v_reset=0 * each,
            r=each,
            w_in=each,
            bias=0.02 * each,
        )

    def projection(source: str, target: str, shape: tuple[int, int], gain: float) -> Projection:
        steps = rng.integers(1, 13, (1, *shape))
        weight = rng.normal(0.2, 1, (1, *shape)) * gain
        return Projection(source=source, target=target, weight=weight, delay_s=steps * 0.005)

    return Graph(
        name="recurrent",
        dt_s=0.005,
        input_size=40,
        populations=(
            population("hidden", n, NeuronModel.CUBA_LIF),
            population("out", 10, NeuronModel.CUBA_LI),
        ),
        projections=(
            projection("input", "hidden", (n, 40), 2.0),
            projection("hidden", "hidden", (n, n), 0.5),
            projection("hidden", "out", (10, n), 1.0),
        ),
        readout=Readout(population="out"),
    )


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

Whole test sets of trained networks (demo: mts-xor-delays, digits: spoken-digits, tau: mts-xor with a tau for
each neuron), and 256 random samples of a convolutional and a recurrent network with random weights. Every
spike, u and v of every population at every step is compared, and both files are read back by the second
reader; what either finds counts as a mismatch. Times are milliseconds a sample, the fastest of {RUNS} runs
over the whole set on all cores, spikes recorded; other work on the machine slows both.

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
    with tempfile.TemporaryDirectory() as folder:
        for path in [*options.bundles, *untrained(Path(folder))]:
            rows.append(bundle_row(path))
            print(rows[-1], flush=True)
    total = soak(options.programs, options.seed)
    print(total)
    if options.output is not None:
        names = " ".join(path.name for path in options.bundles)
        command = f"python benchmarks/onnx_parity.py {names} --programs {options.programs}"
        options.output.write_text(page(rows, total, command), encoding="utf-8")
    return 1 if total["mismatches"] or total["read"] or any(row["mismatches"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
