"""Hold the ONNX files of a bundle against its program, with no code of the writer that it is to catch."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.findings.codes_parity import ARTEFACT_DIFFERS
from neurodeploy.findings.finding import Finding
from neurodeploy.graph.model import INPUT
from neurodeploy.targets.integers import IntegerNetwork, IntegerNeurons
from neurodeploy.targets.onnx.read.decode_step import (
    Column,
    DecodeError,
    Flow,
    canonical_columns,
    columns,
    current,
    voltage,
)
from neurodeploy.targets.onnx.read.wire import FileGraph, FileModel, parse

HELP = "Export the bundle again; do not edit it."
OPERATORS, FORMAT = 17, 8
"""What every reader of these files was tried with."""


def onnx_findings(folder: Path, network: IntegerNetwork, *, names: tuple[str, str]) -> Iterator[Finding]:
    """Yield every place where the two files do not hold a network; nothing where they do.

    Parameters
    ----------
    folder
        The bundle.
    network
        What both must hold.
    names
        The file with one step, and the one with whole samples.

    Returns
    -------
    Iterator[Finding]
        ND483, for each number of each population one that names the first place; and one for the first
        operator that is not where the arithmetic needs it.
    """
    for name, whole_samples in zip(names, (False, True), strict=True):
        path = folder / name
        try:
            model = parse(path.read_bytes())
        except (OSError, ValueError) as error:
            yield _differs(str(path), str(error).splitlines()[0], "an ONNX file, complete")
            continue
        try:
            yield from _metadata(path, model, folder, network)
            if whole_samples:
                yield from _sequence(path, model.graph, network)
            else:
                yield from _step(path, model.graph, network, prefix="")
                yield from _initial(path, model, network)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            found = str(error) if isinstance(error, DecodeError) else f"{type(error).__name__}: {error}"
            yield _differs(str(path), found.splitlines()[0], "the operators of this network")


def _differs(where: str, found: str, limit: str) -> Finding:
    return ARTEFACT_DIFFERS.finding(where=where, found=found, limit=limit, help=HELP)


def _same(where: str, found: Any, wanted: NDArray[Any]) -> Iterator[Finding]:
    """Yield a finding that names the first of the places where an array differs from the program's."""
    given = np.asarray(found)
    if given.shape not in ((), wanted.shape):
        yield _differs(where, f"shape {list(given.shape)}", f"shape {list(wanted.shape)}")
        return
    wrong = np.argwhere(given != wanted)
    if len(wrong):
        at = tuple(int(i) for i in wrong[0])
        value = np.broadcast_to(given, wanted.shape)[at]
        index = ", ".join(str(i) for i in at)
        yield _differs(
            f"{where}[{index}], first of {len(wrong)}", f"{value:g}", f"{wanted[at]:g} in the program"
        )


def _metadata(path: Path, model: FileModel, folder: Path, network: IntegerNetwork) -> Iterator[Finding]:
    """Compare versions and what the file says of itself; the digests with the files that are there."""
    if (model.opset, model.ir_version) != (OPERATORS, FORMAT):
        yield _differs(
            str(path), f"opset {model.opset}, IR {model.ir_version}", f"opset {OPERATORS}, IR {FORMAT}"
        )
    said = model.metadata
    readout = network.readout
    wanted: dict[str, Any] = {
        "dt_s": network.dt_s,
        "input_size": network.input_size,
        "input_max": network.input_max,
        "latency_steps": {n.name: n.latency_steps for n in network.neurons},
        "readout": None if readout is None else {"population": readout.population, "score": readout.score},
    }
    for key, value in wanted.items():
        if json.loads(said[key]) != value:
            yield _differs(f"{path}: {key}", said[key], f"{value} in the program")
    for key in ("scale", "origin"):
        for n in network.neurons:
            yield from _same(f"{path}: {key} of {n.name}", json.loads(said[key])[n.name], getattr(n, key))
    for name, digest in json.loads(said["sha256"]).items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            yield _differs(f"{path}: sha256", f"{digest[:8]}...", f"the digest of {name}")


def _initial(path: Path, model: FileModel, network: IntegerNetwork) -> Iterator[Finding]:
    said = json.loads(model.metadata["initial"])
    for n in network.neurons:
        yield from _same(f"{path}: initial of {n.name}", said.pop(f"before/{_held(n)}", 0), n.initial)
    if said:
        yield _differs(f"{path}: initial", ", ".join(said), "populations of the program")


def _held(n: IntegerNeurons) -> str:
    """Give the name of the v that goes from step to step."""
    return f"{n.name}/v_before_reset" if n.told_fall.any() else f"{n.name}/v"


def _step(path: Path, graph: FileGraph, network: IntegerNetwork, *, prefix: str) -> Iterator[Finding]:
    """Decode a graph that computes one step, and compare every number."""
    flow = Flow(graph)
    sent = {INPUT: f"{prefix}spikes"} | {n.name: f"{prefix}{n.name}/spikes" for n in network.neurons}
    for n in network.neurons:
        before, after, where = f"{prefix}before/{n.name}", f"{prefix}{n.name}", f"{path}: {n.name}"
        keep = current(
            flow, f"{after}/u", before, one=n.keep_one, wrap=n.current_wrap, factor=n.arrival_factor
        )
        yield from _same(f"{where}: what is kept of u", keep, n.current_keep)
        kept_v, bias, threshold, lower = voltage(
            flow,
            after,
            before,
            one=n.keep_one,
            limit=n.voltage_limit,
            soft=n.soft,
            told_lower=bool(n.told_fall.any()),
        )
        yield from _same(f"{where}: what v is told lower by", lower, n.told_fall)
        yield from _same(f"{where}: what is kept of v", kept_v, n.voltage_keep)
        yield from _same(f"{where}: bias", bias, n.bias)
        yield from _same(f"{where}: threshold", threshold, n.threshold)
        found, fall = columns(flow, after, before, list(sent.values()))
        yield from _same(f"{where}: what a spike takes off", fall, n.fall)
        yield from _columns(where, found, _expected(network, n, sent))


def _columns(where: str, found: Counter[Column], wanted: Counter[Column]) -> Iterator[Finding]:
    """Compare sums of weights; name the first that only one side has."""
    wrong = sorted({key[:3] for key in (found - wanted) + (wanted - found)})
    if wrong:
        source, delay, post = wrong[0]
        yield _differs(
            f"{where}: synapses from {source} to neuron {post}, delay {delay}, first of {len(wrong)}",
            _weights(found, wrong[0]),
            f"{_weights(wanted, wrong[0])} in the program",
        )


def _weights(all_columns: Counter[Column], key: tuple[str, int, int]) -> str:
    """Say what weights there are, shortly."""
    told = []
    for (*place, divisor, data), count in sorted(all_columns.items()):
        if tuple(place) == key:
            weight = np.frombuffer(data, dtype=np.int64)
            first = int(np.flatnonzero(weight)[0])
            by = f" / {divisor}" if divisor > 1 else ""
            times = f", {count} times" if count > 1 else ""
            told.append(
                f"{np.count_nonzero(weight)} synapses, {weight[first]}{by} from source {first}{times}"
            )
    return "; ".join(told) or "no synapse"


def _expected(network: IntegerNetwork, n: IntegerNeurons, sent: dict[str, str]) -> Counter[Column]:
    """Give the columns that the program's synapses are."""
    linear: dict[tuple[str, int, int], NDArray[np.int64]] = {}
    sums: dict[tuple[int, int, int, int], NDArray[np.int64]] = {}
    facts = {}
    for one in network.synapses:
        if one.target != n.name:
            continue
        n_pre = network.size_of(one.source)
        for i, j in np.argwhere(one.weight != 0):
            key = (one.projection, one.part, int(one.delay_steps[i, j]), int(one.post[i]))
            line = sums.setdefault(key, np.zeros(n_pre, dtype=np.int64))
            line[one.pre[j]] += one.weight[i, j]
            facts[key] = (sent[one.source], one.exponent)
    rounded: Counter[Column] = Counter()
    for key, line in sums.items():
        (source, exponent), (_, _, delay, post) = facts[key], key
        if exponent < 0:
            rounded[source, delay, post, 1 << -exponent, line.tobytes()] += 1
        else:
            place = (source, delay, post)
            linear[place] = linear.get(place, np.zeros_like(line)) + (line << exponent)
    return canonical_columns(rounded, linear)


def _sequence(path: Path, graph: FileGraph, network: IntegerNetwork) -> Iterator[Finding]:
    """Check what is around the Scan: the steps after the input, where states start, what is cut off."""
    flow = Flow(graph)
    scans = [node for node in graph.nodes if node.kind == "Scan"]
    if len(scans) != 1:
        raise DecodeError(f"{len(scans)} Scans")
    scan, body = scans[0], scans[0].attributes["body"]
    n_told = 3 * len(network.neurons)
    n_states = len(scan.outputs) - n_told
    if set(scan.attributes) != {"body", "num_scan_inputs"} or scan.attributes["num_scan_inputs"] != 1:
        raise DecodeError(f"the Scan has the attributes {sorted(scan.attributes)}")
    late = max((n.latency_steps for n in network.neurons), default=0)
    given = scan.inputs[-1]
    if late:
        given, pads = flow.node(given, "Pad", 2).inputs
        flow.is_number(pads, 0, 0, 0, late, 0, 0)
    given = _turned(flow, given)
    if given != "spikes" or list(body.inputs)[-1] != "body/spikes":
        raise DecodeError(f"the Scan runs over {given!r}")
    yield from _starts(path, flow, scan.inputs[:n_states], body, network)
    inner = Flow(body)
    told = list(body.outputs)[n_states:]
    for n, keys in zip(network.neurons, _threes(told, scan.outputs[n_states:]), strict=True):
        for key, (inside, outside) in zip(("spikes", "v", "u"), keys, strict=True):
            if inner.node(inside, "Identity", 1).inputs[0] != f"body/{n.name}/{key}":
                raise DecodeError(f"{n.name}/{key} tells something else")
            raw, first, last, axis = flow.node(_turned(flow, f"{n.name}/{key}"), "Slice", 4).inputs
            flow.is_number(first, n.latency_steps)
            flow.is_number(axis, 0)
            rest = late - n.latency_steps
            flow.is_number(last, -rest if rest else 2**63 - 1)
            if raw != outside:
                raise DecodeError(f"{n.name}/{key} is cut from something else")
    yield from _step(path, body, network, prefix="body/")
    yield from _readout(path, flow, network)


def _turned(flow: Flow, name: str) -> str:
    """Skip the exchange of samples and steps."""
    node = flow.node(name, "Transpose", 1)
    if node.attributes.get("perm") != [1, 0, 2]:
        raise DecodeError(f"{name!r} has its axes in another order")
    return node.inputs[0]


def _threes(one: Sequence[str], other: Sequence[str]) -> Iterator[list[tuple[str, str]]]:
    pairs = list(zip(one, other, strict=True))
    for at in range(0, len(pairs), 3):
        yield pairs[at : at + 3]


def _starts(
    path: Path, flow: Flow, states: Sequence[str], body: FileGraph, network: IntegerNetwork
) -> Iterator[Finding]:
    """Check that each state of the body comes in as it went out, and what it starts as."""
    names = list(body.inputs)[: len(states)]
    initial = {_held(n): n.initial for n in network.neurons}
    for name, result, start in zip(names, list(body.outputs)[: len(states)], states, strict=True):
        plain = name.removeprefix("body/before/")
        if result != f"body/{plain}":
            raise DecodeError(f"{name!r} goes on as {result!r}")
        value = flow.number(flow.node(start, "Expand", 2).inputs[0])[0]
        wanted = initial.get(plain, np.zeros(value.shape))
        yield from _same(f"{path}: {plain} before the first step", value, wanted)


def _readout(path: Path, flow: Flow, network: IntegerNetwork) -> Iterator[Finding]:
    """Check the operators that make scores of the readout's trace."""
    readout = network.readout
    if readout is None:
        return
    kind, name = readout.score, readout.population
    reduce = {"last": "Gather", "max": "ReduceMax", "per_step": "ReduceMean"}.get(kind, "ReduceSum")
    node = flow.by_output.get("output/score")
    if node is None or node.kind != reduce:
        raise DecodeError(f"output/score comes from {node.kind if node else 'nowhere'}, not from {reduce}")
    if reduce in ("Gather", "ReduceSum"):
        flow.is_number(node.inputs[1], -1 if kind == "last" else 1)
    axes = node.attributes.get("axes", [1]), node.attributes.get("axis", 1)
    if axes != ([1], 1) or node.attributes.get("keepdims", 0) != 0:
        raise DecodeError("output/score is not taken over the steps")
    each = node.inputs[0]
    if kind == "spike_count":
        if flow.node(each, "Cast", 1).inputs[0] != f"{name}/spikes":
            raise DecodeError("output/score does not count spikes")
        return
    if kind in ("softmax_sum", "per_step"):
        softmax = flow.node(each, "Softmax", 1)
        each = softmax.inputs[0]
        if softmax.attributes.get("axis", -1) != -1:
            raise DecodeError("the softmax is not over the classes")
    v, origin = flow.node(each, "Add", 2).inputs
    v, scale = flow.node(v, "Div", 2).inputs
    if flow.node(v, "Cast", 1).inputs[0] != f"{name}/v":
        raise DecodeError("output/score is not made of the readout's v")
    neurons = next(n for n in network.neurons if n.name == name)
    for key, found in (("scale", scale), ("origin", origin)):
        number = flow.number(found)
        yield from _same(f"{path}: {key} of the score", number, getattr(neurons, key).astype(number.dtype))
