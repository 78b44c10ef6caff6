"""``float.onnx`` computes what the float interpreter computes; what it cannot is refused."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.data.samples import Samples
from neurodeploy.findings.finding import NeurodeployError
from neurodeploy.graph.interpret import interpret_reference
from neurodeploy.graph.model import INPUT, Graph, NeuronModel, Population, Projection, Readout
from neurodeploy.score import SCORES
from neurodeploy.targets.onnx import float_file, float_network
from neurodeploy.targets.onnx.float_network import KNOWN, RESETS
from neurodeploy.targets.onnx.in_onnxruntime import OnnxRuntime
from neurodeploy.targets.onnx.target import FLOAT, onnx

pytestmark = pytest.mark.usefixtures("packages")


def random_graph(seed: int) -> Graph:
    """Give a network of every model, with taps, delays, a skip and recurrent projections."""
    rng = np.random.default_rng(seed)
    first, readout = ("lif", "cuba_lif", "if"), ("li", "cuba_li", "i")
    models = [first[seed % 3], first[(seed + 1) % 3], readout[seed % 3]]
    if seed > 2:
        models[:2] = [f"{models[0]}_subtract", f"{models[1]}_subtract_late"]
    sizes = [int(n) for n in rng.integers(1, 7, 3)]
    populations = []
    for k, (model, n) in enumerate(zip(models, sizes, strict=True)):
        values = {
            "tau_s": rng.uniform(0.011, 0.2, n),
            "v_threshold": rng.uniform(0.3, 1.5, n),
            "v_leak": rng.normal(0, 0.1, n),
            "v_reset": rng.normal(0, 0.1, n),
            "r": rng.uniform(0.5, 2, n) * (30 if str(model).startswith("i") else 1),
            "tau_syn_s": rng.uniform(0.011, 0.05, n),
            "w_in": rng.uniform(0.5, 3, n),
            "bias": rng.normal(0, 0.1, n),
        }
        populations.append(Population(name=f"p{k}", model=NeuronModel(model), **values))
    pairs = [(INPUT, 0, 0), (0, 1, 0), (1, 2, 0), (INPUT, 2, 0), (0, 0, 1), (1, 0, 1)]

    def projection(source: int | str, target: int, least: int) -> Projection:
        n_pre = 5 if source == INPUT else sizes[int(source)]
        shape = (int(rng.integers(1, 3)), sizes[target], n_pre)
        steps = rng.choice([0, 1, 2, 3, 9], shape) + least
        return Projection(
            source=INPUT if source == INPUT else f"p{source}",
            target=f"p{target}",
            weight=rng.normal(0.3, 1, shape) * (rng.random(shape) < 0.7),
            delay_s=np.arange(shape[0])[:, None, None] * 0.2 + steps * 0.01,
        )

    return Graph(
        name="random",
        dt_s=0.01,
        input_size=5,
        input_max=3,
        populations=tuple(populations),
        projections=tuple(projection(*pair) for pair in pairs),
        readout=Readout(population="p2", score=SCORES[seed % 4]),
    )


def spikes_of(seed: int, n_steps: int = 30) -> np.ndarray:
    rng = np.random.default_rng([seed, 1])
    return (rng.integers(0, 4, (2, n_steps, 5)) * (rng.random((2, n_steps, 5)) < 0.4)).astype(np.uint8)


@pytest.mark.parametrize("seed", range(7))
def test_random_networks_are_the_interpreters(seed: int, tmp_path: Path):
    graph, spikes = random_graph(seed), spikes_of(seed)
    facts = onnx().write_float(graph, tmp_path, spikes)
    assert facts["v_apart"] < 1e-12 and facts["compared_samples"] == 2
    found, expected = OnnxRuntime(FLOAT).run(tmp_path, spikes), interpret_reference(graph, spikes)
    assert sum(int(trace.spikes.sum()) for trace in expected.populations.values()) > 0
    for name, trace in expected.populations.items():
        assert np.array_equal(found.populations[name].spikes, trace.spikes)
        np.testing.assert_allclose(found.populations[name].v, trace.v, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.score, expected.score, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("what", ["delay", "bias", "reset", "filter"])
def test_another_network_is_seen(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    real = float_network.float_graph

    def wrong(graph: Graph):
        p = graph.population("p0")
        key = {"bias": "bias", "reset": "v_reset", "filter": "tau_syn_s"}.get(what)
        if key is not None:
            other = replace(p, **{key: getattr(p, key) + 1e-3})
            return real(replace(graph, populations=tuple(other if q is p else q for q in graph.populations)))
        later = [replace(p, delay_s=p.delay_s + graph.dt_s) for p in graph.projections]
        return real(replace(graph, projections=tuple(later)))

    monkeypatch.setattr(float_file, "float_graph", wrong)
    with pytest.raises(NeurodeployError) as error:
        onnx().write_float(random_graph(1), tmp_path, spikes_of(1))
    assert error.value.findings[0].code == "ND431"


def test_a_bundle_has_it_where_it_was_asked_for(entry, tiny_graph: Graph, tmp_path: Path):
    spikes = (np.random.default_rng(1).random((12, 40, 12)) < 0.2).astype(np.uint8)
    made = nd.export(
        tiny_graph,
        tmp_path / "b",
        target="onnx",
        calibrate=Samples(spikes),
        verify=False,
        with_float=True,
    )
    assert made.manifest.backend["float"]["compared_samples"] == 8 and FLOAT in made.manifest.sha256
    with pytest.raises(NeurodeployError) as error:
        nd.export(tiny_graph, tmp_path / "c", target="loihi2", with_float=True)
    assert error.value.findings[0].code == "ND096" and not (tmp_path / "c").exists()


def test_every_model_and_number_of_a_population_has_a_form():
    assert {model.value.partition("_subtract")[0] for model in NeuronModel} == set(KNOWN), "ND241"
    assert {model.reset for model in NeuronModel} == set(RESETS), "ND241"
    assert {field.name for field in fields(Population)} == {
        *("name", "model", "tau_s", "v_threshold", "v_leak", "v_reset", "r", "tau_syn_s", "w_in", "bias")
    }
