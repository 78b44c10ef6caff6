"""What every finding code means: the registry behind ``neurodeploy explain``."""

from __future__ import annotations

import re
import textwrap
from dataclasses import asdict, dataclass

from neurodeploy.findings.finding import Finding, NeurodeployError, nearest

WIDTH = 100
"""Columns of an explanation."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One code.

    Attributes
    ----------
    what
        What is wrong, a sentence without a full stop.
    why
        Why it is a finding, with the source where a number is behind it.
    example
        Something that triggers it.
    """

    what: str
    why: str
    example: str

    def render(self, code: str) -> str:
        """Give the explanation as text."""
        why = textwrap.fill(self.why, WIDTH, break_long_words=False, break_on_hyphens=False)
        return f"{code}: {self.what}\n\n{why}\n\nFor example: {self.example}"

    def to_dict(self) -> dict[str, str]:
        """Give the explanation as a JSON-ready mapping."""
        return asdict(self)


def all_codes() -> dict[str, Explanation]:
    """Give every code with its explanation, sorted."""
    from neurodeploy.findings.codes_network import NETWORK
    from neurodeploy.findings.codes_parity import PARITY
    from neurodeploy.findings.codes_training import TRAINING
    from neurodeploy.findings.codes_usage import USAGE

    return {
        code: Explanation(*texts)
        for code, texts in sorted({**USAGE, **TRAINING, **NETWORK, **PARITY}.items())
    }


def explain(code: str) -> Explanation:
    """Give one explanation.

    Raises
    ------
    NeurodeployError
        ND087: there is no such code.
    """
    codes = all_codes()
    if code.upper() not in codes:
        well_formed = re.fullmatch(r"ND\d{3}", code.upper()) is not None
        raise NeurodeployError(
            Finding(
                code="ND087",
                message="there is no such code",
                where="neurodeploy explain",
                found=code,
                limit="ND and three digits" if not well_formed else "",
                help=nearest(code.upper(), codes) or "`neurodeploy explain` lists all codes.",
            )
        )
    return codes[code.upper()]
