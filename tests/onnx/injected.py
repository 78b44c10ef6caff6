"""Bugs to be seen: each changes one operator or number of a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from neurodeploy.targets.onnx import neuron_step, sequences
from neurodeploy.targets.onnx.operators import Operators

Patch = Callable[[object, str, object], None]
add = Operators.add


def every_node(change: Callable[..., str]) -> Callable[[Patch], None]:
    """Give a bug that goes through every node that is appended."""

    def inject(patch: Patch) -> None:
        patch(Operators, "add", change)

    return inject


@every_node
def decays_are_rounded_down(ops: Operators, kind: str, *inputs: str, to: str = "", **attributes) -> str:
    if kind == "Cast" and attributes["to_type"] in (np.int32, np.int64) and _is_product(ops, inputs[0]):
        inputs = (add(ops, "Floor", inputs[0]),)
    return add(ops, kind, *inputs, to=to, **attributes)


def _is_product(ops: Operators, name: str) -> bool:
    maker = next(node for node in ops.nodes if name in node.outputs)
    numbers = ops.constants.get(maker.inputs[-1])
    return maker.kind == "Mul" and numbers is not None and numbers.dtype == np.float64


@every_node
def a_spike_at_the_threshold(ops: Operators, kind: str, *inputs: str, to: str = "", **attributes) -> str:
    is_v = kind == "Greater" and ops.nodes[-1].kind in ("Clip", "Cast")
    return add(ops, "GreaterOrEqual" if is_v else kind, *inputs, to=to, **attributes)


@every_node
def no_wrap(ops: Operators, kind: str, *inputs: str, to: str = "", **attributes) -> str:
    if kind == "Where" and to.endswith("/u"):
        return add(ops, "Identity", ops.nodes[-2].inputs[0], to=to)
    return add(ops, kind, *inputs, to=to, **attributes)


@every_node
def no_reset(ops: Operators, kind: str, *inputs: str, to: str = "", **attributes) -> str:
    if kind == "Where" and to.endswith("/v"):
        return add(ops, "Identity", inputs[2], to=to)
    return add(ops, kind, *inputs, to=to, **attributes)


def changed_cells(change: Callable[[neuron_step.Cell], neuron_step.Cell]) -> Callable[[Patch], None]:
    """Give a bug in the numbers of every population."""
    real = neuron_step.cells

    def inject(patch: Patch) -> None:
        from neurodeploy.targets.onnx import target

        patch(target, "cells", lambda network: tuple(change(cell) for cell in real(network)))

    return inject


@changed_cells
def delays_are_a_step_longer(cell: neuron_step.Cell) -> neuron_step.Cell:
    later = [replace(p, delays=tuple(d + 1 for d in p.delays)) for p in cell.products]
    return replace(cell, products=tuple(later), ring=cell.ring + 1)


@changed_cells
def no_bias(cell: neuron_step.Cell) -> neuron_step.Cell:
    return replace(cell, neurons=replace(cell.neurons, bias=np.zeros_like(cell.neurons.bias)))


@changed_cells
def sums_are_not_rounded_apart(cell: neuron_step.Cell) -> neuron_step.Cell:
    return replace(cell, products=tuple(replace(p, divisor=np.ones_like(p.divisor)) for p in cell.products))


@changed_cells
def another_start(cell: neuron_step.Cell) -> neuron_step.Cell:
    return replace(cell, neurons=replace(cell.neurons, initial=cell.neurons.initial + 1))


@changed_cells
def a_soft_reset_takes_nothing_off(cell: neuron_step.Cell) -> neuron_step.Cell:
    return replace(cell, neurons=replace(cell.neurons, fall=np.zeros_like(cell.neurons.fall)))


@changed_cells
def a_soft_reset_is_told_as_it_goes_on(cell: neuron_step.Cell) -> neuron_step.Cell:
    return replace(cell, neurons=replace(cell.neurons, told_fall=np.zeros_like(cell.neurons.told_fall)))


def latencies_are_not_cut(patch: Patch) -> None:
    real = sequences.sequence_graph

    def without(network, parts, **options):
        neurons = tuple(replace(n, latency_steps=0) for n in network.neurons)
        first = [replace(cell, neurons=n) for cell, n in zip(parts, neurons, strict=True)]
        return real(replace(network, neurons=neurons), first, **options)

    from neurodeploy.targets.onnx import target

    patch(target, "sequence_graph", without)


BUGS = {
    "decays are rounded down": decays_are_rounded_down,
    "a spike at the threshold": a_spike_at_the_threshold,
    "no wrap": no_wrap,
    "no reset": no_reset,
    "delays are a step longer": delays_are_a_step_longer,
    "no bias": no_bias,
    "sums are not rounded apart": sums_are_not_rounded_apart,
    "another start": another_start,
    "latencies are not cut": latencies_are_not_cut,
    "a soft reset takes nothing off": a_soft_reset_takes_nothing_off,
    "a soft reset is told as it goes on": a_soft_reset_is_told_as_it_goes_on,
}
"""By name."""
