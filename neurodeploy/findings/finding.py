"""Findings: what is wrong, where, what was found, what is allowed and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum

from neurodeploy.findings.printable import printable


class Severity(str, Enum):
    """How much a finding weighs: an error stops the command, a warning and a note do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Exit:
    """Exit codes of every command."""

    OK = 0
    GATE_FAILED = 1
    BAD_INPUT = 2
    TARGET_RULE = 3
    BACKEND_MISSING = 4
    BUNDLE_CHANGED = 5
    INTERNAL_ERROR = 70
    INTERRUPTED = 128 + 2
    TERMINATED = 128 + 15
    BROKEN_PIPE = 128 + 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One diagnostic.

    Attributes
    ----------
    code
        ``ND`` and three digits: 0xx usage and files, 1xx graph, 2xx target rules, 3xx quantisation,
        4xx parity and backends. A code is never reused for another meaning.
    message
        What is wrong, as a sentence without a full stop.
    where
        The file, key, layer or neuron.
    found, limit
        The offending value and the allowed one, with units.
    help
        What to do.
    severity
        See :class:`Severity`.
    """

    code: str
    message: str
    where: str = ""
    found: str = ""
    limit: str = ""
    help: str = ""
    severity: Severity = Severity.ERROR

    def render(self) -> str:
        """Give the finding as text, the way a compiler prints a diagnostic."""
        lines = [f"{self.severity.value}[{self.code}]: {printable(self.message)}"]
        for start, text in (
            ("  --> ", self.where),
            ("   |  found  ", self.found),
            ("   |  limit  ", self.limit),
            ("  help: ", self.help),
        ):
            if text:
                lines.append(f"{start}{printable(text)}")
        return "\n".join(lines)

    @classmethod
    def from_dict(cls, fields: Mapping[str, str]) -> Finding:
        """Make a finding of what :meth:`to_dict` gave."""
        texts = {key: text for key, text in fields.items() if key != "severity"}
        return cls(**texts, severity=Severity(fields["severity"]))

    def to_dict(self) -> dict[str, str]:
        """Give the finding as a JSON-ready mapping."""
        fields = asdict(self)
        fields["severity"] = self.severity.value
        return fields


@dataclass(frozen=True, slots=True)
class Rule:
    """One code: what is wrong, why that is a finding, and something that triggers it.

    Attributes
    ----------
    code
        See :class:`Finding`.
    message
        What is wrong, as a sentence without a full stop; a place may say it more exactly.
    why
        Why it is a finding, with the source where a number is behind it.
    example
        Something that triggers it.
    severity
        Of its findings.
    exit_code
        What a command ends with that such a finding stops; None: 3 for target rules (ND2xx), else 2.
    """

    code: str
    message: str
    why: str = field(kw_only=True)
    example: str = field(kw_only=True)
    severity: Severity = field(default=Severity.ERROR, kw_only=True)
    exit_code: int | None = field(default=None, kw_only=True)

    def finding(
        self,
        *,
        message: str = "",
        where: str = "",
        found: str = "",
        limit: str = "",
        help: str = "",
        severity: Severity | None = None,
    ) -> Finding:
        """Make a finding of this rule; ``message`` only where the place knows a more exact sentence."""
        return Finding(
            code=self.code,
            message=message or self.message,
            where=where,
            found=found,
            limit=limit,
            help=help,
            severity=severity or self.severity,
        )

    def error(
        self, *, message: str = "", where: str = "", found: str = "", limit: str = "", help: str = ""
    ) -> NeurodeployError:
        """Make the error that stops a command with one finding of this rule."""
        finding = self.finding(message=message, where=where, found=found, limit=limit, help=help)
        return NeurodeployError(finding, self.exit_code)


class NeurodeployError(Exception):
    """One or more findings that stop a command.

    Parameters
    ----------
    findings
        What is wrong; at least one.
    exit_code
        What the process exits with, see :class:`Exit`. By default 3 where a finding is a target rule
        (ND2xx) and 2 otherwise.
    """

    def __init__(self, findings: Finding | Iterable[Finding], exit_code: int | None = None) -> None:
        self.findings: tuple[Finding, ...] = (findings,) if isinstance(findings, Finding) else tuple(findings)
        self.exit_code = exit_code if exit_code is not None else exit_code_of(self.findings)
        super().__init__("\n\n".join(finding.render() for finding in self.findings))


def exit_code_of(findings: Sequence[Finding]) -> int:
    """Give the exit code for findings: 0 without errors, 3 for target rules, else 2."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if not errors:
        return Exit.OK
    if all(finding.code.startswith("ND2") for finding in errors):
        return Exit.TARGET_RULE
    return Exit.BAD_INPUT


def raise_errors(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Raise :class:`NeurodeployError` if any finding is an error; else give all of them back."""
    kept = tuple(findings)
    if any(finding.severity is Severity.ERROR for finding in kept):
        raise NeurodeployError(kept)
    return kept


def nearest(word: str, known: Iterable[str]) -> str:
    """Give ``did you mean 'x'?`` for the nearest of ``known``, or an empty string."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else ""
