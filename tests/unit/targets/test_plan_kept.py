"""A program is laid out once: whoever simulates it again finds the plan."""

from __future__ import annotations

import copy
import threading
from dataclasses import replace

import numpy as np

import neurodeploy as nd
from neurodeploy.targets.loihi.simulate import wiring
from neurodeploy.targets.loihi.simulate.fast import simulate
from neurodeploy.targets.loihi.simulate.stream import Stream


def program_and_spikes(graph: nd.Graph):
    rng = np.random.default_rng(0)
    spikes = (rng.random((2, 20, graph.input_size)) < 0.2).astype(np.uint8)
    return nd.lower(graph, "loihi2").program, spikes


def test_a_program_is_laid_out_once_for_samples_and_streams(tiny_graph, monkeypatch):
    program, spikes = program_and_spikes(tiny_graph)
    made = []
    right = wiring.make_plan
    monkeypatch.setattr(wiring, "make_plan", lambda given: made.append(given) or right(given))
    first = simulate(program, spikes)
    again = simulate(program, spikes)
    Stream(program)
    assert made == [program]
    for name, trace in first.populations.items():
        assert np.array_equal(trace.v, again.populations[name].v)


def test_a_changed_program_is_laid_out_anew(tiny_graph):
    program, spikes = program_and_spikes(tiny_graph)
    name = program.populations[0].name
    before = simulate(program, spikes).populations[name].spikes
    easier = tuple(replace(p, vth=p.vth // 4 + 1) if p.spiking else p for p in program.populations)
    after = simulate(replace(program, populations=easier), spikes).populations[name].spikes
    assert after.sum() > before.sum()
    copied = simulate(copy.deepcopy(program), spikes).populations[name].spikes
    assert np.array_equal(copied, before)


def test_threads_that_ask_at_once_compute_the_same(tiny_graph):
    program, spikes = program_and_spikes(tiny_graph)
    found: list[np.ndarray] = []
    name = program.populations[0].name
    workers = [
        threading.Thread(target=lambda: found.append(simulate(program, spikes).populations[name].v))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 4
    assert all(np.array_equal(v, found[0]) for v in found)
