"""P2 in small: what is measured, what is gated, and what is refused whoever asks."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.findings.finding import Severity
from neurodeploy.traces import PopulationTrace, Traces
from neurodeploy.verify.accuracy import check_accuracy, refusals, silent
from neurodeploy.verify.drop_limit import Thresholds
from neurodeploy.verify.gates import Status, exit_code
from neurodeploy.verify.ladder import Rung
from neurodeploy.verify.statistics import PairedDrop
from neurodeploy.verify.verification import SetResult


def result(
    *,
    name: str = "test",
    n_samples: int = 100,
    spikes: tuple[int, int] = (1000, 1000),
    not_shared: float = 5.0,
    agreement: float | None = 98.0,
    drop: float | None = 0.5,
    before: float = 95.0,
    chance: float | None = 50.0,
) -> SetResult:
    def rung(key: str, n_spikes: int, wrong: float, agreed: float | None) -> Rung:
        decisions = None if agreed is None else np.zeros(n_samples, np.int64)
        return Rung(
            key=key, title=key, n_samples=n_samples, accuracy=None, agreement=agreed, mismatch={"h": 1.0},
            spikes={"h": n_spikes}, not_shared={"h": wrong}, decisions=decisions,
        )  # fmt: skip

    paired = None if drop is None else PairedDrop(
        before=before, after=before - drop, drop=drop, standard_error=0.5, low=drop - 1, high=drop + 1,
        confidence=0.95, n_samples=n_samples, n_decisions=n_samples,
    )  # fmt: skip
    return SetResult(
        name=name,
        n_samples=n_samples,
        n_available=n_samples,
        rungs=(rung("float", spikes[0], 0.0, agreement), rung("integers", spikes[1], not_shared, agreement)),
        drop=paired,
        chance=chance,
        n_decisions=0 if agreement is None else n_samples,
    )


def codes(check) -> list[str]:
    return [finding.code for finding in check.findings]


def test_without_a_limit_the_check_is_measured_and_not_passed():
    check = check_accuracy([result()], Thresholds())
    assert check.status is Status.MEASURED and exit_code([check]) == 0
    assert "no limit was asked for" in check.reason and "--max-drop 0.50 would have passed" in check.reason


def test_with_a_limit_it_passes_or_fails():
    assert check_accuracy([result()], Thresholds(max_drop=0.5)).status is Status.PASSED
    failed = check_accuracy([result()], Thresholds(max_drop=0.49))
    assert failed.status is Status.FAILED and codes(failed) == ["ND471"]
    assert "--max-drop 0.50 would have passed" in failed.findings[0].help


def test_with_confidence_the_upper_end_decides():
    assert check_accuracy([result()], Thresholds(max_drop=1.5, confidence=0.95)).status is Status.PASSED
    failed = check_accuracy([result()], Thresholds(max_drop=1.49, confidence=0.95))
    assert codes(failed) == ["ND471"] and "--max-drop 1.50 would have passed" in failed.findings[0].help


def test_every_set_is_gated_and_the_worst_names_the_value_that_passes():
    sets = [result(name="validation", drop=0.1), result(name="test", drop=3.0)]
    assert codes(check_accuracy(sets, Thresholds(max_drop=1.0))) == ["ND471"]
    passing = check_accuracy(sets, Thresholds()).facts["max_drop_that_passes_percentage_points"]
    assert passing == 3.0


def test_an_empty_set_beside_a_full_one_does_not_drop_out():
    sets = [result(), result(name="validation", n_samples=0, drop=None)]
    for thresholds in (Thresholds(), Thresholds(max_drop=5.0)):
        check = check_accuracy(sets, thresholds)
        assert check.status is Status.FAILED and codes(check) == ["ND475"]
        assert "validation" in check.findings[0].where


def test_no_sets_at_all_fail():
    assert codes(check_accuracy([], Thresholds())) == ["ND475"]


@pytest.mark.parametrize(("not_shared", "found"), [(33.3, []), (33.4, ["ND480"])])
@pytest.mark.parametrize("thresholds", [Thresholds(), Thresholds(max_drop=100.0)])
def test_a_third_of_the_spikes_is_refused_with_and_without_a_limit(not_shared, found, thresholds):
    assert codes(check_accuracy([result(not_shared=not_shared)], thresholds)) == found


@pytest.mark.parametrize(("agreement", "found"), [(66.7, []), (66.6, ["ND481"])])
def test_a_third_of_the_decisions_is_refused_also_without_labels(agreement, found):
    check = check_accuracy([result(agreement=agreement, drop=None, chance=None)], Thresholds())
    assert codes(check) == found


def test_too_few_spikes_or_decisions_refuse_nothing():
    assert not list(refusals(result(spikes=(5, 4), not_shared=100.0)))
    assert not list(refusals(result(n_samples=10, agreement=10.0)))
    assert [f.code for f in refusals(result(spikes=(5, 5), not_shared=100.0))] == ["ND480"]


def test_spikes_that_the_float_network_does_not_have_are_refused():
    assert [f.code for f in refusals(result(spikes=(0, 10), not_shared=100.0))] == ["ND480"]


def quiet(n_spikes: int) -> Traces:
    spikes = np.zeros((1, 20, 2), np.uint8)
    spikes.reshape(-1)[:n_spikes] = 1
    return Traces({"h": PopulationTrace(spikes)})


@pytest.mark.parametrize(
    ("spikes", "trained", "labels", "severity"),
    [
        ((1000, 0), None, True, Severity.ERROR),  # lost in the integers
        ((10, 0), None, True, Severity.ERROR),
        ((9, 0), None, True, Severity.WARNING),  # too few to say
        ((0, 0), None, False, Severity.ERROR),  # a NIR file that nobody knows to be silent
        ((0, 0), None, True, Severity.ERROR),  # that it decides well says nothing of this population
        ((0, 0), quiet(0), False, Severity.WARNING),  # the trained network is silent as well
        ((0, 0), quiet(1), True, Severity.ERROR),  # the trained network is not
    ],
)
def test_a_silent_population_fails_unless_the_trained_network_is_known_to_be_silent(
    spikes, trained, labels, severity
):
    measured = result(
        spikes=spikes, not_shared=100.0 if any(spikes) else 0.0,
        drop=0.0 if labels else None, chance=50.0 if labels else None,
    )  # fmt: skip
    (finding,) = silent(measured, trained)
    assert finding.code == "ND482" and finding.severity is severity
    check = check_accuracy([measured], Thresholds(), trained=trained)
    assert codes(check) == ["ND482"], "and nothing else is said of the same fact"
    assert check.status is (Status.FAILED if severity is Severity.ERROR else Status.MEASURED)


def test_a_network_that_decides_no_better_than_the_most_frequent_label_is_not_known_to_work():
    (finding,) = silent(result(spikes=(0, 0), not_shared=0.0, before=50.0, drop=0.0), None)
    assert finding.severity is Severity.ERROR


def test_a_population_that_fires_is_not_called_silent():
    assert not list(silent(result(), None))
