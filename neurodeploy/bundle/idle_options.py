"""Options of an export that would change nothing, by what is exported: refused, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from neurodeploy.findings.codes_program import WITHOUT_EFFECT
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.model import Graph
from neurodeploy.graph.observed import Observed

_IDLE: dict[str, Mapping[str, str]] = {
    "run": {
        "dt": "it knows how long its steps are",
        "dialect": "only NIR files have dialects",
        "calibrate": "it brings the samples that it is calibrated and measured on",
        "seed": "nothing is drawn for it: it brings its samples",
        "traces": "it brings what its trained network did",
        "score": "its recipe says how it decides",
        "input-max": "its recipe says what it takes",
    },
    "network": {
        "dt": "it knows how long its steps are",
        "dialect": "only NIR files have dialects",
        "score": "it knows how it decides",
        "input-max": "it knows what it takes",
    },
}
_IDLE["network with traces"] = dict(_IDLE["network"]) | {
    "calibrate": "it brings its samples",
    "seed": "nothing is drawn for it: it brings its samples",
    "traces": "it brings traces of its own",
}
_IDLE["module"] = {
    "dialect": "only NIR files have dialects",
    "seed": "nothing is drawn for it: samples are given",
    "traces": "it makes traces of its own",
}
"""Options that change nothing, by what is exported, each with the reason."""


def kind_of(source: Path | Graph | Observed) -> str:
    """Name what is exported."""
    if isinstance(source, Observed):
        return "network with traces"
    if isinstance(source, Graph):
        return "network"
    return "run" if source.is_dir() else "file"


def refuse_idle(kind: str, given: set[str]) -> None:
    """Raise ND096 for every option that would change nothing.

    Parameters
    ----------
    kind
        As :func:`kind_of` gives it, or ``module``.
    given
        The options that were given, without dashes.
    """
    idle = {option: f"given with a {kind}: {why}" for option, why in _IDLE.get(kind, {}).items()}
    if "seed" in given and given & {"calibrate", "traces"}:
        idle.setdefault("seed", f"given with a {kind}: nothing is drawn where samples are given")
    findings = [
        WITHOUT_EFFECT.finding(where=f"--{option}", found=found, help=f"Leave --{option} out.")
        for option, found in idle.items()
        if option in given
    ]
    if findings:
        raise NeurodeployError(findings)
