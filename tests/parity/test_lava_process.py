"""Lava against our simulators: hundreds of random and corner networks, u, v and spikes of every step."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.targets.loihi.chip import STATE_LIMIT
from neurodeploy.targets.loihi.lava.run import run_lava
from neurodeploy.targets.loihi.simulate.fast import simulate
from neurodeploy.targets.loihi.simulate.naive import simulate_reference
from neurodeploy.targets.loihi.target import loihi
from neurodeploy.traces import Traces

sys.path.insert(0, str(Path(__file__).parent))
packing = importlib.import_module("lava_packing")

RECORD = ("spikes", "v", "u")


def in_lava(whole, folder: Path, **options: object) -> Traces:
    loihi().write(whole.program, folder)
    return run_lava(folder, whole.spikes, record=RECORD, timeout_s=900, **options)


def test_every_corner_is_reached_by_the_network_that_is_named_after_it() -> None:
    """The proof below is worth what its networks reach; this needs no Lava."""
    n_steps = 80
    traces = {}
    for corner in packing.corners(n_steps):
        traces.update(simulate_reference(corner.program, corner.spikes).populations)
    v = {name: trace.v[0, :, 0] for name, trace in traces.items()}
    u = {name: trace.u[0, :, 0] for name, trace in traces.items()}
    spikes = {name: trace.spikes[0, :, 0] for name, trace in traces.items()}

    assert u["wraps_up"].min() < 0 < u["wraps_up"].max()  # all its weights are positive
    assert u["wraps_down"].max() > 0 > u["wraps_down"].min()
    assert spikes["saturates_up"].any()  # v = 2**23 - 1 is just above the largest threshold
    assert v["saturates_down"].min() == -STATE_LIMIT
    assert (v["hits_exactly"] == 30 << 6).any() and spikes["hits_exactly"].any()
    assert not spikes["hits_zero"].any() and not v["hits_zero"].any()
    assert np.flatnonzero(spikes["waits_longest"]).tolist() == [64]  # 0 + 1 + 63
    assert np.flatnonzero(spikes["waits_not"]).tolist() == [1]
    assert v["floors_below_zero"].min() <= -64 and u["floors_below_zero"].min() == -64  # -1 >> 7 is -1
    assert not v["floors_to_zero"].any()
    assert v["leaks_towards_zero"].min() < 0
    assert v["largest_bias"].max() > 4095 << 7
    assert v["smallest_bias"].min() == -STATE_LIMIT
    assert v["starts_high"].max() > 2**22


@pytest.mark.lava
@pytest.mark.slow
def test_lavas_monitors_read_what_the_tape_holds(tmp_path: Path) -> None:
    """The tape is ours, the Monitor is Lava's: both must tell the same of the same network."""
    packing.need_lava()
    whole = packing.random_pack(11, families=1, members=2, n_steps=20, graded=True, with_corners=False)
    taped = in_lava(whole, tmp_path)
    monitored = in_lava(whole, tmp_path, monitor=True)
    assert packing.mismatches(whole, taped, monitored) == []
    assert packing.mismatches(whole, taped, simulate_reference(whole.program, whole.spikes)) == []
    assert any(trace.spikes.any() for trace in taped.populations.values())


@pytest.mark.lava
@pytest.mark.slow
@pytest.mark.parametrize(("seed", "graded"), [(1, False), (2, True)], ids=["binary", "graded"])
def test_hundreds_of_random_networks_are_equal_in_every_step(tmp_path: Path, seed: int, graded: bool) -> None:
    packing.need_lava()
    whole = packing.random_pack(seed, families=5, members=150, n_steps=130, graded=graded, lean=seed % 2 == 1)
    found = in_lava(whole, tmp_path)
    assert packing.mismatches(whole, found, simulate(whole.program, whole.spikes, record=RECORD)) == []

    neuron_steps = sum(trace.spikes.size for trace in found.populations.values())
    assert neuron_steps >= 500_000, "two such packs are what the issue asks for in CI"
    assert len(whole.members) > 500
    spiking = sum(bool(trace.spikes.any()) for trace in found.populations.values())
    assert spiking > len(found.populations) / 2

    rng = np.random.default_rng(seed)
    for member in rng.choice(len(whole.members), 12, replace=False):
        chosen = whole.members[member]
        program, spikes = packing.member_program(whole, chosen)
        alone = simulate_reference(program, spikes)
        for name, trace in alone.populations.items():
            for key in RECORD:
                packed = getattr(found.populations[name], key)[..., chosen[name]]
                np.testing.assert_array_equal(packed, getattr(trace, key), err_msg=f"{key} of {name}")


@pytest.mark.lava
def test_soft_resets_are_equal_in_every_step(tmp_path: Path) -> None:
    """Lava's ATRLIF with a connection to itself, at once and one step late."""
    packing.need_lava()
    whole = packing.random_pack(11, families=2, members=4, n_steps=40, graded=True, lean=True, soft=True)
    found = in_lava(whole, tmp_path)
    assert packing.mismatches(whole, found, simulate_reference(whole.program, whole.spikes)) == []
    assert {p.reset for p in whole.program.populations} == {"subtract", "subtract_late"}
    assert sum(trace.spikes.any() for trace in found.populations.values()) > len(found.populations) / 2
