"""Augmentation: what every change keeps, whatever the samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.data.events import Events, EventSet
from neurodeploy.recipe import Augment

STEPS, CHANNELS = 30, 12
MODEST = settings(max_examples=40, deadline=None)


def make(seed: int, n: int = 6, input_max: int = 255) -> EventSet:
    """Samples whose spikes lie in the middle third of steps and channels, so that a shift cuts none."""
    rng = np.random.default_rng(seed)
    dense = np.zeros((n, STEPS, CHANNELS), dtype=np.uint8)
    dense[:, 10:20, 4:8] = rng.integers(0, 4, (n, 10, 4))
    sample, step, channel = np.nonzero(dense)
    events = Events(
        indptr=np.concatenate([[0], np.cumsum(np.bincount(sample, minlength=n))]),
        step=step.astype(np.uint16),
        channel=channel.astype(np.uint16),
        count=dense[sample, step, channel],
        labels=np.arange(n) % 3,
        n_classes=3,
    )
    return EventSet(
        events=events, index=np.arange(n), n_steps=STEPS, n_channels=CHANNELS, input_max=input_max
    )


def drawn(items: EventSet, seed: int = 0, **changes: float) -> np.ndarray:
    return items.batch(np.arange(len(items)), Augment.model_validate(changes), np.random.default_rng(seed))


@MODEST
@given(seed=st.integers(0, 99), time=st.integers(0, 9), channel=st.integers(0, 4))
def test_a_shift_moves_each_sample_as_a_whole(seed: int, time: int, channel: int) -> None:
    items = make(seed)
    plain = items.batch(np.arange(len(items)))
    moved = drawn(items, seed, time_shift_steps=time, channel_shift=channel)
    for slot in range(len(items)):
        steps, channels = (np.argwhere(part[:, slot])[:, None].min(axis=(0, 1)) for part in (moved, plain))
        by = steps - channels
        assert abs(by[0]) <= time and abs(by[1]) <= channel
        np.testing.assert_array_equal(np.roll(plain[:, slot], tuple(by), axis=(0, 1)), moved[:, slot])


def test_shifts_reach_both_ends_of_their_range() -> None:
    items = make(0, n=300)
    plain = items.batch(np.arange(300))
    moved = drawn(items, 0, time_shift_steps=3)
    first = [np.flatnonzero(part.any(axis=2)[:, slot])[0] for part in (moved, plain) for slot in range(300)]
    assert set(np.subtract(first[:300], first[300:])) == set(range(-3, 4))


@MODEST
@given(seed=st.integers(0, 99), stretch=st.floats(0.01, 0.3))
def test_a_stretch_keeps_every_spike_and_brings_bins_together(seed: int, stretch: float) -> None:
    items = make(seed)
    plain = items.batch(np.arange(len(items))).sum(axis=(0, 2))
    stretched = drawn(items, seed, time_stretch=stretch, channel_stretch=stretch)
    np.testing.assert_array_equal(stretched.sum(axis=(0, 2)), plain)
    steps = np.flatnonzero(stretched.any(axis=(1, 2)))
    assert steps.min() >= np.floor(10 * (1 - stretch)) and steps.max() <= 20 * (1 + stretch)


@MODEST
@given(seed=st.integers(0, 99), drop=st.floats(0.05, 0.95))
def test_drop_only_removes_spikes(seed: int, drop: float) -> None:
    items = make(seed)
    plain, thinned = items.batch(np.arange(len(items))), drawn(items, seed, drop=drop)
    assert (thinned <= plain).all()
    total = int(plain.sum())
    # Six standard deviations of a binomial count.
    assert abs(int(thinned.sum()) - total * (1 - drop)) <= 6 * np.sqrt(total * drop * (1 - drop)) + 1


@MODEST
@given(seed=st.integers(0, 99))
def test_a_blend_takes_spikes_from_its_own_class_only(seed: int) -> None:
    items = make(seed, n=9)
    plain, mixed = items.batch(np.arange(9)), drawn(items, seed, blend=1.0)
    for slot in range(9):
        same = plain[:, np.arange(9) % 3 == slot % 3].astype(int)
        assert (mixed[:, slot] <= plain[:, slot] + same.max(axis=1)).all()
    held_out = items.take(np.array([0, 3]))  # class 0 without sample 6
    both = plain[:, [0, 3]].any(axis=1)
    assert not drawn(held_out, seed, blend=1.0).any(axis=1)[~both].any()


def test_the_same_generator_gives_the_same_batch_and_another_does_not() -> None:
    items = make(1)
    changes = {"time_shift_steps": 4, "channel_shift": 2, "time_stretch": 0.1, "drop": 0.2, "blend": 0.5}
    np.testing.assert_array_equal(drawn(items, 5, **changes), drawn(items, 5, **changes))
    assert not np.array_equal(drawn(items, 5, **changes), drawn(items, 6, **changes))


def test_no_change_is_no_change_and_counts_stay_within_their_limit() -> None:
    items = make(2, input_max=2)
    plain = items.batch(np.arange(6))
    np.testing.assert_array_equal(drawn(items), plain)
    assert plain.max() == 2
    assert drawn(items, time_stretch=0.5).max() <= 2
    assert drawn(make(2, input_max=1), time_stretch=0.5).max() == 1


def test_augmentation_without_a_generator_is_our_own_bug() -> None:
    with pytest.raises(ValueError, match="generator"):
        make(0).batch(np.arange(2), Augment(time_shift_steps=1))
