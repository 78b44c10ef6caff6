"""Samples are checked when they are made: what fits is converted exactly, the rest is a finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.data import sample_checks
from neurodeploy.data.samples import Samples, accuracy, load_samples, save_samples
from neurodeploy.findings.finding import Exit, Finding, NeurodeployError
from neurodeploy.traces import Traces

N, STEPS, SOURCES, CLASSES = 4, 6, 5, 3
SPIKES = (np.random.default_rng(0).random((N, STEPS, SOURCES)) < 0.4).astype(np.uint8)
LABELS = np.array([0, 1, 2, 0])
MASK = np.ones((N, STEPS), dtype=bool)
NAN = np.where(np.arange(N) == 2, np.nan, 1.0)

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "spikes without steps": ({"spikes": SPIKES[:, :0]}, "ND015"),
    "no samples": ({"spikes": SPIKES[:0], "labels": LABELS[:0]}, "ND015"),
    "spikes of one sample": ({"spikes": SPIKES[0]}, "ND010"),
    "another number of sources": ({"spikes": SPIKES[:, :, :4]}, "ND010"),
    "a count of two": ({"spikes": SPIKES * 2}, "ND011"),
    "half a spike": ({"spikes": SPIKES * 0.5}, "ND011"),
    "spikes of NaN": ({"spikes": np.full(SPIKES.shape, np.nan)}, "ND011"),
    "infinite spikes": ({"spikes": np.where(SPIKES, np.inf, 0.0)}, "ND011"),
    "negative spikes": ({"spikes": -SPIKES.astype(np.int8)}, "ND011"),
    "spikes that wrap to 1 in eight bits": ({"spikes": SPIKES.astype(np.int64) * 257}, "ND011"),
    "complex spikes": ({"spikes": SPIKES + 0j}, "ND011"),
    "spikes as text": ({"spikes": SPIKES.astype(str)}, "ND011"),
    "spikes as durations": ({"spikes": SPIKES.astype("m8[s]")}, "ND011"),
    "labels as text": ({"labels": LABELS.astype(str)}, "ND013"),
    "labels as bytes": ({"labels": LABELS.astype("S1")}, "ND013"),
    "labels as floats": ({"labels": LABELS.astype(float)}, "ND013"),
    "labels of NaN": ({"labels": NAN}, "ND013"),
    "labels as booleans": ({"labels": LABELS.astype(bool)}, "ND013"),
    "one-hot labels": ({"labels": np.eye(CLASSES, dtype=np.int64)[LABELS]}, "ND012"),
    "a label 99": ({"labels": np.array([0, 1, 2, 99])}, "ND013"),
    "the first class that does not exist": ({"labels": np.array([0, 1, 2, 3])}, "ND013"),
    "a negative label": ({"labels": np.array([0, 1, 2, -1])}, "ND013"),
    "a label beyond int64": ({"labels": np.full(N, 2**64 - 1, dtype=np.uint64)}, "ND013"),
    "a label too few": ({"labels": LABELS[:3]}, "ND012"),
    "a single label": ({"labels": np.array(1)}, "ND012"),
    "labels of another number of steps": ({"labels": np.zeros((N, STEPS + 1), dtype=int)}, "ND012"),
    "a mask per sample": ({"mask": MASK[:, 0]}, "ND014"),
    "a mask of other steps": ({"mask": MASK[:, :5]}, "ND014"),
    "a mask that is false everywhere": ({"mask": ~MASK}, "ND014"),
    "a mask of twos": ({"mask": MASK * 2}, "ND014"),
    "a mask of floats": ({"mask": MASK * 1.0}, "ND014"),
    "a mask of indices": ({"mask": np.arange(N * STEPS).reshape(N, STEPS)}, "ND014"),
}


def refused(arrays: dict[str, Any]) -> Finding:
    settings = {"n_classes": CLASSES, "size": SOURCES, "maximum": 1, "where": "here"}
    with pytest.raises(NeurodeployError) as caught:
        Samples(**{"spikes": SPIKES, "labels": LABELS, **arrays}, **settings)
    assert caught.value.exit_code == Exit.BAD_INPUT
    (finding,) = caught.value.findings
    return finding


@pytest.mark.parametrize("name", WRONG)
def test_samples_that_mean_nothing_cannot_be_made(name: str) -> None:
    arrays, code = WRONG[name]
    finding = refused(arrays)
    assert finding.code == code
    (guilty,) = {"labels", "mask", "spikes"} & set(arrays) if len(arrays) == 1 else {"spikes"}
    assert finding.where.startswith(f"here: {guilty}")
    assert finding.found and finding.limit and finding.help


def test_a_label_that_is_no_class_is_named_with_its_place() -> None:
    assert refused({"labels": np.array([0, 99, 2, 99])}).where == "here: labels[1]"


@pytest.mark.parametrize("kind", ["bool", "int8", "uint16", "int64", "uint64", "float16", "float64"])
def test_whole_numbers_of_any_type_become_bytes(kind: str) -> None:
    samples = Samples(SPIKES.astype(kind), LABELS.astype(np.uint8), MASK.astype(np.int8))
    assert samples.spikes.dtype == np.uint8 and np.array_equal(samples.spikes, SPIKES)
    assert samples.labels is not None and samples.labels.dtype == np.int64
    assert samples.mask is not None and samples.mask.dtype == np.bool_


def test_bytes_are_neither_copied_nor_changed() -> None:
    assert Samples(SPIKES).spikes is SPIKES


def test_a_large_array_is_converted_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_checks, "CHUNK_BYTES", SPIKES[0].size * 8)
    assert np.array_equal(Samples(SPIKES.astype(float)).spikes, SPIKES)
    late = SPIKES.astype(float)
    late[-1, -1, -1] = np.nan
    assert refused({"spikes": late}).code == "ND011"


def test_an_integer_mask_counts_the_same_steps_as_its_booleans() -> None:
    steps = np.random.default_rng(1).random((N, STEPS)) < 0.5
    samples = Samples(SPIKES, LABELS, steps.astype(np.int64))
    assert samples.mask is not None and np.array_equal(samples.mask, steps)


def test_the_first_samples_may_not_be_none() -> None:
    late = np.zeros((N, STEPS), dtype=bool)
    late[-1] = True
    with pytest.raises(NeurodeployError) as caught:
        Samples(SPIKES, LABELS, late).first(2)
    assert caught.value.findings[0].code == "ND014"
    assert len(Samples(SPIKES, LABELS, late).first(N)) == N


def test_sets_come_back_as_they_were_saved(tmp_path: Path) -> None:
    path = tmp_path / "samples.npz"
    save_samples(path, {"test": Samples(SPIKES, LABELS, MASK), "calibration": Samples(SPIKES[:1])})
    sets = load_samples(path, required=("test",), size=SOURCES, maximum=1, n_classes=CLASSES)
    assert list(sets) == ["calibration", "test"]
    for name in ("spikes", "labels", "mask"):
        assert np.array_equal(
            getattr(sets["test"], name), {"spikes": SPIKES, "labels": LABELS, "mask": MASK}[name]
        )
    assert sets["calibration"].labels is None


def test_a_set_that_is_needed_and_missing_is_a_finding(tmp_path: Path) -> None:
    save_samples(tmp_path / "samples.npz", {"test": Samples(SPIKES)})
    with pytest.raises(NeurodeployError) as caught:
        load_samples(tmp_path / "samples.npz", required=("validation",))
    assert caught.value.findings[0].code == "ND003"


def test_a_set_is_described_in_a_line() -> None:
    assert (
        repr(Samples(SPIKES, LABELS))
        == f"Samples({N} samples of {STEPS} steps, {SOURCES} sources, labels [{N}])"
    )


def test_decisions_and_labels_meet_sample_by_sample_where_one_of_them_has_no_steps() -> None:
    score = np.zeros((3, 3, 2))  # as many steps as samples: a step must not pass for a sample
    score[0, :, 1] = 1
    each_step, once = Traces({}, score.sum(axis=1), score), Traces({}, score.sum(axis=1))
    spikes = np.ones((3, 3, 1), np.uint8)
    assert accuracy(Samples(spikes, np.array([1, 0, 0])), each_step) == 1.0
    assert accuracy(Samples(spikes, np.array([[1, 1, 0], [0, 0, 0], [0, 0, 0]])), once) == 8 / 9
    masked = Samples(spikes, np.array([1, 0, 1]), np.array([[1, 0, 0]] * 3))
    assert accuracy(masked, once) == accuracy(masked, each_step) == 2 / 3


@pytest.mark.parametrize("n", [0, -1])
def test_a_number_of_samples_that_is_none_takes_none_from_the_end_either(n: int) -> None:
    with pytest.raises(NeurodeployError, match="ND015"):
        Samples(np.ones((3, 4, 1), np.uint8)).first(n)
