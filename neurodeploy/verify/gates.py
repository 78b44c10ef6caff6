"""What a check is, and the exit code that checks add up to: the only place that decides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from neurodeploy.findings.codes_parity import NOTHING_COMPARED
from neurodeploy.findings.finding import Exit, Finding


class Status(str, Enum):
    """How a check ended; there is no fifth way.

    A check passed only where a limit could have failed it; what ran without a limit is measured.
    """

    PASSED = "passed"
    MEASURED = "measured"
    FAILED = "failed"
    SKIPPED = "skipped"


RAN_WELL = (Status.PASSED, Status.MEASURED)
"""What a check is that ran and found nothing wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check and how it ended.

    Attributes
    ----------
    name, title
        ``P1`` and what it compares.
    status
        See :class:`Status`.
    required
        Whether the command may end with 0 only if this check ran.
    reason
        Why it failed or was skipped, or what was compared; never empty.
    n_compared
        How many samples (or files) were compared; a check that passed or measured has one at least.
    backend
        The backend that it runs on, where that may be missing.
    ran
        False where it failed because its backend broke off, so that nothing was compared.
    facts
        What was measured, JSON-ready.
    findings
        What went wrong or should be known.
    """

    name: str
    title: str
    status: Status
    required: bool
    reason: str
    n_compared: int = 0
    backend: str = ""
    ran: bool = True
    facts: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        assert self.reason, f"check {self.name} gives no reason"
        assert self.status not in RAN_WELL or self.n_compared > 0, f"check {self.name} compared nothing"

    def to_dict(self) -> dict[str, Any]:
        """Give the check as a JSON-ready mapping."""
        return {
            "name": self.name,
            "title": self.title,
            "status": self.status.value,
            "required": self.required,
            "reason": self.reason,
            "n_compared": self.n_compared,
            "backend": self.backend,
            "ran": self.ran,
            "facts": dict(self.facts),
            "findings": [finding.to_dict() for finding in self.findings],
        }


def judge(
    name: str,
    title: str,
    *,
    n_compared: int,
    problems: Sequence[Finding],
    agreed: str,
    gated: bool = True,
    required: bool = True,
    backend: str = "",
    facts: Mapping[str, Any] | None = None,
    notes: Sequence[Finding] = (),
) -> Check:
    """Turn a comparison that ran into a check: failed with any problem or with nothing compared.

    Otherwise it passed where a limit could have failed it, and is measured where none was asked for.

    Parameters
    ----------
    name, title, n_compared, required, backend, facts
        See :class:`Check`.
    problems
        What differs.
    agreed
        What was compared, for the report of a check without problems.
    gated
        Whether the numbers were held against a limit.
    notes
        Findings that do not fail the check.
    """
    if n_compared == 0 and not problems:
        problems = [
            NOTHING_COMPARED.finding(
                where=name,
                found="0 samples",
                limit="at least 1",
                help="Ask for samples with --samples or --lava, or export with samples.",
            )
        ]
    return Check(
        name=name,
        title=title,
        status=Status.FAILED if problems else (Status.PASSED if gated else Status.MEASURED),
        required=required,
        reason="; ".join(_reason(finding) for finding in problems) if problems else agreed,
        n_compared=n_compared,
        backend=backend,
        facts=facts or {},
        findings=(*problems, *notes),
    )


def skipped(name: str, title: str, reason: str, *, required: bool = False, backend: str = "") -> Check:
    """Make the check that did not run, with the reason."""
    return Check(
        name=name,
        title=title,
        status=Status.SKIPPED,
        required=required,
        reason=reason,
        backend=backend,
        ran=False,
    )


def broken(name: str, title: str, findings: Sequence[Finding], *, required: bool, backend: str) -> Check:
    """Make the check whose backend broke off before anything could be compared."""
    return Check(
        name=name,
        title=title,
        status=Status.FAILED,
        required=required,
        reason="; ".join(_reason(finding) for finding in findings) or "the backend broke off",
        backend=backend,
        ran=False,
        findings=tuple(findings),
    )


def exit_code(checks: Sequence[Check]) -> int:
    """Give the exit code of a verification.

    Returns
    -------
    int
        1 where a check ran and failed, required or not, or where there are no checks; else 4 where a backend
        broke off or a required check on a backend did not run; else 1 where any other required check did not
        run; else 0.
    """
    if not checks or any(check.status is Status.FAILED and check.ran for check in checks):
        return Exit.GATE_FAILED
    missing = [
        check
        for check in checks
        if check.status is Status.FAILED or (check.required and check.status is Status.SKIPPED)
    ]
    if any(check.backend for check in missing):
        return Exit.BACKEND_MISSING
    return Exit.GATE_FAILED if missing else Exit.OK


def _reason(finding: Finding) -> str:
    """Give a finding in one line."""
    return f"{finding.message}: {finding.found}" if finding.found else finding.message
