"""What a value of a NIR file is: a text, a whole number, a shape, or something that can only be described."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.nir.matrix import Matrix
from neurodeploy.nir.storage import MAX_NEURONS, Unread


def shape_of(value: Any) -> tuple[int, ...] | None:
    """Give the shape of an Input or Output, None where it is none or too large."""
    array = np.asarray(value).reshape(-1)
    if array.dtype.kind not in "fiu" or not 0 < array.size <= 32:
        return None
    numbers = [float(n) for n in array]
    if not all(1 <= n <= MAX_NEURONS and n.is_integer() for n in numbers):
        return None
    shape = tuple(int(n) for n in numbers)
    elements = prod(shape)
    return shape if elements <= MAX_NEURONS else None


def whole_number(value: Any) -> int | None:
    """Give a number of a file as an int, None where it is none or not whole."""
    found = whole_numbers(value)
    return found[0] if found is not None and len(found) == 1 else None


def whole_numbers(value: Any) -> tuple[int, ...] | None:
    """Give a few numbers of a file as ints, None where they are none, not whole, or more than 32."""
    if value is None or isinstance(value, Unread | Matrix):
        return None
    array = np.asarray(value)
    if not 0 < array.size <= 32 or array.dtype.kind not in "fiu":
        return None
    numbers = [float(n) for n in array.reshape(-1)]
    return tuple(int(n) for n in numbers) if all(n.is_integer() for n in numbers) else None


def described(value: Any) -> str:
    """Describe a value of a file in a few words."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a group"
    if isinstance(value, Unread):
        return f"{value.dtype} {list(value.shape)}"
    if isinstance(value, Matrix):
        return f"numbers {list(value.shape)}"
    array = np.asarray(value)
    if array.size == 1 and array.dtype.kind in "fiubSU":
        return shown(text(array.reshape(-1)[0].item()) or str(array.reshape(-1)[0]))
    return f"{array.dtype} {list(array.shape)}" + (f": {array.reshape(-1)[:4]}" if array.size < 5 else "")


def text(value: Any) -> str:
    """Give a string of an HDF5 file, which holds bytes, as str; anything else as an empty string."""
    if isinstance(value, bytes):
        return value.decode("utf8", "replace")
    return value if isinstance(value, str) else ""


def shown(name: str) -> str:
    """Give a name as it may be printed: without control characters, and not endless."""
    kept = name if len(name) <= 80 else f"{name[:60]}...{name[-17:]}"
    return kept if kept.isprintable() else ascii(kept)[1:-1]


def is_integrator(raw: Mapping[str, Any]) -> bool:
    """Say whether the parameters of a LIF mean no leak at all: tau and r infinite, no leak voltage.

    snnTorch writes beta = 1 so (tau = dt / (1 - beta), r = tau / dt); the limit is ``v += i``.
    """
    tau, r, leak = (np.asarray(raw.get(key, np.nan)) for key in ("tau", "r", "v_leak"))
    if any(array.dtype.kind not in "fiu" or not array.size for array in (tau, r, leak)):
        return False
    return bool(np.isposinf(tau).all() and np.isposinf(r).all() and not leak.any())


def help_for(key: str, array: NDArray[np.float64]) -> str:
    """Give what to do about a parameter that is not finite, where its name tells more than that."""
    if not key.startswith("tau") or not np.isposinf(array).any():
        return ""
    return (
        "Neurons that never leak are integrators: write them as a node of their own, IF or without threshold "
        "I, with r = 1 / dt where the whole input counts."
    )
