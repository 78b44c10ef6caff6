"""What a soft reset on Loihi asks of a program: a self-inhibiting connection that takes a step.

Lava's LIF sets v to 0. Its ATRLIF (lava-nc 0.10.0, lava/proc/atrlif) never touches v; with ``delta_r = 1``
its refractory state is 0 whenever it is compared, and what is left is a neuron that spikes where ``v >=
theta`` and keeps v. A connection of the population to itself, one synapse a neuron, then takes
:attr:`FixedPopulation.fall` off the next step's input.
"""

from __future__ import annotations

from collections.abc import Iterator

from neurodeploy.findings.codes_network import SOFT_RESET, SOFT_START
from neurodeploy.findings.finding import Finding
from neurodeploy.graph.model import Graph
from neurodeploy.graph.neurons import rest_v
from neurodeploy.targets.loihi.chip import DU_NO_FILTER, MAX_FALL
from neurodeploy.targets.loihi.program import FixedPopulation

WEIGHT_MAX = 255


def soft_reset_findings(graph: Graph) -> Iterator[Finding]:
    """Say which soft resets of a float network cannot be put on the chip.

    Yields
    ------
    Finding
        ND220 behind a synaptic filter, ND229 a start (v_leak) that is not below the threshold.
    """
    for p in graph.populations:
        if p.model.reset == "value":
            continue
        where = f"{graph.name}.{p.name}"
        if p.model.filtered:
            yield SOFT_RESET.finding(
                where=where,
                found=f"{p.model.value}, tau_syn {p.tau_syn_s.min():g} s and more",
                limit="a soft reset without a synaptic filter, or a hard reset",
                help="Leave the filter out, or train with a hard reset.",
            )
        start = rest_v(p)
        above = start >= p.v_threshold
        if above.any():
            n = int(above.argmax())
            yield SOFT_START.finding(
                where=f"{where}[{n}], first of {int(above.sum())}",
                found=f"a start of {start[n]:g}",
                limit=f"below the threshold, {p.v_threshold[n]:g}",
                help="Lower v_leak and add what it drove to the bias, or use a hard reset.",
            )


def soft_reset_misfits(population: FixedPopulation) -> Iterator[str]:
    """Say why a population with a soft reset is not one that a self-inhibiting connection can make."""
    name = f"population {population.name!r}"
    if (population.du != DU_NO_FILTER).any():
        yield f"{name}: a soft reset behind a synaptic filter, which would smear what is taken off"
    if (population.vth > MAX_FALL).any():
        yield f"{name}: a soft reset of {population.vth.max()}, above {MAX_FALL}"


def self_inhibition(fall: int) -> list[tuple[int, int]]:
    """Give the weights and exponents of the connections whose sum is ``-fall``; at most two.

    Parameters
    ----------
    fall
        0 to :data:`~neurodeploy.targets.loihi.chip.MAX_FALL`.
    """
    exponent = 0
    while fall >> exponent > WEIGHT_MAX:
        exponent += 1
    coarse = fall >> exponent
    rest = fall - (coarse << exponent)
    return [(-weight, e) for weight, e in ((coarse, exponent), (rest, 0)) if weight]
