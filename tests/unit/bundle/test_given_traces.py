"""Traces of other frameworks: what does not fit is refused, and P1 holds the network against them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.bundle.given_traces import observed_of
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.verify.levels import refuse_unequal


@pytest.fixture
def content(tiny_graph: nd.Graph) -> dict[str, Any]:
    """What a file of traces of the small network holds."""
    rng = np.random.default_rng(0)
    spikes = (rng.random((4, 30, tiny_graph.input_size)) < 0.2).astype(np.uint8)
    traces = nd.simulate(tiny_graph, spikes)
    found: dict[str, Any] = {"spikes": spikes, "framework": np.array("norse 1.1.0")}
    for name, trace in traces.populations.items():
        if tiny_graph.population(name).model.spiking:
            assert trace.spikes.any()
            found[f"{name}/spikes"] = trace.spikes
        found[f"{name}/v"] = trace.v
    return found


def saved(folder: Path, content: dict[str, Any]) -> Path:
    path = folder / "traces.npz"
    np.savez(path, **content)
    return path


def names(graph: nd.Graph) -> tuple[str, str]:
    """Give the first population that spikes, and the last, which never does."""
    return graph.populations[0].name, graph.populations[-1].name


def test_right_traces_are_accepted_and_named(tiny_graph, content, tmp_path):
    found = observed_of(tiny_graph, saved(tmp_path, content))
    refuse_unequal(found)
    assert found.witness == "the traces in traces.npz (norse 1.1.0)"


def test_spikes_alone_are_enough_of_what_spikes(tiny_graph, content, tmp_path):
    first, _ = names(tiny_graph)
    del content[f"{first}/v"]
    found = observed_of(tiny_graph, saved(tmp_path, content))
    refuse_unequal(found)
    bundle = nd.export(
        tiny_graph, tmp_path / "b", target="loihi2", traces=tmp_path / "traces.npz", verify=False
    )
    (p1,) = [check for check in nd.verify(bundle, samples=1).checks if check.name == "P1"]
    assert p1.status.value == "passed"
    assert f"no v of {first}" in p1.reason
    content[f"{first}/spikes"][0, 5, 0] ^= 1
    with pytest.raises(NeurodeployError, match="ND470"):
        refuse_unequal(observed_of(tiny_graph, saved(tmp_path, content)))


def test_float32_is_held_to_what_float32_can_say(tiny_graph, content, tmp_path):
    _, last = names(tiny_graph)
    content[f"{last}/v"] = content[f"{last}/v"].astype(np.float32)
    refuse_unequal(observed_of(tiny_graph, saved(tmp_path, content)))
    content[f"{last}/v"][2, 10, 1] += 1e-3
    with pytest.raises(NeurodeployError, match="ND470"):
        refuse_unequal(observed_of(tiny_graph, saved(tmp_path, content)))


@pytest.mark.parametrize("kind", ["spikes", "v"])
def test_one_step_of_one_neuron_that_differs_is_found(kind, tiny_graph, content, tmp_path):
    first, last = names(tiny_graph)
    array = content[f"{first if kind == 'spikes' else last}/{kind}"]
    array[3, 20, 1] = 1 - array[3, 20, 1]
    with pytest.raises(NeurodeployError, match="ND470"):
        nd.export(tiny_graph, tmp_path / "b", target="loihi2", traces=saved(tmp_path, content))
    assert not (tmp_path / "b").exists()


WRONG = {
    "no spikes": lambda c, first, last: c.pop(f"{first}/spikes"),
    "no v": lambda c, first, last: c.pop(f"{last}/v"),
    "other steps": lambda c, first, last: c.update({f"{first}/spikes": c[f"{first}/spikes"][:, :-1]}),
    "steps first": lambda c, first, last: c.update({f"{last}/v": c[f"{last}/v"].transpose(1, 0, 2)}),
    "NaN": lambda c, first, last: c[f"{last}/v"].__setitem__((0, 0, 0), np.nan),
    "half precision": lambda c, first, last: c.update({f"{last}/v": c[f"{last}/v"].astype(np.float16)}),
    "whole v": lambda c, first, last: c.update({f"{last}/v": np.zeros(c[f"{last}/v"].shape, np.int32)}),
    "two spikes a step": lambda c, first, last: c[f"{first}/spikes"].__setitem__((0, 0, 0), 2),
    "v for spikes": lambda c, first, last: c.update({f"{first}/spikes": c[f"{first}/v"]}),
    "spikes that never come": lambda c, first, last: c.update(
        {f"{last}/spikes": np.ones(c[f"{last}/v"].shape)}
    ),
    "another population": lambda c, first, last: c.update({"other/spikes": c[f"{first}/spikes"]}),
    "text": lambda c, first, last: c.update({f"{first}/spikes": np.array("spikes")}),
}


@pytest.mark.parametrize("what", WRONG)
def test_traces_that_do_not_fit_are_refused(what, tiny_graph, content, tmp_path):
    WRONG[what](content, *names(tiny_graph))
    with pytest.raises(NeurodeployError) as caught:
        observed_of(tiny_graph, saved(tmp_path, content))
    assert {finding.code for finding in caught.value.findings} == {"ND144"}


def test_inputs_that_the_network_does_not_take_are_refused(tiny_graph, content, tmp_path):
    content["spikes"] = content["spikes"] * 9
    with pytest.raises(NeurodeployError, match="ND011"):
        observed_of(tiny_graph, saved(tmp_path, content))


CASES = Path(__file__).parents[4] / "shared" / "nir-cases"
"""Files that frameworks wrote, with what the frameworks themselves computed, in float32."""


@pytest.mark.slow
@pytest.mark.skipif(not CASES.is_dir(), reason="needs ../shared/nir-cases: not on this machine")
@pytest.mark.parametrize(
    ("case", "dialect"),
    [
        ("norse_lifcell", "norse"),
        ("norse_default_dt", "norse"),
        ("snntorch_leaky_zero", "snntorch:reset=zero"),
        ("spikingjelly_if", "spikingjelly"),
    ],
)
def test_files_of_frameworks_are_held_against_the_frameworks_own_traces(case, dialect, tmp_path):
    with np.load(CASES / f"{case}.npz") as file:
        recorded = dict(file)
    graph = nd.read_nir(CASES / f"{case}.nir", dt_s=float(recorded["dt"]), dialect=dialect)
    content = {"spikes": recorded["spikes"], "framework": recorded["framework"]}
    for population in graph.populations:
        for kind in ("spikes", "v"):
            content[f"{population.name}/{kind}"] = recorded[
                f"expected/{population.name.removeprefix('_')}/{kind}"
            ]
    found = observed_of(graph, saved(tmp_path, content))
    assert all(trace.spikes.any() for trace in found.traces.populations.values())
    refuse_unequal(found)
