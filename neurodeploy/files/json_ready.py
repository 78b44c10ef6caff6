"""Facts as JSON can hold them: no NaN, no infinity, no numbers of NumPy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def json_ready(value: Any) -> Any:
    """Give a value in the types of JSON.

    Parameters
    ----------
    value
        Mappings, lists and tuples of texts, numbers, booleans and None, of NumPy too.

    Returns
    -------
    Any
        The same; a number that is not finite becomes None, which JSON writes as ``null``.
    """
    if isinstance(value, Mapping):
        return {str(key): json_ready(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def rounded(x: float | None) -> float | None:
    """Give a percentage to six decimals; None where there is none or it is not finite."""
    return None if x is None or not math.isfinite(x) else round(x, 6)
