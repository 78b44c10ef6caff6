"""A bundle fed step by step gives what it gives of the whole sample, in aligned time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd


@pytest.fixture(scope="module")
def late(tiny_graph, tmp_path_factory) -> Path:
    """A bundle whose populations are 1, 1 and 2 steps late, as some spikes arrive without delay."""
    changed = []
    for projection, some in zip(tiny_graph.projections, (True, False, True), strict=True):
        delay_s = projection.delay_s.copy()
        if some:
            delay_s[0, 0, 0] = 0.0
        changed.append(replace(projection, delay_s=delay_s))
    graph = replace(tiny_graph, projections=tuple(changed))
    made = nd.export(graph, tmp_path_factory.mktemp("late") / "b", target="loihi", verify=False)
    assert dict(made.manifest.latency_steps) == {"hidden1": 1, "hidden2": 1, "out": 2}
    return made.path


@pytest.fixture
def spikes() -> np.ndarray:
    return (np.random.default_rng(7).random((30, 12)) < 0.3).astype(np.uint8)


@pytest.mark.parametrize("cuts", [(), (1,), (7, 8, 20), tuple(range(1, 30))], ids=len)
def test_however_it_is_cut_a_stream_gives_the_simulators_traces(late, spikes, cuts):
    opened = nd.open_bundle(late)
    whole = nd.simulate(opened, spikes[None])
    stream = opened.stream()
    parts = [stream.feed(part) for part in np.split(spikes, cuts)] + [stream.finish()]
    for name, trace in whole.populations.items():
        pieces = [part.populations[name] for part in parts]
        assert np.array_equal(np.concatenate([piece.spikes for piece in pieces]), trace.spikes[0]), name
        assert np.array_equal(np.concatenate([piece.v for piece in pieces]), trace.v[0]), name
        ends = np.cumsum([0] + [len(piece.spikes) for piece in pieces])
        assert [p.first_step for p in pieces if len(p.spikes)] == [
            int(start) for start, piece in zip(ends, pieces, strict=False) if len(piece.spikes)
        ]
    assert np.allclose(parts[-1].score, whole.score[0])
    assert parts[-1].decision == whole.score[0].argmax()


def test_the_score_so_far_is_that_of_the_steps_so_far(late, spikes):
    opened = nd.open_bundle(late)
    stream = opened.stream()
    behind = opened.manifest.latency_steps["out"]
    for n, values in enumerate(spikes, start=1):
        live = stream.step(values)
        if n <= behind:
            assert live.score is None and live.decision is None
        else:
            assert np.allclose(live.score, nd.simulate(opened, spikes[None, : n - behind]).score[0])


def test_a_reset_starts_a_new_sample(late, spikes):
    stream = nd.open_bundle(late).stream()
    first = [stream.feed(spikes), stream.finish()]
    with pytest.raises(ValueError, match="reset"):
        stream.feed(spikes)
    stream.reset()
    again = [stream.feed(spikes), stream.finish()]
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.populations["hidden2"].v, other.populations["hidden2"].v)
        assert np.array_equal(one.score, other.score)


def test_an_input_of_another_network_is_a_finding(bundle):
    with pytest.raises(nd.NeurodeployError):
        nd.open_bundle(bundle).stream().step(np.zeros(5, np.uint8))


def test_a_target_without_a_stream_is_a_finding(bundle, monkeypatch):
    opened = nd.open_bundle(bundle)
    monkeypatch.delattr(type(opened.target), "stream")
    with pytest.raises(nd.NeurodeployError) as caught:
        opened.stream()
    assert caught.value.findings[0].code == "ND428"


def test_a_network_without_a_readout_has_no_score(tiny_graph, tmp_path, spikes):
    made = nd.export(replace(tiny_graph, readout=None), tmp_path / "b", target="loihi", verify=False)
    live = made.stream().feed(spikes)
    assert live.score is None and "decision None" in repr(live)
