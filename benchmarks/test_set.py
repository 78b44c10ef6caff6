"""A whole test set of SHD's size: the ladder, and `neurodeploy run`, on 2,264 samples of 100 steps.

    python benchmarks/test_set.py [--samples N]

The network is 140-256-256-20 with random weights and delays of 0 to 25 steps (from float_twin.py). It is
written as NIR, exported without samples, and then run as a user would run it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from click.testing import CliRunner
from float_twin import SIZES, network

from neurodeploy.cli import program
from neurodeploy.data.samples import Samples
from neurodeploy.nir.read import read_nir
from neurodeploy.nir.write import write_nir
from neurodeploy.targets.loihi.program_file import read_program
from neurodeploy.verify.ladder import ladder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=2264)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_nir(network(rng), folder / "net.nir")
        spikes = (rng.random((options.samples, 100, SIZES[0])) < 0.04).astype(np.uint8)
        np.savez(folder / "in.npz", spikes=spikes)
        call("export", folder / "net.nir", "--target", "loihi", "-o", folder / "bundle", "--no-verify")
        given = ("--input", folder / "in.npz", "-o", folder / "out.npz")
        for _ in range(2):  # the second one finds everything compiled
            told = call("run", folder / "bundle", "--backend", "fixed", *given, "--json")
        print(f"neurodeploy run --backend fixed, {options.samples} samples: {told['seconds']:.2f} s")
        graph, fixed = (
            read_nir(folder / "bundle" / "model.nir"),
            read_program(folder / "bundle" / "program.h5"),
        )
        labels = rng.integers(0, SIZES[-1], options.samples)
        began, cpu = time.perf_counter(), time.process_time()
        rungs = ladder(graph, fixed, Samples(spikes, labels))
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        print(f"ladder of {len(rungs)} rungs: {wall:.1f} s wall, {cpu:.1f} s of processor time")


def call(*arguments: object) -> dict[str, float]:
    """Call the command line in this process; give what it prints as JSON, if it does."""
    done = CliRunner().invoke(program, [str(x) for x in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout) if "--json" in arguments else {}


if __name__ == "__main__":
    main()
