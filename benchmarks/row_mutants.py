# ruff: noqa: E501 (a bug is one line of source)
"""Change the row from Graph to verdict by hand-picked bugs, and show that a test dies of each.

``python benchmarks/row_mutants.py [--only TEXT] [--jobs N]``. The kernels have every operation flipped (mutation.py);
the modules of quantise/, lowering, decoding, export and verify are too slow to test for that, so each bug here is one
that was made, or nearly made, by someone: a delay one too long, a set compared with itself, the wrong set to calibrate
on. Each runs the tests beside its module in a process of its own, in which that one module has the changed source;
exit code 1 where one survives.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "neurodeploy"

QUANTISE = ("tests/unit/quantise", "tests/unit/targets/test_quantise.py")
LOWER = (
    "tests/unit/targets/test_lowering_passes.py",
    "tests/unit/targets/test_quantise.py",
    "tests/unit/targets/test_latency.py",
)
LADDER = ("tests/unit/verify/test_ladder.py", "tests/unit/targets/test_lowering_passes.py")
VERIFY = ("tests/unit/verify",)
EXPORT = ("tests/unit/test_export.py",)


@dataclass(frozen=True)
class Bug:
    """One change of one module.

    Attributes
    ----------
    module
        Path below the package.
    old, new
        The source before and after; ``old`` stands there exactly once.
    tests
        Where a test must fail.
    """

    module: str
    old: str
    new: str
    tests: tuple[str, ...]


BUGS = (
    # quantise/
    Bug(
        "quantise/grid.py",
        "step * round_nearest(x / step)",
        "step * np.trunc(x / step).astype(np.int64)",
        QUANTISE,
    ),
    Bug("quantise/grid.py", "return self.mixed_step,", "return 1,", QUANTISE),
    Bug("quantise/grid.py", "np.argmin(errors)", "np.argmax(errors)", QUANTISE),
    Bug("quantise/grid.py", "(whole < low) | (whole > high)", "(whole < low)", QUANTISE),
    Bug("quantise/groups.py", "if x - start > width:", "if x - start >= width:", QUANTISE),
    Bug(
        "quantise/groups.py", "np.sqrt(max(low, 0.5) * high) + 0.5", "np.sqrt(max(low, 0.5) * high)", QUANTISE
    ),
    Bug("quantise/groups.py", "+ 1) - 1", "+ 1)", QUANTISE),
    Bug("quantise/rounding.py", "moved[k:] -=", "moved[k:] +=", QUANTISE),
    Bug("quantise/rounding.py", "return chosen if better else nearest", "return chosen", QUANTISE),
    Bug(
        "quantise/rounding.py",
        "late[chosen, :, d:] = response[source[chosen], :, : n_steps - d]",
        "late[chosen, :, : n_steps - d] = response[source[chosen], :, d:]",
        QUANTISE,
    ),
    Bug(
        "quantise/rounding.py",
        "trace[step] += kept * trace[step - 1]",
        "trace[step] += trace[step - 1]",
        QUANTISE,
    ),
    # lowering
    Bug("targets/loihi/lower/notes.py", "- source - CONNECTION_STEP", "- source", LOWER),
    Bug(
        "targets/loihi/lower/notes.py",
        "latency[projection.target] - source",
        "source - latency[projection.target]",
        LOWER,
    ),
    Bug(
        "targets/loihi/lower/delays.py",
        "needed > latency[projection.target]",
        "needed > latency[projection.target] + 1",
        LOWER,
    ),
    Bug("targets/loihi/lower/delays.py", "steps[present].min()", "steps[present].max()", LOWER),
    Bug("targets/loihi/lower/decays.py", "self.dv_max)", "self.dv_max - 1)", LOWER),
    Bug(
        "targets/loihi/lower/decays.py",
        "decay_to_tau(decays.current + 1,",
        "decay_to_tau(decays.current,",
        LOWER,
    ),
    Bug(
        "targets/loihi/lower/scale.py",
        "v = (v - bias) * 2.0**DECAY_BITS",
        "v = (v + bias) * 2.0**DECAY_BITS",
        LOWER,
    ),
    Bug(
        "targets/loihi/lower/scale.py",
        "for _ in range(latency_steps):",
        "for _ in range(latency_steps + 1):",
        LOWER,
    ),
    Bug(
        "targets/loihi/lower/scale.py",
        "return np.asarray(span.min() / span)",
        "return np.ones(population.size)",
        LOWER,
    ),
    Bug("targets/loihi/lower/scale.py", "bounds.append((self.vth_max << STATE_SHIFT) / span)", "pass", LOWER),
    Bug(
        "targets/loihi/lower/scale.py",
        "current + population.v_leak - origin(population)",
        "current + population.v_leak",
        LOWER,
    ),
    Bug("targets/loihi/lower/scale.py", "exponent < self.weight_exponent_max:", "exponent < 0:", LOWER),
    Bug("targets/loihi/lower/peak.py", "total[:, d:] += spikes[:, : n_steps - d]", "total += spikes", LOWER),
    Bug("targets/loihi/lower/peak.py", "graph.input_max if projection.source == INPUT else 1", "1", LOWER),
    Bug("targets/loihi/lower/weights.py", "kept_v=1.0 - alpha(decays)", "kept_v=alpha(decays)", LOWER),
    Bug("targets/loihi/lower/weights.py", "int((at_end &", "int((~at_end &", LOWER),
    Bug(
        "targets/loihi/lower/thresholds.py",
        "round_nearest(span * scale / 2.0**STATE_SHIFT)",
        "np.floor(span * scale / 2.0**STATE_SHIFT).astype(np.int64)",
        LOWER,
    ),
    Bug(
        "targets/loihi/lower/thresholds.py",
        "round_nearest(bias / 2.0**exponent) << exponent",
        "np.floor(bias / 2.0**exponent).astype(np.int64) << exponent",
        LOWER,
    ),
    Bug(
        "targets/loihi/lower/row.py",
        "exponent = NETX_BIAS_EXPONENT if chain else 0",
        "exponent = NETX_BIAS_EXPONENT",
        LOWER,
    ),
    Bug(
        "targets/loihi/lower/row.py",
        "run_passes(Draft(graph, None), passes, after_each=after_each).graph",
        "graph",
        LOWER,
    ),
    # decoding and the ladder
    Bug("targets/loihi/decode.py", "steps = fixed.delay_steps - shift", "steps = fixed.delay_steps", LADDER),
    Bug("targets/loihi/decode.py", "2.0 ** (fixed.exponent + STATE_SHIFT)", "2.0**STATE_SHIFT", LADDER),
    Bug(
        "targets/loihi/decode.py",
        "fixed.vth * 2.0**STATE_SHIFT / fixed.scale + fixed.origin",
        "fixed.vth * 2.0**STATE_SHIFT / fixed.scale",
        LADDER,
    ),
    Bug("targets/loihi/decode.py", "tau(fixed.du + 1)", "tau(fixed.du)", LADDER),
    Bug(
        "verify/ladder.py",
        "tallies[number].add(trained, last)",
        "tallies[number].add(trained, trained)",
        LADDER,
    ),
    Bug(
        "verify/ladder.py",
        "tallies[-1].add(trained, target.simulate(",
        "tallies[-1].add(last, target.simulate(",
        LADDER,
    ),
    Bug(
        "verify/ladder.py",
        "reference = tallies[0].all_decisions()",
        "reference = tallies[-1].all_decisions()",
        LADDER,
    ),
    # verify/
    Bug(
        "verify/accuracy.py",
        "before, after = rungs[0].decisions, rungs[-1].decisions",
        "before, after = rungs[0].decisions, rungs[0].decisions",
        VERIFY,
    ),
    Bug(
        "verify/accuracy.py",
        "before, after = rungs[0].decisions, rungs[-1].decisions",
        "before, after = rungs[-1].decisions, rungs[0].decisions",
        VERIFY,
    ),
    Bug("verify/accuracy.py", "if not result.n_samples:", "if False:", VERIFY),
    Bug("verify/accuracy.py", "problems += refusals(result)", "pass", VERIFY),
    Bug("verify/verify.py", "if name != NOT_VERIFIED}", "if name == NOT_VERIFIED}", VERIFY),
    Bug("verify/statistics.py", "after.astype(np.float64)) * weight", "after.astype(np.float64))", VERIFY),
    Bug("verify/statistics.py", "each.std(ddof=1) / np.sqrt(n)", "each.std(ddof=1)", VERIFY),
    Bug(
        "verify/divergence.py",
        "best <= (int(steps[0]), rank, order)",
        "best >= (int(steps[0]), rank, order)",
        VERIFY,
    ),
    Bug("verify/divergence.py", "np.asarray(expected != actual)", "np.asarray(expected == actual)", VERIFY),
    Bug(
        "verify/gates.py",
        "check.status is Status.FAILED and check.ran",
        "check.status is Status.FAILED and not check.ran",
        VERIFY,
    ),
    Bug(
        "verify/in_runtime.py",
        "target.simulate(program, inputs[part]",
        "target.simulate(program, inputs",
        VERIFY,
    ),
    Bug(
        "verify/ladder.py",
        "agreement=_share(decisions, reference, samples.mask)",
        "agreement=_share(decisions, samples.labels, samples.mask)",
        VERIFY,
    ),
    Bug(
        "verify/ladder.py",
        "return is_right, mask if is_right.ndim == 2 else None",
        "return is_right, None",
        VERIFY,
    ),
    Bug(
        "verify/comparison.py",
        "for start in range(0, n_samples, size):",
        "for start in range(0, max(1, n_samples - size), size):",
        VERIFY,
    ),
    Bug("verify/comparison.py", "if one is None or other is None:", "if False:", VERIFY),
    Bug(
        "verify/comparison.py",
        'traces.populations[name].v if "v" in self._quantities else None',
        "None",
        VERIFY,
    ),
    Bug(
        "verify/comparison.py",
        "self._order(first) < self._order(self._first)",
        "self._order(first) > self._order(self._first)",
        VERIFY,
    ),
    Bug("verify/comparison.py", "sample=first.sample + first_sample", "sample=first.sample", VERIFY),
    Bug(
        "verify/accuracy.py",
        "problems += _gate(result, thresholds)",
        "problems += _gate(results[0], thresholds)",
        VERIFY,
    ),
    Bug(
        "verify/accuracy.py",
        "severity=Severity.WARNING if harmless else Severity.ERROR",
        "severity=Severity.WARNING",
        VERIFY,
    ),
    Bug(
        "verify/drop_limit.py",
        "self.confidence is None else drop.high",
        "self.confidence is None else drop.low",
        VERIFY,
    ),
    Bug(
        "verify/statistics.py",
        "NormalDist().inv_cdf((1.0 + confidence) / 2.0)",
        "NormalDist().inv_cdf(0.975)",
        VERIFY,
    ),
    Bug("verify/gates.py", "(Status.PASSED if gated else Status.MEASURED)", "Status.PASSED", VERIFY),
    Bug("verify/gates.py", "(check.required and check.status is Status.SKIPPED)", "False", VERIFY),
    Bug(
        "verify/levels.py",
        "comparison.add(cut(golden.trained, part), actual,",
        "comparison.add(actual, actual,",
        VERIFY,
    ),
    Bug(
        "verify/levels.py",
        "comparison.add(cut(golden.fixed, part), actual,",
        "comparison.add(actual, actual,",
        VERIFY,
    ),
    Bug(
        "verify/levels.py",
        "target.simulate_naive(program, spikes)",
        'target.simulate(program, spikes, record=("spikes", "u", "v"))',
        VERIFY,
    ),
    Bug(
        "verify/levels.py",
        'q for q in QUANTITIES if q != "u" or _has_u(reference)',
        'q for q in QUANTITIES if q != "u"',
        VERIFY,
    ),
    Bug("verify/artefact.py", "raise_errors(target.check(program))", "()", VERIFY),
    Bug("verify/in_runtime.py", "sets[name].spikes[:n]", "sets[name].spikes[: n - 1]", VERIFY),
    Bug(
        "targets/loihi/target.py",
        "return list(network_findings(folder / NETWORK, program))",
        "return []",
        VERIFY,
    ),
    # export
    Bug("export.py", 'loaded.samples.get("calibration") or', 'loaded.samples.get("validation") or', EXPORT),
    Bug("export.py", "passes=passes)\n", "passes=())\n", EXPORT),
    Bug("export.py", "trained=loaded.golden,", "trained=None,", EXPORT),
    Bug("export.py", "*raise_errors(chip.check(lowered.program))]", "]", EXPORT),
    Bug(
        "export.py",
        'findings += raise_errors(chip.range_findings(lowered.program, samples.spikes, f"samples {name!r}"))',
        "pass",
        EXPORT,
    ),
)

PLUGIN = """
import importlib.abc, importlib.util, os, sys

class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name != os.environ["ROW_MUTANT"]:
            return None
        return importlib.util.spec_from_file_location(name, os.environ["ROW_MUTANT_PATH"], loader=self)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__file__ = os.environ["ROW_MUTANT_PATH"]
        with open(os.environ["ROW_MUTANT_SOURCE"], encoding="utf-8") as file:
            exec(compile(file.read(), module.__file__, "exec"), module.__dict__)

sys.meta_path.insert(0, Changed())
"""


def changed_source(bug: Bug) -> str:
    """Give a module's source with the bug in it; ValueError where the place is not there exactly once."""
    source = (PACKAGE / bug.module).read_text(encoding="utf-8")
    if source.count(bug.old) != 1:
        raise ValueError(f"{bug.module}: {bug.old!r} stands there {source.count(bug.old)} times")
    return source.replace(bug.old, bug.new)


def survives(bug: Bug, folder: Path) -> str:
    """Run the tests of one bug; give an empty string where one failed, else what pytest said."""
    folder.mkdir()
    (folder / "row_mutant_plugin.py").write_text(PLUGIN, encoding="utf-8")
    (folder / "source.py").write_text(changed_source(bug), encoding="utf-8")
    module = "neurodeploy." + bug.module.removesuffix(".py").replace("/", ".")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
        "ROW_MUTANT": module,
        "ROW_MUTANT_PATH": str(PACKAGE / bug.module),
        "ROW_MUTANT_SOURCE": str(folder / "source.py"),
        "OMP_NUM_THREADS": "1",
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "row_mutant_plugin",
        "-p",
        "no:cacheprovider",
    ]
    command += ["-m", "not lava", *bug.tests]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)
    if done.returncode == 1:
        return ""
    return f"exit {done.returncode}: {(done.stdout.strip().splitlines() or ['nothing'])[-1]}"


def main() -> int:
    """Try every bug; print a line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="bugs of modules whose path has this text")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    options = parser.parse_args()
    bugs = [bug for bug in BUGS if options.only in bug.module]
    survived = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(lambda item: survives(item[1], Path(folder) / str(item[0])), enumerate(bugs))
        for bug, said in zip(bugs, results, strict=True):
            survived += bool(said)
            verdict = f"SURVIVED ({said})" if said else "killed"
            print(f"{verdict}: {bug.module}: {bug.old}  ==>  {bug.new}", flush=True)
    print(f"{len(bugs)} bugs, {len(bugs) - survived} killed, {survived} survived")
    return int(bool(survived) or not bugs)


if __name__ == "__main__":
    sys.exit(main())
