"""One place decides the exit code; each trap that others fell into is a test."""

from __future__ import annotations

import itertools

import pytest

from neurodeploy.findings.finding import Finding
from neurodeploy.verify.gates import Check, Status, broken, exit_code, judge, skipped

WRONG = Finding(code="ND474", message="differs", found="v of neuron 3")


def passed(**changes) -> Check:
    return judge("P2", "title", n_compared=3, problems=(), agreed="all equal", **changes)


def failed(**changes) -> Check:
    return judge("P3", "title", n_compared=3, problems=[WRONG], agreed="", **changes)


def test_all_passed_gives_0():
    assert exit_code([passed(), passed(required=False)]) == 0


def test_a_failed_check_gives_1_even_if_it_was_not_required():
    assert exit_code([passed(), failed(required=False)]) == 1


def test_no_checks_at_all_are_no_pass():
    assert exit_code([]) == 1


@pytest.mark.parametrize(("required", "code"), [(True, 4), (False, 0)])
def test_a_backend_that_did_not_run_is_4_where_it_is_required(required, code):
    missing = skipped("P3", "title", "Lava is not installed", required=required, backend="lava")
    assert exit_code([passed(), missing]) == code


def test_a_required_check_without_backend_that_did_not_run_is_1():
    assert exit_code([passed(), skipped("P1", "title", "no reason", required=True)]) == 1


def test_a_backend_that_broke_off_is_4_even_if_it_was_not_required():
    for required in (True, False):
        check = broken("P3", "title", [WRONG], required=required, backend="lava")
        assert check.status is Status.FAILED and exit_code([passed(), check]) == 4


def test_a_mismatch_weighs_more_than_a_missing_backend():
    missing = skipped("P3", "title", "Lava is not installed", required=True, backend="lava")
    assert exit_code([failed(), missing]) == 1


def test_zero_samples_cannot_pass():
    check = judge("P2", "title", n_compared=0, problems=(), agreed="all equal")
    assert check.status is Status.FAILED and check.findings[0].code == "ND475"
    assert exit_code([check]) == 1


def test_a_pass_over_nothing_cannot_even_be_written_down():
    with pytest.raises(AssertionError, match="compared nothing"):
        Check(name="P2", title="t", status=Status.PASSED, required=True, reason="fine", n_compared=0)


def test_no_check_goes_without_a_reason():
    with pytest.raises(AssertionError, match="no reason"):
        skipped("P2", "title", "")
    assert "v of neuron 3" in failed().reason


def test_the_code_does_not_depend_on_the_order_of_checks():
    missing = skipped("P3", "title", "not there", required=True, backend="lava")
    optional = skipped("P1", "title", "not there")
    for checks, code in (([passed(), missing, optional], 4), ([failed(), missing, passed()], 1)):
        assert {exit_code(list(order)) for order in itertools.permutations(checks)} == {code}
