"""Triggers of ND420 to ND499: Lava, simulators, and what verification finds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np
from triggers import Place, triggers

from neurodeploy.bundle.manifest_file import read_manifest, write_manifest
from neurodeploy.findings.finding import Finding
from neurodeploy.targets.loihi.program_file import read_program, write_program
from neurodeploy.targets.registry import load_target
from neurodeploy.traces import PopulationTrace, Traces

LAVA_PYTHON, CACHE = "NEURODEPLOY_LAVA_PYTHON", "NEURODEPLOY_CACHE"


def script(path: str, text: str) -> Path:
    """Write a program."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(f"#!/bin/sh\n{text}\n")
    Path(path).chmod(0o755)
    return Path(path).absolute()


def empty_machine(place: Place, *, uv: str = "echo 'error: offline' >&2; exit 2") -> None:
    """Leave nothing of Lava and of Python 3.10, and a uv that does what ``uv`` says."""
    place.patch.delenv(LAVA_PYTHON, raising=False)
    place.patch.setenv(CACHE, str(Path("cache").absolute()))
    place.patch.setenv("PYENV_ROOT", str(Path("pyenv").absolute()))
    place.patch.setenv("PATH", f"{Path('bin').absolute()}:/usr/bin:/bin")
    program = script("bin/uv", uv)
    for module in ("environment", "python310"):
        place.patch.setattr(f"neurodeploy.targets.loihi.lava.{module}.uv_program", lambda: program)


def lava_run(place: Place, code: str, **options: Any) -> Iterable[Finding]:
    """Run a bundle with another script in the place of Lava's."""
    from neurodeploy.targets.loihi.lava import run

    Path("script.py").write_text(code)
    place.patch.setenv(LAVA_PYTHON, sys.executable)
    place.patch.setattr(run, "RUNNER", Path("script.py").absolute())
    place.patch.setattr(run, "GRACE_S", 0.1)
    run.run_lava(place.bundle(), np.zeros((1, 3, 12), np.uint8), **options)
    return ()


@triggers("ND420")
def no_lava(place: Place) -> str:
    empty_machine(place)
    return place.command(
        "run", place.bundle(), "--backend", "lava", "--input", place.given(), "-o", "out.npz"
    )


@triggers("ND421")
def no_python310(place: Place) -> str:
    empty_machine(place)
    script("bin/python3.10", "exit 127")
    return place.command("lava", "install")


@triggers("ND422")
def lava_not_made(place: Place) -> str:
    empty_machine(place, uv="echo 'error: No space left on device (os error 28)' >&2; exit 2")
    script("bin/python3.10", "echo 3.10")
    return place.command("lava", "install")


@triggers("ND423")
def lava_does_not_import(place: Place) -> str:
    where = Path("cache").absolute()
    empty_machine(place, uv=f'[ "$1" = venv ] && for last; do :; done && mkdir -p "$last/bin" '
                  f'&& cp {where}/../broken "$last/bin/python"; exit 0')  # fmt: skip
    script("broken", "echo 'ImportError: libgomp.so.1: cannot open shared object file' >&2; exit 1")
    script("bin/python3.10", "echo 3.10")
    return place.command("lava", "install")


@triggers("ND425")
def runtime_failed(place: Place) -> Iterable[Finding]:
    return lava_run(place, "raise ValueError('the weights are bad')")


@triggers("ND426")
def runtime_too_slow(place: Place) -> Iterable[Finding]:
    return lava_run(place, "import time\ntime.sleep(60)", timeout_s=0.2)


@triggers("ND427")
def unknown_runtime(place: Place) -> Iterable[Finding]:
    from neurodeploy.verify.verify import verify

    verify(place.bundle(), runtimes={"lavva": 1})
    return ()


# ---- the simulators


def simulated(place: Place, spikes: np.ndarray) -> Iterable[Finding]:
    target = load_target("loihi2")
    target.simulate(target.read(place.tiny / "bundle"), spikes)
    return ()


@triggers("ND460")
def simulator_shape(place: Place) -> Iterable[Finding]:
    return simulated(place, np.zeros((3, 12), np.uint8))


@triggers("ND461")
def simulator_dtype(place: Place) -> Iterable[Finding]:
    return simulated(place, np.zeros((1, 3, 12), np.float64))


@triggers("ND462")
def simulator_range(place: Place) -> Iterable[Finding]:
    return simulated(place, np.full((1, 3, 12), 3, np.uint8))


@triggers("ND463")
def state_overflow(place: Place) -> Iterable[Finding]:
    target = load_target("loihi2")
    program = target.read(place.tiny / "bundle")
    one = program.projections[0]
    heavy = replace(one, weight=np.full_like(one.weight, 254), exponent=7)
    many = replace(program, projections=(heavy, *program.projections[1:]), input_max=255)
    target.simulate(many, np.full((1, 20, 12), 255, np.uint8))
    return ()


# ---- verification


def with_program(place: Place, change: Callable[[Any], Any]) -> Path:
    """Change the bundle's program."""

    def write(bundle: Path) -> None:
        write_program(change(read_program(bundle / "program.h5")), bundle / "program.h5")

    return place.bundle(rehash=write)


def without_weights(program: Any) -> Any:
    """Take away what reaches the readout."""
    last = program.projections[-1]
    none = replace(last, weight=np.zeros_like(last.weight))
    return replace(program, projections=(*program.projections[:-1], none))


def threshold(program: Any, value: int) -> Any:
    """Give the first population another threshold."""
    one = program.populations[0]
    other = replace(one, vth=np.full_like(one.vth, value))
    return replace(program, populations=(other, *program.populations[1:]))


@triggers("ND470")
def p1_differs(place: Place) -> Iterable[Finding]:
    from neurodeploy.verify.verify import verify

    bundle = place.exported()
    with np.load(bundle / "golden.npz") as file:
        arrays = {name: np.array(file[name]) for name in file.files}
    arrays["trained/hidden1/v"][0, 3, 0] = 1.0
    np.savez(bundle / "golden.npz", **arrays)
    write_manifest(bundle, read_manifest(bundle))
    return verify(bundle, samples=1).check("P1").findings


@triggers("ND471")
def drop_too_large(place: Place) -> str:
    return place.command("verify", with_program(place, without_weights), "--max-drop", "0.5")


@triggers("ND472")
def golden_differs(place: Place) -> str:
    return place.command("verify", with_program(place, without_weights), "--samples", "1")


@triggers("ND473")
def twins_differ(place: Place) -> str:
    from neurodeploy.targets.loihi.target import LoihiTarget

    right = LoihiTarget.simulate

    def faulty(self: LoihiTarget, *given: Any, **options: Any) -> Traces:
        traces = right(self, *given, **options)
        one = traces.populations["hidden1"]
        if one.v is None:
            return traces
        wrong = PopulationTrace(one.spikes, one.v + (np.arange(one.v.shape[1]) == 3)[None, :, None], one.u)
        return replace(traces, populations={**traces.populations, "hidden1": wrong})

    place.patch.setattr(LoihiTarget, "simulate", faulty)
    return place.command("verify", place.bundle(), "--samples", "1")


@triggers("ND480")
def spikes_differ(place: Place) -> str:
    return place.command("verify", with_program(place, lambda program: threshold(program, 60)))


@triggers("ND481")
def decisions_differ(place: Place) -> str:
    return place.command("verify", with_program(place, without_weights))


@triggers("ND482")
def silent_population(place: Place) -> str:
    return place.command("verify", with_program(place, lambda program: threshold(program, 131071)))


@triggers("ND483")
def artefact_differs(place: Place) -> str:
    def other(bundle: Path) -> None:
        with h5py.File(bundle / "network.net", "r+") as file:
            weight = file["layer/1/weight"]
            weight[0, 0] = weight[0, 0] + 2

    return place.command("verify", place.bundle(rehash=other), "--samples", "1")


@triggers("ND428")
def no_stream(place: Place) -> Iterable[Finding]:
    from neurodeploy.bundle.bundle import open_bundle

    opened = open_bundle(place.bundle())
    opened.__dict__["target"] = SimpleNamespace()  # a target with what the protocol asks for, and no more
    opened.stream()
    return ()


def verified(place: Place, change: Callable[[Traces], Traces], n: int = 2) -> Iterable[Finding]:
    """Verify with a runtime that gives our own traces, changed."""
    from neurodeploy.verify.verify import verify

    class Changed:
        name = "lava"

        def missing(self) -> None:
            return None

        def run(self, bundle: Path, spikes: np.ndarray, **_: object) -> Traces:
            target = load_target("loihi2")
            return change(target.simulate(target.read(bundle), spikes))

    found = verify(place.bundle(), runtimes={"lava": n}, samples=1, runtime=Changed())  # type: ignore[arg-type]
    return found.check("P3").findings


@triggers("ND474")
def p3_differs(place: Place) -> Iterable[Finding]:
    def later(traces: Traces) -> Traces:
        moved = {
            name: PopulationTrace(np.roll(trace.spikes, 1, axis=1), trace.v)
            for name, trace in traces.populations.items()
        }
        return replace(traces, populations=moved)

    return verified(place, later)


@triggers("ND475")
def nothing_compared(place: Place) -> Iterable[Finding]:
    from neurodeploy.verify.gates import judge

    return judge("P2", "float = integers", n_compared=0, problems=(), agreed="all equal").findings


@triggers("ND477")
def gate_needs_labels(place: Place) -> str:
    with np.load(place.given()) as file:
        np.savez("unlabelled.npz", spikes=file["spikes"])
    return place.command("verify", place.bundle(), "--input", "unlabelled.npz", "--max-drop", "1")


@triggers("ND478")
def fewer_samples(place: Place) -> Iterable[Finding]:
    return verified(place, lambda traces: traces, n=100)


@triggers("ND479")
def no_v_to_compare(place: Place) -> Iterable[Finding]:
    def spikes_alone(traces: Traces) -> Traces:
        return replace(
            traces, populations={n: PopulationTrace(t.spikes) for n, t in traces.populations.items()}
        )

    return verified(place, spikes_alone)
