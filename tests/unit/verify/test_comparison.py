"""Nothing that is missing counts as equal, and chunks add up to the whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.findings.codes_parity import GOLDEN_DIFFERS
from neurodeploy.traces import PopulationTrace, Traces
from neurodeploy.verify import comparison
from neurodeploy.verify.comparison import Comparison, chunks, cut

NAMES = ("a", "b")


def traces(seed: int = 0, n_samples: int = 7) -> Traces:
    rng = np.random.default_rng(seed)
    shape = (n_samples, 20, 5)
    return Traces(
        {
            name: PopulationTrace(
                (rng.random(shape) < 0.3).astype(np.uint8), rng.integers(50, 1000, shape, dtype=np.int32)
            )
            for name in NAMES
        }
    )


def changed(name: str, **arrays: object) -> Traces:
    whole = traces()
    return Traces({**whole.populations, name: replace(whole.populations[name], **arrays)})


def problems(expected: Traces, actual: Traces) -> list[str]:
    compared = Comparison(GOLDEN_DIFFERS, NAMES)
    compared.add(expected, actual)
    return [f"{finding.code} {finding.where} {finding.found}" for finding in compared.problems()]


def test_equal_traces_have_no_problems():
    assert problems(traces(), traces()) == []


WITHOUT_B = Traces({"a": traces().populations["a"]})
OTHER = Traces({**traces().populations, "c": traces().populations["a"]})


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (WITHOUT_B, "no spikes to compare with"),
        (Traces({}), "no spikes to compare with"),
        (changed("b", v=None), "no v to compare with"),
        (OTHER, "a population that the network does not have"),
        (changed("b", v=np.zeros((7, 20, 4), np.int32)), "shape [7, 20, 5] against [7, 20, 4]"),
        (changed("b", spikes=np.zeros((1, 20, 5), np.uint8)), "shape"),
        (changed("b", v=np.full((7, 20, 5), "x")), "of type"),
    ],
    ids=["a population", "all", "v", "one too many", "a neuron", "samples", "text"],
)
def test_what_is_missing_or_of_another_shape_is_a_finding_on_either_side(other, said):
    for one, two in ((traces(), other), (other, traces())):
        found = problems(one, two)
        assert found and all(line.startswith("ND472") for line in found)
        assert any(said.partition(" against")[0][:14] in line for line in found), found


def test_traces_without_steps_compare_nothing():
    empty = cut(traces(), slice(0, 0))
    assert problems(empty, empty)[0].startswith("ND475")
    none = Traces({n: PopulationTrace(t.spikes[:, :0], t.v[:, :0]) for n, t in traces().populations.items()})
    assert problems(none, none)[0].startswith("ND475")


@pytest.mark.parametrize("place", [(0, 12, 3), (3, 5, 0), (6, 19, 4)])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_chunks_find_what_the_whole_finds(place, size):
    wrong = traces()
    wrong.populations["b"].v[place] += 2
    wrong.populations["a"].spikes[6, 19, 0] ^= 1
    whole = Comparison(GOLDEN_DIFFERS, NAMES)
    whole.add(traces(), wrong)
    parts = Comparison(GOLDEN_DIFFERS, NAMES)
    for start in range(0, 7, size):
        part = slice(start, start + size)
        parts.add(cut(traces(), part), cut(wrong, part), first_sample=start)
    assert parts.facts() == whole.facts()
    assert parts.problems() == whole.problems()


def test_chunks_cover_every_sample_once_and_fit_the_bytes(monkeypatch):
    monkeypatch.setattr(comparison, "CHUNK_BYTES", 1000)
    for n, bytes_of_one in ((1, 10), (256, 1), (257, 1), (100, 300), (5, 10_000)):
        parts = list(chunks(n, bytes_of_one))
        assert [i for part in parts for i in range(part.start, part.stop)] == list(range(n))
        assert all((part.stop - part.start) * bytes_of_one <= max(1000, bytes_of_one) for part in parts)
        assert all(part.stop - part.start <= 256 for part in parts)
    assert list(chunks(0, 10)) == []
