"""Decode one step of an integer network from the operators of an ONNX file, following the flow of its data.

Shares no code with what writes the files. What is not where the arithmetic needs it is a DecodeError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.targets.onnx.read.wire import FileGraph, FileNode

Column = tuple[str, int, int, int, bytes]
"""Source, delay, target neuron, divisor and the weights by source neuron: a sum that is rounded by itself."""


class DecodeError(ValueError):
    """What stands in a file is not what computes the neuron."""


class Flow:
    """The operators of a graph by what they make."""

    def __init__(self, graph: FileGraph) -> None:
        self.graph = graph
        self.by_output = {name: node for node in graph.nodes for name in node.outputs}
        if len(self.by_output) != sum(len(node.outputs) for node in graph.nodes):
            raise DecodeError("a name is made twice")

    def node(self, name: str, kind: str, n_inputs: int) -> FileNode:
        """Give what makes a name; it must be of a kind."""
        node = self.by_output.get(name)
        if node is None or node.kind != kind or len(node.inputs) != n_inputs:
            raise DecodeError(f"{name!r} comes from {node.kind if node else 'outside'}, not from {kind}")
        return node

    def kind(self, name: str) -> str:
        """Give the kind of what makes a name; ``constant``, or nothing for an input."""
        if name in self.graph.constants:
            return "constant"
        node = self.by_output.get(name)
        return "" if node is None else node.kind

    def number(self, name: str) -> NDArray[Any]:
        """Give a constant."""
        if name not in self.graph.constants:
            raise DecodeError(f"{name!r} is no constant")
        return self.graph.constants[name]

    def is_number(self, name: str, *wanted: int) -> None:
        """Hold a constant against whole numbers."""
        found = self.number(name).reshape(-1).tolist()
        if found != list(wanted):
            raise DecodeError(f"{name!r} is {found}, not {list(wanted)}")

    def terms(self, name: str, *ends: str) -> list[str]:
        """Give what is added up to make a name, down to what is no Add, or one of ``ends``."""
        if name in ends or self.kind(name) != "Add":
            return [name]
        left, right = self.node(name, "Add", 2).inputs
        return [*self.terms(left, *ends), *self.terms(right, *ends)]

    def uncast(self, name: str) -> str:
        """Skip a cast to a wider or narrower whole number."""
        if self.kind(name) == "Cast":
            node = self.node(name, "Cast", 1)
            if node.attributes.get("to") in (6, 7):  # int32, int64
                return node.inputs[0]
        return name


def kept(flow: Flow, name: str, state: str, one: int) -> NDArray[np.int64]:
    """Give what is kept of a state, in parts of ``one``, where ``name`` is what is kept, rounded to zero."""
    if flow.kind(name) == "Cast" and flow.kind(flow.uncast(name)) == "Mul":
        wide, share = flow.node(flow.uncast(name), "Mul", 2).inputs
        cast = flow.node(wide, "Cast", 1)
        parts = flow.number(share) * one
        whole = parts.astype(np.int64)
        if cast.inputs[0] != state or cast.attributes["to"] != 11 or not np.array_equal(parts, whole):
            raise DecodeError(f"{name!r} is no decay of {state!r}")
        return whole
    if flow.kind(name) == "Cast":
        upper, under = flow.node(flow.uncast(name), "Div", 2).inputs
        flow.is_number(under, one)
        wide, keep = flow.node(upper, "Mul", 2).inputs
        if flow.node(wide, "Cast", 1).inputs[0] != state or flow.number(keep).dtype != np.int64:
            raise DecodeError(f"{name!r} is no decay of {state!r}")
        return flow.number(keep).astype(np.int64)
    big, rest = flow.node(name, "Add", 2).inputs
    upper, keep = flow.node(big, "Mul", 2).inputs
    lower, under = flow.node(rest, "Div", 2).inputs
    flow.is_number(under, one)
    low, keep_again = flow.node(lower, "Mul", 2).inputs
    x, back = flow.node(low, "Sub", 2).inputs
    again, by = flow.node(back, "Mul", 2).inputs
    y, divided_by = flow.node(upper, "Div", 2).inputs
    flow.is_number(by, one)
    flow.is_number(divided_by, one)
    if (x, y, again, keep_again) != (state, state, upper, keep):
        raise DecodeError(f"{name!r} is no decay of {state!r}")
    return flow.number(keep).astype(np.int64)


def current(flow: Flow, name: str, before: str, *, one: int, wrap: int, factor: int) -> NDArray[np.int64]:
    """Check how u comes about from what arrives; give what is kept of it."""
    high, down, rest = flow.node(name, "Where", 3).inputs
    low, up, u = flow.node(rest, "Where", 3).inputs
    for test, kind, edge in ((high, "Greater", wrap // 2), (low, "LessOrEqual", -(wrap // 2))):
        left, right = flow.node(test, kind, 2).inputs
        flow.is_number(right, edge)
        if left != u:
            raise DecodeError(f"{name!r} is wrapped by another number")
    for moved, kind in ((down, "Sub"), (up, "Add")):
        left, right = flow.node(moved, kind, 2).inputs
        flow.is_number(right, wrap)
        if left != u:
            raise DecodeError(f"{name!r} is not wrapped once")
    keep = np.zeros((), dtype=np.int64)
    if flow.kind(u) == "Add":
        decayed, u = flow.node(u, "Add", 2).inputs
        keep = kept(flow, decayed, f"{before}/u", one)
    arrived, by = flow.node(u, "Mul", 2).inputs
    flow.is_number(by, factor)
    gather = flow.node(arrived, "Gather", 2)
    flow.is_number(gather.inputs[1], 0)
    if gather.inputs[0] != f"{before}/arrivals" or gather.attributes.get("axis") != 1:
        raise DecodeError(f"{name!r} does not take what arrives now")
    return keep


def voltage(
    flow: Flow, after: str, before: str, *, one: int, limit: int, soft: bool, told_lower: bool
) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Check how v and the spikes come about.

    Gives what is kept of v, the bias, the threshold, and how much lower v is told where there is a spike.
    """
    sent = flow.node(f"{after}/spikes", "Cast", 1)
    v, threshold = flow.node(sent.inputs[0], "Greater", 2).inputs
    lower: NDArray[Any] = np.zeros((), dtype=np.int64)
    held = "v_before_reset" if told_lower else "v"
    goes_on = v if not soft else flow.node(f"{after}/{held}", "Identity", 1).inputs[0]
    if goes_on != v or sent.attributes["to"] != 2:
        raise DecodeError(f"{after}: what goes on is not v, or spikes are no bytes")
    if told_lower or not soft:
        fired, reset, stays = flow.node(f"{after}/v", "Where", 3).inputs
        if fired != sent.inputs[0] or stays != v:
            raise DecodeError(f"{after}: v is not reset where there is a spike")
        if told_lower:
            left, by = flow.node(reset, "Sub", 2).inputs
            lower = flow.number(by)
            if left != v:
                raise DecodeError(f"{after}: another number than v is told")
        else:
            flow.is_number(reset, 0)
    clip = flow.node(flow.uncast(v), "Clip", 3)
    flow.is_number(clip.inputs[1], -limit)
    flow.is_number(clip.inputs[2], limit)
    left = clip.inputs[0]
    bias: NDArray[Any] = np.zeros((), dtype=np.int64)
    first, last = flow.node(left, "Add", 2).inputs
    if last in flow.graph.constants:
        bias, left = flow.number(last), first
        first, last = flow.node(left, "Add", 2).inputs
    if last != f"{after}/u":
        raise DecodeError(f"{after}: u is not added to v")
    decay = first
    if flow.kind(first) == "Cast" and flow.kind(flow.uncast(first)) not in ("Mul", "Div"):
        decay = flow.uncast(first)
    return kept(flow, decay, f"{before}/{held}", one), bias, flow.number(threshold), lower


def columns(
    flow: Flow, after: str, before: str, sources: Sequence[str]
) -> tuple[Counter[Column], NDArray[Any]]:
    """Give every sum of weights that is added to what will arrive, and what a spike takes off the next step.

    Weights and divisor are divided by what they have in common, and sums that nothing is rounded in are added
    up, so that the same arithmetic gives the same columns however it is laid out.
    """
    total = flow.node(f"{after}/arrivals", "Identity", 1).inputs[0]
    found: Counter[Column] = Counter()
    linear: dict[tuple[str, int, int], NDArray[np.int64]] = {}
    passed = 0
    falls: list[NDArray[Any]] = []
    for term in flow.terms(total):
        if term == f"{before}/arrivals":
            continue  # nothing ever arrives: it stays 0
        if flow.kind(term) == "Pad":
            inner = flow.node(term, "Pad", 2).inputs[0]
            if flow.kind(inner) == "Slice":
                _passes(flow, term, before)
                passed += 1
                continue
        fall = _fall(flow, term, f"{after}/spikes")
        if fall is None:
            _product(flow, term, sources, found, linear)
        else:
            falls.append(fall)
    if passed > 1 or len(falls) > 1:
        raise DecodeError(f"{after}: a step passes twice")
    return canonical_columns(found, linear), falls[0] if falls else np.zeros((), dtype=np.int64)


def _fall(flow: Flow, term: str, spikes: str) -> NDArray[Any] | None:
    """Give what a spike takes off the arrivals of the next step, where a term is that; else None."""
    found, pads = flow.node(term, "Pad", 2).inputs if flow.kind(term) == "Pad" else (term, "")
    if pads and flow.number(pads).tolist()[:4] != [0, 0, 0, 0]:
        return None
    if flow.kind(found) != "Reshape":
        return None
    found, shape = flow.node(found, "Reshape", 2).inputs
    if flow.kind(found) != "Mul" or flow.number(shape).tolist()[:2] != [0, 1]:
        return None
    source, by = flow.node(found, "Mul", 2).inputs
    if flow.kind(source) != "Cast" or flow.node(source, "Cast", 1).inputs[0] != spikes:
        return None
    return -flow.number(by).astype(np.int64)


def canonical_columns(
    rounded: Counter[Column], linear: dict[tuple[str, int, int], NDArray[np.int64]]
) -> Counter[Column]:
    """Bring columns into one form; see :func:`columns`."""
    whole: Counter[Column] = Counter()
    linear = dict(linear)
    for (source, delay, post, divisor, data), count in rounded.items():
        weight = np.frombuffer(data, dtype=np.int64)
        if not weight.any():
            continue
        shared = int(np.gcd.reduce(np.append(weight, divisor)))
        weight, under = weight // shared, divisor // shared
        if under == 1:
            key = (source, delay, post)
            linear[key] = linear.get(key, np.zeros_like(weight)) + count * weight
        else:
            whole[source, delay, post, under, weight.tobytes()] += count
    for (source, delay, post), weight in linear.items():
        if weight.any():
            whole[source, delay, post, 1, weight.tobytes()] += 1
    return whole


def _passes(flow: Flow, term: str, before: str) -> None:
    """Check that a ring moves on by one step and that nothing comes in at its end."""
    inner, pads = flow.node(term, "Pad", 2).inputs
    flow.is_number(pads, 0, 0, 0, 0, 1, 0)
    state, first, last, axis = flow.node(inner, "Slice", 4).inputs
    flow.is_number(first, 1)
    flow.is_number(axis, 1)
    if state != f"{before}/arrivals" or int(flow.number(last)[0]) < 2:
        raise DecodeError(f"{before}/arrivals does not move on by a step")


def _product(
    flow: Flow,
    term: str,
    sources: Sequence[str],
    rounded: Counter[Column],
    linear: dict[tuple[str, int, int], NDArray[np.int64]],
) -> None:
    """Decode one product and add its columns."""
    found, rows = term, None
    before = after = 0
    if flow.kind(found) == "Gather":
        gather = flow.node(found, "Gather", 2)
        rows = flow.number(gather.inputs[1])
        if gather.attributes.get("axis") != 1:
            raise DecodeError(f"{found!r} gathers along another axis")
        found = gather.inputs[0]
    if flow.kind(found) == "Pad":
        found, pads = flow.node(found, "Pad", 2).inputs
        ends = flow.number(pads).tolist()
        before, after = ends[1], ends[4]
        if len(ends) != 6 or min(ends) < 0 or [ends[i] for i in (0, 2, 3, 5)] != [0] * 4:
            raise DecodeError(f"{term!r} is laid out along another axis")
    if flow.kind(found) == "ReduceSum":
        node = flow.node(found, "ReduceSum", 2)
        flow.is_number(node.inputs[1], 1)
        if node.attributes.get("keepdims") != 0:
            raise DecodeError(f"{found!r} keeps an axis")
        found = node.inputs[0]
        axes = 4
    else:
        axes = 3
    found, shape_name = flow.node(found, "Reshape", 2).inputs
    shape = flow.number(shape_name).tolist()
    if len(shape) != axes or shape[0] != 0:
        raise DecodeError(f"{term!r} has the shape {shape}")
    factor: NDArray[Any] = np.ones((), dtype=np.int64)
    if flow.kind(found) == "Mul":
        found, by = flow.node(found, "Mul", 2).inputs
        factor = flow.number(by).astype(np.int64)
    found = flow.uncast(found)
    divisor: NDArray[Any] = np.ones((), dtype=np.int64)
    if flow.kind(found) == "Div":
        above, under = flow.node(found, "Div", 2).inputs
        sum_name, rest = flow.node(above, "Sub", 2).inputs
        again, by = flow.node(rest, "Mod", 2).inputs
        if again != sum_name or by != under or flow.by_output[rest].attributes.get("fmod", 0):
            raise DecodeError(f"{term!r} is not rounded down")
        found, divisor = sum_name, flow.number(under).astype(np.int64)
    spikes, weight_name, zero, zero_points = flow.node(found, "MatMulInteger", 4).inputs
    flow.is_number(zero, 0)
    if spikes not in sources:
        raise DecodeError(f"{term!r} multiplies {spikes!r}, which are no spikes")
    weight = flow.number(weight_name).astype(np.int64) - flow.number(zero_points).astype(np.int64)
    n_parts, n_delays, n_post = (1, *shape[1:]) if axes == 3 else shape[1:]
    n_columns = n_parts * n_delays * n_post
    if weight.shape[1] != n_columns:
        raise DecodeError(f"{term!r} has {weight.shape[1]} columns, not {n_columns}")
    weight = (weight * np.broadcast_to(factor, n_columns)).T.reshape(n_parts, n_delays, n_post, -1)
    under_each = np.broadcast_to(divisor, n_columns).reshape(n_parts, n_delays, n_post)
    delays: dict[int, int] = {}
    for place in range(n_delays + before + after) if rows is None else range(len(rows)):
        row = place if rows is None else int(rows[place])
        if before <= row < before + n_delays:
            delays[place] = row - before
    for delay, row in delays.items():
        for part, post in np.argwhere(weight[:, row].any(axis=-1)):
            line, under_one = weight[part, row, post], int(under_each[part, row, post])
            if under_one == 1:
                key = (spikes, delay, int(post))
                linear[key] = linear.get(key, 0) + line
            else:
                rounded[spikes, delay, int(post), under_one, line.tobytes()] += 1
