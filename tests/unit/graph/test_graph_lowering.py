"""Branches of one delay each, worked out by hand."""

import numpy as np

from neurodeploy.graph.lowering import canonical, canonical_projection, lower, raise_branches
from neurodeploy.graph.model import INPUT, Projection

DT_S = 0.01


def projection(weight, steps):
    return Projection(
        source=INPUT,
        target="a",
        weight=np.array(weight, dtype=float),
        delay_s=np.array(steps) * DT_S,
    )


def test_a_temporal_convolution_becomes_one_branch_a_tap():
    taps = projection([[[1.0, 2.0]], [[3.0, 4.0]]], [[[0, 0]], [[5, 5]]])
    branches = lower(taps, DT_S)
    assert [b.delay_s for b in branches] == [0, 5 * DT_S]
    assert [b.weight.tolist() for b in branches] == [[[1, 2]], [[3, 4]]]
    raised = raise_branches(INPUT, "a", branches, (1, 2))
    assert np.array_equal(raised.weight, taps.weight)
    assert np.array_equal(raised.delay_s, taps.delay_s)


def test_taps_of_one_synapse_and_one_delay_are_added():
    (branch,) = lower(projection([[[1.0]], [[2.5]]], [[[3]], [[3]]]), DT_S)
    assert branch.weight.tolist() == [[3.5]]


def test_taps_that_cancel_leave_no_branch():
    cancelling = projection([[[1.0]], [[-1.0]], [[2.0]]], [[[3]], [[3]], [[1]]])
    assert [b.delay_s for b in lower(cancelling, DT_S)] == [DT_S]
    assert lower(projection([[[0.0]]], [[[4]]]), DT_S) == ()


def test_synapses_move_into_as_few_taps_as_possible_by_rising_delay():
    found = canonical_projection(
        projection([[[1.0, 0.0]], [[2.0, 3.0]], [[0.0, 4.0]]], [[[9, 7]], [[2, 8]], [[1, 0]]]), DT_S
    )
    assert found.weight.tolist() == [[[2, 4]], [[1, 3]]]
    assert np.array_equal(found.delay_s, np.array([[[2, 0]], [[9, 8]]]) * DT_S)


def test_a_projection_without_synapses_is_left_out_of_the_canonical_graph(changed):
    empty = changed("input->a", weight=np.zeros((1, 2, 3)))
    assert [p.name for p in canonical(empty).projections] == ["a->out"]
    assert canonical_projection(empty.projections[0], DT_S).n_taps == 1
