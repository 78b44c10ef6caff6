"""The first difference is the cause and not its effects, and only what the data show is said of it."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.traces import PopulationTrace, Traces
from neurodeploy.verify.divergence import count_mismatches, differs, first_divergence


def traces(seed: int = 0) -> Traces:
    rng = np.random.default_rng(seed)
    shape = (3, 20, 5)
    return Traces(
        {
            name: PopulationTrace(
                (rng.random(shape) < 0.3).astype(np.uint8),
                rng.integers(50, 1000, shape, dtype=np.int32),
                rng.integers(50, 1000, shape, dtype=np.int32),
            )
            for name in ("hidden1", "hidden2")
        }
    )


def changed(where: tuple[int, int, int], population: str, quantity: str, by: int) -> Traces:
    copy = traces()
    array = getattr(copy.populations[population], quantity)
    array[where] = array[where] ^ 1 if quantity == "spikes" else array[where] + by
    return copy


def test_equal_traces_do_not_diverge():
    assert first_divergence(traces(), traces()) is None


@pytest.mark.parametrize("quantity", ["u", "v", "spikes"])
def test_every_quantity_is_compared(quantity):
    found = first_divergence(traces(), changed((1, 12, 3), "hidden2", quantity, 5))
    assert found is not None
    assert (found.quantity, found.population, found.sample, found.step, found.neuron) == (
        quantity, "hidden2", 1, 12, 3,
    )  # fmt: skip


def test_it_reads_as_a_sentence():
    actual = traces()
    actual.populations["hidden1"].v[0, 12, 3] = traces().populations["hidden1"].v[0, 12, 3] + 1
    found = first_divergence(traces(), actual)
    wanted = traces().populations["hidden1"].v[0, 12, 3]
    assert str(found) == (
        f"v of neuron 3 of hidden1 at step 12 of sample 0: expected {wanted}, got {wanted + 1}"
    )


def test_an_earlier_step_comes_before_an_earlier_population_and_sample():
    actual = changed((0, 12, 0), "hidden1", "u", 3)
    actual.populations["hidden2"].spikes[2, 11, 4] ^= 1
    found = first_divergence(traces(), actual)
    assert found is not None and (found.population, found.step, found.quantity) == ("hidden2", 11, "spikes")


def test_within_a_step_the_order_of_computing_decides():
    actual = changed((0, 7, 0), "hidden2", "u", 3)
    actual.populations["hidden1"].spikes[0, 7, 0] ^= 1
    actual.populations["hidden1"].v[0, 7, 1] += 2
    found = first_divergence(traces(), actual)
    assert found is not None and (found.population, found.quantity, found.neuron) == ("hidden1", "v", 1)


def test_a_missing_population_is_not_equal():
    less = Traces({"hidden1": traces().populations["hidden1"]})
    with pytest.raises(ValueError, match="hidden2"):
        first_divergence(traces(), less)


def test_other_shapes_are_not_equal():
    cut = Traces({n: PopulationTrace(t.spikes[:, :-1]) for n, t in traces().populations.items()})
    with pytest.raises(ValueError, match="shape"):
        first_divergence(traces(), cut)


@pytest.mark.parametrize(
    ("shift", "words"),
    [(1, "equal one step later"), (-1, "equal one step earlier")],
    ids=["later", "earlier"],
)
def test_a_shift_by_one_step_is_recognised(shift, words):
    late = Traces(
        {
            n: PopulationTrace(np.roll(t.spikes, shift, axis=1), np.roll(t.v, shift, axis=1))
            for n, t in traces().populations.items()
        }
    )
    found = first_divergence(traces(), late)
    assert found is not None and words in found.diagnosis


def test_a_difference_of_one_is_told_and_of_two_is_not():
    one = first_divergence(traces(), changed((0, 3, 0), "hidden1", "v", 1))
    two = first_divergence(traces(), changed((0, 3, 0), "hidden1", "v", 2))
    assert one.diagnosis == "they differ by one unit" and two.diagnosis == ""


def test_a_sign_is_recognised_and_no_cause_is_guessed_from_a_zero_or_a_large_number():
    sign, reset, full = traces(), traces(), traces()
    sign.populations["hidden1"].v[0, 3, 0] *= -1
    reset.populations["hidden1"].v[0, 3, 0] = 0
    full.populations["hidden1"].v[0, 3, 0] = 2**23 - 1
    assert first_divergence(traces(), sign).diagnosis == "equal but for the sign"
    assert first_divergence(traces(), reset).diagnosis == ""
    assert first_divergence(traces(), full).diagnosis == ""


@pytest.mark.parametrize("shift", [1, -1])
def test_a_shift_is_a_fact_and_its_cause_is_not_named(shift):
    late = Traces(
        {n: PopulationTrace(np.roll(t.spikes, shift, axis=1)) for n, t in traces().populations.items()}
    )
    said = first_divergence(traces(), late).diagnosis
    assert "delay" not in said and "latency" not in said


def test_a_silent_trace_is_not_called_shifted():
    silent = Traces({"p": PopulationTrace(np.zeros((1, 5, 2), np.uint8))})
    one = Traces({"p": PopulationTrace(np.zeros((1, 5, 2), np.uint8))})
    one.populations["p"].spikes[0, 4, 0] = 1
    assert first_divergence(silent, one).diagnosis == "there is a spike too many"


@pytest.mark.parametrize(
    ("expected", "actual", "wrong"),
    [
        (0.5, 0.5 + 0.9e-9, False),
        (0.5, 0.5 + 1.1e-9, True),
        (1000.0, 1000.0 + 0.9e-6, False),
        (1000.0, 1000.0 + 1.1e-6, True),
        (0.0, np.nan, True),
        (np.nan, np.nan, True),
        (np.inf, 5.0, True),
        (5.0, np.inf, True),
        (np.inf, -np.inf, True),
        (np.inf, np.inf, False),
    ],
)
def test_the_tolerance_is_absolute_below_one_and_relative_above(expected, actual, wrong):
    assert differs(np.array([expected]), np.array([actual]), 1e-9)[0] == wrong


def test_spikes_have_no_tolerance():
    actual = changed((0, 3, 0), "hidden1", "spikes", 0)
    assert first_divergence(traces(), actual, tolerance=1000.0) is not None


def test_mismatches_are_counted_by_population_and_quantity():
    actual = changed((0, 3, 0), "hidden1", "v", 1)
    actual.populations["hidden2"].spikes[0, 0, :2] ^= 1
    counts = count_mismatches(traces(), actual)
    assert counts["hidden1"] == {"compared": 300, "u": 0, "v": 1, "spikes": 0}
    assert counts["hidden2"] == {"compared": 300, "u": 0, "v": 0, "spikes": 2}
