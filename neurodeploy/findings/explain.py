"""What every finding code means: the registry behind ``neurodeploy explain``."""

from __future__ import annotations

import re
import textwrap

from neurodeploy.findings.codes_usage import UNKNOWN_CODE
from neurodeploy.findings.finding import Rule, nearest

WIDTH = 100
"""Columns of an explanation."""


def all_codes() -> dict[str, Rule]:
    """Give every rule by its code, sorted."""
    from neurodeploy.findings import (
        codes_dialects,
        codes_module,
        codes_network,
        codes_nir,
        codes_parity,
        codes_program,
        codes_training,
        codes_usage,
    )

    modules = (
        codes_usage,
        codes_training,
        codes_network,
        codes_nir,
        codes_dialects,
        codes_module,
        codes_parity,
        codes_program,
    )
    rules = [rule for module in modules for rule in vars(module).values() if isinstance(rule, Rule)]
    return {rule.code: rule for rule in sorted(rules, key=lambda rule: rule.code)}


def explanation(rule: Rule) -> str:
    """Give what ``neurodeploy explain`` prints of a rule."""
    why = textwrap.fill(rule.why, WIDTH, break_long_words=False, break_on_hyphens=False)
    return f"{rule.code}: {rule.message}\n\n{why}\n\nFor example: {rule.example}"


def as_dict(rule: Rule) -> dict[str, str]:
    """Give a rule as a JSON-ready mapping."""
    return {"what": rule.message, "why": rule.why, "example": rule.example}


def explain(code: str) -> Rule:
    """Give the rule of a code.

    Raises
    ------
    NeurodeployError
        ND087: there is no such code.
    """
    codes = all_codes()
    if code.upper() not in codes:
        well_formed = re.fullmatch(r"ND\d{3}", code.upper()) is not None
        raise UNKNOWN_CODE.error(
            where="neurodeploy explain",
            found=code,
            limit="ND and three digits" if not well_formed else "",
            help=nearest(code.upper(), codes) or "`neurodeploy explain` lists all codes.",
        )
    return codes[code.upper()]
