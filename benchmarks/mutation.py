"""Change every operation of the integer simulators in turn and show that the parity cases notice it.

The kernel, the layout of its tables and the reference are mutated one operation at a time
(comparisons, signs, shifts, constants, deleted and swapped statements). Each mutant runs, uncompiled, the
cases of the property tests against the unchanged reference's traces until one differs. Exits with 1 if a
mutant survives that is not proven equivalent in equivalents.py.

    python benchmarks/mutation.py [--only kernel] [--sample N] [--markdown FILE]
"""

# ruff: noqa: E402 -- numba must be told not to compile before it is imported

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import time
import types
from collections import Counter
from dataclasses import replace
from pathlib import Path

os.environ["NUMBA_DISABLE_JIT"] = "1"  # before numba is imported: a mutant is not worth a compilation
ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "tests" / "property"))
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from corners import corner_cases, refused_cases
from equivalents import EQUIVALENT
from layouts_of_plans import layout_cases, layout_of
from mutants import Mutant, mutants
from programs import first_difference, random_case, soft_case

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.targets.loihi.simulate import fast, kernel, naive, stream, wiring
from neurodeploy.targets.loihi.simulate.bounds import LARGEST_SUM
from neurodeploy.traces import PopulationTrace, Traces

MODULES = {"kernel": kernel, "wiring": wiring, "naive": naive}
SKIP = {
    "naive": frozenset(
        {"readout_scores", "simulate"}
    ),  # shared with the twin by decision; tests/unit/simulate
}
SECONDS = 60.0
"""A mutant that takes longer hangs, and counts as killed."""

N_RANDOM, N_SOFT = 40, 20
SMALL_WINDOW = 16
"""Windows of the random cases, so that short samples cross several."""


def all_cases() -> list[tuple[str, int, tuple]]:
    """List the cases: name, window, network and input."""
    cases = [(name, 128, case) for name, case in corner_cases()]
    for seed in range(N_RANDOM):
        case = random_case(seed, n_populations=3, size=4, n_steps=20, n_samples=2)
        cases.append((f"random {seed}", SMALL_WINDOW, case))
    for seed in range(N_SOFT):
        soft = soft_case(seed, n_populations=3, size=4, n_steps=20, n_samples=2)
        cases.append((f"soft {seed}", SMALL_WINDOW, soft))
    cases += [(name, 128, case) for name, case in refused_cases()]
    return sorted(cases, key=lambda case: case[2][1].size * len(case[2][0].populations))


def expectations(cases: list[tuple[str, int, tuple]]) -> list[Traces | None]:
    """Give the reference's traces of every case; None where they overflow, so that a twin must refuse."""
    expected: list[Traces | None] = []
    for _, _, (program, spikes) in cases:
        try:
            traces = naive.simulate_reference(program, spikes)
        except OverflowError:
            traces = None
        legal = traces is not None and traces.facts["max_abs_accumulator"] <= LARGEST_SUM
        expected.append(traces if legal else None)
    return expected


def run_fast(window: int, program: object, spikes: np.ndarray) -> Traces:
    """Run the (mutated) fast twin."""
    sys.modules[wiring.__name__].WINDOW_STEPS = window  # the mutant's, where it is mutated
    return fast.simulate(program, spikes, record=("spikes", "u", "v"), threads=1)


def run_stream(window: int, program: object, spikes: np.ndarray) -> Traces:
    """Run the (mutated) stream, each sample in pieces of unequal length."""
    sys.modules[wiring.__name__].WINDOW_STEPS = window  # the mutant's, where it is mutated
    running = stream.Stream(program)
    late = np.zeros((program.max_latency_steps, program.input_size), dtype=spikes.dtype)
    pieces: dict[str, list[stream.StreamStep]] = {p.name: [] for p in program.populations}
    facts = {"max_abs_accumulator": 0, "synaptic_events": 0}
    for sample in spikes:
        values, at, length = np.concatenate([sample, late]), 0, 1
        steps: dict[str, list[stream.StreamStep]] = {p.name: [] for p in program.populations}
        while at < len(values):
            if length == 1:
                one = running.step(values[at])
                fed = {n: stream.StreamStep(s.spikes[None], s.u[None], s.v[None]) for n, s in one.items()}
            else:
                fed = running.feed(values[at : at + length])
            for name, piece in fed.items():
                steps[name].append(piece)
            at, length = at + length, length % 5 + 1
        for name, many in steps.items():
            pieces[name].append(
                stream.StreamStep(
                    *(np.concatenate([getattr(s, q) for s in many]) for q in ("spikes", "u", "v"))
                )
            )
        facts["max_abs_accumulator"] = max(facts["max_abs_accumulator"], running.facts["max_abs_accumulator"])
        facts["synaptic_events"] += running.facts["synaptic_events"]
        running.reset()
    n_steps = spikes.shape[1]
    populations = {}
    for p in program.populations:
        keep = slice(p.latency_steps, p.latency_steps + n_steps)
        stacked = {q: np.stack([getattr(s, q)[keep] for s in pieces[p.name]]) for q in ("spikes", "u", "v")}
        populations[p.name] = PopulationTrace(stacked["spikes"], stacked["v"], stacked["u"])
    return Traces(populations, facts=facts)


def run_reference(_window: int, program: object, spikes: np.ndarray) -> Traces:
    """Run the (mutated) reference."""
    return naive.simulate_reference(program, spikes)


def install(name: str, source: str) -> None:
    """Replace a module's functions by the mutant's, in the modules that use them (in a child process)."""
    module = MODULES[name]
    changed = types.ModuleType(module.__name__)
    sys.modules[module.__name__] = changed
    exec(compile(source, module.__file__ or name, "exec"), changed.__dict__)
    for user in (fast, stream, kernel, wiring, naive):
        for key, value in vars(changed).items():
            if key in vars(user) and getattr(value, "__module__", None) == module.__name__:
                setattr(user, key, value)


def judge(name: str, source: str | None, cases: list, expected: list[Traces | None]) -> str:
    """Say what killed a mutant, or ``survived``."""
    try:
        if source is not None:
            install(name, source)
    except Exception as error:
        return f"{type(error).__name__} on import"
    if name == "wiring":
        for title, program, layout in layout_cases():
            try:
                found = layout_of(sys.modules[wiring.__name__].make_plan(program))
            except Exception as error:
                return f"{title}: {type(error).__name__}"
            if found != layout:
                return f"{title}: expected {layout}, got {found}"
    runners = [run_reference] if name == "naive" else [run_fast, run_stream]
    for (title, window, (known, spikes)), traces in zip(cases, expected, strict=True):
        case = (replace(known), spikes)  # a program keeps its plan: this one is planned by the mutant
        for run in runners:
            try:
                if traces is None:
                    difference = _refuses(*case) if run is run_fast else None
                else:
                    difference = first_difference(traces, run(window, *case))
                if traces is not None and difference is None and run is run_fast:
                    difference = _needs_no_record(*case, traces)
            except Exception as error:
                difference = type(error).__name__
            if difference is not None:
                return f"{title}: {difference}"
    return "survived"


def _refuses(program: object, spikes: np.ndarray) -> str | None:
    """Run what leaves 32 bits; without a record, since NumPy's own integers refuse to be stored, too."""
    try:
        fast.simulate(program, spikes, record=(), threads=1)
    except NeurodeployError as error:
        return None if error.findings[0].code == "ND463" else error.findings[0].code
    return "not refused"


def _needs_no_record(program: object, spikes: np.ndarray, expected: Traces) -> str | None:
    """Run without a record: the facts must be the same."""
    facts = fast.simulate(program, spikes, record=(), threads=1).facts
    return None if facts == expected.facts else f"facts {facts} without a record"


def _child(connection: object, name: str, source: str, cases: list, expected: list) -> None:
    np.seterr(all="ignore")
    connection.send(judge(name, source, cases, expected))  # type: ignore[attr-defined]


def run_all(jobs: list[tuple[str, Mutant]], cases: list, expected: list, n_workers: int) -> list[str]:
    """Judge every mutant in a forked process of its own, some at a time."""
    context = multiprocessing.get_context("fork")
    verdicts = ["" for _ in jobs]
    waiting = list(enumerate(jobs))[::-1]
    running: dict[int, tuple] = {}
    while waiting or running:
        while waiting and len(running) < n_workers:
            number, (name, mutant) = waiting.pop()
            mine, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_child, args=(theirs, name, mutant.source, cases, expected))
            process.start()
            theirs.close()
            running[number] = (process, mine, time.monotonic())
        for number, (process, pipe, started) in list(running.items()):
            if pipe.poll(0.002):
                try:
                    verdicts[number] = pipe.recv()
                except EOFError:
                    verdicts[number] = "the process died"
            elif time.monotonic() - started > SECONDS:
                verdicts[number] = "did not end"
                process.kill()
            else:
                continue
            process.join()
            del running[number]
    return verdicts


def main() -> int:
    """Run the mutants and print a table; see the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=MODULES, action="append", help="mutate this module alone")
    parser.add_argument("--sample", type=int, help="take this many mutants at random (seed 0)")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--markdown", type=Path, help="write the table here")
    options = parser.parse_args()

    cases = all_cases()
    expected = expectations(cases)
    for name in MODULES:
        verdict = judge(name, None, cases, expected)
        if verdict != "survived":
            print(f"the unchanged {name} already differs: {verdict}")
            return 1
    jobs = [
        (name, mutant)
        for name in options.only or MODULES
        for mutant in mutants(Path(str(MODULES[name].__file__)).read_text(), SKIP.get(name, frozenset()))
    ]
    if options.sample:
        jobs = random.Random(0).sample(jobs, min(options.sample, len(jobs)))
    started = time.monotonic()
    verdicts = run_all(jobs, cases, expected, options.workers)
    lines, n_alive = table(jobs, verdicts)
    command = " ".join(["python benchmarks/mutation.py", *sys.argv[1:]])
    lines = ["# Mutants of the integer simulators", "", f"`{command}`", "", *lines]
    lines.append(f"\n{len(jobs)} mutants, {len(cases)} cases, {time.monotonic() - started:.0f} s.")
    print("\n".join(lines))
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n")
    return 1 if n_alive else 0


def table(jobs: list[tuple[str, Mutant]], verdicts: list[str]) -> tuple[list[str], int]:
    """Give the table's lines, and how many mutants survived without a proof."""
    counts: dict[str, Counter] = {name: Counter() for name in MODULES}
    alive, proven = [], []
    for (name, mutant), verdict in zip(jobs, verdicts, strict=True):
        reason = EQUIVALENT.get(f"{name}.{mutant.key}")
        if verdict != "survived":
            counts[name]["killed"] += 1
        elif reason is not None:
            counts[name]["equivalent"] += 1
            proven.append(f"- `{name}.{mutant.key}`: {reason}")
        else:
            counts[name]["survived"] += 1
            alive.append(f"- `{name}.{mutant.key}` (line {mutant.line})")
    lines = [
        "| module | mutants | killed | proven equivalent | survived |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, count in counts.items():
        if count:
            row = (sum(count.values()), count["killed"], count["equivalent"], count["survived"])
            lines.append(f"| {name} | " + " | ".join(map(str, row)) + " |")
    if alive:
        lines += ["", "Survived:", "", *alive]
    if proven:
        lines += ["", "Proven equivalent:", "", *proven]
    return lines, len(alive)


if __name__ == "__main__":
    sys.exit(main())
