"""What a NIR file says beside its nodes: dt, name, input maximum, and texts by key."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurodeploy.findings.codes_nir import BAD_PARAMETER, OTHER_DT
from neurodeploy.findings.finding import NeurodeployError, raise_errors
from neurodeploy.graph.checks.structure import check_dt
from neurodeploy.graph.neurons import of_nir_type, with_reset
from neurodeploy.nir.nodes import FlatGraph
from neurodeploy.nir.raw import described, shown, text, whole_number

SOFT_RESETS: Mapping[str, str] = {"subtract": "soft_reset", "subtract_late": "soft_reset_late"}
"""The resets that NIR has no place for, and the metadata key that lists the names of such populations, one a
line. A reader that does not know the keys takes them for NIR's own reset."""


def recorded_dt(flat: FlatGraph, given: float | None) -> float | None:
    """Give the length of a step, as recorded or as given; None where neither says."""
    recorded = _recorded(flat, "dt")
    for dt_s, where in ((given, "dt"), (recorded, f"{flat.where}: metadata.dt")):
        if dt_s is not None:
            raise_errors(check_dt(float(dt_s), where))
    if recorded is None:
        return None if given is None else float(given)
    # within what a dt that was typed or went through float32 differs by
    if given is not None and abs(given - recorded) > 1e-6 * recorded:
        raise OTHER_DT.error(
            where=flat.where,
            found=f"{given:g} s",
            limit=f"{recorded:g} s, recorded in the file",
            help="Leave --dt out.",
        )
    return recorded


def _recorded(flat: FlatGraph, key: str) -> float | None:
    """Give a number of the file's metadata, None where it has none."""
    value = flat.metadata.get(key)
    if value is None:
        return None
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise _metadata(flat, key, "one number")
    return float(array.reshape(-1)[0])


def recorded_text(flat: FlatGraph, key: str) -> str | None:
    """Give a text of the file's metadata, None where it has none."""
    value = flat.metadata.get(key)
    if value is not None and not isinstance(value, bytes | str):
        raise _metadata(flat, key, "a text")
    return None if value is None else text(value)


def recorded_resets(flat: FlatGraph) -> dict[str, str]:
    """Give the reset of each population that the file says has a soft one; see :data:`SOFT_RESETS`."""
    resets: dict[str, str] = {}
    for reset, key in SOFT_RESETS.items():
        for name in filter(None, (recorded_text(flat, key) or "").split("\n")):
            node = flat.nodes.get(name)
            model = None if node is None else of_nir_type(node.type)
            if name in resets or model is None or with_reset(model, reset) is None:
                raise _metadata(flat, key, "names of populations that spike, each once")
            resets[name] = reset
    return resets


def _metadata(flat: FlatGraph, key: str, limit: str) -> NeurodeployError:
    return BAD_PARAMETER.error(
        where=f"{flat.where}: metadata.{key}",
        found=described(flat.metadata.get(key)),
        limit=limit,
        help="Correct the metadata, or leave the key out.",
    )


def input_max(flat: FlatGraph) -> int:
    """Give the largest input value of a step, 1 where the file does not say."""
    value = flat.metadata.get("input_max")
    number = 1 if value is None else whole_number(value)
    if number is None or not 1 <= number < 2**31:
        raise _metadata(flat, "input_max", "one whole number above 0")
    return number


def name_of(flat: FlatGraph, default: str) -> str:
    """Give the recorded name; else that of the file, as it can be printed."""
    return recorded_text(flat, "name") or shown(default)
