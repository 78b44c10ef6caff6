"""A score that is made step by step ends where the score of the whole sequence is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.score import SCORES, RunningScore, scores


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(SCORES),
    seed=st.integers(0, 2**32 - 1),
    n_steps=st.integers(1, 40),
    n_classes=st.integers(2, 5),
    n_samples=st.integers(1, 3),
    scale=st.sampled_from([1e-3, 1.0, 50.0]),
)
def test_steps_in_parts_give_the_score_of_the_whole(kind, seed, n_steps, n_classes, n_samples, scale):
    rng = np.random.default_rng(seed)
    v = rng.normal(size=(n_samples, n_steps, n_classes)) * scale
    spikes = rng.integers(0, 2, v.shape).astype(np.uint8)
    whole, per_step = scores(kind, v, spikes)
    together = RunningScore(kind, n_classes, n_samples=n_samples)
    assert together.score is None
    cuts = np.sort(rng.integers(0, n_steps + 1, 3))
    for a, b in zip(np.split(v, cuts, axis=1), np.split(spikes, cuts, axis=1), strict=True):
        so_far = together.add(a, b)
    assert np.array_equal(so_far, whole)
    for k in range(n_samples):
        alone = RunningScore(kind, n_classes)
        for step in range(n_steps):
            alone.add(v[k, step : step + 1], spikes[k, step : step + 1])
            so_far = scores(kind, v[k : k + 1, : step + 1], spikes[k : k + 1, : step + 1])[0][0]
            assert np.array_equal(alone.score, so_far)
            if per_step is not None:
                assert np.array_equal(alone.score_of_last_step, per_step[k, step])
        assert np.array_equal(alone.score, whole[k])


def test_a_score_of_one_class_agrees_but_for_the_last_digits():
    v = np.random.default_rng(0).normal(size=(1, 1000, 1))
    running = RunningScore("softmax_sum", 1)
    np.testing.assert_allclose(
        running.add(v[0]), scores("softmax_sum", v, v.astype(np.uint8))[0][0], rtol=1e-12
    )


@pytest.mark.parametrize("kind", SCORES)
def test_what_a_score_needs_must_be_given(kind):
    with pytest.raises(ValueError, match="needs spikes" if kind == "spike_count" else "needs v"):
        RunningScore(kind, 2).add()
    with pytest.raises(ValueError, match="shape"):
        RunningScore(kind, 2).add(np.zeros((1, 3)), np.zeros((1, 3), np.uint8))


def test_a_score_so_far_does_not_change_under_the_hands_of_who_holds_it():
    running = RunningScore("last", 2)
    steps = np.ones((1, 2))
    first = running.add(steps)
    steps[:] = 5
    running.add(steps)
    steps[:] = 7
    assert first.tolist() == [1, 1]
    assert running.score.tolist() == [5, 5]


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="unknown score"):
        RunningScore("median", 2)
