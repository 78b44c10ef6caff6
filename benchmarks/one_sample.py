"""Measure one sample through an open bundle, the first time and after: the simulator's plan is kept.

    python benchmarks/one_sample.py BUNDLE [--calls N]

"Anew" lays the network out at each call, as a call on a program that is read anew does.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import neurodeploy as nd


def milliseconds(work: Callable[[], object], calls: int) -> tuple[float, float]:
    """Give the median and the minimum of some calls."""
    times = []
    for _ in range(calls):
        started = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - started))
    return statistics.median(times), min(times)


def main() -> None:
    """Print the two times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle")
    parser.add_argument("--calls", type=int, default=100)
    arguments = parser.parse_args()
    bundle = nd.open_bundle(arguments.bundle)
    one = next(iter(bundle.samples.values())).spikes[:1]
    nd.simulate(bundle, one)  # compiled from here on
    kept = milliseconds(lambda: nd.simulate(bundle, one), arguments.calls)
    anew = milliseconds(lambda: bundle.target.simulate(replace(bundle.program), one), arguments.calls)
    for name, (median, least) in (("kept", kept), ("anew", anew)):
        print(f"{name}: median {median:.2f} ms, least {least:.2f} ms a sample of {one.shape[1]} steps")


if __name__ == "__main__":
    main()
