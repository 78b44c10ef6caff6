"""The twins and the golden traces are held against each other, and a simulator with a fault is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neurodeploy.bundle.bundle import Bundle, open_bundle
from neurodeploy.traces import Traces
from neurodeploy.verify.gates import Status
from neurodeploy.verify.levels import check_golden, check_twins


class Faulty:
    """A target whose fast simulator, or whose reference, computes one number wrongly."""

    def __init__(self, target: Any, where: str, change: Callable[[Traces], None]) -> None:
        self.target, self.where, self.change = target, where, change

    def simulate(self, *given: Any, **options: Any) -> Traces:
        return self._changed("simulate", self.target.simulate(*given, **options))

    def simulate_naive(self, *given: Any) -> Traces:
        return self._changed("simulate_naive", self.target.simulate_naive(*given))

    def _changed(self, where: str, traces: Traces) -> Traces:
        if where == self.where:
            self.change(traces)
        return traces


def one_wrong(quantity: str) -> Callable[[Traces], None]:
    def change(traces: Traces) -> None:
        array = getattr(traces.populations["hidden2"], quantity)
        if array is not None:
            array[1, 7, 3] ^= 1

    return change


@pytest.fixture
def opened(bundle) -> Bundle:
    return open_bundle(bundle)


def test_sound_simulators_pass(opened):
    check = check_twins(opened.graph, opened.target, opened.program, opened.golden)
    assert check.status is Status.PASSED and "u" in check.reason.partition("equal")[0]
    assert check.facts["populations"]["hidden2"] == {"compared": 2 * 40 * 16, "u": 0, "v": 0, "spikes": 0}


@pytest.mark.parametrize("where", ["simulate", "simulate_naive"])
@pytest.mark.parametrize("quantity", ["u", "v", "spikes"])
def test_one_wrong_number_of_either_twin_is_found(where, quantity, opened):
    faulty = Faulty(opened.target, where, one_wrong(quantity))
    check = check_twins(opened.graph, faulty, opened.program, opened.golden)
    assert check.status is Status.FAILED and [f.code for f in check.findings] == ["ND473"]
    assert f"{quantity} of neuron 3 of hidden2 at step 7 of sample 1" in check.reason


@pytest.mark.parametrize("quantity", ["v", "spikes"])
def test_a_simulator_that_changed_since_the_export_is_found(quantity, opened):
    faulty = Faulty(opened.target, "simulate", one_wrong(quantity))
    check = check_golden(opened.graph, faulty, opened.program, opened.golden)
    assert check.status is Status.FAILED and [f.code for f in check.findings] == ["ND472"]
    assert f"{quantity} of neuron 3 of hidden2 at step 7 of sample 1" in check.reason


def test_golden_traces_are_compared_in_chunks_of_which_each_counts(opened, monkeypatch):
    from neurodeploy.verify import comparison

    monkeypatch.setattr(comparison, "CHUNK_BYTES", 3 * 35 * 40 * 10)  # three samples of 35 neurons
    spikes = opened.golden.fixed.populations["out"].v
    last = len(opened.golden) - 1
    golden = opened.golden
    spikes[last, 39, 2] += 1
    check = check_golden(opened.graph, opened.target, opened.program, golden)
    assert f"v of neuron 2 of out at step 39 of sample {last}" in check.reason
    assert check.facts["populations"]["out"]["compared"] == np.prod(spikes.shape)
