"""network.net: what fits, why something does not, and what lava-dl will read (without Lava)."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from neurodeploy.targets.loihi.netx import as_lava_runs, netx_misfits, write_netx
from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.loihi.target import loihi

sys.path.insert(0, str(Path(__file__).parents[2] / "parity"))
packing = importlib.import_module("lava_packing")
population, projection, network = packing.population, packing.projection, packing.network

W = [[10, -20], [30, 0]]


def chain(**values: object) -> FixedGraph:
    return network(
        [population("a", 2, vth=50, dv=163, du=100), population("b", 2, **values)],
        [projection("input", "a", W, [[0, 62], [5, 63]]), projection("a", "b", [[2, 4], [6, 8]])],
        inputs=2,
    )


def with_projection(index: int, new: object) -> FixedGraph:
    program = chain()
    projections = list(program.projections)
    projections[index] = new
    return replace(program, projections=tuple(projections))


def test_a_chain_fits() -> None:
    assert netx_misfits(chain()) == []


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (chain(group=[0, 1]), "2 tau groups"),
        (chain(v_initial=1), "v = 0"),
        (chain(bias_mantissa=32), "no multiple of 64"),
        (chain(bias_mantissa=4095, bias_exponent=7), "beyond 13 bits"),
        (with_projection(0, projection("input", "a", W, 63)), "above 62"),
        (with_projection(0, projection("input", "a", [W, W])), "2 taps"),
        (with_projection(0, projection("input", "a", [[0, 0], [0, 0]])), "no synapse"),
        (with_projection(0, projection("input", "a", W, exponent=-2)), "exponent -2"),
        (with_projection(0, projection("input", "a", W, exponent=5)), "would change"),
        (with_projection(0, projection("input", "a", [[0, -255], [0, -2]])), "would change"),
        (with_projection(0, projection("input", "a", [[-1, -128], [-1, -2]])), "would change"),
        (with_projection(1, projection("input", "b", W)), "holds a chain"),
        (with_projection(1, projection("b", "b", W)), "recurrent"),
    ],
)
def test_what_does_not_fit_is_told(program: FixedGraph, reason: str) -> None:
    assert any(reason in line for line in netx_misfits(program)), netx_misfits(program)


def test_a_skip_connection_does_not_fit() -> None:
    program = chain()
    skip = projection("input", "b", W)
    found = netx_misfits(replace(program, projections=(*program.projections, skip)))
    assert found == ["b gets input from a, input: NetX holds a chain"]


@pytest.mark.parametrize(
    ("weight", "expected", "exponent"),
    [
        ([[255, 1]], [[255, 1]], 0),
        ([[127, 1]], [[254, 2]], -1),
        ([[64, 1]], [[128, 2]], -1),
        ([[254, -256]], [[254, -256]], 0),
        ([[126, -128]], [[252, -256]], -1),
        ([[-255, -1]], [[-255, -1]], 0),
        ([[-128, -1]], [[-254, -2]], -1),
        ([[-128, -128]], [[0, 0]], -1),
        ([[0, -255]], [[0, 0]], 0),
        ([[0, -2]], [[0, -128]], -7),
    ],
)
def test_lavas_conversion_of_weights(weight: list, expected: list, exponent: int) -> None:
    """The same function meets Lava's own code in tests/parity/test_lava_netx.py."""
    deployed, found = as_lava_runs(np.array(weight))
    assert (deployed.tolist(), found) == (expected, exponent)


def test_the_file_holds_what_lava_dl_reads(tmp_path: Path) -> None:
    write_netx(chain(bias_mantissa=(32, -32), bias_exponent=2, vth=131071), tmp_path / "network.net")
    with h5py.File(tmp_path / "network.net") as file:
        layers = file["layer"]
        assert list(layers) == ["0", "1", "2"]
        assert [layers[i]["type"][0] for i in "012"] == [b"input", b"dense", b"dense"]
        assert layers["0/shape"][()].tolist() == [2]
        first, last = layers["1"], layers["2"]
        assert first["weight"][()].tolist() == W
        assert first["delay"][()].tolist() == [[0, 62], [5, 0]]  # the delay of no synapse is no delay
        assert "delay" not in last
        assert "bias" not in first
        assert last["bias"][()].tolist() == [2, -2]  # 32 << 2 is 2 << 6
        neuron = {key: value[()] for key, value in first["neuron"].items()}
        assert (neuron["iDecay"], neuron["vDecay"], neuron["vThMant"]) == (101, 163, 50)
        assert neuron["type"][0] == b"CUBA"


def test_a_positive_exponent_is_multiplied_in(tmp_path: Path) -> None:
    write_netx(with_projection(0, projection("input", "a", W, exponent=2)), tmp_path / "network.net")
    with h5py.File(tmp_path / "network.net") as file:
        assert file["layer/1/weight"][()].tolist() == [[40, -80], [120, 0]]


def test_the_same_program_gives_the_same_bytes_and_no_times(tmp_path: Path) -> None:
    write_netx(chain(), tmp_path / "a")
    write_netx(chain(), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    times = []
    with h5py.File(tmp_path / "a") as file:
        file.visititems(lambda _, item: times.append(h5py.h5g.get_objinfo(item.id).mtime))
    assert times and not any(times)


def test_nothing_is_written_for_a_program_that_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="tau groups"):
        write_netx(chain(group=[0, 1]), tmp_path / "network.net")
    assert list(tmp_path.iterdir()) == []


def test_compiling_says_whether_and_why_not(tmp_path: Path) -> None:
    fits, not_ = tmp_path / "fits", tmp_path / "not"
    fits.mkdir()
    not_.mkdir()
    assert loihi().write(chain(), fits) == {"name": "loihi", "netx": True, "netx_misfits": []}
    assert sorted(path.name for path in fits.iterdir()) == ["network.net", "program.h5"]
    facts = loihi().write(chain(v_initial=3), not_)
    assert facts == {"name": "loihi", "netx": False, "netx_misfits": ["b does not start from v = 0"]}
    assert [path.name for path in not_.iterdir()] == ["program.h5"]
