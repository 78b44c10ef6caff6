"""P0: every integer of a program is held against the network, and bugs of an exporter are named."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))

from bug_kinds import KINDS, Kind, with_part
from injected_bugs import random_cases

from neurodeploy.graph.model import Graph
from neurodeploy.targets.loihi.program import FixedGraph
from neurodeploy.targets.registry import load_target

TARGET = load_target("loihi2")
Case = tuple[str, Graph, FixedGraph]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return list(random_cases(6, seed=5))


def test_healthy_programs_are_not_accused(cases: list[Case]) -> None:
    assert [TARGET.certify(graph, program) for _, graph, program in cases] == [[]] * len(cases)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_bug_of_an_exporter_is_named_with_its_place(kind: Kind, cases: list[Case]) -> None:
    rng = np.random.default_rng(1)
    tried = 0
    for _, graph, program in cases:
        for part in (*program.populations, *program.projections):
            changed = kind.change(graph, program, part, rng)
            if changed is not None:
                tried += 1
                findings = TARGET.certify(graph, with_part(program, part, changed))
                assert any(f.code == kind.code and part.name in f.where for f in findings), part.name
    assert tried


def test_a_finding_says_where_what_was_found_and_what_was_wanted(cases: list[Case]) -> None:
    _, graph, program = cases[0]
    part = program.populations[0]
    vth = part.vth.copy()
    vth[2] += 2
    (finding,) = TARGET.certify(graph, with_part(program, part, replace(part, vth=vth)))
    assert finding.code == "ND489"
    assert finding.where == f"{graph.name}.{part.name}, neuron 2"
    assert finding.found.startswith(f"vth {vth[2]}, wanted {vth[2] - 2}"[:-1])
    assert finding.found.endswith(f"1 of {part.size} are wrong")


@pytest.mark.parametrize(
    "change",
    [{"dt_s": 0.02}, {"input_max": 7}, {"readout": None}, {"populations": ()}, {"projections": ()}],
    ids=lambda change: next(iter(change)),
)
def test_the_program_of_another_network_is_no_rounding_of_this_one(
    change: dict[str, object], cases: list[Case]
) -> None:
    _, graph, program = cases[0]
    findings = TARGET.certify(graph, replace(program, **change))
    assert {finding.code for finding in findings} == {"ND484"}


def test_synapses_that_the_network_does_not_have_are_found(cases: list[Case]) -> None:
    for _, graph, program in cases:
        for real, part in zip(graph.projections, program.projections, strict=True):
            empty = np.argwhere(real.weight == 0)
            if len(empty):
                weight = part.weight.copy()
                weight[tuple(empty[0])] = 2
                findings = TARGET.certify(graph, with_part(program, part, replace(part, weight=weight)))
                assert [f.code for f in findings] == ["ND492"]
                assert findings[0].found == "1 synapses that the network does not have"
                return
    raise AssertionError("no projection with a missing synapse")
