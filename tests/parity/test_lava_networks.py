"""Convolutions, integrate-and-fire neurons and recurrent synapses with delays in Lava, from a NIR file."""

from __future__ import annotations

import importlib
import sys
from itertools import pairwise
from pathlib import Path

import nir
import numpy as np
import pytest

from neurodeploy.nir.read import from_nir
from neurodeploy.targets.loihi.lava.run import run_lava
from neurodeploy.targets.loihi.simulate.naive import simulate_reference
from neurodeploy.targets.loihi.target import loihi

sys.path.insert(0, str(Path(__file__).parent))
packing = importlib.import_module("lava_packing")

DT_S = 1e-3
RECORD = ("spikes", "v", "u")


def networks() -> dict[str, tuple[nir.NIRGraph, int]]:
    """Give each network with the size of its input."""
    rng = np.random.default_rng(12)
    image, flat = np.ones((4, 14, 14)), np.ones(6)
    conv = {
        "in": nir.Input(np.array([2, 16, 16])),
        "late": nir.Delay(rng.integers(0, 4, (2, 16, 16)) * DT_S),
        "c": nir.Conv2d((16, 16), rng.normal(size=(4, 2, 3, 3)), 1, 0, 1, 1, rng.normal(0, 0.1, 4)),
        "a": nir.IF(r=image / DT_S, v_threshold=image, v_reset=-0.3 * image),
        "p": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "d": nir.Conv2d((7, 7), rng.normal(0, 0.2, (2, 4, 3, 3)), 2, 1, 1, 1, np.zeros(2)),
        "b": nir.IF(r=np.ones((2, 4, 4)) / DT_S, v_threshold=np.ones((2, 4, 4)), v_reset=np.zeros((2, 4, 4))),
        "w": nir.Linear(rng.normal(size=(6, 32))),
        "out": nir.Output(np.array([6])),
    }
    cuba = nir.CubaLIF(
        tau_mem=0.01 * flat, tau_syn=0.004 * flat, r=flat, v_leak=0 * flat, v_threshold=0.3 * flat,
        v_reset=0 * flat, w_in=2 * flat,
    )  # fmt: skip
    loop = {
        "in": nir.Input(np.array([8])),
        "w": nir.Affine(rng.normal(size=(6, 8)), rng.normal(0, 0.1, 6)),
        "n": cuba,
        "out": nir.Output(np.array([6])),
    }
    back = {
        "slow": nir.Delay(rng.integers(1, 9, 6) * DT_S),
        "r": nir.Linear(rng.normal(size=(6, 6))),
        "at_once": nir.Linear(rng.normal(0, 0.4, (6, 6))),
    }
    edges = [*pairwise(loop), ("n", "slow"), ("slow", "r"), ("r", "n"), ("n", "at_once"), ("at_once", "n")]
    return {
        "convolution": (nir.NIRGraph(conv, list(pairwise(conv)), type_check=False), 512),
        "recurrent": (nir.NIRGraph(loop | back, edges, type_check=False), 8),
    }


@pytest.mark.lava
@pytest.mark.slow
@pytest.mark.parametrize("name", ["convolution", "recurrent"])
def test_lava_computes_every_bit_of_the_reference(name: str, tmp_path: Path) -> None:
    packing.need_lava()
    graph, n = networks()[name]
    rng = np.random.default_rng(13)
    x = (rng.random((2, 40, n)) < 0.15).astype(np.uint8)
    program = loihi().lower(from_nir(graph, DT_S), calibration=x).program
    loihi().write(program, tmp_path)
    found = run_lava(tmp_path, x, record=RECORD, timeout_s=600)
    wanted = simulate_reference(program, x)
    for population, trace in wanted.populations.items():
        assert trace.spikes.any() or not program.population(population).spiking
        for key in RECORD:
            assert np.array_equal(getattr(trace, key), getattr(found.populations[population], key)), key
