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
from neurodeploy.verify.artefact import check_chip_file, check_listed, check_rules
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
