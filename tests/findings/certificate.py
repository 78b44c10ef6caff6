"""Triggers of ND484 to ND492: what the certificate finds in the small network's program."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from triggers import Place, triggers

import neurodeploy as nd
from neurodeploy.findings.finding import Finding


def certified(place: Place, *, population: dict[str, Any] | None = None, **network: Any) -> Iterable[Finding]:
    """Certify the program with other registers of its first population, or with other fields."""
    bundle = nd.open_bundle(place.tiny / "bundle")
    first, *rest = bundle.program.populations
    changed = replace(
        first, **{key: change(getattr(first, key)) for key, change in (population or {}).items()}
    )
    program = replace(bundle.program, populations=(changed, *rest), **network)
    return bundle.target.certify(bundle.graph, program)


def synapses(place: Place, **changes: Any) -> Iterable[Finding]:
    """Certify the program with other numbers in its first projection."""
    bundle = nd.open_bundle(place.tiny / "bundle")
    first, *rest = bundle.program.projections
    changed = replace(first, **{key: change(getattr(first, key)) for key, change in changes.items()})
    return bundle.target.certify(bundle.graph, replace(bundle.program, projections=(changed, *rest)))


@triggers("ND484")
def another_network(place: Place) -> Iterable[Finding]:
    return certified(place, input_max=3)


@triggers("ND485")
def delays_a_step_too_long(place: Place) -> Iterable[Finding]:
    return synapses(place, delay_steps=lambda steps: steps + 1)


@triggers("ND486")
def decays_too_large(place: Place) -> Iterable[Finding]:
    return certified(place, population={"dv": lambda dv: dv + 3})


@triggers("ND487")
def two_decays_in_a_group(place: Place) -> Iterable[Finding]:
    return certified(place, population={"dv": lambda dv: dv + (np.arange(dv.size) == 0)})


@triggers("ND488")
def another_origin(place: Place) -> Iterable[Finding]:
    return certified(place, population={"origin": lambda origin: origin + 0.5})


@triggers("ND489")
def threshold_too_low(place: Place) -> Iterable[Finding]:
    return certified(place, population={"vth": lambda vth: vth - 1})


@triggers("ND490")
def another_bias(place: Place) -> Iterable[Finding]:
    return certified(place, population={"bias_mantissa": lambda mantissa: mantissa + 2})


@triggers("ND491")
def another_start(place: Place) -> Iterable[Finding]:
    return certified(place, population={"v_initial": lambda v: v + 5000})


@triggers("ND492")
def weights_of_the_other_sign(place: Place) -> Iterable[Finding]:
    return synapses(place, weight=lambda weight: np.clip(-weight, -256, 254))
