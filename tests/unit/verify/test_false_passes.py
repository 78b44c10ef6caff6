"""Bundles that once ended with exit code 0 and must not: what is missing, empty or impossible fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurodeploy.bundle.golden import load_golden
from neurodeploy.bundle.manifest_file import read_manifest, write_manifest
from neurodeploy.files import load_npz, save_npz
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.interpret import interpret_reference
from neurodeploy.nir.read import read_nir
from neurodeploy.targets.loihi.netx import netx_misfits, write_netx
from neurodeploy.targets.loihi.program_file import read_program, write_program
from neurodeploy.targets.loihi.simulate.fast import simulate
from neurodeploy.verify.gates import Status
from neurodeploy.verify.verify import verify

Arrays = dict[str, np.ndarray]


def outcome(bundle: Path, **options: object) -> tuple[int, set[str]]:
    """Give the exit code and the codes of a verification, whether it was stopped or ran to its end."""
    try:
        result = verify(bundle, **options)
    except NeurodeployError as error:
        return error.exit_code, {finding.code for finding in error.findings}
    return result.exit_code, {finding.code for check in result.checks for finding in check.findings}


# ---- samples


def labels(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {**arrays, "given/labels": change(arrays["given/labels"])}


def with_mask(mask: np.ndarray) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {**arrays, "given/mask": mask}


SAMPLES = {
    "labels as text": labels(lambda x: x.astype(str)),
    "labels one-hot": labels(lambda x: np.eye(3, dtype=np.int64)[x]),
    "labels as floats": labels(lambda x: x + 0.5),
    "labels as NaN": labels(lambda x: np.full(len(x), np.nan)),
    "labels as bool": labels(lambda x: x > 0),
    "labels of classes that do not exist": labels(lambda x: np.full_like(x, 99)),
    "a label one above the classes": labels(lambda x: np.where(np.arange(24) == 5, 3, x)),
    "a label below 0": labels(lambda x: np.where(np.arange(24) == 5, -1, x)),
    "too few labels": labels(lambda x: x[:-1]),
    "one label for all": labels(lambda x: x[:1]),
    "a mask of another shape": with_mask(np.ones((24, 39), bool)),
    "a mask of one row": with_mask(np.ones(40, bool)),
    "a mask that counts nothing": with_mask(np.zeros((24, 40), bool)),
    "a mask of NaN": with_mask(np.full((24, 40), np.nan)),
    "a mask of numbers": with_mask(np.full((24, 40), 7)),
    "no steps": lambda arrays: {**arrays, "given/spikes": arrays["given/spikes"][:, :0]},
    "no samples": lambda arrays: {name: array[:0] for name, array in arrays.items()},
    "no sets": lambda _: {},
    "an empty set beside a full one": lambda arrays: {
        **arrays, "test/spikes": arrays["given/spikes"][:0], "test/labels": arrays["given/labels"][:0],
    },
}  # fmt: skip


@pytest.mark.parametrize("max_drop", [None, 0.0])
@pytest.mark.parametrize("name", SAMPLES)
def test_samples_that_mean_nothing_are_refused_before_anything_runs(name, max_drop, bundle, rehash):
    save_npz(bundle / "samples.npz", SAMPLES[name](load_npz(bundle / "samples.npz")))
    rehash(bundle)
    code, found = outcome(bundle, max_drop=max_drop)
    assert code == 2 and len(found) == 1


@pytest.mark.slow
def test_a_whole_mask_of_ones_changes_nothing_whatever_its_type(bundle, rehash):
    before = verify(bundle).sets[0].to_dict()
    for dtype in (np.bool_, np.int64, np.uint8):
        change = with_mask(np.ones((24, 40), dtype))
        save_npz(bundle / "samples.npz", change(load_npz(bundle / "samples.npz")))
        rehash(bundle)
        assert verify(bundle).sets[0].to_dict() == before


@pytest.mark.parametrize(
    "wrong", [np.full(24, 99), np.full(24, -1), np.zeros(23, int), np.zeros((24, 3), int)]
)
def test_given_samples_are_held_against_the_network_as_well(wrong, bundle, tmp_path):
    spikes = load_npz(bundle / "samples.npz")["given/spikes"]
    np.savez(tmp_path / "mine.npz", spikes=spikes, labels=wrong)
    assert outcome(bundle, given=tmp_path / "mine.npz", max_drop=100.0)[0] == 2


# ---- golden traces


def only(level: str) -> Callable[[Arrays], Arrays]:
    def change(arrays: Arrays) -> Arrays:
        return {key: a for key, a in arrays.items() if not key.startswith(level) or "hidden1" in key}

    return change


def without_v(level: str) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {
        key: a for key, a in arrays.items() if not (key.startswith(level) and key.endswith("/v"))
    }


def of(level: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {key: change(a) if key.startswith(level) else a for key, a in arrays.items()}


GOLDEN = {
    "no steps": lambda arrays: {key: a[:, :0] for key, a in arrays.items()},
    "no samples": lambda arrays: {key: a[:0] for key, a in arrays.items()},
    "no integers": lambda arrays: {key: a for key, a in arrays.items() if not key.startswith("fixed")},
    "integers of one population": only("fixed"),
    "integers without v": without_v("fixed"),
    "no trained network": lambda arrays: {k: a for k, a in arrays.items() if not k.startswith("trained")},
    "trained network of one population": only("trained"),
    "trained network without v": without_v("trained"),
    "trained v as NaN": lambda arrays: {
        key: np.full_like(a, np.nan) if key.startswith("trained") and key.endswith("/v") else a
        for key, a in arrays.items()
    },
    "fewer traces than inputs": of("fixed", lambda a: a[:-1]),
    "one trace for all inputs": of("fixed", lambda a: a[:1]),
    "fewer neurons": of("fixed", lambda a: a[:, :, :-1]),
    "other steps": of("trained", lambda a: a[:, :-1]),
    "v as text": lambda arrays: {
        key: a.astype(str) if key.startswith("fixed") and key.endswith("/v") else a
        for key, a in arrays.items()
    },
}


@pytest.fixture
def from_run(bundle: Path) -> Path:
    """A bundle that says that it was made from a run, with traces of its trained network."""
    golden = load_golden(bundle / "golden.npz")
    trained = interpret_reference(read_nir(bundle / "model.nir"), golden.spikes)
    arrays = load_npz(bundle / "golden.npz")
    for name, trace in trained.populations.items():
        arrays |= {f"trained/{name}/spikes": trace.spikes, f"trained/{name}/v": trace.v}
    save_npz(bundle / "golden.npz", arrays)
    write_manifest(bundle, replace(read_manifest(bundle), recipe="mts-xor", training={"epochs": 1}))
    return bundle


def test_the_golden_traces_pass_before_they_are_damaged(from_run):
    result = verify(from_run)
    assert result.exit_code == 0
    assert {result.check(name).status for name in ("P1", "golden", "twins")} == {Status.PASSED}


@pytest.mark.slow
@pytest.mark.parametrize("name", GOLDEN)
def test_golden_traces_that_are_missing_or_damaged_do_not_pass(name, from_run, rehash):
    save_npz(from_run / "golden.npz", GOLDEN[name](load_npz(from_run / "golden.npz")))
    rehash(from_run)
    code, found = outcome(from_run)
    assert code in (1, 2) and found


# ---- programs


def redone(bundle: Path, change: Callable, rehash: Callable[[Path], None]) -> None:
    """Change the program and make everything that follows from it anew, as a faulty exporter would."""
    program = change(read_program(bundle / "program.h5"))
    write_program(program, bundle / "program.h5")
    arrays = load_npz(bundle / "golden.npz")
    for name, trace in simulate(program, arrays["spikes"]).populations.items():
        arrays |= {f"fixed/{name}/spikes": trace.spikes, f"fixed/{name}/v": trace.v}
    save_npz(bundle / "golden.npz", arrays)
    (bundle / "network.net").unlink(missing_ok=True)
    if not netx_misfits(program):
        write_netx(program, bundle / "network.net")
    rehash(bundle)


def population(**arrays: int) -> Callable:
    def change(program):
        first, *rest = program.populations
        changed = {key: np.full(first.size, value, np.int32) for key, value in arrays.items()}
        return replace(program, populations=(replace(first, **changed), *rest))

    return change


def projection(key: str, value: int) -> Callable:
    def change(program):
        first, *rest = program.projections
        array = getattr(first, key).copy()
        array[0, 0, 0] = value
        weight = first.weight.copy()
        weight[0, 0, 0] = weight[0, 0, 0] or 2  # a delay counts only where there is a synapse
        changed = replace(first, **{"weight": weight, key: array})
        return replace(program, projections=(changed, *rest))

    return change


IMPOSSIBLE = {
    "dv of 17 bits": population(dv=100_000),
    "dv below 0": population(dv=-5),
    "du of 13 bits": population(du=5000),
    "a threshold of 21 bits": population(vth=2**20),
    "a bias of 21 bits": population(bias_mantissa=2**20),
    "a weight of 14 bits": projection("weight", 9998),
    "a delay of 500 steps": projection("delay_steps", 500),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_a_program_that_no_chip_can_hold_is_a_broken_rule(name, bundle, rehash):
    write_program(IMPOSSIBLE[name](read_program(bundle / "program.h5")), bundle / "program.h5")
    rehash(bundle)
    code, found = outcome(bundle)
    assert code == 3 and all(rule.startswith("ND2") for rule in found)


def silenced(program):
    return replace(
        program, projections=tuple(replace(p, weight=np.zeros_like(p.weight)) for p in program.projections)
    )


@pytest.mark.parametrize("max_drop", [None, 100.0])
def test_a_bundle_with_all_weights_0_fails_with_and_without_a_limit(max_drop, bundle, rehash):
    redone(bundle, silenced, rehash)
    code, found = outcome(bundle, max_drop=max_drop)
    assert code == 1 and "ND482" in found


def test_weights_of_another_network_fail_without_a_limit(bundle, rehash):
    def shuffled(program):
        rng = np.random.default_rng(0)
        return replace(
            program,
            projections=tuple(
                replace(p, weight=rng.permuted(p.weight, axis=2), delay_steps=p.delay_steps)
                for p in program.projections
            ),
        )

    redone(bundle, shuffled, rehash)
    code, found = outcome(bundle)
    assert code == 1 and found & {"ND480", "ND481"}


def test_another_network_in_the_chips_own_file_fails_though_lava_does_not_run(bundle, rehash):
    with h5py.File(bundle / "network.net", "r+") as file:
        file["layer/1/weight"][...] = 0
    rehash(bundle)
    code, found = outcome(bundle)
    assert code == 1 and found == {"ND483"}


def test_a_chip_file_that_the_manifest_names_and_nobody_finds_fails(bundle, rehash):
    (bundle / "network.net").unlink()
    rehash(bundle)
    assert outcome(bundle)[0] in (1, 2, 5)
