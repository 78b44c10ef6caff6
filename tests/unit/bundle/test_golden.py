"""A golden file that could not fail a comparison is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from neurodeploy.bundle.bundle import open_bundle
from neurodeploy.bundle.golden import Golden, save_golden
from neurodeploy.bundle.layout import GOLDEN
from neurodeploy.bundle.manifest_file import read_manifest, write_manifest
from neurodeploy.files import load_npz, save_npz
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.traces import PopulationTrace, Traces

Arrays = dict[str, np.ndarray]


def _all(change: Callable[[np.ndarray], np.ndarray], *, end: str = "") -> Callable[[Arrays], Arrays]:
    return lambda arrays: {name: change(a) if name.endswith(end) else a for name, a in arrays.items()}


def _without(*words: str) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {name: a for name, a in arrays.items() if not any(word in name for word in words)}


def _with(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {**arrays, name: change(arrays[name])}


CASES: dict[str, Callable[[Arrays], Arrays]] = {
    "no steps": _all(lambda a: a[:, :0]),
    "no samples": _all(lambda a: a[:0]),
    "no traces": _without("fixed"),
    "one population of several": _without("hidden1", "hidden2"),
    "one population less": _without("hidden1"),
    "no v": _without("/v"),
    "no v of one population": _without("hidden1/v"),
    "fewer traces than inputs": _with("fixed/out/v", lambda a: a[:1]),
    "one trace for all inputs": _with("fixed/hidden1/spikes", lambda a: a[:1]),
    "fewer neurons": _all(lambda a: a[:, :, :2], end="out/v"),
    "fewer neurons everywhere": lambda arrays: {
        name: a[:, :, :2] if "out/" in name else a for name, a in arrays.items()
    },
    "two axes": _with("fixed/out/v", lambda a: a[0]),
    "fewer steps of the traces": lambda arrays: {
        name: a if name == "spikes" else a[:, :-1] for name, a in arrays.items()
    },
    "spikes of another type": _with("fixed/hidden1/spikes", lambda a: a.astype(np.int64)),
    "v of another type": _with("fixed/hidden1/v", lambda a: a.astype(np.int8)),
    "v of float with NaN": _all(lambda a: np.where(a > 0, np.nan, a.astype(np.float64)), end="/v"),
    "v of two types": _with("fixed/hidden1/v", lambda a: a.astype(np.float64)),
    "v without spikes": _without("hidden1/spikes"),
    "an array of another name": lambda arrays: {**arrays, "x": arrays["spikes"]},
    "trained without v": lambda arrays: {
        **arrays,
        **{f"trained/{n}/spikes": arrays[f"fixed/{n}/spikes"] for n in ("hidden1", "hidden2", "out")},
    },
    "trained of one population": lambda arrays: {
        **arrays,
        "trained/out/spikes": arrays["fixed/out/spikes"],
        "trained/out/v": arrays["fixed/out/v"].astype(np.float64),
    },
}


@pytest.mark.parametrize("case", CASES)
def test_a_golden_file_that_is_less_than_it_should_be_is_refused(bundle, rehash, case):
    save_npz(bundle / GOLDEN, CASES[case](load_npz(bundle / GOLDEN)))
    rehash(bundle)
    opened = open_bundle(bundle)
    with pytest.raises(NeurodeployError) as caught:
        _ = opened.golden
    code = "ND015" if case in ("no steps", "no samples") else "ND043"  # of the input, as of every other
    assert caught.value.exit_code == 2 and caught.value.findings[0].code == code


def test_a_bundle_made_from_a_run_must_have_the_trained_networks_traces(bundle):
    from dataclasses import replace

    write_manifest(bundle, replace(read_manifest(bundle), recipe="mts-xor"))
    with pytest.raises(NeurodeployError, match="made from a run"):
        _ = open_bundle(bundle).golden


def test_what_could_not_be_read_back_is_not_written(tmp_path):
    spikes = np.zeros((2, 3, 4), np.uint8)
    trace = PopulationTrace(np.zeros((2, 3, 5), np.uint8), np.zeros((2, 3, 5), np.int32))
    Golden(spikes, None, Traces({"a": trace}))
    with pytest.raises(NeurodeployError, match="ND043"):
        save_golden(tmp_path / "g.npz", spikes[:, :0], trained=None, fixed=Traces({"a": trace}))
    assert not list(tmp_path.iterdir())
