"""A verification as JSON."""

from __future__ import annotations

import json

from neurodeploy.verify.verification import Verification


def to_json(verification: Verification) -> str:
    """Give the verification as a JSON document with a final newline; no NaN in it."""
    return json.dumps(verification.to_dict(), indent=1, allow_nan=False) + "\n"
