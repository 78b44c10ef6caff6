"""Checks of the bundle's own files ask the target, and what it says counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.bundle.bundle import Bundle, open_bundle
from neurodeploy.findings.codes_parity import ARTEFACT_DIFFERS
from neurodeploy.findings.codes_usage import UNLISTED_FILE
from neurodeploy.findings.finding import Finding, NeurodeployError
from neurodeploy.passes.clamp_delays import ClampDelays
from neurodeploy.verify.artefact import check_certificate, check_chip_file, check_listed, check_rules
from neurodeploy.verify.gates import Status
from neurodeploy.verify.verify import verify


@pytest.fixture
def opened(bundle) -> Bundle:
    return open_bundle(bundle)


def test_a_sound_program_keeps_the_rules_and_says_how_much_was_looked_at(opened):
    check = check_rules(opened.target, opened.program, n_parts=6)
    assert check.status is Status.PASSED and check.n_compared == 6 and "loihi2" in check.reason


def test_a_broken_rule_stops_with_exit_3_whoever_read_the_program(opened):
    first, *rest = opened.program.populations
    wrong = replace(first, dv=np.full(first.size, 100_000, np.int32))
    with pytest.raises(NeurodeployError) as caught:
        check_rules(opened.target, replace(opened.program, populations=(wrong, *rest)), n_parts=6)
    assert caught.value.exit_code == 3 and caught.value.findings[0].code == "ND204"


def test_a_target_without_a_second_reader_skips_the_check_and_says_so(opened):
    class Plain:
        name = "abacus"

    check = check_chip_file(opened.path, Plain(), opened.program, n_layers=3)
    assert check.status is Status.SKIPPED and "abacus" in check.reason


class Reader:
    name = "abacus"

    def __init__(self, found: list[Finding] | None) -> None:
        self.found = found

    def file_findings(self, program: Any, folder: Path) -> list[Finding] | None:
        return self.found


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (None, Status.SKIPPED),
        ([], Status.PASSED),
        ([ARTEFACT_DIFFERS.finding(where="bead 3", found="1", limit="2")], Status.FAILED),
    ],
)
def test_what_a_targets_own_reader_finds_decides(found, status, opened):
    check = check_chip_file(opened.path, Reader(found), opened.program, n_layers=3)
    assert check.status is status and check.required != (status is Status.SKIPPED)


def test_a_file_that_is_no_part_of_the_bundle_is_a_note_and_not_a_failure(bundle):
    (bundle / "report.html").write_text("x")
    result = verify(bundle, samples=4)
    assert result.exit_code == 0
    assert [f.code for f in result.check("hashes").findings] == [UNLISTED_FILE.code]
    assert check_listed(open_bundle(bundle).manifest).n_compared == len(open_bundle(bundle).manifest.sha256)


def test_a_program_that_is_a_rounding_of_the_network_has_a_certificate(opened):
    check = check_certificate(opened.graph, opened.target, opened.program, passes=(), n_parts=6)
    assert check.status is Status.PASSED and check.n_compared == 6 and "6 populations" in check.reason


def test_a_delay_that_the_exporter_made_too_long_fails_with_its_place(opened):
    first, *rest = opened.program.projections
    late = replace(first, delay_steps=first.delay_steps + 1)
    program = replace(opened.program, projections=(late, *rest))
    check = check_certificate(opened.graph, opened.target, program, passes=(), n_parts=6)
    assert check.status is Status.FAILED and check.required
    assert [f.code for f in check.findings] == ["ND485"] and first.name in check.findings[0].where
    assert "each about +1" in check.findings[0].found


def test_passes_that_the_user_asked_for_are_no_violation_and_undeclared_ones_are(opened):
    shorter = opened.target.lower(opened.graph, passes=[ClampDelays(max_steps=1)]).program
    spelling = ["clamp_delays:max_steps=1"]
    declared = check_certificate(opened.graph, opened.target, shorter, passes=spelling, n_parts=6)
    assert declared.status is Status.PASSED and spelling[0] in declared.reason
    silent = check_certificate(opened.graph, opened.target, shorter, passes=(), n_parts=6)
    assert silent.status is Status.FAILED and {f.code for f in silent.findings} >= {"ND485"}


@pytest.mark.parametrize("passes", [["nobody_has_this"], ["ClampDelays(max_steps=1)"]])
def test_a_pass_that_cannot_be_repeated_leaves_the_certificate_out_and_says_why(opened, passes):
    check = check_certificate(opened.graph, opened.target, opened.program, passes=passes, n_parts=6)
    assert check.status is Status.SKIPPED and passes[0] in check.reason


def test_a_target_that_knows_no_legal_rounding_skips_the_certificate(opened):
    class Plain:
        name = "abacus"

    check = check_certificate(opened.graph, Plain(), opened.program, passes=(), n_parts=6)
    assert check.status is Status.SKIPPED and "abacus" in check.reason
