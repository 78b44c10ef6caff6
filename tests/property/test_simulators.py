"""Every simulator of a FixedGraph gives the reference's bits: spikes, u and v, at every step."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.loihi.simulate.bounds import LARGEST_SUM
from neurodeploy.targets.loihi.simulate.fast import Stream, simulate
from neurodeploy.targets.loihi.simulate.naive import simulate_reference
from neurodeploy.targets.loihi.simulate.wiring import make_plan
from neurodeploy.traces import PopulationTrace, Traces

sys.path.insert(0, str(Path(__file__).parent))
from corners import corner_cases, refused_cases
from layouts_of_plans import layout_cases, layout_of
from programs import Case, first_difference, random_case

CORNERS = dict(corner_cases())
REFUSED = dict(refused_cases())
LAYOUTS = {name: (program, layout) for name, program, layout in layout_cases()}
ALL = ("spikes", "u", "v")

cases = st.builds(
    random_case,
    st.integers(0, 2**32 - 1),
    n_populations=st.integers(1, 4),
    size=st.integers(1, 6),
    n_steps=st.sampled_from([1, 7, 30, 70]),
    n_samples=st.integers(1, 2),
)


def stream(program: FixedGraph, spikes: np.ndarray, cuts: list[int]) -> Traces:
    """Run samples through one Stream, each cut into pieces of the given lengths, and align the result."""
    running = Stream(program)
    n_steps = spikes.shape[1]
    late = np.zeros((program.max_latency_steps, program.input_size), dtype=spikes.dtype)
    samples = []
    facts = {"max_abs_accumulator": 0, "synaptic_events": 0}
    for sample in spikes:
        running.reset()
        values = np.concatenate([sample, late])
        pieces, at, turn = [], 0, 0
        while at < len(values):
            length = cuts[turn % len(cuts)]
            pieces.append(running.feed(values[at : at + length]))
            at, turn = at + length, turn + 1
        samples.append(pieces)
        facts["max_abs_accumulator"] = max(facts["max_abs_accumulator"], running.facts["max_abs_accumulator"])
        facts["synaptic_events"] += running.facts["synaptic_events"]

    def aligned(name: str, quantity: str, latency: int) -> np.ndarray:
        raw = [np.concatenate([getattr(piece[name], quantity) for piece in pieces]) for pieces in samples]
        return np.stack(raw)[:, latency : latency + n_steps]

    return Traces(
        {
            p.name: PopulationTrace(
                aligned(p.name, "spikes", p.latency_steps),
                aligned(p.name, "v", p.latency_steps),
                aligned(p.name, "u", p.latency_steps),
            )
            for p in program.populations
        },
        facts=facts,
    )


def assert_twins_agree(case: Case, cuts: list[int]) -> None:
    program, spikes = case
    reference: Traces | None = None
    with contextlib.suppress(OverflowError):  # its integers have no limit, but its int32 traces do
        reference = simulate_reference(program, spikes)
    if reference is None or reference.facts["max_abs_accumulator"] > LARGEST_SUM:
        with pytest.raises(NeurodeployError) as refused:
            simulate(program, spikes, record=ALL, threads=1)
        assert refused.value.findings[0].code == "ND463"
        return
    fast = simulate(program, spikes, record=ALL, threads=1)
    assert first_difference(reference, fast) is None
    assert first_difference(reference, stream(program, spikes, cuts)) is None
    for expected, found in ((reference.score, fast.score), (reference.score_per_step, fast.score_per_step)):
        assert (expected is None) == (found is None)
        assert expected is None or np.array_equal(expected, found)


@settings(max_examples=60, deadline=None)
@given(case=cases, cuts=st.lists(st.sampled_from([1, 2, 5, 64, 200]), min_size=1, max_size=4))
def test_the_fast_twin_and_the_stream_give_the_reference_bits(case: Case, cuts: list[int]) -> None:
    assert_twins_agree(case, cuts)


@pytest.mark.parametrize("name", CORNERS)
def test_the_twins_agree_at_the_corner(name: str) -> None:
    assert_twins_agree(CORNERS[name], [1, 3])


@settings(max_examples=15, deadline=None)
@given(case=cases)
@example(case=CORNERS["delay 63"])
def test_a_sample_does_not_depend_on_its_neighbours_or_on_threads(case: Case) -> None:
    program, spikes = case
    spikes = np.concatenate([spikes, spikes[::-1], spikes])
    try:
        together = simulate(program, spikes, record=ALL, threads=3)
    except NeurodeployError:
        return
    for k in range(len(spikes)):
        alone = simulate(program, spikes[k : k + 1], record=ALL, threads=1)
        for name, trace in alone.populations.items():
            for quantity in ALL:
                whole = getattr(together.populations[name], quantity)[k : k + 1]
                assert np.array_equal(getattr(trace, quantity), whole), (name, quantity, k)


@pytest.mark.parametrize("name", REFUSED)
def test_what_leaves_32_bits_is_refused_and_what_does_not_is_computed(name: str) -> None:
    assert_twins_agree(REFUSED[name], [1, 3])


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_layout_uses_short_words_only_where_they_are_proven_to_hold(name: str) -> None:
    program, expected = LAYOUTS[name]
    assert layout_of(make_plan(program)) == expected
