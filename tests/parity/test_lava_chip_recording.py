"""A real chip: one LIF recorded on a Loihi 2, and in Lava, by the NIR paper's authors."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.targets.loihi.simulate.fast import simulate
from neurodeploy.targets.loihi.simulate.naive import simulate_reference
from neurodeploy.traces import PopulationTrace

sys.path.insert(0, str(Path(__file__).parent))
packing = importlib.import_module("lava_packing")

FOLDER = Path(__file__).parents[3] / "shared" / "nir"
RECORD = ("spikes", "v", "u")


def recording(name: str) -> np.ndarray:
    """Columns: input spike, v, output spike; 1,000 steps."""
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"needs ../shared/nir/{name}: not on this machine")
    table = np.loadtxt(path, delimiter=",")
    assert table.shape == (1000, 3)
    return table.astype(np.int64)


def computed(inputs: np.ndarray, twin: str) -> PopulationTrace:
    """The authors' integers: dv 163 (4096 * 0.04 truncated; we would round to 164), weight 10, vth 25."""
    program = packing.network(
        [packing.population("lif", 1, dv=163, vth=25)], [packing.projection("input", "lif", [[10]])]
    )
    spikes = inputs.astype(np.uint8)[None, :, None]
    run = simulate_reference if twin == "reference" else simulate
    options = {} if twin == "reference" else {"record": RECORD}
    return run(program, spikes, **options).populations["lif"]


@pytest.mark.parametrize("twin", ["reference", "fast"])
def test_lavas_recorded_voltages_and_spikes_are_ours(twin: str) -> None:
    table = recording("lif_lava_cpu_fixed.csv")
    trace = computed(table[:, 0], twin)
    np.testing.assert_array_equal(trace.spikes[0, :, 0], table[:, 2])
    np.testing.assert_array_equal(trace.v[0, :, 0], table[:, 1])
    assert table[:, 2].sum() > 0


@pytest.mark.parametrize("twin", ["reference", "fast"])
def test_the_chips_recorded_spikes_are_ours_and_its_voltages_but_where_it_spikes(twin: str) -> None:
    """At a spike the chip's probe reads 128 instead of 0; why is not established."""
    table = recording("lif_lava_loihi_fixed.csv")
    trace = computed(table[:, 0], twin)
    np.testing.assert_array_equal(trace.spikes[0, :, 0], table[:, 2])
    spiking = table[:, 2] == 1
    np.testing.assert_array_equal(trace.v[0, ~spiking, 0], table[~spiking, 1])
    assert spiking.sum() == 4
    assert set(table[spiking, 1]) == {128}
    assert set(trace.v[0, spiking, 0]) == {0}
