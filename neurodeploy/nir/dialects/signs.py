"""What in a NIR file shows that its writer means something else than NIR's equations."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from neurodeploy.findings.codes_dialects import (
    IF_GAIN,
    NO_INPUT_GAIN,
    NO_V_RESET,
    OTHER_STEP,
    R_IS_BETA,
    RESET_UNKNOWN,
    TAU_IN_STEPS,
    THOUSAND_TIMES,
    TIES,
)
from neurodeploy.findings.finding import Finding
from neurodeploy.nir.dialects.dialect import FRAMEWORKS
from neurodeploy.nir.dialects.traits import (
    CLOSE,
    FILTERED,
    SPIKING,
    WITHOUT_LEAK,
    all_taus,
    equal,
    is_ours,
    leaky_of,
    named_by_spikingjelly,
    neurons_of,
    one_value,
    place,
    r_of,
    rockpool_gain,
    step_of,
    tau_of,
)
from neurodeploy.nir.nodes import FlatGraph, Node

_GRID_BITS = -10
"""Weights in whole multiples of 2 to this power meet the threshold exactly now and then."""


def signs(flat: FlatGraph, dt_s: float | None) -> tuple[Finding, ...]:
    """Say what a file shows of its writer.

    Parameters
    ----------
    flat
        The file.
    dt_s
        Length of one step, in seconds; None where nobody says: then only what needs no step is seen.

    Returns
    -------
    tuple[Finding, ...]
        ND152 to ND159, which are errors as long as nobody says who wrote the file; ND160, a note. Nothing of
        a file that neurodeploy wrote.
    """
    if is_ours(flat):
        return ()
    with np.errstate(all="ignore"):  # the checks of the graph find what is not finite
        return tuple(_signs(flat, dt_s))


def _signs(flat: FlatGraph, dt_s: float | None) -> Iterator[Finding]:
    by_beta = list(_r_is_beta(flat, dt_s))
    yield from by_beta
    if not by_beta:
        yield from _thousand_times(flat, dt_s)
        yield from _in_steps(flat)
        yield from _no_gain(flat, dt_s)
        yield from _other_step(flat, dt_s)
        yield from _reset_unknown(flat)
        yield from _steps_of_one(flat, dt_s)
        yield from _rockpool_without_filter(flat, dt_s)
        yield from _reset_left_out(flat, dt_s)
        yield from _ties(flat, dt_s)
    yield from _if_gain(flat, dt_s)
    without = [node for node in neurons_of(flat, *SPIKING) if "v_reset" in node.absent]
    if without:
        yield NO_V_RESET.finding(where=place(flat, without), found="no v_reset", limit="0, as NIR defines it")


def _r_is_beta(flat: FlatGraph, dt_s: float | None) -> Iterator[Finding]:
    """ND157: r = 1 - dt / tau, as Spyx writes it."""
    nodes = leaky_of(flat)
    step = one_value([tau_of(node) * (1 - r_of(node)) for node in nodes])
    if step is None or not all(((r_of(node) > 0) & (r_of(node) < 1)).all() for node in nodes):
        return
    several = one_value([tau_of(node) for node in nodes]) is None
    if several or (dt_s is not None and equal(step, dt_s)):
        yield R_IS_BETA.finding(
            where=place(flat, nodes, "r"),
            found=f"r = 1 - dt / tau for a dt of {step:g} s, as Spyx writes it",
            limit="r = tau / dt where the input counts in full",
            help="Say who wrote the file: --dialect spyx; or --dialect nir, if r is meant so.",
        )


def _thousand_times(flat: FlatGraph, dt_s: float | None) -> Iterator[Finding]:
    """ND153: every tau is below dt and would not be, were it 1,000 times longer."""
    nodes = leaky_of(flat)
    tau = all_taus(nodes)
    if dt_s is None or not tau.size or tau.min() >= dt_s * (1 - 1e-6) or tau.min() * 1e3 < dt_s * (1 - CLOSE):
        return
    if one_value([r_of(node) for node in nodes]) == 1.0:
        short = [node for node in nodes if tau_of(node).min() < dt_s] or nodes
        yield THOUSAND_TIMES.finding(
            where=place(flat, short, "tau"),
            found=f"{tau.min():g} s, a part of one step of {dt_s:g} s",
            limit=f"{tau.min() * 1e3:g} s, if Norse's to_nir wrote it with its own dt of 0.001",
            help="Say who wrote the file: --dialect norse; or give the right --dt.",
        )


def _in_steps(flat: FlatGraph) -> Iterator[Finding]:
    """ND156: r = 1 and every tau at 1 or above, as sinabs writes them."""
    nodes = leaky_of(flat)
    tau = all_taus(nodes)
    if not tau.size or tau.min() < 1 or not np.isfinite(tau).all():
        return
    if one_value([r_of(node) for node in nodes]) == 1.0:
        yield TAU_IN_STEPS.finding(
            where=place(flat, nodes, "tau"),
            found=f"{tau.min():g}{f' to {tau.max():g}' if tau.max() > tau.min() else ''}, r = 1",
            limit="seconds",
            help="Say who wrote the file: --dialect sinabs:reset=zero|subtract,spikes=single|multi; or "
            "--dialect nir, if these are seconds.",
        )


def _no_gain(flat: FlatGraph, dt_s: float | None) -> Iterator[Finding]:
    """ND152: a filter with w_in = 1."""
    nodes = [
        node
        for node in neurons_of(flat, *FILTERED)
        if (node.parameters["w_in"] == 1).all()
        and (dt_s is None or not equal(node.parameters["tau_syn"], dt_s))
    ]
    if not nodes:
        return
    guess = "norse (its LIFCell) or rockpool:spikes=single|multi"
    if one_value([r_of(node) for node in nodes]) == 1.0:
        guess = "norse (its LIFCell)"
    elif dt_s is not None and all(equal(r_of(n), rockpool_gain(tau_of(n), dt_s)) for n in nodes):
        guess = "rockpool:spikes=single|multi (its r is tau / dt * exp(-dt / tau))"
    yield NO_INPUT_GAIN.finding(
        where=place(flat, nodes, "w_in"),
        found="1",
        limit="tau_syn / dt, where the whole input is added to the current",
        help=f"Say who wrote the file: --dialect {guess}; or --dialect nir, if it is meant as NIR says.",
    )


def _other_step(flat: FlatGraph, dt_s: float | None) -> Iterator[Finding]:
    """ND154: tau / r (of neurons without leak 1 / r) is one step, and not this one."""
    if dt_s is None:
        return
    nodes = [node for node in leaky_of(flat) if (r_of(node) > 1).all()]
    step = one_value([step_of(node) for node in nodes])
    if step is None:
        nodes = [n for n in neurons_of(flat, *WITHOUT_LEAK) if not n.stepwise and (r_of(n) > 1).all()]
        step = one_value([step_of(node) for node in nodes])
        if step is None or not _power_of_ten(step):
            return
    elif all(equal(r_of(node), rockpool_gain(tau_of(node), dt_s)) for node in nodes):
        return
    if not equal(step, dt_s):
        yield OTHER_STEP.finding(
            where=place(flat, nodes),
            found=f"dt {dt_s:g} s",
            limit=f"{step:g} s, which tau / r is of every neuron",
            help=f"Give --dt {step:.6g}; or --dialect nir, if r is a resistance and no number of steps.",
        )


def _power_of_ten(step: float) -> bool:
    exponent = np.log10(step)
    return bool(abs(exponent - np.round(exponent)) < CLOSE)


def _reset_unknown(flat: FlatGraph) -> Iterator[Finding]:
    """ND155: tau / r = 1e-4 s (or both infinite) under names that are not SpikingJelly's: snnTorch."""
    step_s = FRAMEWORKS["snntorch"].dt_s
    assert step_s is not None
    nodes = [node for node in neurons_of(flat, *SPIKING) if node.type != "IF" or node.stepwise]
    if not nodes or named_by_spikingjelly(flat):
        return
    if all(n.stepwise or equal(step_of(n), step_s) for n in nodes):
        yield _any_reset(
            flat,
            nodes,
            found=f"tau / r = {step_s:g} s, as snnTorch writes every file",
            say="snntorch:reset=zero|subtract|subtract-at-once (subtract is snnTorch's default); or "
            "--dialect nir, if neurons reset to v_reset.",
        )


def _any_reset(flat: FlatGraph, nodes: list[Node], *, found: str, say: str) -> Finding:
    """Give ND155; ``say`` is the dialect to say, and the other one."""
    return RESET_UNKNOWN.finding(
        where=place(flat, nodes),
        found=found,
        limit="v_reset that its writer meant",
        help=f"Say who wrote the file: --dialect {say}",
    )


def _steps_of_one(flat: FlatGraph, dt_s: float | None) -> Iterator[Finding]:
    """ND155: IF with r = 1 in steps of 1, under the names of Spyx or without v_reset: sinabs' IAF."""
    nodes = [n for n in neurons_of(flat, "IF") if not n.stepwise and "v_reset" in n.absent]
    by_spyx = [n for n in neurons_of(flat, "IF") if re.fullmatch(r"layer_\d+(\..*)?", n.name)]
    if dt_s == 1.0 and by_spyx and all((r_of(node) == 1).all() for node in by_spyx):
        yield _any_reset(
            flat,
            by_spyx,
            found="names of Spyx and r = 1 in steps of 1, as Spyx writes its IF",
            say="spyx, which resets by subtracting; or --dialect nir.",
        )
    elif dt_s == 1.0 and nodes and all((r_of(node) == 1).all() for node in nodes):
        yield _any_reset(
            flat,
            nodes,
            found="r = 1 and no v_reset in steps of 1, as sinabs writes its IAF",
            say="sinabs:reset=zero|subtract,spikes=single|multi; or --dialect nir, if neurons reset to 0.",
        )


def _rockpool_without_filter(flat: FlatGraph, dt_s: float | None) -> Iterator[Finding]:
    """ND155: LIF with r = tau / dt * exp(-dt / tau), as Rockpool writes it."""
    nodes = neurons_of(flat, "LIF")
    if dt_s is None or not nodes:
        return
    if all(
        equal(r_of(n), rockpool_gain(tau_of(n), dt_s)) and not equal(r_of(n), tau_of(n) / dt_s) for n in nodes
    ):
        yield _any_reset(
            flat,
            nodes,
            found="r = tau / dt * exp(-dt / tau), as Rockpool writes it",
            say="rockpool:spikes=single|multi, which resets by subtracting; or --dialect nir, if neurons "
            "reset to v_reset.",
        )


def _reset_left_out(flat: FlatGraph, dt_s: float | None) -> Iterator[Finding]:
    """ND155: LIF with r = 1 and a reset of 0 under the names of Norse's SequentialState."""
    nodes = neurons_of(flat, "LIF")
    named = nodes and all(node.name.isdigit() for node in neurons_of(flat))
    if dt_s is None or not named or flat.of_type("Linear") or not flat.of_type("Affine"):
        return
    if "dt" in flat.metadata:  # Norse's files have no metadata
        return
    taus = all_taus(leaky_of(flat))
    if taus.min() < dt_s * (1 - 1e-6) or taus.min() >= 1:  # other signs see these
        return
    if all((r_of(n) == 1).all() and not n.parameters["v_reset"].any() for n in nodes):
        yield _any_reset(
            flat,
            nodes,
            found="names of Norse, r = 1 and a reset of 0, which Norse writes whatever the reset is",
            say="norse:reset=value|subtract,v_reset=NUMBER; or --dialect nir, if neurons reset to 0.",
        )


def _ties(flat: FlatGraph, dt_s: float | None) -> Iterator[Finding]:
    """ND159: names of SpikingJelly, and weights and decays on a grid so coarse that v meets the threshold."""
    spiking = neurons_of(flat, *SPIKING)
    if not spiking or not named_by_spikingjelly(flat):
        return
    leaky = [node for node in spiking if node.type != "IF"]
    if leaky and dt_s is None:
        return
    decays = [dt_s / tau_of(node) for node in leaky if dt_s is not None]
    weights = [node.weight.value for node in flat.nodes.values() if node.weight is not None]
    windows = [node.window for node in flat.nodes.values() if node.window is not None]
    weights += [window.kernel for window in windows if window.kernel is not None]
    thresholds = [node.parameters["v_threshold"] for node in spiking]
    if all(_on_grid(array) for array in (*decays, *weights, *thresholds)):
        yield TIES.finding(
            where=place(flat, spiking),
            found=f"names of SpikingJelly; weights, decays and thresholds in multiples of 2^{_GRID_BITS}",
            limit="spikes above the threshold, as NIR says",
            help="Say who wrote the file: --dialect spikingjelly fires at the threshold, --dialect nir above "
            "it.",
        )


def _on_grid(array: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bool:
    parts = array / 2.0**_GRID_BITS
    return bool(np.allclose(parts, np.round(parts), rtol=0, atol=1e-6))


def _if_gain(flat: FlatGraph, dt_s: float | None) -> Iterator[Finding]:
    """ND158: neurons without leak whose r is 1 where a step is not 1 s."""
    nodes = [n for n in neurons_of(flat, *WITHOUT_LEAK) if not n.stepwise and (r_of(n) == 1).all()]
    if nodes and dt_s != 1.0:
        yield IF_GAIN.finding(
            where=place(flat, nodes, "r"),
            found="1: a step adds dt times its input",
            limit="1 / dt, where the whole input is added",
            help="Say who wrote the file: --dialect norse, sinabs:reset=zero|subtract,spikes=single|multi or "
            "spyx; or --dialect nir, if it is meant as NIR says.",
        )
