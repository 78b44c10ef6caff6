"""How a cell of the conformance matrix is decided: each verdict can be had, and none by default."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))
from benchmarks.conformance.inward import judged
from benchmarks.conformance.our_networks import given, networks
from benchmarks.conformance.page import Result, page
from neurodeploy.graph.interpret import interpret

RNG = np.random.default_rng(0)
SPIKES = {"a": RNG.random((3, 20, 4)) < 0.3, "b": RNG.random((3, 20, 4)) < 0.3}


def late(spikes: np.ndarray, steps: int) -> np.ndarray:
    moved = np.zeros_like(spikes)
    moved[:, steps:] = spikes[:, :-steps]
    return moved


def flipped(spikes: np.ndarray) -> np.ndarray:
    other = spikes.copy()
    other[0, 0, 0] ^= True
    return other


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (SPIKES, "equal"),
        (SPIKES | {"b": late(SPIKES["b"], 2)}, "shifted"),
        (SPIKES | {"a": flipped(SPIKES["a"])}, "decisions"),
        (SPIKES | {"b": ~SPIKES["b"]}, "wrong"),
        (SPIKES | {"b": SPIKES["b"][:, :-1]}, "wrong"),
        ({"a": SPIKES["a"]}, "wrong"),
    ],
)
def test_one_flipped_spike_is_not_equal(found, verdict):
    assert judged(SPIKES, found).verdict == verdict


def test_a_population_without_a_spike_shows_nothing():
    quiet = SPIKES | {"a": np.zeros_like(SPIKES["a"])}
    assert judged(quiet, quiet).verdict == "silent"


@pytest.mark.parametrize("name", networks())
def test_every_population_of_every_network_spikes_and_rests(name):
    graph = networks()[name]
    traces = interpret(graph, given(graph)).populations
    rates = [traces[p.name].spikes.mean() for p in graph.populations if p.model.spiking]
    assert all(0.05 < rate < 0.9 for rate in rates), rates


def test_a_page_says_what_is_silently_wrong():
    from benchmarks.conformance.environments import FRAMEWORKS

    wrong, fine = judged(SPIKES, SPIKES | {"b": ~SPIKES["b"]}), judged(SPIKES, SPIKES)
    result = Result(
        FRAMEWORKS["norse"], {"norse": "1"}, {"x": ("an x", wrong, fine)}, {"delays": fine}, {"delays": wrong}
    )
    text = page([result], {"spyx": "no network"})
    assert "SILENTLY WRONG" in text and "not run: no network" in text
    assert [line.split(":")[0] for line in result.silently_wrong()] == ["norse x", "delays --for norse"]
