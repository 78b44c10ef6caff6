"""What a verification gives: checks, what was measured on each set, and the exit code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from neurodeploy.files.json_ready import json_ready, rounded
from neurodeploy.findings.printable import printable
from neurodeploy.verify.gates import Check, exit_code
from neurodeploy.verify.ladder import Rung
from neurodeploy.verify.statistics import PairedDrop

SCHEMA = "neurodeploy/verify/1"
"""Of :meth:`Verification.to_dict`: changes where a key changes its name or meaning."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SetResult:
    """The ladder on one set of samples.

    Attributes
    ----------
    name
        ``validation``, ``test``, ``given`` or ``random``.
    n_samples, n_available
        How many were used, and how many the bundle holds.
    rungs
        From the trained floats to the integers.
    drop
        Accuracy of both ends and their difference; None without labels or readout.
    chance
        Accuracy of always deciding for the most frequent label, in percent; None without labels.
    n_decisions
        How many decisions the agreement is a share of; 0 without a readout.
    """

    name: str
    n_samples: int
    n_available: int
    rungs: tuple[Rung, ...]
    drop: PairedDrop | None
    chance: float | None
    n_decisions: int

    @property
    def agreement(self) -> float | None:
        """Share of the decisions in which float and integers agree, in percent."""
        return self.rungs[-1].agreement

    @property
    def mismatch(self) -> dict[str, float]:
        """By spiking population: neuron-steps whose spike differs between float and integers, in percent."""
        return self.rungs[-1].mismatch

    def _repr_html_(self) -> str:
        """Give the ladder as a table, for a notebook."""
        title = f"ladder on {self.name}, {self.n_samples} of {self.n_available} samples"
        columns = ("rung", "accuracy %", "agreement %", *(f"{name} spikes ≠ %" for name in self.mismatch))
        rows = [
            (
                rung.title,
                *map(_percent, (rung.accuracy, rung.agreement, *map(rung.mismatch.get, self.mismatch))),
            )
            for rung in self.rungs
        ]
        return _html_table(title, columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Give the set as a JSON-ready mapping; percentages and points to six decimals."""
        return {
            "n_samples": self.n_samples,
            "n_available": self.n_available,
            "n_decisions": self.n_decisions,
            "agreement_percent": rounded(self.agreement),
            "chance_accuracy_percent": rounded(self.chance),
            "drop": None if self.drop is None else _drop_to_dict(self.drop),
            "rungs": [rung.to_dict() for rung in self.rungs],
        }


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _drop_to_dict(drop: PairedDrop) -> dict[str, Any]:
    """Give a drop with the units in its names."""
    return {
        "float_accuracy_percent": rounded(drop.before),
        "integer_accuracy_percent": rounded(drop.after),
        "drop_percentage_points": rounded(drop.drop),
        "standard_error_percentage_points": rounded(drop.standard_error),
        "low_percentage_points": rounded(drop.low),
        "high_percentage_points": rounded(drop.high),
        "confidence": drop.confidence,
        "n_samples": drop.n_samples,
        "n_decisions": drop.n_decisions,
    }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verification:
    """Every check of a bundle and how it ended.

    Attributes
    ----------
    bundle
        The folder, as it was named.
    name, target, dt_s
        From the manifest.
    checks
        In the order in which they ran.
    sets
        What P2 measured.
    versions
        Of what took part.
    """

    bundle: str
    name: str
    target: str
    dt_s: float
    checks: tuple[Check, ...]
    sets: tuple[SetResult, ...]
    versions: Mapping[str, str]

    @property
    def exit_code(self) -> int:
        """What the process exits with; see :func:`neurodeploy.verify.gates.exit_code`."""
        return exit_code(self.checks)

    def __repr__(self) -> str:
        lines = [f"Verification of {self.name!r} for {self.target}: exit code {self.exit_code}"]
        lines += [
            f"  {check.name:<7} {check.status.value:<8} {check.reason[:80]}" for check in self.checks[:7]
        ]
        drops = [f"{each.name} {each.drop.drop:+.2f}" for each in self.sets[:4] if each.drop is not None]
        if drops:
            lines.append(f"  drop of accuracy in points: {', '.join(drops)}")
        return "\n".join(map(printable, lines))

    def _repr_html_(self) -> str:
        """Give the checks and the ladders as tables, for a notebook."""
        title = f"{self.name}, target {self.target}, exit code {self.exit_code}"
        rows = [(check.name, check.title, check.status.value, check.reason) for check in self.checks]
        ladders = "".join(result._repr_html_() for result in self.sets)
        return _html_table(title, ("check", "what", "result", "compared, or why not"), rows) + ladders

    def check(self, name: str) -> Check:
        """Give the check of a name; KeyError where there is none."""
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Give the verification as a mapping that JSON can hold: numbers that are not finite become null."""
        content = {
            "schema": SCHEMA,
            "bundle": self.bundle,
            "name": self.name,
            "target": self.target,
            "dt_s": self.dt_s,
            "exit_code": self.exit_code,
            "versions": dict(self.versions),
            "checks": [check.to_dict() for check in self.checks],
            "sets": {result.name: result.to_dict() for result in self.sets},
        }
        ready: dict[str, Any] = json_ready(content)
        return ready


def _html_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a table for notebooks; nothing in its texts is markup, and nothing steers a terminal."""

    def cells(texts: Iterable[str], tag: str) -> str:
        return "".join(f"<{tag}>{escape(printable(text))}</{tag}>" for text in texts)

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    caption = f"<caption>{escape(printable(title))}</caption>"
    return f"<table>{caption}<thead><tr>{cells(columns, 'th')}</tr></thead><tbody>{body}</tbody></table>"
