"""A reader of network.net that shares no code with the writer finds what was changed, and where."""

from __future__ import annotations

import ast
import importlib
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurodeploy.targets.loihi import netx_read
from neurodeploy.targets.loihi.netx import write_netx
from neurodeploy.targets.loihi.netx_read import network_findings
from neurodeploy.targets.loihi.program import FixedGraph

sys.path.insert(0, str(Path(__file__).parents[2] / "parity"))
packing = importlib.import_module("lava_packing")
population, projection, network = packing.population, packing.projection, packing.network

W = [[10, -20], [30, 0]]


@pytest.fixture
def program() -> FixedGraph:
    return network(
        [
            population("a", 2, vth=50, dv=163, du=100),
            population("b", 2, bias_mantissa=(32, -32), bias_exponent=2, vth=131071),
        ],
        [
            projection("input", "a", W, [[0, 62], [5, 63]], exponent=2),
            projection("a", "b", [[2, 4], [6, 8]]),
        ],
        inputs=2,
    )


@pytest.fixture
def folder(program: FixedGraph, tmp_path: Path) -> Path:
    write_netx(program, tmp_path / "network.net")
    return tmp_path


def found(folder: Path, program: FixedGraph) -> list[str]:
    findings = list(network_findings(folder / "network.net", program))
    assert all(finding.code == "ND483" for finding in findings)
    return [
        f"{finding.where.partition(': ')[2]}: {finding.found}, not {finding.limit}" for finding in findings
    ]


def test_what_was_written_is_read_back(folder, program):
    assert found(folder, program) == []


def test_the_reader_shares_no_code_with_the_writer():
    tree = ast.parse(Path(netx_read.__file__).read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert "neurodeploy.targets.loihi.netx" not in modules
    assert not {m for m in modules if m and m.startswith("neurodeploy.targets.loihi.lower")}


@pytest.mark.parametrize(
    ("key", "place", "value", "said"),
    [
        ("layer/1/weight", (0, 1), -76, "a.weight[0, 1], first of 1: -76, not -80 in program.h5"),
        ("layer/2/weight", (1, 1), 6, "b.weight[1, 1], first of 1: 6, not 8 in program.h5"),
        ("layer/1/delay", (0, 1), 61, "a.delay[0, 1], first of 1: 61, not 62 in program.h5"),
        ("layer/1/neuron/iDecay", (), 102, "a.iDecay[0], first of 2: 101, not 100 in program.h5"),
        ("layer/1/neuron/vDecay", (), 162, "a.vDecay[0], first of 2: 162, not 163 in program.h5"),
        ("layer/2/neuron/vThMant", (), 9, "b.vThMant[0], first of 2: 9, not 131071 in program.h5"),
        ("layer/2/bias", (1,), 0, "b.bias[1], first of 1: 0, not -128 in program.h5"),
    ],
)
def test_a_changed_number_is_named_with_its_place(folder, program, key, place, value, said):
    with h5py.File(folder / "network.net", "r+") as file:
        file[key][place] = value
    assert found(folder, program) == [said]


def test_the_delay_of_no_synapse_is_no_delay(folder, program):
    with h5py.File(folder / "network.net", "r+") as file:
        file["layer/1/delay"][1, 1] = 40
    assert found(folder, program) == []


@pytest.mark.parametrize(
    "key", ["layer/1/delay", "layer/2/bias", "layer/2", "layer/1/weight", "layer/1/neuron/vDecay"]
)
def test_what_is_missing_is_found(folder, program, key):
    with h5py.File(folder / "network.net", "r+") as file:
        del file[key]
    assert list(network_findings(folder / "network.net", program))


def test_a_bias_that_the_program_does_not_have_is_found(folder, program):
    with h5py.File(folder / "network.net", "r+") as file:
        file["layer/1/bias"] = np.array([0, 3])
    assert found(folder, program) == ["a.bias[1], first of 1: 192, not 0 in program.h5"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("layer/1/type", np.array([b"conv"])),
        ("layer/1/neuron/type", np.array([b"ALIF"])),
        ("layer/0/type", np.array([b"dense"])),
        ("layer/0/shape", np.array([3])),
        ("layer/1/neuron/gradedSpike", True),
        ("layer/1/neuron/refDelay", 2),
        ("layer/1/inFeatures", 3),
        ("layer/1/weight", np.array(W, float)),
        ("layer/1/weight", np.zeros((3, 2), int)),
        ("layer/1/delay", np.zeros((2, 3), int)),
    ],
)
def test_another_kind_or_shape_is_found(folder, program, key, value):
    with h5py.File(folder / "network.net", "r+") as file:
        del file[key]
        file[key] = value
    assert list(network_findings(folder / "network.net", program))


def test_a_program_that_the_format_cannot_hold_is_not_called_equal(folder, program):
    a, b = program.populations
    late = replace(b, v_initial=np.array([0, 5], np.int32))
    assert found(folder, replace(program, populations=(a, late))) == [
        "b.v[1], first of 1: 0, not 5 in program.h5"
    ]
    grouped = replace(a, dv=np.array([163, 164], np.int32), group=np.array([0, 1], np.int32))
    assert found(folder, replace(program, populations=(grouped, b))) == [
        "a.vDecay[1], first of 1: 163, not 164 in program.h5"
    ]
    more = (*program.projections, projection("input", "b", W))
    assert len(found(folder, replace(program, projections=more))) == 1


@pytest.mark.parametrize("content", [b"", b"not hdf5", None])
def test_a_file_that_is_none_is_found(folder, program, content):
    path = folder / "network.net"
    path.write_bytes(path.read_bytes()[:900] if content is None else content)
    assert len(list(network_findings(folder / "network.net", program))) == 1


def test_sizes_that_the_file_does_not_hold_are_not_allocated(folder, program):
    with h5py.File(folder / "network.net", "r+") as file:
        del file["layer/1/weight"]
        file["layer/1"].create_dataset("weight", shape=(2**20, 2**20), dtype="i4", chunks=(2**10, 2**10))
    (finding,) = network_findings(folder / "network.net", program)
    assert "holds 0 bytes" in finding.found
